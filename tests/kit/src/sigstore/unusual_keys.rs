//! Public keys of kinds that the policy refuses. Only their public halves are needed, so they are fixed texts.

/// A well-formed public key that no signature of ours is to be proven by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnusualKey {
    /// P-521, which the policy's hosts cannot verify with.
    P521,
    /// The curve of cryptocurrencies, as long as a P-256 key.
    Secp256k1,
    /// P-256 with the curve's parameters spelled out in place of its name.
    ExplicitCurve,
    /// RSA, too short.
    Rsa1024,
    /// RSA, too long.
    Rsa8192,
    /// RSA under the object identifier of PSS.
    RsaPss,
    /// A key for key agreement, which signs nothing.
    X25519,
}

impl UnusualKey {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::P521,
        Self::Secp256k1,
        Self::ExplicitCurve,
        Self::Rsa1024,
        Self::Rsa8192,
        Self::RsaPss,
        Self::X25519,
    ];

    /// The key as one PEM block with the tag `PUBLIC KEY`.
    #[must_use]
    pub const fn public_key_pem(self) -> &'static str {
        match self {
            Self::P521 => P521,
            Self::Secp256k1 => SECP256K1,
            Self::ExplicitCurve => EXPLICIT_CURVE,
            Self::Rsa1024 => RSA1024,
            Self::Rsa8192 => RSA8192,
            Self::RsaPss => RSA_PSS,
            Self::X25519 => X25519,
        }
    }
}

const P521: &str = "\
-----BEGIN PUBLIC KEY-----
MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQA4qsztqvAn0akSW0YgGBtZZXhc95z
azLUkOKBi5qQaNOdy94fJIS5ZR2BQJhE8sCKd6Eo48d+asVpCwMjgVGURh4ATF29
Ixo8/fwTX/k6/QZVDLZglzhh+PxJBehFQDHvxf4uuQvI6QaMDhvxG3ApEhQ5Vaog
7XaGN9G4zu6M6hVYk3o=
-----END PUBLIC KEY-----
";

const SECP256K1: &str = "\
-----BEGIN PUBLIC KEY-----
MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAE6tL5jnzsOs/mcYb9WFVr555VwA5nf/81
YwoC6KeUW1MFxrGg6+3NgOqJPpkbDf8GXk9CqhOMIUlZ8bpHH5usJg==
-----END PUBLIC KEY-----
";

const EXPLICIT_CURVE: &str = "\
-----BEGIN PUBLIC KEY-----
MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAA
AAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA////
///////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSd
NgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5
RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA
//////////+85vqtpxeehPO5ysL8YyVRAgEBA0IABKCTrXCuMnbGD8eLJ9uGy3hj
xyXXPX0ZNZRmhlLTBbCEfdR5RTfPPU8AKZBjZbQ1pIPO1xSuo5zvW4FiD7ZbqYo=
-----END PUBLIC KEY-----
";

const RSA1024: &str = "\
-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDGIRrAZDcbdgwtjzpwbXkLEIWu
m4SjJEwQWvalI47zo4MyA0xsfbpl+EbBRe7lCrOmcHtMARh9Sg8PGLSc5wJfRkgj
qlB2NLA5+MpUv3Et/GnL2nU8At3BXgQANiIc6aW84Xp1lUCRgsdYTirus2N6uzFM
YXBgE2Z4aebrvnsRKwIDAQAB
-----END PUBLIC KEY-----
";

const RSA8192: &str = "\
-----BEGIN PUBLIC KEY-----
MIIEIjANBgkqhkiG9w0BAQEFAAOCBA8AMIIECgKCBAEAr78SGwOB/SCEWK0sEs5v
1NNvdWmUULXsXEu7JwK0FPSDcEk/KD79xhnXH3ODjioHnri3eM8DygbyQqzBaVJE
Qs6z2byXTTQDgkvDGx5tzGTR5e8dfHx9y4Wm7axYXyWq5XcJAoscSr4dGhkm6FiS
NjS5j/5hpMxdd/TNl4g3LIi5qUAMiJ5i0VmyyjV1yYaduhxovEx/RWBPX//Kj/7l
GYehfBncEL5LlSQBInyw2TBZjsH+1qCkoV04FmzwShaJZPn9mOfWomYH0/QZ9X1w
8Z4TZwHcGCDsyQHANaJnhFze+QGHC6khO1V1J1TIGUHaU/eRWIknXeqJQhHoA1UH
EZsA7WW9J/bvIae93nkwXKQE24s6xScD5dFsKE1fkP7X36ZmTCsP0Fk2NpUrkK/U
D6xhC+yilK9Nku5y1ENUUQCiYUmTppvns0+tarMw31L0fwmztmeG88KCkPIUYUnJ
kYBItFOwDgKf/5CcjPEKPyKLgmnfX4fWKrXBgDdWS5ZkWXCV+Fdd0A/SSfpWddoc
qPUulutDcntiLfphork4nZXOSkEFftbgotACXaRZOcJDY1klx4JfTh64CskyGq9l
2vxmllMHq832RzAGKnOxrPWJJIknD1CBrfPNV16EDnFfPGKhSpOEgsNH0HHgnwp3
h4CjZKCrZHbfVHyG0HGIhGiH5tUJnWJ8naNvKu9gPp51031/abzeJt81kIlVQeWf
VhqPMpPoLobcePb2qIPeuM3OwBXLGsuXv1kJFu/y0HBXyn8kxybaCOGuchzm5TYL
auTsR/XQZQ9LEg99LlxFECW+ZpYoNcbRmP2w6Jl3prXxB+yXtNjU0cVYyHCYfgME
WfSzvB6rqsHyiaP/5hL0b1sGvISreFUciE6AUwr0bdIzrYsJIZP0UVXjyUnp8ifF
EVXWXV/vtJ2Wgi/HcNnjMDtjD3n7eUCBCRgusuIGDNNgQIGQIR9/tqR06cwF2Rxd
eDJ+1hOb2TXPLelxnMkgg/cS9fE34cYwZ2LGiH0BKnO1mFYctZKM3W6rrrgeuAPF
4LfAt2Tuqvh3L/i77ho7kKJ1EUYBQvwhFiuBUvp+49oksk3jdphTnTaI1YfwQNoO
NiEYM8nMCkcJmY9qb3DbKLnlIVwS7APqN6t5eWiHJizjcYqDXjIhhow78EJF5tkv
rfSQ3zVAJL1SiH8xQ4lukPvbXkw8xE0pndZ1kim/TyvEijw8D3kMTmUTpTu6rrQ0
u8XEfLr1K2ErEy1lf+priQ+rlIKLIuxeO8zIN+M4D612dYwSr+BF+Cb3fdn/72mz
+mnnKykn3L1SluA2/hGE8sEWSgS5k7qFP6rGua8tFKRDEdRt9AXpeUHuFseVyOhB
FQIDAQAB
-----END PUBLIC KEY-----
";

const RSA_PSS: &str = "\
-----BEGIN PUBLIC KEY-----
MIIBIDALBgkqhkiG9w0BAQoDggEPADCCAQoCggEBALBkpmkI9H6A94r8Q4MuERj0
6/1yOpH58e++GNUCb1p/OxZ6WKe4Bov/gN/0nW6W5tYSwbuUhnIO7VWx0JMZ57ZS
OD3mzFd43qq6bkTKjQQdALhTA7PmNZ09wmvrO3xY9lD03T4Z8QDbtPu05ggsfa3M
+qhzhsWYPIU9vSze1m8RahGjQGCJ5T8HL3HYfyZbs+8iule4SMoSvE/zBkuAEWV9
0dz+bZf5BNB6r59wT77nVnhGF9BF1j7FMMoiW8Jx6+37Qh0/+negNrr+6iYDOtr7
dbdQrRGFFq+7tO7Pvax55XK3tL39I0xXgrMe/twJ+N96VVU4HA4ceQj1X2+F26sC
AwEAAQ==
-----END PUBLIC KEY-----
";

const X25519: &str = "\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VuAyEALlbfir7KEZjqBG4h4GOKkNLpGeT91wEcKVY+r+E60wQ=
-----END PUBLIC KEY-----
";
