//! Where fresh keys come from: chance, or a seed, for recordings that have to come out the same each time.
//!
//! Invariant: without a seed nothing is predictable. With one, the n-th key of a source depends on the seed, on n and on
//! the key's kind, and on nothing else; and its signatures are deterministic as well, by RFC 6979. Direction of failure:
//! a kind that cannot be seeded is an error, never a random key in its place.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};
use p256::pkcs8::EncodePrivateKey as _;
use sha2::{Digest as _, Sha512};

use super::{KeyKind, SigningKey, dearmor};

/// A public test key: an RSA key cannot be made of a seed without an implementation of our own.
const RSA_2048: &str = include_str!("test-rsa-2048.pem");

/// Of the version of PKCS#8 that holds a seed of Ed25519 and no public key.
const ED25519_PREFIX: [u8; 16] = [
    0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
];

/// Makes keys. Clones go on where the others are.
#[derive(Clone, Debug, Default)]
pub struct KeySource(Option<Arc<Seeded>>);

#[derive(Debug)]
struct Seeded {
    seed: String,
    made: AtomicU64,
}

impl KeySource {
    /// Keys that nobody can foretell.
    #[must_use]
    pub fn random() -> Self {
        Self(None)
    }

    /// The same keys in the same order for the same seed, which anybody can make: for recordings only.
    #[must_use]
    pub fn seeded(seed: &str) -> Self {
        Self(Some(Arc::new(Seeded {
            seed: seed.to_owned(),
            made: AtomicU64::new(0),
        })))
    }

    /// One more key. With a seed, all RSA keys of a size are the same one.
    ///
    /// # Errors
    /// When the cryptographic library cannot make one, or not of a seed.
    pub fn fresh(&self, kind: KeyKind) -> Result<SigningKey> {
        let Some(source) = &self.0 else {
            return SigningKey::generate(kind);
        };
        let number = source.made.fetch_add(1, Ordering::Relaxed);
        let pkcs8 = source
            .pkcs8(kind, number)
            .with_context(|| format!("cannot make a key of kind {kind:?} of a seed"))?;
        SigningKey::deterministic(kind, pkcs8)
    }
}

impl Seeded {
    fn pkcs8(&self, kind: KeyKind, number: u64) -> Result<Vec<u8>> {
        match kind {
            KeyKind::P256 => {
                let bytes = self.bytes::<32>(kind, number);
                Ok(p256::SecretKey::from_slice(&bytes)?
                    .to_pkcs8_der()?
                    .as_bytes()
                    .to_vec())
            }
            KeyKind::P384 => {
                let bytes = self.bytes::<48>(kind, number);
                Ok(p384::SecretKey::from_slice(&bytes)?
                    .to_pkcs8_der()?
                    .as_bytes()
                    .to_vec())
            }
            KeyKind::Ed25519 => {
                Ok([ED25519_PREFIX.as_slice(), &self.bytes::<32>(kind, number)].concat())
            }
            KeyKind::Rsa2048 => dearmor(RSA_2048),
            KeyKind::Rsa4096 | KeyKind::P521 => bail!("no such key is seeded"),
        }
    }

    /// The head of a hash over what the key depends on. That it is no scalar of its curve has a chance of 1 in 2^32.
    fn bytes<const N: usize>(&self, kind: KeyKind, number: u64) -> [u8; N] {
        let hash = Sha512::digest(format!("{}\n{kind:?}\n{number}", self.seed));
        let mut bytes = [0; N];
        for (byte, hashed) in bytes.iter_mut().zip(hash) {
            *byte = hashed;
        }
        bytes
    }
}
