//! What the tests of the judging side share: a host in memory, and builders for what it serves and what it is asked.
//!
//! Invariant: [`FakeHost`] says yes exactly where a real host would: it checks signatures, log entries and chains
//! itself, with a library that the policy does not use, and fails in the words of real hosts. So what the policy refuses
//! here it refuses there. Direction of failure: what it does not know is absent.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod host;
mod make;
mod verifier;

pub(crate) use host::{Failure, FakeHost};
pub(crate) use make::{
    baseline, digest, established, evaluated, google, key_signer, keyless, manifest_of, now, pod,
    proven, record, release, request, settings, signed_at, signer_of, sigstore, workload,
};

/// The repository that most tests are about.
pub(crate) const REPOSITORY: &str = "ghcr.io/acme/api";
/// The namespace that most tests are about.
pub(crate) const NAMESPACE: &str = "prod";
