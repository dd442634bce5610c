//! `continuity explain`: one image, before and after, and the way out.

use std::collections::BTreeSet;

use anyhow::anyhow;
use chrono::Utc;
use clap::Args;
use signature_continuity::clean::clean;
use signature_continuity::reference::{ImageReference, Repository};

use super::baseline_args::BaselineArgs;
use super::inventory::Output;
use super::registry_args::RegistryArgs;
use crate::explanation::explain;
use crate::inventory::{
    Entry, Image, Inventory, LeftOut, Place, Standing, control_fails, json, judge,
};
use crate::output;
use crate::program::{Status, UsageError};
use crate::store::lookup_of;
use crate::store::names::find;

/// Explain one image: what its repository was signed by, every fact of every signature it carries, and the way out.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  continuity explain ghcr.io/acme/api:v1.9.0
  continuity explain ghcr.io/acme/api:v1.9.0 --store kubernetes:prod --output json
  continuity explain ghcr.io/acme/api@sha256:9f3a… --policy policies.yaml --policy-name enforce --in prod

Exit status:
  0 no drift, 1 failed, 2 usage, 3 drift found, 4 rejected by the settings given")]
pub(super) struct Explain {
    /// The image.
    image: String,

    /// Judge it as in this namespace.
    #[arg(long = "in", value_name = "NAMESPACE", default_value = "default")]
    namespace: String,

    /// How it is shown: table is the text.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,

    /// End with 0 whatever was found.
    #[arg(long)]
    exit_zero: bool,

    #[command(flatten)]
    knowledge: BaselineArgs,

    #[command(flatten)]
    looking: RegistryArgs,
}

impl Explain {
    pub(super) fn execute(self) -> anyhow::Result<Status> {
        if self.output == Output::Html {
            return Err(UsageError(
                "one image is explained as table or json; a page is what continuity inventory --images makes"
                    .to_owned(),
            )
            .into());
        }
        let policy = self.knowledge.policy()?;
        let settings = policy.in_effect();
        let reference: ImageReference = self
            .image
            .parse()
            .map_err(|error| UsageError(format!("{}: {error}", clean(&self.image, 300))))?;
        let store = self.knowledge.store(&settings, None)?;
        let lookup = |repository: &Repository| lookup_of(find(store.as_ref(), repository));
        let own = lookup(&settings.aliased(reference.repository()));
        let standing = Standing::new(&settings, &reference, &own, &lookup);
        let eyes = self.looking.observer(&settings)?;
        let seen = standing
            .observe(&*eyes, &reference)
            .map_err(|why| anyhow!("{} cannot be looked at: {why}", clean(&self.image, 300)))?;
        let image = Image {
            spelled: clean(&self.image, 500),
            reference: Ok(reference),
            running: None,
            hidden: false,
            places: BTreeSet::from([Place {
                namespace: self.namespace.clone(),
                kind: "Pod".to_owned(),
                name: "explained".to_owned(),
            }]),
        };
        let now = Utc::now();
        let control_fails = || {
            let control = settings.trust_control.as_ref();
            control.is_some_and(|control| control_fails(&*eyes, control))
        };
        let Standing { names, lookup, .. } = standing;
        let found = judge(&settings, &image, names, lookup, seen, now, control_fails);
        let text = match self.output {
            Output::Table => explain(&image, &found, now),
            Output::Json | Output::Html => String::new(),
        };
        let notes: Vec<String> = policy
            .contradiction()
            .into_iter()
            .chain(eyes.borrowed_authorities())
            .collect();
        for note in &notes {
            output::note(&format!("note: {note}"));
        }
        let entry = Entry {
            image,
            enforced: found.enforced,
            found: Ok(Box::new(found)),
        };
        let status = if self.exit_zero {
            Status::Fine
        } else if entry.is_rejected() {
            Status::Rejected
        } else if entry.drifts_at_admission() {
            Status::Drift
        } else {
            Status::Fine
        };
        match self.output {
            Output::Table | Output::Html => output::print(&text)?,
            Output::Json => output::print(&json::pretty(&Inventory {
                taken: now,
                entries: vec![entry],
                trust_root: eyes.trust_root(),
                notes,
                seconds: 0.0,
                left_out: LeftOut::default(),
            })?)?,
        }
        Ok(status)
    }
}
