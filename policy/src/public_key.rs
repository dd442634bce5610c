//! Public keys as signers.
//!
//! Invariant: a [`PublicKey`] is one that every host verifies the same way, in one encoding of ours (named curve,
//! uncompressed point), so that two encodings of a key are one signer. Kinds that hosts refuse without saying so are
//! refused here with a reason: in settings at once, in images as `unverifiable`.

use crate::digest::Digest;
use crate::pem::{self, PemError};
use const_oid::ObjectIdentifier;
use der::asn1::{AnyRef, BitStringRef, UintRef};
use der::{Decode, Encode, Sequence};
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::elliptic_curve::sec1::ToSec1Point;
use sha2::{Digest as _, Sha256};

const TAG: &str = "PUBLIC KEY";
/// RFC 5480, section 2.1.1
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// RFC 8410, section 3
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// RFC 8017, appendix A.1
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// A public key that can be a signer.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey {
    der: Vec<u8>,
    kind: KeyKind,
}

/// The kinds of keys that hosts verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// ECDSA on NIST P-256 with SHA-256.
    EcdsaP256,
    /// ECDSA on NIST P-384 with SHA-384.
    EcdsaP384,
    /// Ed25519.
    Ed25519,
    /// RSA, 2048 to 4096 bits, PKCS#1 v1.5 with SHA-256.
    Rsa,
}

/// Why a text is no key that can be a signer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// Not one PEM block.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// Not the encoding of a key.
    #[error("expected a SubjectPublicKeyInfo (RFC 5280), got something else")]
    Encoding,
    /// A kind that hosts do not verify, or not all in the same way.
    #[error("expected P-256, P-384, Ed25519 or RSA of 2048 to 4096 bits, got {0}")]
    Kind(String),
    /// A point that is not on its curve.
    #[error("expected a point on the key's curve")]
    Point,
}

#[derive(Sequence)]
struct Spki<'a> {
    algorithm: Algorithm<'a>,
    key: BitStringRef<'a>,
}

#[derive(Sequence)]
struct Algorithm<'a> {
    oid: ObjectIdentifier,
    #[asn1(optional = "true")]
    parameters: Option<AnyRef<'a>>,
}

#[derive(Sequence)]
struct RsaKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

impl PublicKey {
    /// From exactly one PEM block `PUBLIC KEY`.
    ///
    /// # Errors
    /// With what was expected, for any other text and for keys that hosts do not verify.
    pub fn from_pem(text: &str) -> Result<Self, PublicKeyError> {
        Self::from_der(&pem::decode(TAG, text)?)
    }

    /// From the DER of a SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// As [`Self::from_pem`].
    pub fn from_der(der: &[u8]) -> Result<Self, PublicKeyError> {
        let spki = Spki::from_der(der).map_err(|_| PublicKeyError::Encoding)?;
        let bits = spki.key.as_bytes().ok_or(PublicKeyError::Encoding)?;
        let oid = spki.algorithm.oid;
        if oid == EC {
            let curve = spki
                .algorithm
                .parameters
                .and_then(|p| p.decode_as::<ObjectIdentifier>().ok())
                .ok_or_else(|| PublicKeyError::Kind("a curve without a name".to_owned()))?;
            elliptic(curve, bits)
        } else if oid == ED25519 {
            if spki.algorithm.parameters.is_some() || bits.len() != 32 {
                return Err(PublicKeyError::Encoding);
            }
            Ok(Self {
                der: der.to_vec(),
                kind: KeyKind::Ed25519,
            })
        } else if oid == RSA {
            rsa(&spki, bits)
        } else {
            Err(PublicKeyError::Kind(format!("algorithm {oid}")))
        }
    }

    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Our encoding of it, as one PEM block: what hosts are asked with.
    #[must_use]
    pub fn pem(&self) -> String {
        pem::encode(TAG, &self.der)
    }

    /// Whether it made `signature` (DER) over `digest`, the hash that is signed. `None` for kinds that cannot be checked
    /// from the hash here.
    #[must_use]
    pub fn made(&self, signature: &[u8], digest: &Digest) -> Option<bool> {
        if self.kind != KeyKind::EcdsaP256 {
            return None;
        }
        let spki = Spki::from_der(&self.der).ok()?;
        let key = VerifyingKey::from_sec1_bytes(spki.key.as_bytes()?).ok()?;
        let hash = hex::decode(digest.hex()).ok()?;
        let made = Signature::from_der(signature)
            .is_ok_and(|signature| key.verify_prehash(&hash, &signature).is_ok());
        Some(made)
    }

    /// Hex SHA-256 of our encoding of the SubjectPublicKeyInfo.
    #[must_use]
    pub fn sha256(&self) -> String {
        hex::encode(Sha256::digest(&self.der))
    }
}

fn elliptic(curve: ObjectIdentifier, point: &[u8]) -> Result<PublicKey, PublicKeyError> {
    // The curve crates accept compressed points and check that the point is on the curve.
    let (kind, uncompressed) = if curve == P256 {
        let key = p256::PublicKey::from_sec1_bytes(point).map_err(|_| PublicKeyError::Point)?;
        (
            KeyKind::EcdsaP256,
            key.to_sec1_point(false).as_bytes().to_vec(),
        )
    } else if curve == P384 {
        let key = p384::PublicKey::from_sec1_bytes(point).map_err(|_| PublicKeyError::Point)?;
        (
            KeyKind::EcdsaP384,
            key.to_sec1_point(false).as_bytes().to_vec(),
        )
    } else {
        return Err(PublicKeyError::Kind(format!("curve {curve}")));
    };
    let parameters = AnyRef::from(&curve);
    encoded(EC, Some(parameters), &uncompressed, kind)
}

fn rsa(spki: &Spki<'_>, bits: &[u8]) -> Result<PublicKey, PublicKeyError> {
    let key = RsaKey::from_der(bits).map_err(|_| PublicKeyError::Encoding)?;
    if spki.algorithm.parameters != Some(AnyRef::NULL) {
        return Err(PublicKeyError::Encoding);
    }
    let bytes = key.modulus.as_bytes();
    let exponent = key.exponent.as_bytes();
    let odd = |number: &[u8]| number.last().is_some_and(|b| b % 2 == 1);
    // Verifiers refuse other exponents without saying so; 33 bits is what the strictest of them takes.
    if !odd(bytes) || !odd(exponent) || exponent == [1] || exponent.len() > 4 {
        return Err(PublicKeyError::Kind("an unusual RSA key".to_owned()));
    }
    let leading = bytes.first().map_or(0, |b| b.leading_zeros());
    let size = bytes.len() * 8 - usize::try_from(leading).unwrap_or(0);
    if !RSA_BITS.contains(&size) {
        return Err(PublicKeyError::Kind(format!("RSA of {size} bits")));
    }
    let bits = key.to_der().map_err(|_| PublicKeyError::Encoding)?;
    encoded(RSA, Some(AnyRef::NULL), &bits, KeyKind::Rsa)
}

fn encoded(
    oid: ObjectIdentifier,
    parameters: Option<AnyRef<'_>>,
    bits: &[u8],
    kind: KeyKind,
) -> Result<PublicKey, PublicKeyError> {
    let key = BitStringRef::from_bytes(bits).map_err(|_| PublicKeyError::Encoding)?;
    let spki = Spki {
        algorithm: Algorithm { oid, parameters },
        key,
    };
    let der = spki.to_der().map_err(|_| PublicKeyError::Encoding)?;
    Ok(PublicKey { der, kind })
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.kind, self.sha256())
    }
}

#[cfg(test)]
#[path = "public_key_tests.rs"]
mod tests;
