#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use proptest::prelude::*;
use rstest::rstest;

const P256_PEM: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEgdeijKrLIf1BhtnlQ8bE9lswPyeK
4Wo+NiBNh3ilhMAO/VALxy/7Bea6djD5tIJSgehJiIrOEniZVpElfjWfmg==
-----END PUBLIC KEY-----
";
const P256_COMPRESSED: &str = "-----BEGIN PUBLIC KEY-----
MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACgdeijKrLIf1BhtnlQ8bE9lswPyeK
4Wo+NiBNh3ilhMA=
-----END PUBLIC KEY-----
";
const P256_HYBRID: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAGgdeijKrLIf1BhtnlQ8bE9lswPyeK
4Wo+NiBNh3ilhMAO/VALxy/7Bea6djD5tIJSgehJiIrOEniZVpElfjWfmg==
-----END PUBLIC KEY-----
";
const P256_EXPLICIT: &str = "-----BEGIN PUBLIC KEY-----
MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAA
AAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA////
///////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSd
NgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5
RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA
//////////+85vqtpxeehPO5ysL8YyVRAgEBA0IABHIx1viaMHzWAE05gVfzHTHW
UuK6zmn7Gd8YamsWjg139u/BbbBn/sia0puayKj/cTHgEsdCYPh3A/2BG9WGbG8=
-----END PUBLIC KEY-----
";
const P384_PEM: &str = "-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE8GLAvM/L9fo0IxN1yp9kES6O5KfVH5kK
BrcTHR95nIJrK/YV0GLibMz2pkFBu1vtlR9dvpgo0MBvZ42SFTp0UDwHNr6YiLNg
rgmbL0n9gdh+FpElVIpJzsQWuU8cWy8o
-----END PUBLIC KEY-----
";
const P521: &str = "-----BEGIN PUBLIC KEY-----
MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQAvoZDjfAo4JYvMvWgXlGr0eFe5N+9
lL6K+pSg19NfWCBIvO9PeVoMK7HgYJu6TVgZg+YGgyGgfFjRJLh5e0LbF8kB+spf
DYGGSSoLVkMA4c0OoyHBpf8Dc5AfbE52d6xzNnurkTQpE7qwAHKbQPw3/HlFHVql
SuXOfHJZXVwutlw5P+I=
-----END PUBLIC KEY-----
";
const SECP256K1: &str = "-----BEGIN PUBLIC KEY-----
MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEGpadT73VQLMhoR4bQwD5RUWkCx/Bs+QT
MngEPaLLzUphnm1TTaOYXFWvmj9N6y8LJ0gRrE9s+nvaWjZwnVZPFg==
-----END PUBLIC KEY-----
";
const ED25519_PEM: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEALN0tHU0iZrawrXDlnRXCHh9RBJkxEpI8lluQCKlDif8=
-----END PUBLIC KEY-----
";
const X25519: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VuAyEACkc8XtF47sc+3JppoxmvRwPOJOGcYiAtT0VrwnnjyhM=
-----END PUBLIC KEY-----
";
const RSA_PEM: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAx3VFy/yxEs0brHRtgUje
PJUkUdOTkYYl12GNCjHxsxudg2izDjyuosA2ZHGQWm+zrZkfElsSJgN4jjRSUJcA
D2tbQZhrFQ+07xCTr1WtGuPt8nF5ZizLefXUV59o49lHnp/eGdvBWfYo6UgKB7XL
Blt2+9UuBYkiDrbZFlqnbZloMadGlEiezKCJGUZF4lDAVQ8F3Q7Q/JbATxMnRjsa
nf1BK98O/qD0o2S+QSp9kQkTlemAJmdnPFd/cL13eKHgBwk5Wm+Gucu8ufHSUKNs
LmMHz7HO9YfDWgqI3JvbLBd/Z4cMS8NdULfRdYOFfa/ZfBZZSgdy6EWK0AsaOJfK
0QIDAQAB
-----END PUBLIC KEY-----
";
const RSA_PSS: &str = "-----BEGIN PUBLIC KEY-----
MIIBIDALBgkqhkiG9w0BAQoDggEPADCCAQoCggEBAI3WmUDvCuQ8vj+s4Yo661k2
yETMnqtaFsukP4/WlEb+pt7jkxJTkJ7Z4DOTQ11hamgPRI1pkyTj+ajqtnddoWPI
EZM/dadNGPE76cect9kOZKPuLRpSTnvp4ToGrYAyGishwEGZJOInGt1lCDBPcOWC
6QIvr2RgjINrZv1OQKXx8rO9LjOEaOLfKAdkfm2Ididbianf/fZBwLNWgpDBAij+
0CR6EcMZKGYSb6Wsy/uRlAFK1L0ku08JKbsg5QYhnl2EzRj0RnhWk5IEX6YgHPbe
fqF3++urRzByaazdPnUhVBDMXagl1gZPaX0RAFs4122iDpT/+iTEhQlEP5oL4pkC
AwEAAQ==
-----END PUBLIC KEY-----
";
/// SHA-256 of the DER of [`P256_PEM`], computed by another tool.
const P256_SHA256: &str = "f1ab0816453ceab3ee92446daa0a76b996333108c8ea25b2e6b632226b923437";

/// The DER of an RSA key whose modulus has `bits` bits. Nothing here looks for its factors.
fn rsa(bits: usize, parameters: Option<AnyRef<'_>>) -> Vec<u8> {
    let mut modulus = vec![0xff; bits.div_ceil(8)];
    modulus[0] >>= (8 - bits % 8) % 8;
    let key = RsaKey {
        modulus: UintRef::new(&modulus).unwrap(),
        exponent: UintRef::new(&[1, 0, 1]).unwrap(),
    };
    spki(RSA, parameters, &key.to_der().unwrap())
}

fn spki(oid: ObjectIdentifier, parameters: Option<AnyRef<'_>>, bits: &[u8]) -> Vec<u8> {
    let key = BitStringRef::from_bytes(bits).unwrap();
    Spki {
        algorithm: Algorithm { oid, parameters },
        key,
    }
    .to_der()
    .unwrap()
}

#[rstest]
#[case::p256(P256_PEM, KeyKind::EcdsaP256)]
#[case::p384(P384_PEM, KeyKind::EcdsaP384)]
#[case::ed25519(ED25519_PEM, KeyKind::Ed25519)]
#[case::rsa(RSA_PEM, KeyKind::Rsa)]
fn accepts_keys_and_writes_them_as_other_tools_do(#[case] pem: &str, #[case] kind: KeyKind) {
    let key = PublicKey::from_pem(pem).unwrap();
    assert_eq!(key.kind(), kind);
    assert_eq!(key.pem(), pem);
}

#[test]
fn is_named_by_the_digest_of_its_encoding() {
    assert_eq!(PublicKey::from_pem(P256_PEM).unwrap().sha256(), P256_SHA256);
}

#[test]
fn two_encodings_of_a_point_are_one_key() {
    let key = PublicKey::from_pem(P256_COMPRESSED).unwrap();
    assert_eq!(key, PublicKey::from_pem(P256_PEM).unwrap());
    assert_eq!(key.pem(), P256_PEM);
}

#[rstest]
#[case::smallest(2048)]
#[case::odd_size(2049)]
#[case::usual(3072)]
#[case::largest(4096)]
fn accepts_rsa_of_usual_sizes(#[case] bits: usize) {
    let der = rsa(bits, Some(AnyRef::NULL));
    let key = PublicKey::from_der(&der).unwrap();
    assert_eq!(key.kind(), KeyKind::Rsa);
    assert_eq!(key.sha256(), hex::encode(Sha256::digest(&der)));
}

#[rstest]
#[case::old(1024)]
#[case::just_too_small(2047)]
#[case::just_too_large(4097)]
#[case::huge(8192)]
fn rejects_rsa_of_other_sizes(#[case] bits: usize) {
    let error = PublicKey::from_der(&rsa(bits, Some(AnyRef::NULL)));
    assert_eq!(
        error,
        Err(PublicKeyError::Kind(format!("RSA of {bits} bits")))
    );
}

#[rstest]
#[case::p521(P521, "curve 1.3.132.0.35")]
#[case::secp256k1(SECP256K1, "curve 1.3.132.0.10")]
#[case::explicit_parameters(P256_EXPLICIT, "a curve without a name")]
#[case::x25519(X25519, "algorithm 1.3.101.110")]
#[case::rsa_pss(RSA_PSS, "algorithm 1.2.840.113549.1.1.10")]
fn rejects_kinds_that_hosts_do_not_verify(#[case] pem: &str, #[case] got: &str) {
    assert_eq!(
        PublicKey::from_pem(pem),
        Err(PublicKeyError::Kind(got.to_owned()))
    );
}

#[rstest]
#[case::hybrid(PublicKey::from_pem(P256_HYBRID))]
#[case::identity(PublicKey::from_der(&spki(EC, Some(AnyRef::from(&P256)), &[0])))]
#[case::empty(PublicKey::from_der(&spki(EC, Some(AnyRef::from(&P256)), &[])))]
#[case::off_the_curve(PublicKey::from_der(&spki(EC, Some(AnyRef::from(&P256)), &[&[4][..], &[7; 64]].concat())))]
#[case::other_curves_length(PublicKey::from_der(&spki(EC, Some(AnyRef::from(&P384)), &[&[4][..], &[7; 64]].concat())))]
fn rejects_what_is_no_point(#[case] key: Result<PublicKey, PublicKeyError>) {
    assert_eq!(key, Err(PublicKeyError::Point));
}

#[rstest]
#[case::curve_absent(spki(EC, None, &[4; 65]))]
#[case::curve_null(spki(EC, Some(AnyRef::NULL), &[4; 65]))]
fn rejects_curves_without_a_name(#[case] der: Vec<u8>) {
    assert_eq!(
        PublicKey::from_der(&der),
        Err(PublicKeyError::Kind("a curve without a name".to_owned()))
    );
}

#[rstest]
#[case::empty(vec![])]
#[case::garbage(b"garbage".to_vec())]
#[case::trailing_bytes([rsa(2048, Some(AnyRef::NULL)), vec![0]].concat())]
#[case::rsa_without_null(rsa(2048, None))]
#[case::rsa_other_parameters(rsa(2048, Some(AnyRef::from(&EC))))]
#[case::rsa_no_key(spki(RSA, Some(AnyRef::NULL), &[1, 2, 3]))]
#[case::ed25519_parameters(spki(ED25519, Some(AnyRef::NULL), &[7; 32]))]
#[case::ed25519_short(spki(ED25519, None, &[7; 31]))]
#[case::ed25519_long(spki(ED25519, None, &[7; 33]))]
fn rejects_other_encodings(#[case] der: Vec<u8>) {
    assert_eq!(PublicKey::from_der(&der), Err(PublicKeyError::Encoding));
}

#[test]
fn rejects_unused_bits_and_bytes_behind_a_key() {
    let mut der = spki(ED25519, None, &[0x70; 32]);
    assert!(PublicKey::from_der(&der).is_ok());
    // The bit string's first byte counts the unused bits.
    let at = der.len() - 33;
    der[at] = 4;
    assert_eq!(PublicKey::from_der(&der), Err(PublicKeyError::Encoding));

    let mut bits = RsaKey {
        modulus: UintRef::new(&[0xff; 256]).unwrap(),
        exponent: UintRef::new(&[3]).unwrap(),
    }
    .to_der()
    .unwrap();
    bits.push(0);
    assert_eq!(
        PublicKey::from_der(&spki(RSA, Some(AnyRef::NULL), &bits)),
        Err(PublicKeyError::Encoding)
    );
}

#[rstest]
#[case::two(format!("{P256_PEM}{P384_PEM}"))]
#[case::other_tag(P256_PEM.replace("PUBLIC KEY", "CERTIFICATE"))]
#[case::rsa_tag(RSA_PEM.replace("PUBLIC KEY", "RSA PUBLIC KEY"))]
#[case::garbage("garbage".to_owned())]
#[case::der(String::from_utf8_lossy(&rsa(2048, Some(AnyRef::NULL))).into_owned())]
fn rejects_anything_but_one_block(#[case] text: String) {
    assert!(matches!(
        PublicKey::from_pem(&text),
        Err(PublicKeyError::Pem(_))
    ));
}

proptest! {
    #[test]
    fn is_total(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(PublicKey::from_der(&bytes).is_err());
    }
}

/// One changed byte: another key, or none, and never a second encoding of the same one.
#[test]
fn nearly_good_keys_are_other_keys_or_none() {
    for pem in [P256_PEM, P256_COMPRESSED, P384_PEM, ED25519_PEM, RSA_PEM] {
        let good = crate::pem::decode(TAG, pem).unwrap();
        let key = PublicKey::from_der(&good).unwrap();
        let mut refused = 0;
        for at in 0..good.len() {
            for change in [0x01, 0x80, 0xff] {
                let mut der = good.clone();
                der[at] ^= change;
                match PublicKey::from_der(&der) {
                    Ok(other) => assert!(other != key, "byte {at} of {pem}"),
                    Err(_) => refused += 1,
                }
            }
        }
        assert!(refused > 30, "{pem}");
    }
}
