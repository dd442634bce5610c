//! Arguments about the transparency log as a second witness.

use clap::Args;
use signature_continuity::settings::Settings;

use crate::inventory::Entry;
use crate::observation::rekor::{Divergence, Rekor};

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
        let mut silent = 0_usize;
        for found in entries.iter().filter_map(|entry| entry.found.as_ref().ok()) {
            let Some(digest) = &found.seen.observation.digest else {
                continue;
            };
            match rekor.compare(settings, found) {
                Ok(divergences) => notes.extend(divergences.into_iter().map(|divergence| {
                    let image = format!("{}@{digest}", found.repository);
                    match divergence {
                        Divergence::OnlyInTheLog(who) => {
                            format!("{image}: the log has a signature by {who} that the registry does not have")
                        }
                        Divergence::OnlyInTheRegistry(who) => {
                            format!("{image}: the registry has a signature by {who} that the log does not know")
                        }
                    }
                })),
                Err(_) => silent += 1,
            }
        }
        if silent > 0 {
            notes.push(format!(
                "the log gave no answer about {silent} images: no statement about those"
            ));
        }
        notes
    }
}
