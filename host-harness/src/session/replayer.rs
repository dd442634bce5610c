//! Answers from a session, in the order in which they were recorded.
//!
//! Invariant: the first request that differs ends the replay. The policy gets errors from then on, and whoever started
//! the replay gets the reason from [`Replayer::finish`], whatever the policy made of it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use thiserror::Error;

use super::exchange::{Exchange, Reply};
use crate::capabilities::{Capabilities, HostError, HostRequest};

/// Why a replay is not a replay.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReplayError {
    /// The policy asked on after the end.
    #[error("missing exchange: after all {recorded} recorded ones the policy asked for {asked}")]
    Missing {
        /// How many there are.
        recorded: usize,
        /// What it asked for.
        asked: String,
    },
    /// The policy asked for something else.
    #[error(
        "unexpected request: exchange {position} is {expected}, but the policy asked for {asked}"
    )]
    Unexpected {
        /// Which exchange, counted from 1.
        position: usize,
        /// What was recorded.
        expected: String,
        /// What it asked for.
        asked: String,
    },
    /// The policy did not ask for everything.
    #[error("left over: the policy did not ask for exchange {position} of {recorded}, {next}")]
    LeftOver {
        /// The first of them, counted from 1.
        position: usize,
        /// How many there are.
        recorded: usize,
        /// What was recorded.
        next: String,
    },
}

/// Replays one session once.
#[derive(Debug)]
pub struct Replayer(Mutex<State>);

#[derive(Debug)]
struct State {
    recorded: usize,
    exchanges: VecDeque<Exchange>,
    failed: Option<ReplayError>,
}

impl Replayer {
    /// A replay of these exchanges.
    #[must_use]
    pub fn new(exchanges: Vec<Exchange>) -> Self {
        Self(Mutex::new(State {
            recorded: exchanges.len(),
            exchanges: exchanges.into(),
            failed: None,
        }))
    }

    /// Whether everything was asked for that was recorded, and nothing else.
    ///
    /// # Errors
    /// With the first difference.
    pub fn finish(&self) -> Result<(), ReplayError> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = &state.failed {
            return Err(error.clone());
        }
        match state.exchanges.front() {
            None => Ok(()),
            Some(next) => Err(ReplayError::LeftOver {
                position: state.position(),
                recorded: state.recorded,
                next: next.request.to_string(),
            }),
        }
    }
}

impl State {
    /// Of the next exchange, counted from 1.
    fn position(&self) -> usize {
        self.recorded
            .saturating_sub(self.exchanges.len())
            .saturating_add(1)
    }

    fn answer(&mut self, request: &HostRequest) -> Result<Reply, ReplayError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let position = self.position();
        let Some(exchange) = self.exchanges.pop_front() else {
            return Err(ReplayError::Missing {
                recorded: self.recorded,
                asked: request.to_string(),
            });
        };
        if exchange.request == *request {
            return Ok(exchange.response);
        }
        let expected = exchange.request.to_string();
        let mut asked = request.to_string();
        if asked == expected {
            asked.push_str(" with other arguments");
        }
        Err(ReplayError::Unexpected {
            position,
            expected,
            asked,
        })
    }
}

impl Capabilities for Replayer {
    fn answer(&self, request: &HostRequest) -> Result<Vec<u8>, HostError> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.answer(request) {
            Ok(Reply::Success { payload }) => Ok(payload.into_bytes()),
            Ok(Reply::Error { message }) => Err(HostError::failed(message)),
            Err(error) => {
                state.failed = Some(error.clone());
                Err(HostError::failed(format!("Replay error: {error}")))
            }
        }
    }
}
