//! Looking at many images at once.
//!
//! Invariant: each image comes back exactly once, whatever became of it; the images of one repository come back
//! together, so that they can be learned together; registries take turns, so that a slow one holds up its own images
//! only. Nothing is kept that was handed on.

use super::{Entry, Image, Standing, judge};
use crate::observation::{Observe, ObservedImage};
use chrono::{DateTime, Utc};
use signature_continuity::baseline::Lookup;
use signature_continuity::clean::{SHOWN, clean};
use signature_continuity::judgement::scope;
use signature_continuity::posture::Cause;
use signature_continuity::reference::{ImageReference, Repository};
use signature_continuity::settings::{RepositoryNames, Settings, TrustControl};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};

/// On what terms images are looked at.
pub struct Survey<'a> {
    /// The policy's settings.
    pub settings: &'a Settings,
    /// Who looks.
    pub observer: &'a dyn Observe,
    /// How many images are looked at at once.
    pub concurrency: usize,
    /// The time by which they are judged.
    pub now: DateTime<Utc>,
    /// Set when no further image is to be begun.
    pub stop: &'a AtomicBool,
    /// What else is to be looked at once a repository's images were: done by the same worker.
    pub further: Option<&'a Further<'a>>,
    /// Which repositories are looked at before all others: those that have something to lose.
    pub first: &'a (dyn Fn(&Repository) -> bool + Sync),
}

/// Looks further at a repository whose images were looked at.
pub type Further<'a> = dyn Fn(&mut Group) + Sync + 'a;

/// The images of one repository.
#[derive(Debug)]
pub struct Group {
    /// Which; `None`: those that are no references.
    pub repository: Option<Repository>,
    /// Its images, judged against the baseline as it was.
    pub entries: Vec<Entry>,
    /// Whether some of its images were not looked at, because it was to stop.
    pub cut_short: bool,
    /// The repository's own past, where it was examined.
    pub past: Option<ObservedPast>,
}

/// What was seen of a repository's past.
#[derive(Debug, Clone, Default)]
pub struct ObservedPast {
    /// Each image that was looked at.
    pub seen: Vec<ObservedImage>,
    /// How many could not be looked at.
    pub unseen: usize,
}

struct Work {
    repository: Repository,
    images: Vec<(Image, ImageReference)>,
}

impl Survey<'_> {
    /// Looks at all images; `lookup` says what is known of a repository, and `done` takes each repository's images.
    ///
    /// # Errors
    /// With the first error of `done`; nothing further is begun then.
    pub fn run<E>(
        &self,
        images: Vec<Image>,
        lookup: &(dyn Fn(&Repository) -> Lookup + Sync),
        step: &(dyn Fn(&Image) + Sync),
        mut done: impl FnMut(Group) -> Result<(), E>,
    ) -> Result<(), E> {
        let (work, unreadable) = plan(self.settings, images, self.first);
        if !unreadable.is_empty() {
            done(Group {
                repository: None,
                entries: unreadable,
                cut_short: false,
                past: None,
            })?;
        }
        let queue = Mutex::new(VecDeque::from(work));
        let control = OnceLock::new();
        let workers = self.concurrency.max(1);
        let (sender, receiver) = mpsc::sync_channel::<Group>(workers);
        std::thread::scope(|scope| {
            for _ in 0..workers {
                let sender = sender.clone();
                scope.spawn(|| self.work(&queue, &control, lookup, step, sender));
            }
            drop(sender);
            // A failure of `done` drops the receiver: whoever hands over next learns of it, and ends.
            receiver.into_iter().try_for_each(&mut done)
        })
    }

    fn work(
        &self,
        queue: &Mutex<VecDeque<Work>>,
        control: &OnceLock<bool>,
        lookup: &(dyn Fn(&Repository) -> Lookup + Sync),
        step: &(dyn Fn(&Image) + Sync),
        sender: SyncSender<Group>,
    ) {
        loop {
            let next = queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front();
            let Some(work) = next else { return };
            let mut group = Group {
                repository: Some(work.repository.clone()),
                entries: Vec::new(),
                cut_short: false,
                past: None,
            };
            let baseline = lookup(&work.repository);
            for (image, reference) in work.images {
                if self.stop.load(Ordering::Relaxed) {
                    group.cut_short = true;
                    break;
                }
                step(&image);
                group
                    .entries
                    .push(self.entry(image, &reference, &baseline, lookup, control));
            }
            if let Some(further) = self.further.filter(|_| !group.cut_short) {
                further(&mut group);
            }
            if (group.cut_short && group.entries.is_empty()) || sender.send(group).is_err() {
                return;
            }
        }
    }

    fn entry(
        &self,
        image: Image,
        reference: &ImageReference,
        own: &Lookup,
        lookup: &(dyn Fn(&Repository) -> Lookup + Sync),
        control: &OnceLock<bool>,
    ) -> Entry {
        let standing = Standing::new(self.settings, reference, own, lookup);
        let seen = match standing.observe(self.observer, reference) {
            Ok(seen) => seen,
            Err(why) => {
                return Entry {
                    enforced: is_enforced(self.settings, &image, Some(&standing.names)),
                    image,
                    found: Err(clean(&why, SHOWN)),
                };
            }
        };
        let control_fails = || {
            let control_image = self.settings.trust_control.as_ref();
            control_image
                .is_some_and(|image| *control.get_or_init(|| control_fails(self.observer, image)))
        };
        let found = judge::judge(
            self.settings,
            &image,
            standing.names,
            standing.lookup,
            seen,
            self.now,
            control_fails,
        );
        Entry {
            image,
            enforced: found.enforced,
            found: Ok(Box::new(found)),
        }
    }
}

/// Whether the settings enforce a scope that an image runs in; without a repository, one that it could be of.
fn is_enforced(settings: &Settings, image: &Image, names: Option<&RepositoryNames>) -> bool {
    image
        .places
        .iter()
        .any(|place| scope(settings, &judge::surroundings_of(place), names).is_enforced())
}

/// Whether the known-good image is looked at and its signer not proven by its `.sig`, which is what the policy looks at. Not
/// to get an answer about it is no failure.
#[must_use]
pub fn control_fails(observer: &dyn Observe, control: &TrustControl) -> bool {
    let Ok(seen) = observer.observe(&control.image, &Lookup::Absent) else {
        return false;
    };
    let mut proven = seen.observation.proven.iter();
    let is_proven = proven.any(|proven| control.names(proven.signer()));
    let answered = !matches!(
        seen.observation.unknown,
        Some((
            Cause::Outage | Cause::Absent | Cause::Limit | Cause::Host,
            _
        ))
    );
    seen.observation.has_signature_tag && answered && !is_proven
}

/// The work by repository, registries in turns; and what is no reference.
fn plan(
    settings: &Settings,
    images: Vec<Image>,
    first: &dyn Fn(&Repository) -> bool,
) -> (Vec<Work>, Vec<Entry>) {
    let mut unreadable = Vec::new();
    let mut by_repository: BTreeMap<Repository, Vec<(Image, ImageReference)>> = BTreeMap::new();
    for image in images {
        match image.reference.clone() {
            Ok(reference) => {
                let repository = settings.aliased(reference.repository());
                by_repository
                    .entry(repository)
                    .or_default()
                    .push((image, reference));
            }
            Err(error) => unreadable.push(Entry {
                enforced: is_enforced(settings, &image, None),
                found: Err(format!("no image reference: {error}")),
                image,
            }),
        }
    }
    let (important, others): (Vec<Work>, Vec<Work>) = by_repository
        .into_iter()
        .map(|(repository, images)| Work { repository, images })
        .partition(|work| first(&work.repository));
    let mut work = in_turns(important);
    work.extend(in_turns(others));
    (work, unreadable)
}

/// One repository of each registry after the other.
fn in_turns(all: Vec<Work>) -> Vec<Work> {
    let mut by_registry: BTreeMap<String, VecDeque<Work>> = BTreeMap::new();
    for work in all {
        let registry = work.repository.registry().to_owned();
        by_registry.entry(registry).or_default().push_back(work);
    }
    let mut ordered = Vec::new();
    while !by_registry.is_empty() {
        by_registry.retain(|_, queue| {
            ordered.extend(queue.pop_front());
            !queue.is_empty()
        });
    }
    ordered
}

#[cfg(test)]
#[path = "survey_tests.rs"]
mod tests;
