//! Reading a Kubernetes object: only the fields that matter, each of the kind that it should be.
//!
//! Invariant: a field of another kind is an error with its path, never skipped: what the API server reads as a
//! container and this does not would run unjudged. The path has only names and numbers of ours in it. `null` is an
//! absent field, as the API server writes empty lists.

use serde_json::{Map, Value};

/// A value of another kind than expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unexpected {
    pub(super) path: String,
    pub(super) expected: &'static str,
}

/// An object and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    path: String,
    fields: &'a Map<String, Value>,
}

impl<'a> Node<'a> {
    /// `value`, which stands at `path` and has to be an object.
    pub(super) fn new(value: &'a Value, path: String) -> Result<Self, Unexpected> {
        match value.as_object() {
            Some(fields) => Ok(Self { path, fields }),
            None => Err(Unexpected {
                path,
                expected: "an object",
            }),
        }
    }

    /// The object in the field `name`.
    pub(super) fn child(&self, name: &str) -> Result<Self, Unexpected> {
        Self::new(
            self.present(name).unwrap_or(&Value::Null),
            self.path_of(name),
        )
    }

    /// The object in the field `name`, where there is one.
    pub(super) fn optional_child(&self, name: &str) -> Result<Option<Self>, Unexpected> {
        self.present(name)
            .map(|value| Self::new(value, self.path_of(name)))
            .transpose()
    }

    /// The objects in the list `name`; none where it is absent.
    pub(super) fn children(&self, name: &str) -> Result<Vec<Self>, Unexpected> {
        let Some(value) = self.present(name) else {
            return Ok(Vec::new());
        };
        let path = self.path_of(name);
        let Some(list) = value.as_array() else {
            return Err(Unexpected {
                path,
                expected: "a list",
            });
        };
        list.iter()
            .enumerate()
            .map(|(at, value)| Self::new(value, format!("{path}[{at}]")))
            .collect()
    }

    /// The text in the field `name`, where there is one.
    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, Unexpected> {
        self.present(name)
            .map(|value| {
                value.as_str().ok_or_else(|| Unexpected {
                    path: self.path_of(name),
                    expected: "a text",
                })
            })
            .transpose()
    }

    fn present(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    fn path_of(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }
}
