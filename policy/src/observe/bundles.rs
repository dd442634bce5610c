//! Bundles in an observation: those that the host proved, and those of which only the fallback tag tells.
//!
//! Invariant: a bundle that cannot be read is "signed in a way that is not seen here", never "unsigned".

use super::{Evidence, HostRejectsReference, Image, Observation};
use crate::bundles::{Referred, Referrers, referred_manifest};
use crate::calls::CallError;
use crate::digest::Digest;
use crate::host::{Bundles, Place, Unproven};
use crate::host_error::HostError;
use crate::posture::{Cause, Posture};
use crate::proof::{Problem, ProvenSigner, posture_of};

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
    let more = bundles.more;
    let (of_bundles, cause) = match (proven.is_empty(), problems.is_empty()) {
        (false, _) => (Posture::Signed, None),
        (true, true) => (Posture::Unsigned, None),
        (true, false) => posture_of(&problems),
    };
    let mut observation = of_tag
        .unwrap_or_else(|| Observation::new(Some(digest.clone()), of_bundles, Evidence::Proof));
    // What the other place could not answer, or what was beyond its bounds, may have been somebody's signature.
    observation.incomplete |= more
        || observation.posture == Posture::Unknown
        || (observation.has_signature_tag && observation.posture == Posture::Unverifiable);
    observation.posture = first_that_applies(observation.posture, of_bundles);
    observation.unknown = match observation.posture {
        Posture::Unknown => observation.unknown.or(cause.map(|cause| (cause, None))),
        Posture::Signed | Posture::Invalid | Posture::Unverifiable | Posture::Unsigned => None,
    };
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

/// Without a `.sig`: whether signatures in another form refer to the image, as far as the fallback tag tells.
pub(super) fn fallback_index(image: &Image<'_>) -> Result<Observation, HostRejectsReference> {
    let digest = image.digest;
    let unknown = |cause| Ok(Observation::unknown(Some(digest.clone()), cause, None));
    let referrers = match image
        .calls
        .manifest(image.name, &Place::Tag(&digest.referrers_tag()))
    {
        Ok(json) => Referrers::from_index(&json),
        Err(CallError::Host(HostError::Absent)) => return image.unsigned(),
        Err(error) => return image.unanswered(&error),
    };
    let Some(referrers) = referrers else {
        return image.unsigned();
    };
    if referrers.signature {
        return Ok(Observation::of_format(digest));
    }
    if referrers.unreadable {
        return unknown(Cause::Answer);
    }
    for unsaid in &referrers.unsaid {
        match image.calls.manifest(image.name, &Place::Digest(unsaid)) {
            Ok(json) if referred_manifest(&json) == Referred::Signature => {
                return Ok(Observation::of_format(digest));
            }
            // An index that names what is not there says nothing.
            Ok(_) | Err(CallError::Host(HostError::Absent)) => {}
            Err(error) => return image.unanswered(&error),
        }
    }
    if referrers.more {
        unknown(Cause::Limit)
    } else {
        image.unsigned()
    }
}
