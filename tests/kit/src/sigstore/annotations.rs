//! Annotations of a layer: ordered, and able to hold one key twice, because JSON can and parsers
//! differ about which one they take.

use serde::{Serialize, Serializer, ser::SerializeMap};

/// The base64 signature over the payload.
pub const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
/// The PEM certificate of a keyless signature.
pub const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
/// The PEM chain of that certificate.
pub const CHAIN: &str = "dev.sigstore.cosign/chain";
/// The log entry with its signed timestamp.
pub const BUNDLE: &str = "dev.sigstore.cosign/bundle";

/// Keys and values in the order in which they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotations(pub Vec<(String, String)>);

impl Annotations {
    /// The first value of `key`.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(own, _)| own == key)
            .map(|(_, value)| value.as_str())
    }

    /// Replaces every value of `key` by one, or adds it at the end.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        let value = value.into();
        let position = self.0.iter().position(|(own, _)| own == key);
        self.remove(key);
        match position {
            Some(position) if position <= self.0.len() => {
                self.0.insert(position, (key.to_owned(), value))
            }
            _ => self.0.push((key.to_owned(), value)),
        }
    }

    /// Adds a value at the end, even where the key is there already.
    pub fn push(&mut self, key: &str, value: impl Into<String>) {
        self.0.push((key.to_owned(), value.into()));
    }

    /// Takes every value of `key` away.
    pub fn remove(&mut self, key: &str) {
        self.0.retain(|(own, _)| own != key);
    }

    /// Nothing there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Annotations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_and_repeats() {
        let mut annotations = Annotations::default();
        annotations.push("b", "1");
        annotations.push("a", "2");
        annotations.push("b", "3");
        assert_eq!(
            serde_json::to_string(&annotations).unwrap(),
            r#"{"b":"1","a":"2","b":"3"}"#
        );
        annotations.set("b", "4");
        assert_eq!(
            serde_json::to_string(&annotations).unwrap(),
            r#"{"b":"4","a":"2"}"#
        );
        assert_eq!(annotations.value("b"), Some("4"));
    }
}
