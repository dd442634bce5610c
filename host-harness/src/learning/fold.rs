//! What one observed image teaches.

use chrono::{DateTime, TimeDelta, Utc};
use signature_continuity::baseline::{
    Baseline, Candidate, Format, Origin, SeenProvenance, SignerRecord, Verified,
};
use signature_continuity::digest::Digest;
use signature_continuity::observe::{Evidence, Observation};
use signature_continuity::posture::Posture;
use signature_continuity::proof::{ProvenSigner, rank_of};
use signature_continuity::provenance::Provenance;
use signature_continuity::reference::Repository;
use signature_continuity::signer::{Signer, SignerId};

/// How many strangers a baseline remembers; the oldest are kept, so that nobody can push them out.
const MOST_CANDIDATES: usize = 16;
/// How many verified digests are kept.
const MOST_VERIFIED: usize = 32;

/// What an image taught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lesson {
    /// Nothing, and why.
    Nothing(&'static str),
    /// The baseline is as it was.
    Unchanged,
    /// The baseline as it is now.
    Learned {
        /// To be written.
        baseline: Box<Baseline>,
        /// What is new in it.
        news: Vec<News>,
    },
}

/// One thing that is new in a baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The repository was never seen signed before.
    Repository,
    /// A cold baseline takes a signer in.
    Signer(Signer),
    /// A stranger stands beside a known signer.
    Candidate(Signer),
    /// A digest on which a known signer was proven.
    Verified(Digest),
    /// From now on drift is enforced.
    Established,
}

/// Folds what was observed of one digest into what is known of its repository.
#[must_use]
pub fn fold(
    before: Option<&Baseline>,
    repository: &Repository,
    observation: &Observation,
    establish_after: TimeDelta,
    now: DateTime<Utc>,
) -> Lesson {
    if observation.posture != Posture::Signed || observation.evidence != Evidence::Proof {
        return Lesson::Nothing("what is not proven teaches nothing");
    }
    let Some(digest) = &observation.digest else {
        return Lesson::Nothing("an image without a digest teaches nothing");
    };
    // A signature made for another repository says nothing about who publishes this one.
    let at_home: Vec<&ProvenSigner> = observation
        .proven
        .iter()
        .filter(|proven| proven.is_at_home())
        .collect();
    if at_home.is_empty() {
        return Lesson::Nothing("no signature is known to be made for this repository");
    }
    let Some(before) = before else {
        return first(repository, &at_home, digest, now);
    };
    let mut pupil = Pupil {
        baseline: before.clone(),
        news: Vec::new(),
        now,
    };
    pupil.learn(&at_home, digest);
    if pupil.baseline.established.is_none() && now - before.first_seen >= establish_after {
        pupil.baseline.established = Some(now);
        pupil.news.push(News::Established);
    }
    pupil.lesson(before)
}

/// The first signature ever seen of a repository. Without log times it has to be alone.
fn first(
    repository: &Repository,
    proven: &[&ProvenSigner],
    digest: &Digest,
    now: DateTime<Utc>,
) -> Lesson {
    let [only] = proven else {
        return Lesson::Nothing("of several signers it is not known who was first");
    };
    let mut pupil = Pupil {
        baseline: Baseline::new(repository.clone(), only.rank(), now),
        news: vec![News::Repository],
        now,
    };
    pupil.take_in(only);
    pupil.verify(digest, &only.signer().id());
    pupil.baseline.generation = 1;
    Lesson::Learned {
        baseline: Box::new(pupil.baseline),
        news: pupil.news,
    }
}

struct Pupil {
    baseline: Baseline,
    news: Vec<News>,
    now: DateTime<Utc>,
}

impl Pupil {
    fn learn(&mut self, proven: &[&ProvenSigner], digest: &Digest) {
        let (known, strangers): (Vec<&ProvenSigner>, Vec<&ProvenSigner>) = proven
            .iter()
            .partition(|proven| self.is_known(proven.signer()));
        let seen_before = self.baseline.verified(digest).is_some();
        if known.is_empty() {
            let cold = !self.baseline.is_established(self.now);
            let alone = if let [only] = strangers.as_slice() {
                Some(only)
            } else {
                None
            };
            // A retired signer is not taken in again by being seen.
            if let Some(only) =
                alone.filter(|p| cold && self.baseline.record(&p.signer().id()).is_none())
            {
                self.take_in(only);
                self.verify(digest, &only.signer().id());
            }
            return;
        }
        for proven in &known {
            self.note_known(proven, known.len() + strangers.len() == 1, seen_before);
        }
        if let Some(first) = known.first() {
            let beside = first.signer().id();
            for stranger in strangers {
                self.note_candidate(stranger.signer(), &beside);
            }
            self.verify(digest, &beside);
        }
    }

    fn is_known(&self, signer: &Signer) -> bool {
        self.baseline.known().any(|record| &record.signer == signer)
    }

    fn take_in(&mut self, proven: &ProvenSigner) {
        let signer = proven.signer().clone();
        self.baseline.rank = self.baseline.rank.max(rank_of(&signer));
        self.note_provenance(proven.provenance());
        self.note_format(Format::Cosign2);
        self.news.push(News::Signer(signer.clone()));
        self.baseline.signers.push(SignerRecord {
            signer,
            origin: Origin::Observed,
            alone: true,
            first_seen: self.now,
            last_seen: self.now,
            digests: 1,
            retired: None,
        });
    }

    fn note_known(&mut self, proven: &ProvenSigner, stands_alone: bool, seen_before: bool) {
        let cold = !self.baseline.is_established(self.now);
        let now = self.now;
        let records = self.baseline.signers.iter_mut();
        for record in records.filter(|record| &record.signer == proven.signer()) {
            // Standing alone counts while the baseline is cold; later it takes an approval.
            record.alone |= cold && stands_alone;
            if !seen_before {
                record.digests = record.digests.saturating_add(1);
            }
            if now.date_naive() > record.last_seen.date_naive() {
                record.last_seen = now;
            }
        }
        self.note_provenance(proven.provenance());
        self.note_format(Format::Cosign2);
    }

    fn note_candidate(&mut self, signer: &Signer, beside: &SignerId) {
        let id = signer.id();
        let retired = self
            .baseline
            .signers
            .iter()
            .any(|record| record.retired.is_some());
        let present = self
            .baseline
            .candidates
            .iter()
            .any(|candidate| candidate.id == id);
        if retired || present || self.baseline.candidates.len() >= MOST_CANDIDATES {
            return;
        }
        let (mut issuer, mut subject, mut public_key) = (None, None, None);
        match signer {
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
        self.news.push(News::Candidate(signer.clone()));
    }

    fn verify(&mut self, digest: &Digest, signer: &SignerId) {
        if self.baseline.verified(digest).is_some() {
            return;
        }
        let entry = Verified::new(digest.clone(), signer, self.now);
        self.baseline
            .verified
            .retain(|entry| &entry.digest != digest);
        self.baseline.verified.push(entry);
        let surplus = self.baseline.verified.len().saturating_sub(MOST_VERIFIED);
        self.baseline.verified.drain(..surplus);
        self.news.push(News::Verified(digest.clone()));
    }

    fn note_format(&mut self, format: Format) {
        if !self.baseline.formats.contains(&format) {
            self.baseline.formats.push(format);
            self.baseline.formats.sort();
        }
    }

    fn note_provenance(&mut self, provenance: Option<&Provenance>) {
        let Some(provenance) = provenance else { return };
        let SeenProvenance {
            sources,
            owners,
            builders,
            runners,
        } = &mut self.baseline.provenance;
        let noted = [
            (sources, &provenance.source),
            (owners, &provenance.owner),
            (builders, &provenance.builder),
            (runners, &provenance.runner),
        ];
        for (seen, value) in noted {
            if let Some(value) = value.as_ref().filter(|value| !seen.contains(value)) {
                seen.push(value.clone());
                seen.sort();
            }
        }
    }

    /// A lesson only where something is different from before.
    fn lesson(mut self, before: &Baseline) -> Lesson {
        if &self.baseline == before {
            return Lesson::Unchanged;
        }
        if self.now.date_naive() > self.baseline.last_seen.date_naive() {
            self.baseline.last_seen = self.now;
        }
        self.baseline.generation = before.generation.saturating_add(1);
        Lesson::Learned {
            baseline: Box::new(self.baseline),
            news: self.news,
        }
    }
}
