//! Runs a policy module the way a policy server does: waPC over WASI preview 1, on wasmtime.
//!
//! Invariant: whatever the guest does, this side neither panics nor allocates by a length that the guest made up, and
//! every way to fail is one [`EngineError`]. It fails closed: an evaluation that did not come to an end has no answer.
//!
//! The crate `wasmtime-provider`, which Kubewarden uses, is not used here: its current releases need a newer compiler
//! than this project's, and it has no way to set the WASI clock, without which no recorded evaluation can be repeated.

mod clock;
mod error;
mod guest_state;
mod instance;
mod limits;
mod memory;
mod module;
mod output;
mod wapc;

pub use clock::{FixedClock, SystemClock, WallClock};
pub use error::EngineError;
pub use instance::Instance;
pub use limits::Limits;
pub use module::{Engine, EngineOptions, Module};

/// What the guest's host calls end up in.
///
/// The answer is what the guest reads back; the error is the text that the guest's SDK shows after `Host error: `.
pub trait HostCallbacks: Send + Sync {
    /// Answers one host call.
    ///
    /// # Errors
    /// The text that the guest gets to see.
    fn call(
        &self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String>;
}
