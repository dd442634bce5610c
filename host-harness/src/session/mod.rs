//! Recorded sessions, in kwctl's format: what a policy asked its host, and what it was answered.
//!
//! A session is a YAML list of exchanges. Comments may stand before it, which kwctl skips: `# clock: 2026-11-22T00:00:00Z`
//! is the time that the guest sees on replay, `# tick: 200ms` advances it with each host call, and `# grants: none` says
//! that every read from Kubernetes was refused.
//!
//! Invariant: what is written here is read by kwctl, and the other way round. Log lines and refused calls are no
//! exchanges.

mod exchange;
mod file;
mod recorder;
mod replayer;

pub use exchange::{Exchange, Reply};
pub use file::{Session, SessionError};
pub use recorder::Recorder;
pub use replayer::{ReplayError, Replayer};
