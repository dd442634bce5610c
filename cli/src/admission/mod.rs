//! Admission requests, as they stand in files.

mod manifest;
mod review;

pub use review::{Review, ReviewError};
