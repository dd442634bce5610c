//! The whole story in two minutes: an embedded registry, a private Sigstore, and everything that can happen to a
//! repository.
//!
//! Invariant: nothing is acted. Images are pushed, signatures made and forged for real, the policy's module judges them,
//! and an act that does not end as told fails the demo.

mod scene;
mod stage;
mod story;

pub use stage::Stage;
pub use story::tell;
