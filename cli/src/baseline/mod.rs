//! Learning: what observations teach a baseline. Pure functions of values, with the clock passed in.
//!
//! Invariant: only what is proven, and not made for another repository, teaches anything; an established baseline takes
//! in no stranger except by approval or introduction; no signer is ever removed; each change raises the generation by
//! one. Where in doubt, nothing is learned. The order of observations makes no difference.

mod approval;
mod digest_observation;
mod digests;
mod fold;
mod history;
mod provenance;
mod reason;
mod result;
mod strangers;
mod unsigned;
mod untaught;
mod update;

pub use approval::{Approval, allow, approve, approved_anew, retire};
pub(crate) use digest_observation::DigestObservation;
pub(crate) use digests::is_to_be_trimmed;
pub use fold::{Terms, ahead, fold};
pub(crate) use history::Past;
pub(crate) use provenance::note_provenance;
pub(crate) use result::{BaselineEvent, UpdateResult};
pub use unsigned::never_signed;
pub(crate) use untaught::{Untaught, untaught};

#[cfg(test)]
pub(crate) mod tests;
