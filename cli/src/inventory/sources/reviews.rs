//! `--reviews`: admission reviews that were recorded, or the requests in them.

use super::files::each;
use super::manifests::documents;
use super::{Gathered, Gathering, SourceError, place};
use crate::admission::Review;
use crate::output::words::plain;
use serde_json::Value;
use signature_continuity::clean::clean;
use std::path::Path;

/// The images of a file of admission reviews, or of all below a directory: everything that their objects run, the images
/// of an UPDATE that were there before included. What deletes or connects runs nothing.
///
/// # Errors
/// When the file or directory itself cannot be read.
pub(crate) fn reviews(path: &Path) -> Result<Gathered, SourceError> {
    let mut gathering = Gathering::default();
    each(path, &mut gathering, |gathering, file, text| {
        documents(
            gathering,
            file,
            text,
            |gathering, document| match Review::from_value(document) {
                Ok(review) => add(gathering, file, review.request()),
                // Responses lie beside requests.
                Err(error) => gathering.note(&format!("{file} was not read: {}", plain(&error))),
            },
        );
    })?;
    Ok(gathering.finish())
}

fn add(gathering: &mut Gathering, file: &str, request: &Value) {
    let text = |pointer| request.pointer(pointer).and_then(Value::as_str);
    if matches!(text("/operation"), Some("DELETE" | "CONNECT")) {
        return;
    }
    let kind = text("/kind/kind").unwrap_or_default();
    let object = request.get("object").unwrap_or(&Value::Null);
    let mut place = place(kind, object);
    // What the request says of itself is what the policy goes by.
    if let Some(namespace) = text("/namespace").filter(|text| !text.is_empty()) {
        place.namespace = namespace.to_owned();
    }
    if let Some(name) = text("/name").filter(|text| !text.is_empty()) {
        place.name = clean(name, 253);
    }
    if let Err(error) = gathering.add_object(kind, object, &place) {
        gathering.unread(&format!("{file} was not read: {}", plain(&error)));
    }
}
