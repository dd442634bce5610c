//! Whom a repository's images may be signed by without drift: the baseline's signers, pinned ones, and those that an
//! exception covers.
//!
//! Invariant: signers are compared whole, by canonical form, with the operator's `refPatterns` folded on both sides;
//! a retired signer is a stranger.

use crate::baseline::{Baseline, Retired, SignerRecord};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::public_key::PublicKey;
use crate::settings::{Exception, PinnedSigner, RepositoryNames, Settings};
use crate::signer::{Signer, SignerId};

/// The known signers of one repository, for one image.
#[derive(Clone)]
pub struct Known<'a> {
    settings: &'a Settings,
    names: &'a RepositoryNames,
    baseline: Option<&'a Baseline>,
    pins: Option<Vec<&'a PinnedSigner>>,
    excepted: Vec<(&'a Exception, &'a SignerId)>,
}

impl<'a> Known<'a> {
    /// By the baseline, the settings' pins, and the exceptions in force for the image.
    #[must_use]
    pub fn new(
        settings: &'a Settings,
        names: &'a RepositoryNames,
        baseline: Option<&'a Baseline>,
        exceptions: &[&'a Exception],
    ) -> Self {
        let excepted = exceptions
            .iter()
            .filter_map(|exception| match &exception.accepts {
                Fingerprint::Signer(id) => Some((*exception, id)),
                Fingerprint::Pin(_)
                | Fingerprint::Invalid
                | Fingerprint::Unsigned
                | Fingerprint::DowngradeKey(_)
                | Fingerprint::DowngradeUnverifiable
                | Fingerprint::Provenance { .. } => None,
            });
        Self {
            settings,
            names,
            baseline,
            pins: settings.pinned(names),
            excepted: excepted.collect(),
        }
    }

    /// The same for one image of the repository: exceptions for another digest are none. Before a tag is resolved, all
    /// that are in force for the repository may matter.
    #[must_use]
    pub(crate) fn for_image(&self, digest: &Digest) -> Self {
        let excepted = self.excepted.iter().copied();
        Self {
            excepted: excepted
                .filter(|(exception, _)| exception.covers_image(self.names, Some(digest)))
                .collect(),
            ..self.clone()
        }
    }

    /// Whether the repository is pinned.
    #[must_use]
    pub(crate) fn is_pinned(&self) -> bool {
        self.pins.is_some()
    }

    /// Whether a pin names this signer.
    #[must_use]
    pub(crate) fn satisfies_pin(&self, signer: &Signer) -> bool {
        let caller = match signer {
            Signer::Keyless(keyless) => keyless.caller.as_ref(),
            Signer::Key(_) => None,
        };
        let fold = |subject: &str| {
            self.settings
                .comparison_subject(self.names.aliased(), subject, caller)
        };
        self.pins
            .iter()
            .flatten()
            .any(|pin| pin.matches(signer, fold))
    }

    /// Whether this signer is known.
    #[must_use]
    pub fn contains(&self, signer: &Signer) -> bool {
        self.in_baseline(signer) || self.satisfies_pin(signer) || {
            let id = signer.id();
            self.excepted.iter().any(|(_, excepted)| **excepted == id)
        }
    }

    /// How this signer was ended, unless it is on the record again. That a pin or an exception names it does not undo it.
    #[must_use]
    pub(crate) fn retired(&self, signer: &Signer) -> Option<&'a Retired> {
        if self.in_baseline(signer) {
            return None;
        }
        let compared = self.compared(signer);
        let baseline = self.baseline?;
        baseline
            .signers
            .iter()
            .filter(|record| self.compared(&record.signer) == compared)
            .find_map(|record| record.retired.as_ref())
    }

    /// Whether this signer may stand without the baseline's rank.
    #[must_use]
    pub(crate) fn may_stand_alone(&self, signer: &Signer) -> bool {
        self.records(signer).any(|record| record.alone)
    }

    fn in_baseline(&self, signer: &Signer) -> bool {
        self.records(signer).next().is_some()
    }

    fn records(&self, signer: &Signer) -> impl Iterator<Item = &'a SignerRecord> {
        let compared = self.compared(signer);
        self.baseline
            .into_iter()
            .flat_map(Baseline::known)
            .filter(move |record| self.compared(&record.signer) == compared)
    }

    /// The keys that a signature without a certificate may have been made with.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'a PublicKey> {
        let of_baseline = self
            .baseline
            .into_iter()
            .flat_map(Baseline::known)
            .filter_map(|record| match &record.signer {
                Signer::Key(key) => Some(key),
                Signer::Keyless(_) => None,
            });
        let of_pins = self.pins.iter().flatten().filter_map(|pin| match pin {
            PinnedSigner::Key(key) => Some(key),
            PinnedSigner::Keyless { .. } => None,
        });
        of_baseline.chain(of_pins)
    }

    /// The form in which signers are compared.
    fn compared(&self, signer: &Signer) -> String {
        self.settings
            .compared(self.names.aliased(), signer)
            .canonical()
    }
}
