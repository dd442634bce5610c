//! `--manifests`: objects as they are applied, in YAML or JSON.

use super::files::each;
use super::{Gathered, Gathering, SourceError, place};
use crate::output::words::plain;
use serde::Deserialize as _;
use serde_json::Value;
use std::path::Path;

/// Lists in lists.
const DEEPEST: usize = 4;

/// The images of a file of manifests, or of all below a directory.
///
/// # Errors
/// When the file or directory itself cannot be read.
pub fn manifests(path: &Path) -> Result<Gathered, SourceError> {
    let mut gathering = Gathering::default();
    each(path, &mut gathering, |gathering, file, text| {
        documents(gathering, file, text, |gathering, object| {
            let mut objects = Vec::new();
            each_object(gathering, file, &object, &mut |object| {
                objects.push(object.clone());
            });
            for object in &objects {
                add(gathering, file, object);
            }
        });
    })?;
    Ok(gathering.finish())
}

/// Calls `read` with every document of a text; the first that does not parse ends it, with a note.
pub(super) fn documents(
    gathering: &mut Gathering,
    file: &str,
    text: &str,
    mut read: impl FnMut(&mut Gathering, Value),
) {
    if let Ok(value) = serde_json::from_str(text) {
        read(gathering, value);
        return;
    }
    for (number, document) in yaml_serde::Deserializer::from_str(text).enumerate() {
        match Value::deserialize(document) {
            Ok(Value::Null) => {}
            Ok(value) => read(gathering, value),
            Err(error) => {
                gathering.unread(&format!(
                    "{file} was not read from document {} on: {}",
                    number + 1,
                    plain(&error)
                ));
                return;
            }
        }
    }
}

/// Hands over an object, or those of a list.
pub(super) fn each_object(
    gathering: &mut Gathering,
    file: &str,
    object: &Value,
    take: &mut dyn FnMut(&Value),
) {
    take_apart(gathering, file, object, DEEPEST, take);
}

fn add(gathering: &mut Gathering, file: &str, object: &Value) {
    let kind = object
        .get("kind")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let place = place(kind, object);
    if let Err(error) = gathering.add_object(kind, object, &place) {
        gathering.unread(&format!(
            "{} in {file} was not read: {}",
            place.name,
            plain(&error)
        ));
    }
}

fn take_apart(
    gathering: &mut Gathering,
    file: &str,
    object: &Value,
    depth: usize,
    take: &mut dyn FnMut(&Value),
) {
    let kind = object.get("kind").and_then(Value::as_str);
    let is_object = object.get("apiVersion").is_some_and(Value::is_string);
    let (Some(kind), true) = (kind, is_object) else {
        gathering.note(&format!(
            "{file} has a document that is no Kubernetes object"
        ));
        return;
    };
    match object.get("items").and_then(Value::as_array) {
        Some(items) if kind.ends_with("List") => {
            if depth == 0 {
                gathering.note(&format!("{file} has lists in lists that were not read"));
                return;
            }
            for item in items {
                take_apart(gathering, file, &typed(item, kind, object), depth - 1, take);
            }
        }
        Some(_) | None => take(object),
    }
}

/// An item of a list, with its kind: the API server leaves it out in a `PodList` and its like.
fn typed(item: &Value, list: &str, of: &Value) -> Value {
    let mut item = item.clone();
    let of_items = list.strip_suffix("List").unwrap_or_default();
    if let Some(fields) = item.as_object_mut()
        && !of_items.is_empty()
        && !fields.contains_key("kind")
    {
        fields.insert("kind".to_owned(), Value::from(of_items));
        let version = of.get("apiVersion").cloned().unwrap_or_default();
        fields.insert("apiVersion".to_owned(), version);
    }
    item
}
