//! What is known of the cluster's images now: what the last full pass found, and every look since.
//!
//! Invariant: an image is shown while an object names it, at the places that name it now. What was not looked at yet is
//! counted, never shown as if it had been. Bounded, and what does not fit is counted too.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use continuity_registry::TrustRoot;
use signature_continuity::clean::clean;
use signature_continuity::reference::Repository;

use super::queue::{Key, key};
use crate::inventory::{Entry, Image, Inventory, LeftOut, Place, order};
use crate::output::words::counted;

/// How many changes are shown.
const MOST_CHANGES: usize = 200;
/// What is told again within this time, among so many changes, is the same change.
const AT_ONCE: TimeDelta = TimeDelta::minutes(10);
const MOST_AT_ONCE: usize = 20;
/// How many images are kept.
const MOST_ENTRIES: usize = 50_000;
const LONGEST_CHANGE: usize = 500;
/// How many notes of single images are kept between two full passes.
const MOST_NOTES: usize = 200;

/// Something that changed, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Happened {
    pub(super) at: DateTime<Utc>,
    pub(super) repository: String,
    /// One sentence, cleaned.
    pub(super) what: String,
}

/// How the last full pass ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PassSummary {
    pub(super) ended: DateTime<Utc>,
    pub(super) seconds: f64,
    /// What is said of it besides the images.
    pub(super) notes: Vec<String>,
    pub(super) lost: u64,
    /// Why it did not come to its end, or what failed on the way.
    pub(super) failures: Vec<String>,
}

#[derive(Debug, Default)]
pub(super) struct Board {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: BTreeMap<Key, Entry>,
    changes: VecDeque<Happened>,
    pass: Option<PassSummary>,
    trust_root: Option<TrustRoot>,
    /// What single images gave reason to say since.
    notes: BTreeSet<String>,
    /// Why there was none since.
    trouble: Option<String>,
}

impl Board {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was found of some images: by a look, or by the part of a pass that is done.
    pub(super) fn put(&self, entries: Vec<Entry>) {
        let mut state = self.state();
        for entry in entries {
            let key = key(&entry.image);
            if state.entries.len() < MOST_ENTRIES || state.entries.contains_key(&key) {
                state.entries.insert(key, entry);
            }
        }
    }

    /// The drift that an image had when it was looked at last, as the learner saw it, in words; `None`: it had none, or was
    /// not looked at.
    pub(super) fn drift_before(&self, image: &Image) -> Option<String> {
        let state = self.state();
        let entry = state.entries.get(&key(image))?;
        entry.learner_drift().map(ToString::to_string)
    }

    /// A full pass came to its end.
    pub(super) fn passed(&self, pass: PassSummary, trust_root: TrustRoot) {
        let mut state = self.state();
        state.pass = Some(pass);
        state.trust_root = Some(trust_root);
        state.trouble = None;
        state.notes.clear();
    }

    /// A full pass did not come to its end.
    pub(super) fn pass_failed(&self, why: &str) {
        let mut state = self.state();
        state.trouble = Some(clean(why, LONGEST_CHANGE));
    }

    /// How the last one ended.
    pub(super) fn last_pass(&self) -> Option<PassSummary> {
        self.state().pass.clone()
    }

    /// Something changed.
    pub(super) fn tell(&self, at: DateTime<Utc>, repository: &Repository, what: &str) {
        let happened = Happened {
            at,
            repository: repository.to_string(),
            what: clean(what, LONGEST_CHANGE),
        };
        let mut state = self.state();
        // A pod names an image, and then runs it: that is one change.
        let is_same = |told: &Happened| {
            told.repository == happened.repository
                && told.what == happened.what
                && at - told.at < AT_ONCE
        };
        if state.changes.iter().take(MOST_AT_ONCE).any(is_same) {
            return;
        }
        if state.changes.len() >= MOST_CHANGES {
            state.changes.pop_back();
        }
        state.changes.push_front(happened);
    }

    /// Something that is to be known, until the next full pass says it again or not.
    pub(super) fn note(&self, text: &str) {
        let mut state = self.state();
        if state.notes.len() < MOST_NOTES {
            state.notes.insert(clean(text, LONGEST_CHANGE * 2));
        }
    }

    /// What is known of the images that are named at these places.
    pub(super) fn at(&self, images: Vec<Image>, places: &BTreeSet<Place>) -> Vec<Entry> {
        let state = self.state();
        let named = images
            .into_iter()
            .filter(|image| !image.places.is_disjoint(places));
        let entries = named.filter_map(|image| {
            let entry = state.entries.get(&key(&image))?;
            Some(Entry {
                image,
                found: entry.found.clone(),
                enforced: entry.enforced,
            })
        });
        entries.collect()
    }

    /// What changed, the latest first.
    pub(super) fn changes(&self) -> Vec<Happened> {
        self.state().changes.iter().cloned().collect()
    }

    /// Drops what no object names any more.
    pub(super) fn keep(&self, named: &BTreeSet<Key>) {
        self.state().entries.retain(|key, _| named.contains(key));
    }

    /// Somebody else leads: what is shown would be of no time.
    pub(super) fn clear(&self) {
        *self.state() = State::default();
    }

    /// The inventory of `images`, which objects name now.
    pub(super) fn inventory(
        &self,
        images: Vec<Image>,
        notes: Vec<String>,
        now: DateTime<Utc>,
    ) -> Inventory {
        let state = self.state();
        let mut entries = Vec::new();
        let mut waiting = 0_usize;
        for image in images {
            match state.entries.get(&key(&image)) {
                Some(entry) => entries.push(Entry {
                    image,
                    found: entry.found.clone(),
                    enforced: entry.enforced,
                }),
                None => waiting = waiting.saturating_add(1),
            }
        }
        order::sort(&mut entries);
        let mut all_notes: Vec<String> = state.trouble.iter().cloned().collect();
        let pass = state.pass.as_ref();
        match pass {
            None => all_notes.push("the first full pass is not over yet".to_owned()),
            Some(pass) => all_notes.extend(pass.failures.iter().chain(&pass.notes).cloned()),
        }
        all_notes.extend(state.notes.iter().cloned());
        all_notes.extend(notes);
        if waiting > 0 {
            all_notes.push(format!(
                "{} not looked at yet",
                counted(waiting, "image was", "images were")
            ));
        }
        Inventory {
            taken: now,
            entries,
            trust_root: state.trust_root.clone().unwrap_or_else(|| TrustRoot {
                name: "not read yet".to_owned(),
                as_of: None,
                expires: None,
            }),
            notes: all_notes,
            seconds: pass.map_or(0.0, |pass| pass.seconds),
            left_out: LeftOut {
                unreached: waiting,
                ..LeftOut::default()
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::inventory::sample;

    fn board() -> (Board, Vec<Entry>) {
        let (board, entries) = (Board::default(), sample::inventory().entries);
        board.put(entries.clone());
        (board, entries)
    }

    #[test]
    fn what_is_told_twice_at_once_is_one_change() {
        let (board, now) = (Board::default(), Utc::now());
        let repository: Repository = "ghcr.io/acme/api".parse().unwrap();
        for (minutes, what) in [
            (0, "drift unsigned"),
            (1, "drift unsigned"),
            (2, "verified"),
            (15, "drift unsigned"),
        ] {
            board.tell(now + TimeDelta::minutes(minutes), &repository, what);
        }
        let told: Vec<String> = board.changes().into_iter().map(|it| it.what).collect();
        assert_eq!(told, ["drift unsigned", "verified", "drift unsigned"]);
    }

    #[test]
    fn an_image_is_shown_where_it_is_named_now_and_what_was_not_looked_at_is_counted() {
        let (board, entries) = board();
        let mut image = entries.first().unwrap().image.clone();
        let elsewhere = Place {
            namespace: "elsewhere".to_owned(),
            kind: "Deployment".to_owned(),
            name: "moved".to_owned(),
        };
        image.places = BTreeSet::from([elsewhere]);
        let unknown = Image {
            spelled: "ghcr.io/acme/later:v1".to_owned(),
            ..image.clone()
        };
        let shown = board.inventory(vec![image.clone(), unknown], Vec::new(), Utc::now());
        let images: Vec<&Image> = shown.entries.iter().map(|entry| &entry.image).collect();
        assert_eq!(images, [&image]);
        assert_eq!(shown.left_out.unreached, 1);
        let notes = shown.notes.join("\n");
        assert!(
            notes.contains("the first full pass is not over yet"),
            "{notes}"
        );
        assert!(notes.contains("1 image was not looked at yet"), "{notes}");
    }

    #[test]
    fn what_nobody_names_is_forgotten_and_another_leader_begins_with_nothing() {
        let (board, entries) = board();
        let kept = entries.first().unwrap();
        board.keep(&BTreeSet::from([key(&kept.image)]));
        let all = || entries.iter().map(|entry| entry.image.clone()).collect();
        assert_eq!(
            board.inventory(all(), Vec::new(), Utc::now()).entries.len(),
            1
        );
        board.clear();
        assert_eq!(
            board.inventory(all(), Vec::new(), Utc::now()).entries.len(),
            0
        );
    }

    #[test]
    fn a_pass_that_failed_is_said_until_one_does_not() {
        let (board, entries) = board();
        board.pass_failed("the last full pass failed: no answer");
        let notes = |board: &Board| board.inventory(Vec::new(), Vec::new(), Utc::now()).notes;
        assert!(notes(&board).iter().any(|note| note.contains("no answer")));
        let pass = PassSummary {
            ended: Utc::now(),
            seconds: 1.0,
            notes: Vec::new(),
            lost: 0,
            failures: Vec::new(),
        };
        board.passed(pass, sample::trust_root());
        assert_eq!(notes(&board), Vec::<String>::new());
        drop(entries);
    }
}
