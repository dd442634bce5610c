//! One evaluation: from an admission request to what becomes of each image.
//!
//! Invariant: all baselines are read before any registry is asked, and images with an established one are observed
//! before the others, so that nobody can spend the time on images that do not matter. Each distinct image is judged
//! once; none is left out: what there was no time or room for is `undetermined (limit)`.

mod learner;
mod port_80;
mod report;

pub use report::{Evaluation, Finding, ImageReport, Outcome, Unreadable};

use crate::baseline::Lookup;
use crate::calls::Calls;
use crate::claims::Claims;
use crate::decision::{Code, Decision, Scope, decide};
use crate::drift::{Drift, assess};
use crate::host::{Host, Place};
use crate::known::Known;
use crate::observe::{ImageContext, Observation, observe};
use crate::posture::{Cause, Posture};
use crate::proof::{ProvenSigner, Subject, prove};
use crate::reference::{ImageReference, Repository};
use crate::request::{AdmissionContext, Looked, RequestedImage, look};
use crate::settings::{Exception, RepositoryNames, Settings, TrustControl};
use crate::signer::Signer;
use crate::subject::fold_subject;
use kubewarden_policy_sdk::request::KubernetesAdmissionRequest;
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// Evaluates one request.
pub fn evaluate<'a>(
    host: &dyn Host,
    settings: &'a Settings,
    request: &KubernetesAdmissionRequest,
) -> Evaluation<'a> {
    let calls = Calls::new(host, settings.budget);
    let context = AdmissionContext::of(request);
    let namespace_enforced = settings
        .enforce_entries(&context.namespace, None)
        .next()
        .is_some();
    let audit = context.user.is_none();
    let mut notes = Vec::new();
    let outcome = match look(request) {
        Err(error) => Outcome::Unreadable(error),
        Ok(Looked::MirrorPod) => Outcome::MirrorPod,
        Ok(Looked::Nothing) => Outcome::Nothing,
        Ok(Looked::Images(images)) => {
            let evaluator = Evaluator {
                calls: &calls,
                settings,
                context: &context,
                audit,
                control: OnceCell::new(),
            };
            let reports = evaluator.images(images);
            notes.extend(learner::note(&calls, settings, &reports));
            Outcome::Images(reports)
        }
    };
    Evaluation {
        now: calls.started(),
        reported: Scope::new(settings, Vec::new(), audit).reported,
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
    context: &'c AdmissionContext,
    audit: bool,
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
                own = name.without_port_80().filter(|_| *lookup == Lookup::Absent);
            }
        }
        lookups
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
            let digest = reference.digest().cloned();
            Ok(Observation::unknown(digest, Cause::Answer, None))
        } else {
            self.observation(&reference, &names, &lookup)
        };
        let mut observation = match observed {
            Ok(observation) => observation,
            Err(error) => return self.unreadable(image, error, Some(&names)),
        };
        let digest = observation.digest.clone();
        let digest = digest.as_ref();
        let in_force = self.exceptions(&names, digest);
        let known = Known::new(self.settings, &names, lookup.baseline(), &in_force);
        let assessment = assess(&lookup, &known, &observation, &in_force);
        if matches!(
            assessment.drifts.first(),
            Some(Drift::Undetermined(Cause::Format, _))
        ) {
            // What is not seen from here is not called unsigned.
            observation.posture = Posture::Unknown;
        }
        let scope = self.scope(Some(&names));
        let now = self.calls.started();
        let decision = decide(
            &scope,
            &lookup,
            known.is_pinned(),
            assessment.drifts.first(),
            now,
        );
        let ageing = self.settings.exceptions.iter().filter(|exception| {
            exception.covers_image(&names, digest)
                && (exception.is_expired(now) || exception.expires_soon(now))
        });
        ImageReport {
            image,
            enforced: scope.is_enforced(),
            decision,
            finding: Ok(Finding {
                ageing: ageing.collect(),
                repository: names.aliased().clone(),
                lookup,
                observation,
                assessment,
            }),
        }
    }

    fn unreadable(
        &self,
        image: RequestedImage,
        error: Unreadable,
        names: Option<&RepositoryNames>,
    ) -> ImageReport<'a> {
        ImageReport {
            image,
            finding: Err(error),
            enforced: self.scope(names).is_enforced(),
            // What is in a template only, and names nothing, something else fills in; the pod is judged when it is made.
            decision: if self.context.template {
                Decision::Admit
            } else {
                Decision::Reject(Code::Forbidden)
            },
        }
    }

    fn scope(&self, names: Option<&RepositoryNames>) -> Scope<'a> {
        let entries = self
            .settings
            .enforce_entries(&self.context.namespace, names)
            .collect();
        Scope::new(self.settings, entries, self.audit)
    }

    fn exceptions(
        &self,
        names: &RepositoryNames,
        digest: Option<&crate::digest::Digest>,
    ) -> Vec<&'a Exception> {
        let now = self.calls.started();
        let in_force = |exception: &&Exception| {
            exception.covers_image(names, digest) && !exception.is_expired(now)
        };
        self.settings.exceptions.iter().filter(in_force).collect()
    }

    fn observation(
        &self,
        reference: &ImageReference,
        names: &RepositoryNames,
        lookup: &Lookup,
    ) -> Result<Observation, Unreadable> {
        match lookup {
            Lookup::Unread => {
                return Ok(Observation::unknown(
                    reference.digest().cloned(),
                    Cause::Limit,
                    None,
                ));
            }
            Lookup::Unusable(_) => {
                return Ok(Observation::unknown(
                    reference.digest().cloned(),
                    Cause::Baseline,
                    None,
                ));
            }
            Lookup::Absent | Lookup::Usable(_) => {}
        }
        // Which digest a tag means is found out on the way.
        let now = self.calls.started();
        let of_repository = |exception: &&Exception| {
            names.contains(exception.scope.repository()) && !exception.is_expired(now)
        };
        let in_force: Vec<_> = self
            .settings
            .exceptions
            .iter()
            .filter(of_repository)
            .collect();
        let known = Known::new(self.settings, names, lookup.baseline(), &in_force);
        let image = ImageContext {
            reference,
            repository: names.aliased(),
            lookup,
            known: &known,
            thorough: false,
        };
        let observation =
            observe(self.calls, self.settings, &image).map_err(|_| Unreadable::Host)?;
        let control_fails = || *self.control.get_or_init(|| self.control_fails());
        if observation.could_be_the_trust_root() && control_fails() {
            return Ok(Observation::unknown(
                observation.digest,
                Cause::TrustRoot,
                None,
            ));
        }
        Ok(observation)
    }

    /// Whether the known-good image cannot be proven either. Not to get an answer about it is no failure.
    fn control_fails(&self) -> bool {
        let Some(TrustControl {
            image,
            issuer,
            subject,
        }) = &self.settings.trust_control
        else {
            return false;
        };
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
                Err(_) => return true,
            },
            Err(_) => return false,
        };
        let chains = self.settings.certificate_chains();
        let proven = Subject {
            name: &name,
            digest,
            payload_names: &[],
            authorities: chains.iter().map(|chain| chain.certificates()).collect(),
        };
        let wanted = fold_subject(issuer, subject);
        let is_wanted = |proven: &ProvenSigner| match proven.signer() {
            Signer::Keyless(keyless) => keyless.issuer == *issuer && keyless.subject == wanted,
            Signer::Key(_) => false,
        };
        let names = self.settings.names(image.repository());
        let known = Known::new(self.settings, &names, None, &[]);
        let findings = prove(self.calls, &proven, &claims, &known, is_wanted);
        findings.interrupted.is_none() && !findings.proven.iter().any(is_wanted)
    }
}

#[cfg(test)]
#[path = "evaluate_tests.rs"]
mod tests;
