//! Records what a policy asks while others answer.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

use super::exchange::{Exchange, Reply};
use super::file::{Session, SessionError};
use crate::capabilities::{Capabilities, HostError, HostRequest};

/// Passes everything on, and remembers it.
pub struct Recorder {
    inner: Arc<dyn Capabilities>,
    started: DateTime<Utc>,
    exchanges: Mutex<Vec<Result<Exchange, SessionError>>>,
}

impl Recorder {
    /// Records what `inner` is asked by an evaluation that starts at `started`.
    #[must_use]
    pub fn new(inner: Arc<dyn Capabilities>, started: DateTime<Utc>) -> Self {
        Self {
            inner,
            started,
            exchanges: Mutex::default(),
        }
    }

    /// The session so far.
    ///
    /// # Errors
    /// When an exchange cannot be recorded; a session with a hole in it is none.
    pub fn finish(&self) -> Result<Session, SessionError> {
        let exchanges = std::mem::take(
            &mut *self
                .exchanges
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        Ok(Session {
            clock: Some(self.started),
            tick: None,
            host: None,
            ungranted: false,
            exchanges: exchanges.into_iter().collect::<Result<_, _>>()?,
        })
    }
}

impl Capabilities for Recorder {
    fn answer(&self, request: &HostRequest) -> Result<Vec<u8>, HostError> {
        let answer = self.inner.answer(request);
        let exchange = record(request, &answer);
        self.exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(exchange);
        answer
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Recorder")
            .field("started", &self.started)
            .finish_non_exhaustive()
    }
}

fn record(
    request: &HostRequest,
    answer: &Result<Vec<u8>, HostError>,
) -> Result<Exchange, SessionError> {
    let capability = request.capability();
    let response = match answer {
        Ok(payload) => Reply::Success {
            payload: String::from_utf8(payload.clone())
                .map_err(|_| SessionError::NotText { capability })?,
        },
        Err(HostError::Failed(failure)) => Reply::Error {
            message: failure.message.clone(),
        },
        Err(HostError::Refused(message)) => {
            return Err(SessionError::Lost {
                capability,
                message: message.clone(),
            });
        }
    };
    Ok(Exchange {
        request: request.clone(),
        response,
    })
}
