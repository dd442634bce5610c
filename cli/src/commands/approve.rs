//! `continuity approve`: a signer on the record, or one digest for a while.

use anyhow::{Context as _, bail};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use signature_continuity::baseline::Lookup;
use signature_continuity::clean::clean;
use signature_continuity::digest::Digest;
use signature_continuity::duration;
use signature_continuity::glob::Glob;
use signature_continuity::reference::{ImageReference, Repository};
use signature_continuity::settings::Settings;

use super::baseline_args::BaselineArgs;
use super::decision::{Change, Decision, refuse_if_lost};
use super::identity;
use super::read_again::read_again;
use super::registry_args::RegistryArgs;
use super::who::who;
use crate::baseline::{Approval, allow, approve, approved_anew, note_provenance};
use crate::explanation;
use crate::output;
use crate::program::{Status, UsageError};
use crate::store::Store;
use crate::store::names;

/// How many digits of an id have to be typed.
const FEWEST_DIGITS: usize = 12;
/// For how long one digest can be allowed at once.
const LONGEST: TimeDelta = TimeDelta::days(30);

/// Put a signer on the record, or allow one digest for a while; shows the whole difference, and asks.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  The signer of this image, for every release; the image is read again:
    continuity approve ghcr.io/acme/api@sha256:9f3a… 7c1f09ab42de --reason TICKET-12

  A signer in full, for all repositories that have a baseline and match:
    continuity approve 'ghcr.io/acme/**' '{issuer: \"https://accounts.google.com\", subject: \"release@acme.example\"}' --reason TICKET-12

  A key for a repository whose signatures are in no log:
    continuity approve ghcr.io/acme/api release.pub --alone --reason TICKET-12

  One digest, three days:
    continuity approve ghcr.io/acme/api@sha256:9f3a… --for 72h --reason TICKET-12

Exit status:
  0 written, or on the record already; 1 failed, or not confirmed; 2 usage")]
pub(super) struct Approve {
    /// An image by digest (REPOSITORY@DIGEST), a repository, or a pattern of repositories.
    #[arg(value_name = "REPOSITORY@DIGEST|REPOSITORY|GLOB")]
    target: String,

    /// A signer of that image, by at least 12 digits of its id; or a signer in full: issuer and subject, or a key.
    #[arg(value_name = "ID|FULL", required_unless_present = "for_a_while")]
    signer: Option<String>,

    /// Why; it is kept.
    #[arg(long)]
    reason: String,

    /// Allow the digest for so long, whoever signed it: at most 30d.
    #[arg(long = "for", value_name = "DURATION", conflicts_with_all = ["signer", "alone", "revive"])]
    for_a_while: Option<String>,

    /// The signer may stand without a stronger one beside it.
    #[arg(long)]
    alone: bool,

    /// Bring back a signer that was retired. That it was stays on the record.
    #[arg(long)]
    revive: bool,

    /// Who approves [default: the user, by the API server's word, or of this machine].
    #[arg(long, value_name = "NAME")]
    by: Option<String>,

    /// Do not ask. Takes the signer's whole id, or the signer in full.
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    knowledge: BaselineArgs,

    #[command(flatten)]
    looking: RegistryArgs,
}

impl Approve {
    pub(super) fn execute(self) -> anyhow::Result<Status> {
        let settings = self.knowledge.settings()?;
        let store = self.knowledge.store(&settings, None)?;
        if self.reason.trim().is_empty() {
            return Err(
                UsageError("expected a reason that says more than nothing".to_owned()).into(),
            );
        }
        let approval = Approval {
            by: who(self.by.as_deref(), store.as_ref())?,
            reason: clean(&self.reason, 500),
            at: Utc::now(),
        };
        match (&self.for_a_while, &self.signer) {
            (Some(time), _) => self.for_a_while(time, &settings, store.as_ref(), &approval),
            (None, Some(signer)) => {
                self.for_every_release(signer, &settings, store.as_ref(), &approval)
            }
            (None, None) => Err(UsageError("expected a signer, or --for".to_owned()).into()),
        }
    }

    fn for_a_while(
        &self,
        time: &str,
        settings: &Settings,
        store: &dyn Store,
        approval: &Approval,
    ) -> anyhow::Result<Status> {
        let time = duration::parse(time).map_err(|error| UsageError(format!("--for: {error}")))?;
        if time <= TimeDelta::zero() || time > LONGEST {
            return Err(
                UsageError("--for: expected more than nothing and at most 30d".to_owned()).into(),
            );
        }
        let (reference, digest) = self.image()?;
        let repository = settings.aliased(reference.repository());
        if names::find(store, &repository)?.lookup == Lookup::Absent {
            refuse_if_lost(store, &repository)?;
            bail!(
                "{repository} has no baseline, so nothing of it drifts; what a pin rejects is accepted by an exception in the settings"
            );
        }
        let until: DateTime<Utc> = approval.at + time;
        let change: &Change<'_> =
            &|before, _| before.map(|before| allow(before, &digest, until, approval));
        let decision = Decision {
            store,
            change,
            revive: false,
            what: format!(
                "Allows, until {}, whoever signed it or not:\n  {repository}@{digest}",
                until.format("%Y-%m-%dT%H:%M:%SZ")
            ),
            yes: self.yes,
        };
        decision.carry_out(&[repository])?;
        Ok(Status::Fine)
    }

    fn for_every_release(
        &self,
        signer: &str,
        settings: &Settings,
        store: &dyn Store,
        approval: &Approval,
    ) -> anyhow::Result<Status> {
        let (repositories, signer, provenance, remark) = if is_id(signer) {
            if self.yes && signer.len() != 64 {
                return Err(UsageError(
                    "--yes takes the signer's whole id of 64 digits, or the signer in full"
                        .to_owned(),
                )
                .into());
            }
            let (reference, _) = self.image()?;
            let observer = self.looking.observer(settings)?;
            let again = read_again(&reference, signer, settings, store, &*observer)?;
            (
                vec![again.repository],
                again.signer,
                again.provenance,
                again.remark,
            )
        } else {
            let signer = identity::parse(signer).map_err(UsageError)?;
            identity::is_what_images_have(&signer).map_err(UsageError)?;
            (self.repositories(settings, store)?, signer, None, None)
        };
        let change: &Change<'_> = &|before, repository| {
            let Some(before) = before else {
                let mut anew = approved_anew(repository.clone(), &signer, self.alone, approval);
                note_provenance(&mut anew.provenance, provenance.as_ref());
                return Some(anew);
            };
            let mut seen = before.provenance.clone();
            note_provenance(&mut seen, provenance.as_ref());
            let is_there = before
                .known()
                .any(|record| record.signer == signer && (record.alone || !self.alone));
            (!is_there || seen != before.provenance).then(|| {
                let mut after = approve(before, &signer, self.alone, approval);
                after.provenance = seen;
                after
            })
        };
        let mut what = format!("Approves for every release of {}:\n", count(&repositories));
        for line in explanation::identity(&signer) {
            what.push_str(&format!("  {line}\n"));
        }
        if self.alone {
            what.push_str("  It may stand without a stronger signer beside it.\n");
        }
        what.extend(remark.map(|remark| format!("  {remark}\n")));
        let decision = Decision {
            store,
            change,
            revive: self.revive,
            what,
            yes: self.yes,
        };
        decision.carry_out(&repositories)?;
        Ok(Status::Fine)
    }

    fn image(&self) -> anyhow::Result<(ImageReference, Digest)> {
        let reference: ImageReference = self
            .target
            .parse()
            .map_err(|error| UsageError(format!("{}: {error}", clean(&self.target, 300))))?;
        let digest = reference.digest().cloned().ok_or_else(|| {
            UsageError(
                "expected an image by digest, REPOSITORY@sha256:…: a tag can move while you look"
                    .to_owned(),
            )
        })?;
        // The digest alone is what is approved from, whatever a tag beside it says by now.
        let reference = format!("{}@{digest}", reference.name())
            .parse()
            .context("the image by its digest")?;
        Ok((reference, digest))
    }

    /// The repositories that are meant: one by its name, or those with a baseline that match a pattern.
    fn repositories(
        &self,
        settings: &Settings,
        store: &dyn Store,
    ) -> anyhow::Result<Vec<Repository>> {
        if !self.target.contains('*') {
            let reference: ImageReference = self
                .target
                .parse()
                .map_err(|error| UsageError(format!("{}: {error}", clean(&self.target, 300))))?;
            return Ok(vec![settings.aliased(reference.repository())]);
        }
        let glob: Glob = self
            .target
            .parse()
            .map_err(|error| UsageError(format!("{}: {error}", clean(&self.target, 300))))?;
        let mut matching: Vec<Repository> = store
            .list()
            .context("the baselines cannot be listed")?
            .into_iter()
            .filter_map(|listed| match listed.baseline {
                Ok(baseline) => Some(baseline.repository),
                Err(why) => {
                    output::note(&format!(
                        "note: {} cannot be used, and may be one of those: {why}",
                        listed.name
                    ));
                    None
                }
            })
            .filter(|repository| glob.matches(repository.as_str()))
            .collect();
        if matching.is_empty() {
            bail!(
                "no repository with a baseline in {} matches {}",
                store.name(),
                clean(&self.target, 300)
            );
        }
        matching.sort();
        Ok(matching)
    }
}

fn is_id(text: &str) -> bool {
    (FEWEST_DIGITS..=64).contains(&text.len())
        && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn count(repositories: &[Repository]) -> String {
    match repositories {
        [one] => one.to_string(),
        many => format!("{} repositories", many.len()),
    }
}
