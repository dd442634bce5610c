//! Strangers beside a known signer: noted, and taken in only where a known signer introduces them.
//!
//! Invariant: whoever can push can put a signature beside a good one, so a candidate is trusted with nothing. Only the
//! signed word of a known signer, for this repository and given before that one was retired, introduces anybody.

use super::digest_observation::{DigestObservation, signer};
use super::result::BaselineEvent;
use super::update::BaselineUpdate;
use crate::observation::SignedRepository;
use chrono::{DateTime, Utc};
use signature_continuity::baseline::{Candidate, Introduction, Origin};
use signature_continuity::signer::{Signer, SignerId};
use std::collections::BTreeMap;

/// How many strangers a baseline remembers; the oldest are kept, so that nobody can push them out.
const MOST_CANDIDATES: usize = 16;
/// Who is introduced, by whom.
pub(super) type Introductions = BTreeMap<SignerId, SignerId>;

impl BaselineUpdate<'_> {
    /// Who is introduced on these digests by the signed word of a known signer, given before that one was retired.
    pub(super) fn introductions(&self, sights: &[DigestObservation<'_>]) -> Introductions {
        let mut introductions = Introductions::new();
        for signature in sights.iter().flat_map(DigestObservation::teaching) {
            let Some(record) = self.record(signer(signature)) else {
                continue;
            };
            if signature.signed_repository != SignedRepository::Here {
                continue;
            }
            let in_office = |said: &Option<DateTime<Utc>>| match &record.retired {
                None => true,
                Some(retired) => said.is_some_and(|at| at < retired.at),
            };
            let introduced = signature.introduces.iter();
            for (id, _) in introduced.filter(|(_, said)| in_office(said)) {
                let by = introductions
                    .entry(id.clone())
                    .or_insert_with(|| record.id());
                // Of several introducers the same one is named, whatever the order.
                *by = (*by).clone().min(record.id());
            }
        }
        introductions
    }

    pub(super) fn take_in_introduced(
        &mut self,
        sight: &DigestObservation<'_>,
        introductions: &Introductions,
    ) {
        for signature in sight.teaching() {
            let id = signer(signature).id();
            if let Some(by) = introductions.get(&id)
                && !self.is_recorded(signer(signature))
            {
                let origin = Origin::Introduced(Introduction { by: by.clone() });
                self.take_in(signature, origin);
            }
        }
    }

    pub(super) fn note_candidate(&mut self, stranger: &Signer, beside: &SignerId) {
        let id = stranger.id();
        let present = self.baseline.candidates.iter().any(|c| c.id == id);
        if present || self.baseline.candidates.len() >= MOST_CANDIDATES {
            return;
        }
        let (mut issuer, mut subject, mut public_key) = (None, None, None);
        match stranger {
            Signer::Keyless(keyless) => {
                issuer = Some(keyless.issuer.clone());
                subject = Some(keyless.subject.clone());
            }
            Signer::Key(key) => public_key = Some(key.pem()),
        }
        self.baseline.candidates.push(Candidate {
            id,
            issuer,
            subject,
            public_key,
            first_seen: self.now,
            beside: beside.short().to_owned(),
        });
        self.news.push(BaselineEvent::Candidate(stranger.clone()));
    }
}
