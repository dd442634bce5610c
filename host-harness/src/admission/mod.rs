//! Admission responses, as kwctl prints them.

mod response;

pub use response::{Cause, Details, Response, Status};
