//! Looking at a repository's own past.
//!
//! Invariant: bounded in tags, and spread over all of them; done for repositories only whose running images could be established by it, and at most
//! once a day unless asked. What could not be looked at counts as somebody else's.

use super::{History, Learner, StoreSnapshot};
use crate::inventory::{Group, ObservedPast};
use crate::observation::SignedRepository;
use continuity_registry::Tags;
use semver::Version;
use signature_continuity::baseline::{Format, Lookup};
use signature_continuity::clean::{SHOWN, clean};
use signature_continuity::reference::ImageReference;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// How many tags of a repository are listed to choose from.
const MOST_LISTED: usize = 10_000;

impl Learner<'_> {
    /// Adds the past to a repository's images, where it could establish something.
    pub(super) fn examine(&self, group: &mut Group, memory: &StoreSnapshot) {
        let Some(reference) = self.worth_examining(group, memory) else {
            return;
        };
        let mut past = ObservedPast::default();
        let tags = match self.observer.tags(&reference, MOST_LISTED) {
            // Of a list without its end nobody knows what most of it is.
            Ok(Tags { more: true, .. }) => {
                past.unseen = usize::MAX;
                Vec::new()
            }
            Ok(tags) => spread(tags.listed, self.options.history_limit),
            Err(why) => {
                group.unlisted = Some(clean(&why, SHOWN));
                return;
            }
        };
        for tag in tags {
            if self.is_to_end() {
                return;
            }
            let spelled = format!("{}:{tag}", reference.name());
            let seen = spelled
                .parse::<ImageReference>()
                .map_err(|error| error.to_string())
                .and_then(|image| self.observer.observe(&image, &Lookup::Absent));
            match seen {
                Ok(seen) if seen.observation.unknown.is_none() => past.seen.push(seen),
                Ok(_) | Err(_) => past.unseen += 1,
            }
        }
        group.past = Some(past);
    }

    /// An image of the repository through which its past can be asked for.
    fn worth_examining(&self, group: &Group, memory: &StoreSnapshot) -> Option<ImageReference> {
        let repository = group.repository.as_ref()?;
        let today = self.now.date_naive();
        let due = match self.options.history {
            History::Not => false,
            History::Daily => memory.examined_on(repository) != Some(today),
            History::Again => true,
        };
        if !due {
            return None;
        }
        group.entries.iter().find_map(|entry| {
            let found = entry.found.as_ref().ok()?;
            let young = match &found.lookup {
                Lookup::Absent => true,
                Lookup::Usable(baseline) => baseline.established.is_none(),
                Lookup::Unusable(_) | Lookup::Lost | Lookup::Unread => false,
            };
            let counts = found.seen.signatures.iter().any(|signature| {
                signature.signed_repository == SignedRepository::Here
                    && signature.format() == Format::Cosign2
                    && signature.logged_at.is_some()
            });
            (young && counts)
                .then(|| entry.image.reference.clone().ok())
                .flatten()
        })
    }
}

/// The newest of `tags`, as versions go; those that are none come after, in reverse.
pub(super) fn newest(tags: Vec<String>, most: usize) -> Vec<String> {
    let mut tags = in_order(tags);
    tags.truncate(most);
    tags
}

/// At most `most` of `tags`, spread over all of them: whoever pushes many of his own does not crowd out the rest.
fn spread(tags: Vec<String>, most: usize) -> Vec<String> {
    let tags = in_order(tags);
    let (count, last) = (tags.len(), most.saturating_sub(1));
    if count <= most || last == 0 {
        return tags.into_iter().take(most).collect();
    }
    // The first, the last, and the same distance between any two.
    let chosen: BTreeSet<usize> = (0..most)
        .map(|n| n.saturating_mul(count.saturating_sub(1)) / last)
        .collect();
    let tags = tags.into_iter().enumerate();
    let tags = tags.filter(|(at, _)| chosen.contains(at));
    tags.map(|(_, tag)| tag).collect()
}

/// The newest first, as versions go; those that are none come after, in reverse. Tags of signatures are left out.
fn in_order(mut tags: Vec<String>) -> Vec<String> {
    tags.retain(|tag| !tag.starts_with("sha256-"));
    tags.sort_by_cached_key(|tag| Reverse((version(tag), tag.clone())));
    tags
}

/// `v1.2`, `1.2.3-rc.1`, as far as it is a version.
fn version(tag: &str) -> Option<Version> {
    let text = tag.strip_prefix('v').unwrap_or(tag);
    let (core, rest) = match text.find(['-', '+']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let dots = core.matches('.').count();
    let padding = match dots {
        0 => ".0.0",
        1 => ".0",
        _ => "",
    };
    Version::parse(&format!("{core}{padding}{rest}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_examined_is_spread_over_the_tags() {
        let own = (0..10).map(|n| format!("v1.{n}.0"));
        let prepared = (0..90).map(|n| format!("v99.{n}.0"));
        let tags: Vec<String> = own.chain(prepared).collect();
        let examined = spread(tags.clone(), 50);
        assert_eq!(examined.len(), 50);
        assert_eq!(examined.first().map(String::as_str), Some("v99.89.0"));
        assert_eq!(examined.last().map(String::as_str), Some("v1.0.0"));
        let own = examined.iter().filter(|tag| tag.starts_with("v1."));
        assert_eq!(own.count(), 5);
        for (most, expected) in [(0, 0), (1, 1), (2, 2), (99, 99), (100, 100), (1000, 100)] {
            assert_eq!(spread(tags.clone(), most).len(), expected, "{most}");
        }
    }

    #[test]
    fn versions_go_before_names_and_signatures_are_left_out() {
        let tags = [
            "latest",
            "v1.9",
            "v1.10.0",
            "sha256-aa.sig",
            "v1.10.0-rc.1",
            "2",
            "edge",
        ];
        let tags = tags.iter().map(ToString::to_string).collect();
        assert_eq!(
            newest(tags, 5),
            ["2", "v1.10.0", "v1.10.0-rc.1", "v1.9", "latest"]
        );
    }
}
