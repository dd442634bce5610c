//! Admission responses, as kwctl prints them.

mod response;

pub use response::{Response, Status};
