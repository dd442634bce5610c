//! A private Sigstore, an embedded registry and a forger, for the tests of the policy and of the
//! harness and for `continuity-harness demo`.
//!
//! The kit is a second opinion: it shares no code with the policy and none with the harness, so that
//! a mistake there cannot hide here. It computes canonical JSON, signature payloads, log entries and
//! manifests on its own, and its tests hold them against other people's libraries.
//!
//! Invariant: what the kit makes is correct unless the caller asked for a flaw by name, and whatever
//! it makes can be taken apart and put together wrongly. Direction of failure: anything that cannot be
//! made is an error; nothing is ever left out in silence, since a forgery that is accidentally
//! malformed would be refused for the wrong reason.
//!
//! - [`sigstore`]: certificate authority, transparency log, identities, signatures of cosign 2 and 3,
//!   whose bundles verifiers take where they have an inclusion proof.
//! - [`forge`]: ready-made forgeries, each with the story of what the attacker did.
//! - [`server`]: a registry that says what it is told, word for word.
//! - [`registry`]: a registry on a local port, with faults that can be set while it runs.

pub mod forge;
pub mod registry;
pub mod server;
pub mod sigstore;

pub use forge::{Forgery, Scene, Victim};
pub use registry::{Absence, Fault, FaultRule, Registry, Remote};
pub use sigstore::{
    Identity, KeyKind, PrivateSigstore, Signature, SignatureLayer, Signer, SigningKey,
};
