//! Arguments about the transparency log as a second witness.

use clap::Args;
use signature_continuity::settings::Settings;

use crate::inventory::Entry;
use crate::observation::rekor::{Divergence, Rekor};
use crate::output::words::counted;

/// After how many images in a row without an answer a log is not asked any more.
const ENOUGH_SILENCE: usize = 5;

/// The log as a witness: off unless asked, since what is asked tells the log what runs here.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "The log as a witness")]
pub(crate) struct LogArguments {
    /// Ask the Rekor at this URL what it knows of each digest, and tell where it and the registry diverge.
    #[arg(long, value_name = "URL")]
    rekor_url: Option<url::Url>,
}

impl LogArguments {
    /// Where log and registry diverge, as notes. A log that does not answer is no statement about any image.
    pub(crate) fn divergences(&self, settings: &Settings, entries: &[Entry]) -> Vec<String> {
        let Some(url) = &self.rekor_url else {
            return Vec::new();
        };
        let rekor = match Rekor::new(url.clone()) {
            Ok(rekor) => rekor,
            Err(error) => return vec![format!("the log cannot be asked: {error}")],
        };
        let mut notes = Vec::new();
        let (mut silent, mut in_a_row) = (0_usize, 0_usize);
        for entry in entries {
            let (Ok(found), Ok(reference)) = (&entry.found, &entry.image.reference) else {
                continue;
            };
            let Some(digest) = &found.seen.observation.digest else {
                continue;
            };
            // A log that is gone is not waited for once per image.
            if in_a_row >= ENOUGH_SILENCE {
                silent += 1;
                continue;
            }
            let answer = rekor.compare(settings, found);
            in_a_row = if answer.is_ok() { 0 } else { in_a_row + 1 };
            match answer {
                Ok(divergences) => notes.extend(divergences.into_iter().map(|divergence| {
                    let image = format!("{}@{digest}", reference.name());
                    match divergence {
                        Divergence::OnlyInTheLog(who) => {
                            format!("{image}: the log has a signature by {who} that the registry does not have")
                        }
                        Divergence::OnlyInTheRegistry(who) => {
                            format!("{image}: the registry has a signature by {who} that the log does not know")
                        }
                        Divergence::NotRead(more) => {
                            format!("{image}: the log has {more} more entries than are read: no statement about those")
                        }
                    }
                })),
                Err(_) => silent += 1,
            }
        }
        if silent > 0 {
            notes.push(format!(
                "the log gave no answer about {}: no statement about those",
                counted(silent, "image", "images")
            ));
        }
        notes
    }
}
