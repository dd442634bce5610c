//! `continuity retire`: ends a signer.

use anyhow::bail;
use chrono::Utc;
use clap::Args;
use signature_continuity::baseline::{Baseline, Lookup};
use signature_continuity::clean::clean;
use signature_continuity::reference::ImageReference;
use signature_continuity::signer::SignerId;

use super::baseline_args::BaselineArgs;
use super::decision::{Change, Decision};
use super::who::who;
use crate::baseline::{Approval, retire};
use crate::explanation;
use crate::program::{Status, UsageError};
use crate::store::names;

/// How many digits of an id have to be typed.
const FEWEST_DIGITS: usize = 12;

/// End a signer: images by it are drift from now on, and nothing but an approval revives it.
#[derive(Debug, Args)]
#[command(after_long_help = "\
A leaked key: retire it, then approve its successor in full.
  continuity retire ghcr.io/acme/api 7c1f09ab42de --reason 'leaked, TICKET-12'
  continuity approve ghcr.io/acme/api successor.pub --alone --reason TICKET-12

Exit status:
  0 written, or ended already; 1 failed, or not confirmed; 2 usage")]
pub(super) struct Retire {
    /// The repository.
    repository: String,

    /// The signer, by at least 12 digits of its id.
    id: String,

    /// Why; it is kept.
    #[arg(long)]
    reason: String,

    /// Who decides [default: the user, by the API server's word, or of this machine].
    #[arg(long, value_name = "NAME")]
    by: Option<String>,

    /// Do not ask. Takes the signer's whole id.
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    knowledge: BaselineArgs,
}

impl Retire {
    pub(super) fn execute(self) -> anyhow::Result<Status> {
        let settings = self.knowledge.settings()?;
        let store = self.knowledge.store(&settings, None)?;
        if self.yes && self.id.len() != 64 {
            return Err(
                UsageError("--yes takes the signer's whole id of 64 digits".to_owned()).into(),
            );
        }
        if self.id.len() < FEWEST_DIGITS {
            return Err(UsageError(format!(
                "expected at least {FEWEST_DIGITS} digits of the signer's id"
            ))
            .into());
        }
        let reference: ImageReference = self
            .repository
            .parse()
            .map_err(|error| UsageError(format!("{}: {error}", clean(&self.repository, 300))))?;
        let repository = settings.aliased(reference.repository());
        let lookup = names::find(store.as_ref(), &repository)?.lookup;
        let baseline = match &lookup {
            Lookup::Usable(baseline) => baseline,
            Lookup::Absent => bail!("{repository} has no baseline in {}", store.name()),
            Lookup::Unusable(why) => bail!("the baseline of {repository} cannot be used: {why}"),
            Lookup::Lost => {
                bail!("the baseline of {repository} is lost; bring it back with continuity restore")
            }
            Lookup::Unread => bail!("the baseline of {repository} was not read"),
        };
        let id = self.signer(baseline)?;
        let approval = Approval {
            by: who(self.by.as_deref(), store.as_ref())?,
            reason: clean(&self.reason, 500),
            at: Utc::now(),
        };
        let change: &Change<'_> = &|before, _| before.and_then(|b| retire(b, &id, &approval));
        let mut what = format!("Ends for {repository}:\n");
        if let Some(record) = baseline.record(&id) {
            for line in explanation::identity(&record.signer) {
                what.push_str(&format!("  {line}\n"));
            }
        }
        if baseline.known().all(|record| record.id() == id) {
            what.push_str("  Nobody is known then: every image of the repository is drift until a successor is approved.\n");
        }
        let decision = Decision {
            store: store.as_ref(),
            change,
            revive: false,
            what,
            yes: self.yes,
        };
        decision.carry_out(&[repository])?;
        Ok(Status::Fine)
    }

    fn signer(&self, baseline: &Baseline) -> anyhow::Result<SignerId> {
        let ids: Vec<SignerId> = baseline
            .signers
            .iter()
            .map(|record| record.id())
            .filter(|id| id.as_str().starts_with(&self.id))
            .collect();
        match ids.as_slice() {
            [one] => Ok(one.clone()),
            [] => {
                let there: Vec<String> = baseline
                    .signers
                    .iter()
                    .map(|r| clean(&format!("{}  {}", r.id().short(), r.signer), 500))
                    .collect();
                bail!(
                    "no signer of {} has an id that begins with {}; there are:\n  {}",
                    baseline.repository,
                    clean(&self.id, 64),
                    there.join("\n  ")
                )
            }
            _ => bail!(
                "several signers have an id that begins with {}; type more of it",
                clean(&self.id, 64)
            ),
        }
    }
}
