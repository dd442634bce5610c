//! Signature continuity: a Kubewarden policy that knows who used to sign an image's repository, and says so when that
//! changes.
//!
//! The way of an evaluation, top down: [`guest`] takes the request from the host; the module `evaluate` reads all
//! baselines, has each image observed ([`observe`], [`proof`]), held against its baseline ([`drift`]) and decided
//! ([`decision`]), all of which is one [`judgement`]; [`answer`] puts it into words, with what can be done ([`remedy`]).
//! Only [`kubewarden`] calls the host, behind the trait [`host::Host`]; only [`host_error`] reads an error text.
//! Everything else is a pure function of values with the clock passed in.
//!
//! What is public is what the operators' tools, the harness and the fuzz targets share with the policy.

pub mod answer;
pub mod baseline;
pub mod bundles;
pub mod calls;
pub mod certificate;
pub mod claims;
pub mod clean;
pub mod decision;
pub mod digest;
pub mod drift;
pub mod duration;
mod evaluate;
pub mod fingerprint;
pub mod glob;
pub mod guest;
pub mod host;
pub mod host_error;
pub mod judgement;
pub mod known;
pub mod kubewarden;
pub mod log_entry;
pub mod observe;
pub mod pem;
pub mod posture;
pub mod proof;
pub mod provenance;
pub mod public_key;
pub mod reference;
pub mod registry_words;
pub mod remedy;
pub mod request;
pub mod settings;
pub mod signer;
pub mod subject;

pub use evaluate::{judged_names, observe_image};

#[cfg(test)]
pub(crate) mod testing;
