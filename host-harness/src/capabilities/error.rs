//! Errors as a policy gets to see them.
//!
//! Invariant: the text is the host's own, prefix included, and never this machine's: no backtraces, no local paths.

use std::fmt::{self, Write as _};

/// Why a request of a policy was not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostError {
    /// The host did not even try: the call is unknown, malformed or not granted. No session records it.
    Refused(String),
    /// The host tried, and failed.
    Failed(CallbackFailure),
}

impl HostError {
    /// A failure without causes.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(CallbackFailure {
            message: message.into(),
            causes: Vec::new(),
        })
    }
}

impl fmt::Display for HostError {
    /// What stands after `Host error: `.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(text) => formatter.write_str(text),
            Self::Failed(failure) => write!(formatter, "Callback evaluation failure: {failure}"),
        }
    }
}

impl std::error::Error for HostError {}

impl From<anyhow::Error> for HostError {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(CallbackFailure {
            message: error.to_string(),
            causes: error.chain().skip(1).map(ToString::to_string).collect(),
        })
    }
}

/// A failure of a callback: a message and what caused it, outermost first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackFailure {
    /// The message; all that a session records.
    pub message: String,
    /// Its causes.
    pub causes: Vec<String>,
}

impl fmt::Display for CallbackFailure {
    /// The layout is that of the host, which prints its error in debug form: a policy sees the causes after an empty
    /// line, and numbers where there are several.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        if self.causes.is_empty() {
            return Ok(());
        }
        formatter.write_str("\n\nCaused by:")?;
        let numbered = self.causes.len() > 1;
        for (number, cause) in self.causes.iter().enumerate() {
            formatter.write_char('\n')?;
            if numbered {
                write!(formatter, "{number:>5}: ")?;
            } else {
                formatter.write_str("    ")?;
            }
            let indent = if numbered { "\n       " } else { "\n    " };
            formatter.write_str(&cause.replace('\n', indent))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_prefix_of_callbacks_only_for_callbacks() {
        assert_eq!(
            HostError::Refused("unknown operation: x".to_owned()).to_string(),
            "unknown operation: x"
        );
        assert_eq!(
            HostError::failed("invalid reference format").to_string(),
            "Callback evaluation failure: invalid reference format"
        );
    }

    #[test]
    fn prints_causes_like_the_host_does() {
        let one = anyhow::anyhow!("inner\nsecond line").context("outer");
        let two = anyhow::anyhow!("innermost")
            .context("inner\nline")
            .context("outer");
        for error in [one, two] {
            let hosts = format!("{error:?}");
            // A backtrace, if this test runs with one, is not ours to repeat.
            let hosts = hosts
                .split("\n\nStack backtrace:")
                .next()
                .unwrap_or_default()
                .to_owned();
            let ours = HostError::from(error).to_string();
            assert_eq!(ours, format!("Callback evaluation failure: {hosts}"));
        }
    }
}
