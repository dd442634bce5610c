//! A registry on a local port that can be told to misbehave.
//!
//! Blobs are kept by the crate `container-registry`. It takes image manifests only, by tag only, in
//! repositories of exactly two components, and knows neither deletion nor a digest header; so
//! manifests are kept here, as the bytes that were pushed, whatever they are, under names of any
//! depth. Indexes, hostile manifests and deletion therefore work. Tags are listed page by page; the referrers API is there
//! once it is switched on, page by page too, and without it there is the fallback tag.
//!
//! Invariant: what was pushed is served byte for byte, unless a fault says otherwise; faults touch
//! reading only. Direction of failure: a helper that cannot push is an error.

mod embedded;
mod faults;
mod front;
mod images;
mod path;
mod remote;
mod requests;
mod shelf;
mod signatures;
mod words;

pub use embedded::Registry;
pub use faults::{Absence, Fault, FaultRule};
pub use remote::Remote;
pub use requests::{Resource, Seen};
pub use words::Words;
