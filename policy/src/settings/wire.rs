//! How the fields of settings are read: straight into their types, so that an error has the field's path.
//!
//! Invariant: every list is bounded, an object is never read from an array, and `null` stands for "absent" only for
//! the settings as a whole: `namespaces:` with nothing behind it, as a forgotten indentation leaves it, is refused
//! rather than read as "all of them".

use crate::clean::shows_plainly;
use crate::duration;
use crate::glob::{Glob, GlobError};
use crate::public_key::{PublicKey, PublicKeyError};
use crate::reference::{ImageReference, ReferenceError};
use chrono::TimeDelta;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;
use std::ops::RangeInclusive;

/// More entries than anyone maintains by hand, and few enough to be read for every request.
pub(super) const MOST_ENTRIES: usize = 1000;

/// A list of at least `LEAST` entries.
pub(super) struct List<W, const LEAST: usize>(pub(super) Vec<W>);

/// A `W` that is read from an object: derived code would take an array of its fields as well.
pub(super) struct Object<W>(pub(super) W);

struct ListVisitor<W, const LEAST: usize>(PhantomData<W>);
struct ObjectVisitor<W>(PhantomData<W>);

impl<'de, W: Deserialize<'de>, const LEAST: usize> Deserialize<'de> for List<W, LEAST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

impl<'de, W: Deserialize<'de>, const LEAST: usize> Visitor<'de> for ListVisitor<W, LEAST> {
    type Value = List<W, LEAST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element()? {
            if list.len() == MOST_ENTRIES {
                return Err(A::Error::custom(format_args!(
                    "expected at most {MOST_ENTRIES} entries"
                )));
            }
            list.push(entry);
        }
        if list.len() < LEAST {
            return Err(A::Error::custom(
                "expected at least one entry: an empty list would never apply",
            ));
        }
        Ok(List(list))
    }
}

impl<'de, W: Deserialize<'de>> Deserialize<'de> for Object<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

impl<'de, W: Deserialize<'de>> Visitor<'de> for ObjectVisitor<W> {
    type Value = Object<W>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
        W::deserialize(MapAccessDeserializer::new(fields)).map(Object)
    }
}

/// A field that is an object.
pub(super) fn object<'de, D: Deserializer<'de>, W: Deserialize<'de>>(
    deserializer: D,
) -> Result<W, D::Error> {
    Object::deserialize(deserializer).map(|Object(value)| value)
}

/// A field that is a list of objects, and may be empty.
pub(super) fn objects<'de, D, W, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    W: Deserialize<'de> + Into<T>,
{
    let List(list) = List::<Object<W>, 0>::deserialize(deserializer)?;
    Ok(list.into_iter().map(|Object(entry)| entry.into()).collect())
}

/// A field that is a list of texts, and may be empty.
pub(super) fn texts<'de, D, W, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    W: Deserialize<'de> + Into<T>,
{
    let List(list) = List::<W, 0>::deserialize(deserializer)?;
    Ok(list.into_iter().map(Into::into).collect())
}

/// A field that is absent, or a list of texts with something in it.
pub(super) fn some_texts<'de, D, W, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    W: Deserialize<'de> + Into<T>,
{
    let List(list) = List::<W, 1>::deserialize(deserializer)?;
    Ok(Some(list.into_iter().map(Into::into).collect()))
}

/// A whole number in `range`.
pub(super) fn number<'de, D>(
    deserializer: D,
    range: &RangeInclusive<usize>,
) -> Result<usize, D::Error>
where
    D: Deserializer<'de>,
{
    let number = serde_json::Number::deserialize(deserializer)?;
    let whole = number
        .as_u64()
        .and_then(|whole| usize::try_from(whole).ok());
    if let Some(whole) = whole.filter(|whole| range.contains(whole)) {
        return Ok(whole);
    }
    Err(D::Error::custom(format_args!(
        "expected a whole number from {} to {}, got {number}",
        range.start(),
        range.end()
    )))
}

/// A duration in `range`; `words` are the range's ends as one writes them.
pub(super) fn duration<'de, D>(
    deserializer: D,
    range: &RangeInclusive<TimeDelta>,
    words: &str,
) -> Result<TimeDelta, D::Error>
where
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    let duration = duration::parse(&text).map_err(D::Error::custom)?;
    if range.contains(&duration) {
        return Ok(duration);
    }
    Err(D::Error::custom(format_args!(
        "expected a duration from {words}, got {text}"
    )))
}

/// A text of at most `LONGEST` characters that is not blank; white space around it is left out.
#[derive(serde::Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Text<const LONGEST: usize>(pub(super) String);

impl<const LONGEST: usize> TryFrom<String> for Text<LONGEST> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let text = text.trim();
        let fits = !text.is_empty()
            && text.chars().nth(LONGEST).is_none()
            && text.chars().all(shows_plainly);
        fits.then(|| Self(text.to_owned()))
            .ok_or_else(|| format!("expected 1 to {LONGEST} characters on one line, not blank"))
    }
}

impl<const LONGEST: usize> From<Text<LONGEST>> for String {
    fn from(text: Text<LONGEST>) -> Self {
        text.0
    }
}

macro_rules! text_field {
    ($(#[$doc:meta])* $name:ident($inner:ty), $error:ty, $parse:expr) => {
        $(#[$doc])*
        #[derive(serde::Deserialize)]
        #[serde(try_from = "String")]
        pub(super) struct $name(pub(super) $inner);

        impl TryFrom<String> for $name {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                let parse: fn(&str) -> Result<$inner, $error> = $parse;
                parse(&text).map(Self)
            }
        }

        impl From<$name> for $inner {
            fn from(field: $name) -> Self {
                field.0
            }
        }
    };
}

text_field!(
    /// A pattern of normalised repositories.
    RepositoryPattern(Glob), GlobError, Glob::for_repositories
);
text_field!(
    /// A pattern of namespaces.
    NamespacePattern(Glob), GlobError, Glob::for_namespaces
);
text_field!(
    /// A public key that can be a signer.
    KeyText(PublicKey), PublicKeyError, PublicKey::from_pem
);
text_field!(
    /// An image reference.
    ImageText(ImageReference), ReferenceError, str::parse
);
