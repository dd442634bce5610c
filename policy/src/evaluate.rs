//! One evaluation: from an admission request to what becomes of each image.
//!
//! Invariant: all baselines are read before any registry is asked, and images with an established one are observed
//! before the others, so that nobody can spend the time on images that do not matter. Each distinct image is judged
//! once; none is left out: what there was no time or room for is `undetermined (limit)`.

mod learner;
mod observing;
mod port_80;
mod report;

pub use observing::observe_image;
pub use port_80::judged_names;
pub(crate) use report::{Evaluation, ImageReport, Outcome, Unreadable};

use crate::baseline::Lookup;
use crate::calls::Calls;
use crate::claims::{Claims, ClaimsError};
use crate::decision::{Code, Decision, Scope};
use crate::host::{Host, Place};
use crate::judgement::{Facts, Judgement, Surroundings, scope};
use crate::known::Known;
use crate::observe::Observation;
use crate::posture::Cause;
use crate::proof::{Extent, ProvenSigner, SignedArtifact, prove};
use crate::reference::{ImageReference, Repository};
use crate::request::{AdmissionContext, Looked, RequestedImage, look};
use crate::settings::{RepositoryNames, Settings};

use kubewarden_policy_sdk::request::KubernetesAdmissionRequest;
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// Evaluates one request.
pub(crate) fn evaluate<'a>(
    host: &dyn Host,
    settings: &'a Settings,
    request: &KubernetesAdmissionRequest,
) -> Evaluation<'a> {
    let calls = Calls::new(host, settings.budget);
    let context = AdmissionContext::of(request);
    let place = Surroundings {
        namespace: &context.namespace,
        template: context.template,
        audit: context.user.is_none(),
    };
    let anything_here = scope(settings, &place, None);
    // The audit scanner is told of what nothing enforces.
    let elsewhere = Scope::new(settings, Vec::new(), place.audit, place.template);
    let (namespace_enforced, reported) = (anything_here.is_enforced(), elsewhere.reported);
    let mut notes = Vec::new();
    let outcome = match look(request) {
        Err(error) => Outcome::Unreadable(error),
        Ok(Looked::MirrorPod) => Outcome::MirrorPod,
        Ok(Looked::Nothing) => Outcome::Nothing,
        Ok(Looked::Images(images)) => {
            let evaluator = Evaluator {
                calls: &calls,
                settings,
                place,
                control: OnceCell::new(),
            };
            let reports = evaluator.images(images);
            notes.extend(learner::note(&calls, settings, &reports));
            Outcome::Images(reports)
        }
    };
    Evaluation {
        now: calls.started(),
        reported,
        outcome,
        namespace_enforced,
        notes,
        calls: calls.made(),
        context,
    }
}

struct Evaluator<'a, 'c> {
    calls: &'c Calls<'c>,
    settings: &'a Settings,
    place: Surroundings<'c>,
    control: OnceCell<bool>,
}

impl<'a> Evaluator<'a, '_> {
    fn images(&self, images: Vec<RequestedImage>) -> Vec<ImageReport<'a>> {
        let lookups = self.lookups(&images);
        let mut order: Vec<(bool, usize)> = Vec::new();
        for (at, image) in images.iter().enumerate() {
            order.push((!self.matters(image, &lookups), at));
        }
        order.sort_unstable();
        let mut reports: BTreeMap<usize, ImageReport<'a>> = BTreeMap::new();
        let mut images: BTreeMap<usize, RequestedImage> = images.into_iter().enumerate().collect();
        for (_, at) in order {
            if let Some(image) = images.remove(&at) {
                let within = at < self.settings.max_images;
                reports.insert(at, self.image(image, &lookups, within));
            }
        }
        reports.into_values().collect()
    }

    /// The baselines of all images within bounds, each repository's once.
    fn lookups(&self, images: &[RequestedImage]) -> BTreeMap<Repository, Lookup> {
        let mut lookups = BTreeMap::new();
        for image in images.iter().take(self.settings.max_images) {
            let Ok(reference) = &image.reference else {
                continue;
            };
            let mut own = Some(reference.repository().clone());
            // The other name is asked for only where this one has no past.
            while let Some(name) = own {
                let lookup = lookups
                    .entry(self.settings.aliased(&name))
                    .or_insert_with_key(|repository| {
                        self.calls
                            .baseline(&self.settings.baseline.namespace, repository)
                    });
                own = name.without_port_80().filter(|_| lookup.could_be_lost());
            }
        }
        lookups
    }

    /// The names that an image is judged by, and whether they are not its own.
    fn judged_names(
        &self,
        reference: &ImageReference,
        lookups: &BTreeMap<Repository, Lookup>,
    ) -> (RepositoryNames, bool) {
        judged_names(self.settings, reference, |repository| {
            lookups.get(repository).is_some_and(Lookup::could_be_lost)
        })
    }

    /// Whether an image is observed before the others.
    fn matters(&self, image: &RequestedImage, lookups: &BTreeMap<Repository, Lookup>) -> bool {
        let Ok(reference) = &image.reference else {
            return false;
        };
        let (names, _) = self.judged_names(reference, lookups);
        let established = lookups
            .get(names.aliased())
            .and_then(Lookup::baseline)
            .is_some_and(|baseline| baseline.is_established(self.calls.started()));
        established || self.settings.pinned(&names).is_some()
    }

    fn image(
        &self,
        image: RequestedImage,
        lookups: &BTreeMap<Repository, Lookup>,
        within: bool,
    ) -> ImageReport<'a> {
        let reference = match &image.reference {
            Ok(reference) => reference.clone(),
            Err(error) => {
                let error = Unreadable::Reference(error.clone());
                return self.unreadable(image, error, None);
            }
        };
        let (names, respelled) = self.judged_names(&reference, lookups);
        let lookup = lookups
            .get(names.aliased())
            .filter(|_| within)
            .cloned()
            .unwrap_or(Lookup::Unread);
        let observed = if respelled {
            // No digest: one that is listed under the other name may have been another registry's.
            Ok(Observation::unknown(None, Cause::Answer, None))
        } else {
            observe_image(self.calls, self.settings, &reference, &names, &lookup)
                .map_err(|_| Unreadable::Host)
        };
        let observation = match observed {
            Ok(observation) => observation,
            Err(error) => return self.unreadable(image, error, Some(&names)),
        };
        let facts = Facts {
            names,
            lookup,
            observation,
        };
        let control_fails = || *self.control.get_or_init(|| self.control_fails());
        let now = self.calls.started();
        let judgement = Judgement::new(self.settings, facts, &self.place, now, control_fails);
        ImageReport {
            image,
            enforced: judgement.ruling.enforced,
            decision: judgement.ruling.decision,
            finding: Ok(judgement),
        }
    }

    /// In a template something else fills it in, or its pods are rejected.
    fn unreadable(
        &self,
        image: RequestedImage,
        error: Unreadable,
        names: Option<&RepositoryNames>,
    ) -> ImageReport<'a> {
        ImageReport {
            image,
            finding: Err(error),
            enforced: scope(self.settings, &self.place, names).is_enforced(),
            decision: if self.place.template {
                Decision::Admit
            } else {
                Decision::Reject(Code::Forbidden)
            },
        }
    }

    /// Whether the known-good image cannot be proven either. Not to get an answer about it is no failure.
    fn control_fails(&self) -> bool {
        let Some(control) = &self.settings.trust_control else {
            return false;
        };
        let image = &control.image;
        let Some(digest) = image.digest() else {
            return false;
        };
        let name = self.settings.call_name(image);
        let claims = match self
            .calls
            .manifest(&name, &Place::Tag(&digest.signature_tag()))
        {
            Ok(json) => match Claims::from_manifest(&json) {
                Ok(claims) => claims,
                // More than is looked at says nothing.
                Err(ClaimsError::TooManyLayers { .. }) => return false,
                Err(_) => return true,
            },
            Err(_) => return false,
        };
        let chains = self.settings.certificate_chains();
        let proven = SignedArtifact {
            name: &name,
            digest,
            payload_names: &[],
            authorities: chains.iter().map(|chain| chain.certificates()).collect(),
        };
        let is_wanted = |proven: &ProvenSigner| control.names(proven.signer());
        let names = self.settings.names(image.repository());
        let known = Known::new(self.settings, &names, None, &[]);
        let findings = prove(
            self.calls,
            &proven,
            &claims,
            &known,
            Extent::Bounded,
            is_wanted,
        );
        findings.interrupted.is_none() && !findings.proven.iter().any(is_wanted)
    }
}

#[cfg(test)]
#[path = "evaluate_tests.rs"]
mod tests;
