//! Leaf certificates: what is asked of the authority, and what comes back.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Identity, KeyKind, LeafFlaw, SigningKey, armor};

/// What an authority is asked to certify.
#[derive(Clone, Debug)]
pub struct LeafRequest {
    /// Names and extensions.
    pub identity: Identity,
    /// The key to certify; a fresh one of [`key_kind`](Self::key_kind) where there is none.
    pub key: Option<SigningKey>,
    /// What a fresh key is to be.
    pub key_kind: KeyKind,
    /// Start of validity.
    pub not_before: DateTime<Utc>,
    /// Length of validity; ten minutes with the public authority.
    pub lifetime: TimeDelta,
    /// What is to be wrong.
    pub flaws: Vec<LeafFlaw>,
}

impl LeafRequest {
    /// A faultless leaf of ten minutes on a fresh P-256 key.
    #[must_use]
    pub fn new(identity: &Identity, not_before: DateTime<Utc>) -> Self {
        Self {
            identity: identity.clone(),
            key: None,
            key_kind: KeyKind::default(),
            not_before,
            lifetime: TimeDelta::minutes(10),
            flaws: Vec::new(),
        }
    }

    /// The same request with one more flaw.
    #[must_use]
    pub fn with_flaw(mut self, flaw: LeafFlaw) -> Self {
        self.flaws.push(flaw);
        self
    }

    /// The same request for a key that is there already.
    #[must_use]
    pub fn with_key(mut self, key: &SigningKey) -> Self {
        self.key = Some(key.clone());
        self
    }
}

/// A certificate and the private key that belongs to it.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// The certificate.
    pub der: Vec<u8>,
    /// Its key; whoever made the leaf has it.
    pub key: SigningKey,
    /// Start of validity.
    pub not_before: DateTime<Utc>,
    /// End of validity.
    pub not_after: DateTime<Utc>,
}

impl Leaf {
    /// The certificate as cosign writes it into the annotation.
    #[must_use]
    pub fn pem(&self) -> String {
        armor("CERTIFICATE", &self.der)
    }

    /// The certificate in a block with another tag.
    #[must_use]
    pub fn pem_tagged(&self, tag: &str) -> String {
        armor(tag, &self.der)
    }

    /// The certificate in one block whose DER is followed by `rest`.
    #[must_use]
    pub fn pem_with_trailing(&self, rest: &[u8]) -> String {
        armor("CERTIFICATE", &[self.der.as_slice(), rest].concat())
    }
}
