//! Bundles in an observation: those that the host proved, and those of which only the fallback tag tells.
//!
//! Invariant: a bundle that cannot be read is "signed in a way that is not seen here", never "unsigned".

use super::{Evidence, HostRejectsReference, Observation, unanswered};
use crate::bundles::{Referred, Referrers, referred_manifest};
use crate::calls::{CallError, Calls};
use crate::digest::Digest;
use crate::host::{Bundles, Place, Unproven};
use crate::host_error::HostError;
use crate::posture::Posture;
use crate::proof::{Problem, ProvenSigner};

/// What a host that reads bundles adds to what the `.sig` manifest proves.
pub(super) fn with_bundles(
    of_tag: Option<Observation>,
    digest: &Digest,
    bundles: Bundles,
) -> Observation {
    let mut proven = Vec::new();
    let mut problems = Vec::new();
    for signer in bundles.proven {
        match ProvenSigner::of_bundle(signer) {
            Ok(signer) => proven.push(signer),
            Err(problem) => problems.push(problem),
        }
    }
    problems.extend(bundles.unproven.into_iter().map(|unproven| match unproven {
        Unproven::Contradiction(what) => Problem::Contradiction(what),
        Unproven::Unreadable(why) => Problem::Data(why),
    }));
    let contradicts = problems
        .iter()
        .any(|problem| problem.posture() == Posture::Invalid);
    let more = bundles.more;
    let of_bundles = match (proven.is_empty(), contradicts, problems.is_empty()) {
        (false, _, _) => Posture::Signed,
        (true, true, _) => Posture::Invalid,
        (true, false, false) => Posture::Unverifiable,
        (true, false, true) => Posture::Unsigned,
    };
    let mut observation = of_tag
        .unwrap_or_else(|| Observation::new(Some(digest.clone()), of_bundles, Evidence::Proof));
    // What the other place could not answer, or what was beyond its bounds, may have been somebody's signature.
    observation.incomplete |= more
        || observation.posture == Posture::Unknown
        || (observation.has_signature_tag && observation.posture == Posture::Unverifiable);
    observation.posture = first_that_applies(observation.posture, of_bundles);
    if observation.posture != Posture::Unknown {
        observation.unknown = None;
    }
    observation.proven.extend(proven);
    observation.problems.extend(problems);
    observation.problems.sort();
    observation.problems.dedup();
    observation.bundles_read = true;
    observation
}

/// The posture of what two places hold. What one place could not answer stays unknown, unless the other proves a signer.
fn first_that_applies(one: Posture, other: Posture) -> Posture {
    let order = [
        Posture::Signed,
        Posture::Unknown,
        Posture::Invalid,
        Posture::Unverifiable,
    ];
    order
        .into_iter()
        .find(|posture| [one, other].contains(posture))
        .unwrap_or(Posture::Unsigned)
}

/// Without a `.sig`: whether bundles refer to the image, as far as the fallback tag tells.
pub(super) fn fallback_index(
    calls: &Calls<'_>,
    name: &str,
    digest: &Digest,
) -> Result<Observation, HostRejectsReference> {
    let unsigned = Observation::new(Some(digest.clone()), Posture::Unsigned, Evidence::Proof);
    let referrers = match calls.manifest(name, &Place::Tag(&digest.referrers_tag())) {
        Ok(json) => Referrers::from_index(&json),
        Err(CallError::Host(HostError::Absent)) => return Ok(unsigned),
        Err(CallError::Host(HostError::Unusable)) => {
            return Ok(Observation::unverifiable(
                digest,
                Problem::Data("expected an index".to_owned()),
            ));
        }
        Err(error) => return unanswered(Some(digest.clone()), &error),
    };
    let Some(referrers) = referrers else {
        return Ok(unsigned);
    };
    let bundle = || Ok(Observation::unverifiable(digest, Problem::Bundle));
    if referrers.signature {
        return bundle();
    }
    for unsaid in &referrers.unsaid {
        match calls.manifest(name, &Place::Digest(unsaid)) {
            Ok(json) if referred_manifest(&json) == Referred::Signature => return bundle(),
            // An index that names what is not there says nothing.
            Ok(_) | Err(CallError::Host(HostError::Absent)) => {}
            Err(CallError::Host(HostError::Unusable)) => return bundle(),
            Err(error) => return unanswered(Some(digest.clone()), &error),
        }
    }
    if referrers.more {
        bundle()
    } else {
        Ok(unsigned)
    }
}
