//! Learning: what an observation teaches a baseline. Pure functions of values.
//!
//! Invariant: only what is proven, and made for this repository, teaches anything; an established baseline takes in no
//! stranger except by approval; nothing is ever removed; each change raises the generation by one. Where in doubt,
//! nothing is learned.

mod decide;
mod fold;

pub use decide::{Approval, allow, approve};
pub use fold::{Lesson, News, fold};

#[cfg(test)]
mod tests;
