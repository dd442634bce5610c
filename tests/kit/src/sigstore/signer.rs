//! Signing as `cosign sign` does it, with every part of the result kept for later (mis)use.

use anyhow::Result;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};

use super::{
    BUNDLE, CERTIFICATE, CHAIN, EntryBody, Identity, KeyKind, Leaf, LeafRequest, LogEntry,
    PrivateSigstore, SIGNATURE, SignatureLayer, SigningKey, SimpleSigning, TransparencyLog,
};

/// Who signs, and with what.
#[derive(Clone, Debug)]
pub struct Signer<'a> {
    with: With<'a>,
    log: Option<&'a TransparencyLog>,
}

#[derive(Clone, Debug)]
enum With<'a> {
    Identity {
        sigstore: &'a PrivateSigstore,
        identity: Identity,
        key_kind: KeyKind,
    },
    Key(SigningKey),
}

impl<'a> Signer<'a> {
    /// Keyless: each signature gets a fresh key, a fresh leaf and a log entry.
    #[must_use]
    pub fn keyless(sigstore: &'a PrivateSigstore, identity: &Identity) -> Self {
        let with = With::Identity {
            sigstore,
            identity: identity.clone(),
            key_kind: KeyKind::default(),
        };
        Self {
            with,
            log: Some(sigstore.log()),
        }
    }

    /// With a long-lived key, and no log entry (`--tlog-upload=false`).
    #[must_use]
    pub fn key(key: &SigningKey) -> Self {
        Self {
            with: With::Key(key.clone()),
            log: None,
        }
    }

    /// The same signer, with its signatures entered in `log`.
    #[must_use]
    pub fn logged_in(mut self, log: &'a TransparencyLog) -> Self {
        self.log = Some(log);
        self
    }

    /// The same signer, without log entries.
    #[must_use]
    pub fn unlogged(mut self) -> Self {
        self.log = None;
        self
    }

    /// The same signer, with fresh keys of another kind. A long-lived key stays what it is.
    #[must_use]
    pub fn with_key_kind(mut self, kind: KeyKind) -> Self {
        if let With::Identity { key_kind, .. } = &mut self.with {
            *key_kind = kind;
        }
        self
    }

    /// Signs `digest` as an image of `repository`, at `at`.
    ///
    /// # Errors
    /// When a key, certificate or signature cannot be made.
    pub fn sign(&self, repository: &str, digest: &str, at: DateTime<Utc>) -> Result<Signature> {
        self.sign_payload(&SimpleSigning::cosign(repository, digest).bytes(), at)
    }

    /// Signs any payload, at `at`.
    ///
    /// # Errors
    /// When a key, certificate or signature cannot be made.
    pub fn sign_payload(&self, payload: &[u8], at: DateTime<Utc>) -> Result<Signature> {
        match &self.with {
            With::Identity {
                sigstore,
                identity,
                key_kind,
            } => {
                let mut request = LeafRequest::new(identity, at - TimeDelta::seconds(1));
                request.key_kind = *key_kind;
                let leaf = sigstore.authority().issue(&request)?;
                let chain = sigstore.chain_pem();
                Signature::by_leaf(&leaf, payload, self.log, at)
                    .map(|signature| signature.with_chain(&chain))
            }
            With::Key(key) => Signature::by_key(key, payload, self.log, at),
        }
    }
}

/// A signature and everything that came with it, each part replaceable.
#[derive(Clone, Debug)]
pub struct Signature {
    /// The signed bytes.
    pub payload: Vec<u8>,
    /// The signature's bytes.
    pub signature: Vec<u8>,
    /// The key that made it.
    pub key: SigningKey,
    /// The leaf, of keyless signatures.
    pub leaf: Option<Leaf>,
    /// The certificate annotation.
    pub certificate: Option<String>,
    /// The chain annotation.
    pub chain: Option<String>,
    /// The log entry.
    pub entry: Option<LogEntry>,
    /// When it was made.
    pub at: DateTime<Utc>,
}

impl Signature {
    /// A signature with a leaf's key, with the leaf beside it; without a chain.
    ///
    /// # Errors
    /// When the signature or the entry cannot be made.
    pub fn by_leaf(
        leaf: &Leaf,
        payload: &[u8],
        log: Option<&TransparencyLog>,
        at: DateTime<Utc>,
    ) -> Result<Self> {
        let mut signature = Self::assemble(&leaf.key, payload, &leaf.pem(), log, at)?;
        signature.certificate = Some(leaf.pem());
        signature.leaf = Some(leaf.clone());
        Ok(signature)
    }

    /// A signature with a long-lived key.
    ///
    /// # Errors
    /// When the signature or the entry cannot be made.
    pub fn by_key(
        key: &SigningKey,
        payload: &[u8],
        log: Option<&TransparencyLog>,
        at: DateTime<Utc>,
    ) -> Result<Self> {
        Self::assemble(key, payload, &key.public_key_pem(), log, at)
    }

    fn assemble(
        key: &SigningKey,
        payload: &[u8],
        verifier: &str,
        log: Option<&TransparencyLog>,
        at: DateTime<Utc>,
    ) -> Result<Self> {
        let signature = key.sign(payload)?;
        let entry = match log {
            Some(log) => {
                Some(log.enter(&EntryBody::hashedrekord(payload, &signature, verifier), at)?)
            }
            None => None,
        };
        Ok(Self {
            payload: payload.to_vec(),
            signature,
            key: key.clone(),
            leaf: None,
            certificate: None,
            chain: None,
            entry,
            at,
        })
    }

    /// The same signature with a chain annotation.
    #[must_use]
    pub fn with_chain(mut self, chain_pem: &str) -> Self {
        self.chain = Some(chain_pem.to_owned());
        self
    }

    /// The layer that cosign would push, annotations in cosign's order.
    ///
    /// # Errors
    /// When the log entry cannot be written.
    pub fn layer(&self) -> Result<SignatureLayer> {
        let mut layer = SignatureLayer::new(self.payload.clone())
            .with(SIGNATURE, STANDARD.encode(&self.signature));
        if let Some(entry) = &self.entry {
            layer.annotations.set(BUNDLE, entry.annotation()?);
        }
        if let Some(certificate) = &self.certificate {
            layer.annotations.set(CERTIFICATE, certificate);
        }
        if let Some(chain) = &self.chain {
            layer.annotations.set(CHAIN, chain);
        }
        Ok(layer)
    }
}
