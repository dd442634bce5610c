//! Telling one act: what happened, what the policy made of it, and whether that is what had to come.

use anyhow::bail;
use serde_json::Value;

use crate::evaluation::Outcome;
use continuity_cli::learner::Change;
use continuity_cli::output;
use continuity_cli::output::terminal::Terminal;

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

    pub(super) fn lesson(&self, change: &Change) -> anyhow::Result<()> {
        let mut text = format!(
            "    => {}   baseline of {}, generation {}",
            paint(GREEN, "learned"),
            change.repository,
            change.after.generation
        );
        for item in &change.news {
            text.push_str(&format!("\n     | {item}"));
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
    if Terminal::of_stdout().colours {
        format!("{style}{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}
