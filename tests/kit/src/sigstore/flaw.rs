//! What can be wrong with a leaf that is otherwise fine.

/// One defect; everything else about the leaf is as the public authority makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafFlaw {
    /// The key usage is there, but does not hold digitalSignature.
    NoDigitalSignature,
    /// There is no key usage extension at all.
    NoKeyUsage,
    /// The extended key usage does not hold code signing.
    NoCodeSigning,
    /// The certificate says that it is an authority.
    CertificateAuthority,
    /// A second name stands after the first.
    TwoNames,
    /// The subject alternative name extension stands there twice.
    TwoNameExtensions,
    /// The only name is a DNS name.
    DnsName,
    /// There is no subject alternative name.
    NoName,
    /// The subject alternative name extension holds no name.
    EmptyNames,
    /// The name holds a line break, an escape and a NUL.
    ControlCharacters,
    /// The name holds a right-to-left override, in bytes that an IA5String cannot hold.
    BidiOverride,
    /// The name is 20,000 characters long.
    VeryLongName,
    /// The two spellings of the issuer disagree.
    DisagreeingIssuers,
    /// Neither spelling of the issuer is there.
    NoIssuer,
    /// The DER spelling of the issuer is not DER.
    GarbledIssuer,
    /// The leaf is signed by its own key, under the authority's name.
    SelfSigned,
    /// The leaf is signed by another authority with the same names.
    OtherAuthority,
}

impl LeafFlaw {
    /// Every flaw.
    pub const ALL: [Self; 17] = [
        Self::NoDigitalSignature,
        Self::NoKeyUsage,
        Self::NoCodeSigning,
        Self::CertificateAuthority,
        Self::TwoNames,
        Self::TwoNameExtensions,
        Self::DnsName,
        Self::NoName,
        Self::EmptyNames,
        Self::ControlCharacters,
        Self::BidiOverride,
        Self::VeryLongName,
        Self::DisagreeingIssuers,
        Self::NoIssuer,
        Self::GarbledIssuer,
        Self::SelfSigned,
        Self::OtherAuthority,
    ];

    /// Whether the leaf still chains to the authority it names.
    #[must_use]
    pub fn chains(self) -> bool {
        !matches!(self, Self::SelfSigned | Self::OtherAuthority)
    }
}
