//! What refers to an image: the descriptors that a registry lists, page by page.
//!
//! Invariant: a list that cannot be read, or is longer than what is read, says so; it is never an empty one.

use std::collections::BTreeMap;

use reqwest::header::{HeaderMap, LINK};
use signature_continuity::bundles::Index;
use signature_continuity::digest::Digest;

/// The most descriptors that are read.
const MOST: usize = 1024;

/// What a registry lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// In the registry's order.
    pub referrers: Vec<Referrer>,
    /// Whether there is more than that, or something that could not be read.
    pub more: bool,
}

/// One thing that refers to an image, as the list describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrer {
    /// Its manifest.
    pub digest: Digest,
    /// What it says that it is.
    pub artifact_type: Option<String>,
    /// What it says besides.
    pub annotations: BTreeMap<String, String>,
}

/// The tags of a repository, as far as they were listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags {
    /// In the registry's order.
    pub listed: Vec<String>,
    /// Whether there are more, or may be.
    pub more: bool,
}

impl Listing {
    /// A list that cannot be read.
    pub(super) fn unreadable() -> Self {
        Self {
            referrers: Vec::new(),
            more: true,
        }
    }

    /// From the JSON of an index. An object without a list of manifests, such as an image, lists nothing.
    #[must_use]
    pub fn from_index(json: &[u8]) -> Self {
        let descriptors = match Index::read(json) {
            Index::Another => return Self::default(),
            Index::Unreadable => return Self::unreadable(),
            Index::Lists(descriptors) => descriptors,
        };
        let mut listing = Self::default();
        for descriptor in descriptors {
            match descriptor.digest.parse() {
                Ok(digest) if listing.referrers.len() < MOST => listing.referrers.push(Referrer {
                    digest,
                    artifact_type: descriptor.artifact_type,
                    annotations: descriptor.annotations.unwrap_or_default(),
                }),
                _ => listing.more = true,
            }
        }
        listing
    }

    /// With the next page behind it.
    pub(super) fn extend(&mut self, page: Self) {
        let room = MOST.saturating_sub(self.referrers.len());
        self.more |= page.more || page.referrers.len() > room;
        self.referrers.extend(page.referrers.into_iter().take(room));
    }

    pub(super) fn is_full(&self) -> bool {
        self.referrers.len() >= MOST
    }
}

/// The digests that an index lists, at most `most`.
#[must_use]
pub fn platforms(json: &[u8], most: usize) -> Vec<Digest> {
    let mut digests: Vec<Digest> = Vec::new();
    for referrer in Listing::from_index(json).referrers {
        if digests.len() < most && !digests.contains(&referrer.digest) {
            digests.push(referrer.digest);
        }
    }
    digests
}

/// The address of the next page, as the registry spells it (RFC 8288).
pub(super) fn next_page(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(LINK)
        .iter()
        .filter_map(|link| link.to_str().ok())
        .flat_map(|link| link.split(','))
        .find_map(|link| {
            let (address, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
            let is_next = parameters.split(';').any(|parameter| {
                matches!(parameter.trim().split_once('='), Some((name, value))
                    if name.trim().eq_ignore_ascii_case("rel") && value.trim().trim_matches('"') == "next")
            });
            is_next.then(|| address.to_owned())
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::no_json("{", true)]
    #[case::no_object("[]", true)]
    #[case::no_list(r#"{"manifests":{}}"#, true)]
    #[case::bad_digest(r#"{"manifests":[{"digest":"sha512:0"}]}"#, true)]
    #[case::image(r#"{"layers":[]}"#, false)]
    #[case::null(r#"{"manifests":null}"#, false)]
    fn tells_an_empty_list_from_one_that_cannot_be_read(#[case] json: &str, #[case] more: bool) {
        let expected = Listing {
            referrers: Vec::new(),
            more,
        };
        assert_eq!(Listing::from_index(json.as_bytes()), expected);
    }

    #[test]
    fn a_list_is_read_up_to_a_bound_and_says_so() {
        let one = format!(r#"{{"digest":"{}"}}"#, Digest::of(b""));
        let json = format!(r#"{{"manifests":[{}]}}"#, vec![one; MOST + 1].join(","));
        let listing = Listing::from_index(json.as_bytes());
        assert_eq!((listing.referrers.len(), listing.more), (MOST, true));
        assert_eq!(platforms(json.as_bytes(), 64), [Digest::of(b"")]);
    }

    #[rstest]
    #[case::relative(
        r#"</v2/a/referrers/x?n=2>; rel="next""#,
        Some("/v2/a/referrers/x?n=2")
    )]
    #[case::bare(r#"<x>; title=y; rel=next"#, Some("x"))]
    #[case::second(r#"<a>; rel="prev", <b>; rel="next""#, Some("b"))]
    #[case::other(r#"<a>; rel="prev""#, None)]
    #[case::broken("next", None)]
    fn finds_the_next_page(#[case] link: &str, #[case] next: Option<&str>) {
        let headers = HeaderMap::from_iter([(LINK, link.parse().unwrap())]);
        assert_eq!(next_page(&headers).as_deref(), next);
    }
}
