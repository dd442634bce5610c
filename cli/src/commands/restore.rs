//! `continuity restore`: baselines back from a directory.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use signature_continuity::baseline::{Lookup, config_map_name};

use super::baseline_args::BaselineArgs;
use crate::output;
use crate::output::cause::with_cause;
use crate::output::words::counted;
use crate::program::Status;
use crate::store::names;
use crate::store::{Backup, Revision, StoreError};

/// Put baselines back that are in a backup and not in the store. What is there stays as it is.
#[derive(Debug, Args)]
#[command(after_long_help = "\
A backup is a file or a directory with ConfigMaps in it, whatever the files are called: what --store dir:PATH writes, or
  kubectl -n signature-continuity get configmaps -l signature-continuity/baseline=true -o yaml >backup.yaml

Examples:
  continuity restore backup.yaml --dry-run
  continuity restore backup/ --store kubernetes:prod

Exit status:
  0 fine, 1 failed or something could not be put back, 2 usage")]
pub(super) struct Restore {
    /// The file or directory.
    #[arg(value_name = "PATH")]
    backup: PathBuf,

    /// Say what would be put back, and write nothing.
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    knowledge: BaselineArgs,
}

impl Restore {
    pub(super) fn execute(self) -> anyhow::Result<Status> {
        let settings = self.knowledge.settings()?;
        let backup = Backup::read(&self.backup)?;
        let store = self.knowledge.new_store(&settings, None)?;
        for unusable in &backup.unusable {
            output::note(&format!("cannot be used: {unusable}"));
        }
        if backup.baselines.is_empty() {
            bail!("there are no baselines in `{}`", self.backup.display());
        }
        let mut signed = Vec::new();
        let (mut restored, mut newer, mut refused) = (0_usize, 0_usize, backup.unusable.len());
        for (repository, baseline) in &backup.baselines {
            let stored = names::find(store.as_ref(), repository)?;
            match stored.lookup {
                Lookup::Absent => {}
                Lookup::Lost if stored.revision == Revision::Absent => {}
                Lookup::Lost => {
                    output::note(&format!(
                        "{repository}: what is in the store says that it was never signed, which is not true; remove {} yourself, then restore again",
                        config_map_name(repository)
                    ));
                    refused += 1;
                    continue;
                }
                Lookup::Usable(there) => {
                    if there.generation < baseline.generation {
                        output::note(&format!(
                            "{repository}: the backup's generation {} is newer than {} in the store, which stays as it is; if the backup is what counts, remove {} yourself, then restore again",
                            baseline.generation,
                            there.generation,
                            config_map_name(repository)
                        ));
                        newer += 1;
                    }
                    continue;
                }
                Lookup::Unusable(why) => {
                    output::note(&format!(
                        "{repository}: what is in the store cannot be used ({why}) and stays as it is; rename or remove that object yourself, then restore again"
                    ));
                    refused += 1;
                    continue;
                }
                Lookup::Unread => continue,
            }
            if !self.dry_run {
                match store.write(baseline, &stored.revision) {
                    Ok(_) => {}
                    Err(StoreError::Conflict(_)) => {
                        output::note(&format!(
                            "{repository}: somebody else has just written it, and what is in the store stays as it is; restore again to see which is newer"
                        ));
                        refused += 1;
                        continue;
                    }
                    // What one object refuses is no reason to leave the others lost.
                    Err(error) => {
                        output::note(&format!("{repository}: {}", with_cause(&error)));
                        refused += 1;
                        continue;
                    }
                }
            }
            output::print(&format!(
                "{repository}  generation {}\n",
                baseline.generation
            ))?;
            restored += 1;
            if baseline.is_signed() {
                signed.push(repository);
            }
        }
        if !self.dry_run {
            // Their names may have been lost with them.
            names::record(store.as_ref(), signed.into_iter())?;
        }
        let verb = if self.dry_run {
            "would be put back"
        } else {
            "put back"
        };
        output::print(&format!(
            "{} {verb} in {}\n",
            counted(restored, "baseline", "baselines"),
            store.name()
        ))?;
        Ok(if refused > 0 || newer > 0 {
            Status::Failed
        } else {
            Status::Fine
        })
    }
}
