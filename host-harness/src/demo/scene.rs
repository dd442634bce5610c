//! Telling one act: what happened, what the policy made of it, and whether that is what had to come.

use std::io::IsTerminal as _;

use anyhow::bail;
use serde_json::Value;

use crate::evaluation::Outcome;
use crate::learning::{Lesson, News};
use crate::output;

const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RED: &str = "\x1b[31m";
const BOLD: &str = "\x1b[1m";

/// Tells the acts, numbered.
#[derive(Debug, Default)]
pub(super) struct Teller {
    act: u32,
}

/// What has to come of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Admitted, and nothing to say.
    Admitted,
    /// Admitted with a warning.
    Warned,
    /// Denied.
    Denied,
}

impl Teller {
    pub(super) fn chapter(&self, text: &str) -> anyhow::Result<()> {
        Ok(output::print(&format!("\n{}", paint(BOLD, text)))?)
    }

    pub(super) fn act(&mut self, title: &str, told: &str) -> anyhow::Result<()> {
        self.act += 1;
        let mut text = format!("\n{}", paint(BOLD, &format!("{:>2}. {title}", self.act)));
        for line in told.lines() {
            text.push_str(&format!("\n    {}", line.trim()));
        }
        Ok(output::print(&text)?)
    }

    /// Shows the policy's answer.
    ///
    /// # Errors
    /// When it is another one than the story tells.
    pub(super) fn verdict(
        &self,
        outcome: &Outcome,
        verdict: Verdict,
        drift: &str,
    ) -> anyhow::Result<()> {
        let warnings = outcome.response.warnings.clone().unwrap_or_default();
        let found = match (outcome.response.allowed, warnings.is_empty()) {
            (true, true) => Verdict::Admitted,
            (true, false) => Verdict::Warned,
            (false, _) => Verdict::Denied,
        };
        let found_drift = fact(outcome, "drift");
        let calls: u64 = outcome.host_calls.values().sum();
        let status = outcome.response.status.as_ref();
        let message = status
            .and_then(|status| status.message.clone())
            .unwrap_or_default();
        let (colour, word) = match found {
            Verdict::Admitted => (GREEN, "admitted".to_owned()),
            Verdict::Warned => (YELLOW, "admitted with a warning".to_owned()),
            Verdict::Denied => {
                let code = status.and_then(|status| status.code).unwrap_or_default();
                (RED, format!("denied ({code})"))
            }
        };
        let calls = if calls == 1 {
            "1 host call".to_owned()
        } else {
            format!("{calls} host calls")
        };
        let mut text = format!("    => {}   {found_drift}, {calls}", paint(colour, &word));
        let said = if message.is_empty() {
            warnings.join("\n")
        } else {
            message
        };
        for line in said.lines() {
            text.push_str(&format!("\n     | {line}"));
        }
        output::print(&text)?;
        if found != verdict || found_drift != drift {
            bail!(
                "the demo did not go as told: expected {verdict:?} and {drift}, got {found:?} and {found_drift}"
            );
        }
        Ok(())
    }

    pub(super) fn lesson(&self, lesson: &Lesson) -> anyhow::Result<()> {
        let Lesson::Learned { baseline, news } = lesson else {
            bail!("the demo did not go as told: nothing was learned: {lesson:?}");
        };
        let mut text = format!(
            "    => {}   baseline of {}, generation {}",
            paint(GREEN, "learned"),
            baseline.repository,
            baseline.generation
        );
        for item in news {
            let line = match item {
                News::Repository => "the repository's first proven signature".to_owned(),
                News::Signer(signer) => format!("signer {}  {signer}", signer.id().short()),
                News::Candidate(signer) => {
                    format!("stranger beside a known signer, noted: {signer}")
                }
                News::Verified(digest) => format!("verified {digest}"),
                News::Established => "established: from now on drift counts".to_owned(),
            };
            text.push_str(&format!("\n     | {line}"));
        }
        Ok(output::print(&text)?)
    }
}

/// A field of the first image's log line.
pub(super) fn fact(outcome: &Outcome, key: &str) -> String {
    let field = outcome.log.first().and_then(|line| line.fields.get(key));
    field.and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn paint(style: &str, text: &str) -> String {
    if std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        format!("{style}{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}
