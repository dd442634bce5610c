//! Baselines and the learner's state as ConfigMaps, whatever they are stored in.
//!
//! Invariant: the same baseline is the same text; what is written can be read again, and is no larger than an object
//! may be.

use chrono::NaiveDate;
use serde::Deserialize;
use signature_continuity::baseline::{
    ANNOTATION, Baseline, ConfigMapData, LABEL, Lookup, NAMES_KEY, Names, STATE_NAME, State,
    VERSION, config_map_name,
};
use signature_continuity::clean::{SHOWN, clean};
use signature_continuity::digest::is_lower_hex;
use signature_continuity::reference::Repository;
use std::collections::BTreeMap;

use super::{LearnerState, Listed, StoreError};
use crate::output::words::plain;

/// The annotation of the state object that says who keeps the store: `directory` or `kubernetes`.
pub const WRITER: &str = "signature-continuity/writer";

/// Kubernetes keeps at most 1 MiB of data; the rest is headroom for what others add.
const LARGEST: usize = (1 << 20) - (16 << 10);
/// How much of the state may be the days on which repositories' pasts were examined.
const LARGEST_HISTORY: usize = 512 << 10;

const REPOSITORY: &str = "repository";
const BASELINE: &str = "baseline.json";
const STATE: &str = "state.json";
const HISTORY: &str = "history.json";
const CURSOR: &str = "cursor.json";
const DRIFT: &str = "drift.json";

/// What goes into a ConfigMap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) name: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) data: BTreeMap<String, String>,
}

impl Object {
    /// A baseline's.
    pub(super) fn of_baseline(baseline: &Baseline) -> Result<Self, StoreError> {
        let name = config_map_name(&baseline.repository);
        let repository = baseline.repository.to_string();
        let json = json(&name, serde_json::to_string_pretty(baseline))?;
        Self {
            name,
            labels: map([(LABEL, "true".to_owned())]),
            annotations: map([(ANNOTATION, repository.clone())]),
            data: map([(REPOSITORY, repository), (BASELINE, json)]),
        }
        .bounded()
    }

    /// The names of signed repositories in one shard.
    pub(super) fn of_names(names: &Names) -> Result<Self, StoreError> {
        Self {
            name: names.shard().config_map_name(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            data: map([(NAMES_KEY, names.encode())]),
        }
        .bounded()
    }

    /// The learner's state, kept by `writer`.
    pub(super) fn of_state(state: &LearnerState, writer: &str) -> Result<Self, StoreError> {
        let examined = newest(&state.examined);
        let mut data = map([
            (
                STATE,
                json(STATE_NAME, serde_json::to_string_pretty(&state.state))?,
            ),
            (
                HISTORY,
                json(STATE_NAME, serde_json::to_string_pretty(&examined))?,
            ),
        ]);
        if let Some(found) = &state.found {
            let found = json(STATE_NAME, serde_json::to_string_pretty(found))?;
            data.insert(DRIFT.to_owned(), found);
        }
        if !state.cursor.is_empty() {
            let cursor = json(STATE_NAME, serde_json::to_string_pretty(&state.cursor))?;
            data.insert(CURSOR.to_owned(), cursor);
        }
        Self {
            name: STATE_NAME.to_owned(),
            labels: BTreeMap::new(),
            annotations: map([(WRITER, writer.to_owned())]),
            data,
        }
        .bounded()
    }

    /// With the labels and annotations that others have added to what it replaces.
    pub(super) fn keeping(
        mut self,
        labels: BTreeMap<String, String>,
        annotations: BTreeMap<String, String>,
    ) -> Self {
        for (own, present) in [
            (&mut self.labels, labels),
            (&mut self.annotations, annotations),
        ] {
            for (name, value) in present {
                own.entry(name).or_insert(value);
            }
        }
        self
    }

    fn bounded(self) -> Result<Self, StoreError> {
        let bytes = self
            .data
            .iter()
            .map(|(key, value)| key.len().saturating_add(value.len()))
            .fold(0_usize, usize::saturating_add);
        if bytes > LARGEST {
            return Err(StoreError::TooLarge {
                name: self.name,
                bytes,
                limit: LARGEST,
            });
        }
        Ok(self)
    }
}

/// Whether this could be the name of a baseline's ConfigMap.
pub(super) fn is_baseline_name(name: &str) -> bool {
    name.strip_prefix("continuity-")
        .is_some_and(|hex| is_lower_hex(hex, 64))
}

/// The baseline of an object, where it is one by name or label.
pub(super) fn listed(name: &str, map: &ConfigMapData) -> Option<Listed> {
    if !is_baseline_name(name) && !map.labels.contains_key(LABEL) {
        return None;
    }
    Some(Listed {
        name: clean(name, SHOWN),
        baseline: baseline(name, map),
    })
}

fn baseline(name: &str, map: &ConfigMapData) -> Result<Box<Baseline>, String> {
    let repository: Repository = map
        .data
        .get(REPOSITORY)
        .ok_or_else(|| format!("expected data.{REPOSITORY}"))?
        .parse()
        .map_err(|error| format!("expected a repository in data.{REPOSITORY}: {error}"))?;
    let expected = config_map_name(&repository);
    if name != expected {
        return Err(format!("expected the name {expected}"));
    }
    match Lookup::of_config_map(map, &repository) {
        Lookup::Usable(baseline) => Ok(baseline),
        Lookup::Unusable(why) => Err(why),
        Lookup::Absent | Lookup::Lost | Lookup::Unread => Err("it was not read".to_owned()),
    }
}

/// The learner's state, as an object has it.
pub(super) fn state(data: &BTreeMap<String, String>) -> Result<LearnerState, String> {
    let text = data
        .get(STATE)
        .ok_or_else(|| format!("expected data[\"{STATE}\"]"))?;
    let state: State = serde_json::from_str(text)
        .map_err(|error| format!("data[\"{STATE}\"]: {}", plain(&error)))?;
    if state.version != VERSION {
        return Err(format!(
            "expected version {VERSION} in data[\"{STATE}\"], got {}",
            state.version
        ));
    }
    let examined = match data.get(HISTORY) {
        None => BTreeMap::new(),
        Some(text) => serde_json::from_str(text)
            .map_err(|error| format!("data[\"{HISTORY}\"]: {}", plain(&error)))?,
    };
    // Only told, or an order: what does not parse costs nothing but that.
    let found = data
        .get(DRIFT)
        .and_then(|text| serde_json::from_str(text).ok());
    let cursor = data
        .get(CURSOR)
        .and_then(|text| serde_json::from_str(text).ok());
    Ok(LearnerState {
        state,
        examined,
        found,
        cursor: cursor.unwrap_or_default(),
    })
}

/// Whether the state was written by a version that came after this one.
pub(super) fn is_newer_state(data: &BTreeMap<String, String>) -> bool {
    #[derive(Deserialize)]
    struct Versioned {
        version: u64,
    }
    data.get(STATE)
        .and_then(|text| serde_json::from_str::<Versioned>(text).ok())
        .is_some_and(|it| it.version > VERSION)
}

/// Whether `baseline` may stand where `there` stands now.
pub(super) fn may_replace(there: &Lookup, baseline: &Baseline) -> Result<(), StoreError> {
    let name = || config_map_name(&baseline.repository);
    match there {
        Lookup::Usable(there) if there.generation < baseline.generation => Ok(()),
        Lookup::Usable(there) => Err(StoreError::LeftAlone {
            name: name(),
            why: format!(
                "it has generation {}, and {} would not follow it",
                there.generation, baseline.generation
            ),
        }),
        Lookup::Unusable(why) => Err(StoreError::LeftAlone {
            name: name(),
            why: why.clone(),
        }),
        Lookup::Absent | Lookup::Lost => Ok(()),
        Lookup::Unread => Err(StoreError::LeftAlone {
            name: name(),
            why: "it was not read".to_owned(),
        }),
    }
}

/// As many as the object has room for: what is dropped is only examined again.
fn newest(examined: &BTreeMap<Repository, NaiveDate>) -> BTreeMap<&Repository, NaiveDate> {
    let mut newest: Vec<_> = examined.iter().collect();
    newest.sort_by_key(|(repository, day)| (std::cmp::Reverse(**day), *repository));
    let mut bytes = 0_usize;
    newest
        .into_iter()
        .take_while(|(repository, _)| {
            // Quotes, colon, comma, indentation, line feed, and a day.
            bytes = bytes.saturating_add(repository.as_str().len().saturating_add(24));
            bytes <= LARGEST_HISTORY
        })
        .map(|(repository, day)| (repository, *day))
        .collect()
}

fn json(name: &str, text: serde_json::Result<String>) -> Result<String, StoreError> {
    let mut text = text.map_err(|error| StoreError::Failed {
        what: format!("{name} cannot be put into JSON"),
        source: Some(error.into()),
    })?;
    text.push('\n');
    Ok(text)
}

fn map<const N: usize>(entries: [(&str, String); N]) -> BTreeMap<String, String> {
    entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

#[cfg(test)]
#[path = "object_tests.rs"]
mod tests;
