//! Signing keys of the kinds that cosign uses, and their public halves.
//!
//! Invariant: the public key texts are what `cosign public-key` would print: SPKI, named curve,
//! uncompressed point. The other spellings have names that say so.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::DecodePrivateKey as _;
use rcgen::{KeyPair, PublicKeyData, SignatureAlgorithm, SigningKey as _};

use super::{armor, asn1};

/// The object identifier 1.2.840.10045.2.1, encoded.
const EC_PUBLIC_KEY: [u8; 9] = [0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];

/// What a key can be. The first four are the kinds that the policy takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyKind {
    /// ECDSA on P-256 with SHA-256, cosign's default.
    #[default]
    P256,
    /// ECDSA on P-384 with SHA-384.
    P384,
    /// Ed25519.
    Ed25519,
    /// RSA of 2048 bits, PKCS#1 with SHA-256.
    Rsa2048,
    /// RSA of 4096 bits, PKCS#1 with SHA-256. Slow to make.
    Rsa4096,
    /// ECDSA on P-521 with SHA-512, which no host of ours verifies.
    P521,
}

impl KeyKind {
    /// The kinds with which an image can be signed so that it is `signed`.
    pub const SUPPORTED: [Self; 4] = [Self::P256, Self::P384, Self::Ed25519, Self::Rsa2048];

    const fn algorithm(self) -> &'static SignatureAlgorithm {
        match self {
            Self::P256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            Self::P384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            Self::Ed25519 => &rcgen::PKCS_ED25519,
            Self::Rsa2048 | Self::Rsa4096 => &rcgen::PKCS_RSA_SHA256,
            Self::P521 => &rcgen::PKCS_ECDSA_P521_SHA512,
        }
    }
}

/// A private key. Clones share it.
#[derive(Clone, Debug)]
pub struct SigningKey {
    kind: KeyKind,
    pair: Arc<KeyPair>,
    signs: Signs,
}

/// How ECDSA chooses its nonces. The other algorithms have none.
#[derive(Clone, Debug)]
enum Signs {
    /// By chance, or without a nonce.
    AsUsual,
    /// By RFC 6979.
    P256(Arc<p256::ecdsa::SigningKey>),
    /// By RFC 6979.
    P384(Arc<p384::ecdsa::SigningKey>),
}

impl SigningKey {
    /// A fresh key.
    ///
    /// # Errors
    /// When the cryptographic library cannot make one.
    pub fn generate(kind: KeyKind) -> Result<Self> {
        let pair = match kind {
            KeyKind::Rsa4096 => {
                KeyPair::generate_rsa_for(kind.algorithm(), rcgen::RsaKeySize::_4096)
            }
            KeyKind::P256 | KeyKind::P384 | KeyKind::Ed25519 | KeyKind::Rsa2048 | KeyKind::P521 => {
                KeyPair::generate_for(kind.algorithm())
            }
        };
        let pair = pair.with_context(|| format!("cannot make a key of kind {kind:?}"))?;
        Ok(Self {
            kind,
            pair: Arc::new(pair),
            signs: Signs::AsUsual,
        })
    }

    /// A given key, in PKCS#8, whose signatures over the same bytes are the same.
    pub(super) fn deterministic(kind: KeyKind, pkcs8: Vec<u8>) -> Result<Self> {
        let signs = match kind {
            KeyKind::P256 => Signs::P256(Arc::new(
                p256::ecdsa::SigningKey::from_pkcs8_der(&pkcs8).context("no key on P-256")?,
            )),
            KeyKind::P384 => Signs::P384(Arc::new(
                p384::ecdsa::SigningKey::from_pkcs8_der(&pkcs8).context("no key on P-384")?,
            )),
            KeyKind::Ed25519 | KeyKind::Rsa2048 | KeyKind::Rsa4096 => Signs::AsUsual,
            KeyKind::P521 => bail!("signatures on P-521 are not deterministic"),
        };
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8.into(), kind.algorithm())
            .with_context(|| format!("cannot read a key of kind {kind:?}"))?;
        Ok(Self {
            kind,
            pair: Arc::new(pair),
            signs,
        })
    }

    /// What the key is.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The signature over `message`; for ECDSA in its DER form.
    ///
    /// # Errors
    /// When the cryptographic library refuses.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        Ok(match &self.signs {
            Signs::AsUsual => self.pair.sign(message).context("cannot sign")?,
            Signs::P256(key) => {
                let signature: p256::ecdsa::DerSignature = key.sign(message);
                signature.as_bytes().to_vec()
            }
            Signs::P384(key) => {
                let signature: p384::ecdsa::DerSignature = key.sign(message);
                signature.as_bytes().to_vec()
            }
        })
    }

    /// The public key as DER of a `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn spki(&self) -> Vec<u8> {
        self.pair.subject_public_key_info()
    }

    /// The public key as one PEM block with the tag `PUBLIC KEY`.
    #[must_use]
    pub fn public_key_pem(&self) -> String {
        armor("PUBLIC KEY", &self.spki())
    }

    /// The private key as one PEM block with the tag `PRIVATE KEY` (PKCS#8), for tools that sign themselves.
    #[must_use]
    pub fn private_key_pem(&self) -> String {
        armor("PRIVATE KEY", self.pair.serialized_der())
    }

    /// The same public key with a compressed point, as one PEM block.
    ///
    /// # Errors
    /// When the key has no point, or not an uncompressed one.
    pub fn compressed_public_key_pem(&self) -> Result<String> {
        let curve: &[u8] = match self.kind {
            KeyKind::P256 => &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
            KeyKind::P384 => &[0x06, 5, 0x2b, 0x81, 0x04, 0x00, 0x22],
            KeyKind::P521 => &[0x06, 5, 0x2b, 0x81, 0x04, 0x00, 0x23],
            KeyKind::Ed25519 | KeyKind::Rsa2048 | KeyKind::Rsa4096 => {
                bail!("expected a key with a point, got {:?}", self.kind)
            }
        };
        let [0x04, coordinates @ ..] = self.pair.der_bytes() else {
            bail!("expected an uncompressed point");
        };
        let (x, y) = coordinates.split_at(coordinates.len() / 2);
        let parity = 2 + y.last().map_or(0, |byte| byte & 1);
        let algorithm = asn1::sequence(&[EC_PUBLIC_KEY.to_vec(), curve.to_vec()]);
        let point = asn1::element(asn1::BIT_STRING, &[&[0, parity], x].concat());
        let der = asn1::sequence(&[algorithm, point]);
        Ok(armor("PUBLIC KEY", &der))
    }
}

impl PublicKeyData for SigningKey {
    fn der_bytes(&self) -> &[u8] {
        self.pair.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.kind.algorithm()
    }
}

impl rcgen::SigningKey for SigningKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Self::sign(self, message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}
