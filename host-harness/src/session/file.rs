//! Session files.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use thiserror::Error;

use super::exchange::Exchange;
use crate::capabilities::HostGeneration;
use crate::engine::{FixedClock, SystemClock, WallClock};

/// Everything that a session file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// When it was recorded.
    pub clock: Option<DateTime<Utc>>,
    /// How far the clock moves with each host call.
    pub tick: Option<Duration>,
    /// Whose host answered. It is only told: a replay answers what was recorded.
    pub host: Option<HostGeneration>,
    /// Whether the policy was refused every Kubernetes resource. Refusals are no exchanges, so it stands in a comment.
    pub ungranted: bool,
    /// Questions and answers, in order.
    pub exchanges: Vec<Exchange>,
}

/// Why a session cannot be read or written.
#[derive(Debug, Error)]
pub enum SessionError {
    /// The file cannot be read.
    #[error("cannot read the session `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write the session `{}`", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// It is no session.
    #[error("no recorded session: expected a YAML list of exchanges")]
    Unparsable(#[source] yaml_serde::Error),
    /// A comment with a meaning says something else.
    #[error("line {line}: expected `# {key}: {expected}`, got `{found}`")]
    Header {
        /// Which line.
        line: usize,
        /// `clock`, `tick`, `host` or `grants`.
        key: &'static str,
        /// An example.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// An answer cannot be put into YAML.
    #[error("{capability} was answered with something that is not text, which no session can hold")]
    NotText {
        /// The host call.
        capability: &'static str,
    },
    /// A call that ended without an answer.
    #[error("{capability} brought down the host's task ({message}), which no session can hold")]
    Lost {
        /// The host call.
        capability: &'static str,
        /// What the policy was told.
        message: String,
    },
}

impl Session {
    /// Reads a session file.
    ///
    /// # Errors
    /// When it cannot be read or is none.
    pub fn read(path: &Path) -> Result<Self, SessionError> {
        let text = std::fs::read_to_string(path).map_err(|source| SessionError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text)
    }

    /// Parses the text of a session file.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, SessionError> {
        let mut session = Self {
            // An evaluation that asked nothing leaves an empty list or nothing at all.
            exchanges: yaml_serde::from_str::<Option<Vec<Exchange>>>(text)
                .map_err(SessionError::Unparsable)?
                .unwrap_or_default(),
            ..Self::default()
        };
        let comments = text.lines().map_while(|line| line.strip_prefix('#'));
        for (line, comment) in (1..).zip(comments) {
            let Some((key, value)) = comment.split_once(':') else {
                continue;
            };
            let value = value.trim();
            let wrong = |key, expected| SessionError::Header {
                line,
                key,
                expected,
                found: format!("#{comment}"),
            };
            match key.trim() {
                "clock" => {
                    let clock = DateTime::parse_from_rfc3339(value)
                        .map_err(|_| wrong("clock", "2026-11-22T00:00:00Z"))?;
                    session.clock = Some(clock.to_utc());
                }
                "tick" => {
                    session.tick = Some(duration(value).ok_or_else(|| wrong("tick", "200ms"))?);
                }
                "host" => {
                    let host = value.parse().map_err(|_| wrong("host", "1.36"))?;
                    session.host = Some(host);
                }
                "grants" if value == "none" => session.ungranted = true,
                "grants" => return Err(wrong("grants", "none")),
                _ => {}
            }
        }
        Ok(session)
    }

    /// The text of a session file.
    ///
    /// # Errors
    /// When an exchange cannot be put into YAML.
    pub fn to_yaml(&self) -> Result<String, SessionError> {
        let mut text = String::new();
        if let Some(clock) = self.clock {
            let clock = clock.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            text.push_str(&format!("# clock: {clock}\n"));
        }
        if let Some(tick) = self.tick {
            text.push_str(&format!("# tick: {}ms\n", tick.as_millis()));
        }
        if let Some(host) = self.host {
            text.push_str(&format!("# host: {host}\n"));
        }
        if self.ungranted {
            text.push_str("# grants: none\n");
        }
        let exchanges = yaml_serde::to_string(&self.exchanges);
        text.push_str(&exchanges.map_err(SessionError::Unparsable)?);
        Ok(text)
    }

    /// Writes a session file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), SessionError> {
        std::fs::write(path, self.to_yaml()?).map_err(|source| SessionError::Unwritable {
            path: path.to_owned(),
            source,
        })
    }

    /// The clock that a replay of this session runs by.
    #[must_use]
    pub fn wall_clock(&self) -> Arc<dyn WallClock> {
        match self.clock {
            None => Arc::new(SystemClock),
            Some(clock) => {
                let since_epoch = (clock - DateTime::UNIX_EPOCH).to_std().unwrap_or_default();
                Arc::new(FixedClock::new(since_epoch, self.tick.unwrap_or_default()))
            }
        }
    }
}

fn duration(text: &str) -> Option<Duration> {
    if let Some(milliseconds) = text.strip_suffix("ms") {
        return milliseconds.parse().ok().map(Duration::from_millis);
    }
    text.strip_suffix('s')?
        .parse()
        .ok()
        .map(Duration::from_secs)
}
