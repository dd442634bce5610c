//! One instance of a module: what a guest is while it serves one request.
//!
//! Invariant: an instance that failed is never asked again; callers make a fresh one for each request anyway, as the
//! policy server does.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::{Store, Trap, TypedFunc};
use wasmtime_wasi::{I32Exit, WasiCtxBuilder};

use super::error::EngineError;
use super::guest_state::GuestState;
use super::limits::{Limits, MemoryLimiter};
use super::module::{Module, TICK};
use super::output::LastWords;
use super::wapc::{GUEST_CALL, GUEST_CALL_TYPE, START_FUNCTIONS};
use super::{HostCallbacks, WallClock, clock};

/// A running instance.
pub struct Instance {
    store: Store<GuestState>,
    guest_call: TypedFunc<(i32, i32), i32>,
    last_words: LastWords,
    time: Duration,
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Instance").finish_non_exhaustive()
    }
}

impl Module {
    /// Makes a fresh instance and runs its start functions.
    ///
    /// # Errors
    /// When it does not fit its limits, or a start function fails.
    pub fn instantiate(
        &self,
        limits: Limits,
        clock: Arc<dyn WallClock>,
        callbacks: Arc<dyn HostCallbacks>,
    ) -> Result<Instance, EngineError> {
        Instance::start(self, limits, clock, callbacks)
    }
}

impl Instance {
    fn start(
        module: &Module,
        limits: Limits,
        clock: Arc<dyn WallClock>,
        callbacks: Arc<dyn HostCallbacks>,
    ) -> Result<Self, EngineError> {
        let last_words = LastWords::default();
        // Nothing of this machine is given to the guest: no files, no environment, no network, no input.
        let mut builder = WasiCtxBuilder::new();
        builder
            .stdout(last_words.clone())
            .stderr(last_words.clone());
        clock::give_to_guest(&clock, &mut builder);
        let limiter = MemoryLimiter::new(limits.memory);
        let state = GuestState::new(builder.build_p1(), limiter, callbacks);
        let mut store = Store::new(module.instance_pre.module().engine(), state);
        store.limiter(|state| &mut state.limiter);
        store.set_epoch_deadline(ticks(limits.time));

        let failed = |store: &Store<GuestState>, operation: &str, error| {
            explain(store, operation, limits.time, &last_words, error)
        };
        let instance = module
            .instance_pre
            .instantiate(&mut store)
            .map_err(|error| failed(&store, "instantiation", error))?;
        for name in START_FUNCTIONS {
            let Ok(function) = instance.get_typed_func::<(), ()>(&mut store, name) else {
                continue;
            };
            match function.call(&mut store, ()) {
                Ok(()) => {}
                // A command's `_start` ends like that once `main` has returned.
                Err(error)
                    if error
                        .downcast_ref::<I32Exit>()
                        .is_some_and(|exit| exit.0 == 0) => {}
                Err(error) => return Err(failed(&store, name, error)),
            }
        }
        let guest_call = instance
            .get_typed_func(&mut store, GUEST_CALL)
            .map_err(|_| EngineError::MissingExport {
                export: GUEST_CALL,
                expected: GUEST_CALL_TYPE,
            })?;
        Ok(Self {
            store,
            guest_call,
            last_words,
            time: limits.time,
        })
    }

    /// Asks the guest to do `operation` on `payload` and returns its answer.
    ///
    /// # Errors
    /// When the guest says so, or does not come to an end.
    pub fn call(&mut self, operation: &str, payload: Vec<u8>) -> Result<Vec<u8>, EngineError> {
        let operation_length = length(operation.len(), operation)?;
        let payload_length = length(payload.len(), operation)?;
        let state = self.store.data_mut();
        state.operation = operation.as_bytes().to_vec();
        state.request = payload;
        state.guest_response = None;
        state.guest_error = None;
        self.store.set_epoch_deadline(ticks(self.time));
        let succeeded = self
            .guest_call
            .call(&mut self.store, (operation_length, payload_length))
            .map_err(|error| explain(&self.store, operation, self.time, &self.last_words, error))?;
        let state = self.store.data_mut();
        match (
            succeeded,
            state.guest_response.take(),
            state.guest_error.take(),
        ) {
            (1, Some(response), _) => Ok(response),
            (_, _, Some(message)) => Err(EngineError::Guest {
                operation: operation.to_owned(),
                message: String::from_utf8_lossy(&message).into_owned(),
            }),
            (_, _, None) => Err(EngineError::Silent {
                operation: operation.to_owned(),
            }),
        }
    }
}

fn ticks(time: Duration) -> u64 {
    let ticks = time.as_nanos().div_ceil(TICK.as_nanos().max(1));
    // The current tick is already under way.
    u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(1)
}

fn length(length: usize, operation: &str) -> Result<i32, EngineError> {
    // waPC passes lengths as 32 bits, and a guest's memory ends before that does.
    i32::try_from(length).map_err(|_| EngineError::OutOfMemory {
        asked: length.saturating_add(operation.len()),
        limit: i32::MAX.try_into().unwrap_or(usize::MAX),
    })
}

/// Turns what wasmtime reports into what happened.
fn explain(
    store: &Store<GuestState>,
    operation: &str,
    limit: Duration,
    last_words: &LastWords,
    error: wasmtime::Error,
) -> EngineError {
    let operation = operation.to_owned();
    let error = match error.downcast::<EngineError>() {
        Ok(ours) => return ours,
        Err(error) => error,
    };
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return EngineError::Exit {
            operation,
            status: exit.0,
            last_words: last_words.text(),
        };
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => EngineError::Timeout { limit },
        Some(Trap::StackOverflow) => EngineError::StackOverflow { operation },
        // A guest that is refused memory aborts; that it did so is the less useful half of the story.
        trap => match (store.data().limiter.refused(), trap) {
            (Some((asked, limit)), _) => EngineError::OutOfMemory { asked, limit },
            (None, Some(trap)) => EngineError::Trap {
                operation,
                cause: trap.to_string(),
                last_words: last_words.text(),
            },
            (None, None) => EngineError::Other {
                operation,
                source: error,
            },
        },
    }
}
