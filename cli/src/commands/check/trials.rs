//! What was tried, and what came of it.
//!
//! Invariant: what could not be tried is not called fine.

use serde_json::{Value, json};
use signature_continuity::clean::clean;

const LONGEST: usize = 700;

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CheckStatus {
    /// It works.
    Right,
    /// It works, or could not be tried, and somebody should know.
    Doubtful,
    /// It does not.
    Wrong,
}

impl CheckStatus {
    fn word(self) -> &'static str {
        match self {
            Self::Right => "ok",
            Self::Doubtful => "note",
            Self::Wrong => "FAILS",
        }
    }
}

struct Trial {
    status: CheckStatus,
    what: &'static str,
    text: String,
}

/// All that was tried.
#[derive(Default)]
pub(super) struct Trials {
    all: Vec<Trial>,
    /// Something to copy, such as a part of settings: shown below, as it is.
    to_copy: Vec<String>,
}

impl Trials {
    pub(super) fn note(&mut self, status: CheckStatus, what: &'static str, text: &str) {
        self.all.push(Trial {
            status,
            what,
            text: clean(text, LONGEST),
        });
    }

    pub(super) fn right(&mut self, what: &'static str, text: &str) {
        self.note(CheckStatus::Right, what, text);
    }

    pub(super) fn doubtful(&mut self, what: &'static str, text: &str) {
        self.note(CheckStatus::Doubtful, what, text);
    }

    pub(super) fn wrong(&mut self, what: &'static str, text: &str) {
        self.note(CheckStatus::Wrong, what, text);
    }

    /// A text of ours to be copied.
    pub(super) fn offer(&mut self, text: String) {
        self.to_copy.push(text);
    }

    /// How many do not work.
    pub(super) fn failures(&self) -> usize {
        let failed = self.all.iter().filter(|it| it.status == CheckStatus::Wrong);
        failed.count()
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for trial in &self.all {
            let word = trial.status.word();
            text.push_str(&format!("{word:<6} {:<14} {}\n", trial.what, trial.text));
        }
        for offer in &self.to_copy {
            text.push_str(&format!("\n{offer}\n"));
        }
        text
    }

    pub(super) fn json(&self) -> Value {
        let all: Vec<Value> = self
            .all
            .iter()
            .map(|trial| {
                json!({
                    "status": trial.status.word().to_lowercase(),
                    "what": trial.what,
                    "text": trial.text,
                })
            })
            .collect();
        json!({"version": 1, "failures": self.failures(), "trials": all, "toCopy": self.to_copy})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_counts_and_reads_as_one() {
        let mut trials = Trials::default();
        trials.right("settings", "can be read");
        trials.doubtful("learner", "never ran");
        trials.wrong("registry", "ghcr.io: rate\u{1b}limit");
        assert_eq!(trials.failures(), 1);
        insta::assert_snapshot!(trials.text(), @r"
        ok     settings       can be read
        note   learner        never ran
        FAILS  registry       ghcr.io: rate?limit
        ");
        let json = trials.json();
        assert_eq!(
            json.pointer("/trials/2/status"),
            Some(&Value::from("fails"))
        );
    }
}
