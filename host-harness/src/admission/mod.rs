//! Admission requests and responses, as they stand in files.

mod manifest;
mod response;
mod review;

pub use response::{Mode, Response, Status};
pub use review::{Review, ReviewError};
