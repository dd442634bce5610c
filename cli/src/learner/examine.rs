//! Looking at a repository's own past.
//!
//! Invariant: bounded in tags; done for repositories only whose running images could be established by it, and at most
//! once a day unless asked. What could not be looked at counts as somebody else's.

use super::{History, Learner, StoreSnapshot};
use crate::inventory::{Group, ObservedPast};
use crate::observation::SignedRepository;
use semver::Version;
use signature_continuity::baseline::{Format, Lookup};
use signature_continuity::reference::ImageReference;
use std::sync::atomic::Ordering;

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
            Ok(tags) => newest(tags, self.options.history_limit),
            Err(_) => return,
        };
        for tag in tags {
            if self.stop.load(Ordering::Relaxed) {
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

/// The newest of `tags`, as versions go; those that are none come after, in reverse. Tags of signatures are left out.
pub(super) fn newest(mut tags: Vec<String>, most: usize) -> Vec<String> {
    tags.retain(|tag| !tag.starts_with("sha256-"));
    tags.sort_by(|a, b| {
        let (left, right) = (version(a), version(b));
        right.cmp(&left).then_with(|| b.cmp(a))
    });
    tags.truncate(most);
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
