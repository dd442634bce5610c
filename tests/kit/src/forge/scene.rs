//! Who is imitated, and what the attacker wants to pass off as theirs.

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};

use crate::sigstore::{
    Identity, KeyKind, PrivateSigstore, Signature, Signer, SigningKey, SimpleSigning,
};

/// A publisher with two releases, each signed keyless and with a long-lived key as well.
#[derive(Clone, Debug)]
pub struct Victim {
    /// The repository, as the signatures spell it.
    pub repository: String,
    /// The workflow's identity.
    pub identity: Identity,
    /// The long-lived key.
    pub key: SigningKey,
    /// Digests of the releases.
    pub digests: Vec<String>,
    /// Keyless signatures of the releases.
    pub releases: Vec<Signature>,
    /// Key-based signatures of the releases, with log entries.
    pub keyed: Vec<Signature>,
}

impl Victim {
    /// Releases `digests` in turn, a day apart, the first at `first`. Forgeries need two.
    ///
    /// # Errors
    /// When something cannot be signed.
    pub fn new(
        sigstore: &PrivateSigstore,
        repository: &str,
        identity: &Identity,
        digests: &[&str],
        first: DateTime<Utc>,
    ) -> Result<Self> {
        let key = sigstore.keys().fresh(KeyKind::P256)?;
        let mut victim = Self {
            repository: repository.to_owned(),
            identity: identity.clone(),
            key: key.clone(),
            digests: Vec::new(),
            releases: Vec::new(),
            keyed: Vec::new(),
        };
        let mut at = first;
        for digest in digests {
            victim.digests.push((*digest).to_owned());
            victim
                .releases
                .push(sigstore.sign(identity, repository, digest, at)?);
            victim.keyed.push(
                Signer::key(&key)
                    .logged_in(sigstore.log())
                    .sign(repository, digest, at)?,
            );
            at += TimeDelta::days(1);
        }
        Ok(victim)
    }

    /// The keyless signature of the first release.
    ///
    /// # Errors
    /// When there is no release.
    pub fn release(&self) -> Result<&Signature> {
        self.releases
            .first()
            .context("expected a victim with a release")
    }

    /// The keyless signature of the second release.
    ///
    /// # Errors
    /// When there is no second release.
    pub fn other_release(&self) -> Result<&Signature> {
        self.releases
            .get(1)
            .context("expected a victim with two releases")
    }

    /// The key-based signature of the first release.
    ///
    /// # Errors
    /// When there is no release.
    pub fn keyed_release(&self) -> Result<&Signature> {
        self.keyed
            .first()
            .context("expected a victim with a release")
    }

    /// The certificate of the first release, as its annotation spells it: what the forgeries claim.
    ///
    /// # Errors
    /// When there is no release.
    pub fn certificate(&self) -> Result<String> {
        self.release()?
            .certificate
            .clone()
            .context("expected a keyless release")
    }
}

/// All that an attacker has to work with.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The Sigstore that everybody trusts.
    pub sigstore: &'a PrivateSigstore,
    /// Who is imitated.
    pub victim: &'a Victim,
    /// The digest of the attacker's image.
    pub digest: &'a str,
    /// When the attacker works: later than the victim's leaves live.
    pub at: DateTime<Utc>,
}

impl Scene<'_> {
    /// The payload that the victim would sign for the attacker's image.
    pub(super) fn payload(&self) -> Vec<u8> {
        SimpleSigning::cosign(&self.victim.repository, self.digest).bytes()
    }

    /// A signature over that payload by a key of the attacker's, with an honest log entry.
    pub(super) fn own(&self) -> Result<Signature> {
        let key = self.sigstore.keys().fresh(KeyKind::P256)?;
        Signature::by_key(&key, &self.payload(), Some(self.sigstore.log()), self.at)
    }
}
