//! The reference of the metrics, docs/metrics.md: made of what `/metrics` says, and of the alerts and the dashboard that use it.
//!
//! Every series of the code is in the page and no other, since the page is made of them; and alerts and dashboard name no
//! series that is not there. After a change: `UPDATE_DOCS=1 cargo test -p continuity-cli --lib metrics`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::Metrics;
use crate::inventory::{metrics, sample};

const INTRODUCTION: &str = "# Metrics

Every series, with its type, its labels and their values, what it says, and the alerts
([prometheus-rule.yaml](../deploy/components/monitoring/prometheus-rule.yaml)) and the dashboard that use it. This page is made from the code, and
from those files: `UPDATE_DOCS=1 cargo test -p continuity-cli --lib metrics`.

No label has a value that somebody else can name: no image, no repository, no namespace. Which images they are is said by the
watcher's page and by `continuity inventory`. Every series that is there is there from the start, with 0 if need be.
";

const IMAGES: &str = "
## Of the images
From the `/metrics` of the replica of `continuity watch` that leads, once its first full pass is over, and from `continuity inventory --metrics
FILE` and `continuity learn --metrics FILE`, for a node exporter's textfile collector. A replica that led before does not show
them any more, so `and on (namespace, pod) continuity_watch_leader == 1` is a precaution.
";

const WATCHER: &str = "
## Of the watcher itself
From the `/metrics` of each replica of `continuity watch`, whoever leads. Counters begin with 0 when a replica starts.
";

/// A series, as Prometheus' text tells it.
#[derive(Debug, Default)]
struct Series {
    kind: String,
    help: String,
    labels: BTreeMap<String, BTreeSet<String>>,
}

/// By the name that a query has.
fn series(text: &str) -> BTreeMap<String, Series> {
    let mut kinds = BTreeMap::new();
    let mut helps = BTreeMap::new();
    let mut found: BTreeMap<String, Series> = BTreeMap::new();
    for line in text.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words.as_slice() {
            ["#", "TYPE", name, kind] => drop(kinds.insert((*name).to_owned(), (*kind).to_owned())),
            ["#", "HELP", name, help] => drop(helps.insert((*name).to_owned(), (*help).to_owned())),
            ["#", ..] => {}
            _ => {
                let (sample, _) = line.rsplit_once(' ').unwrap();
                let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
                let family = kinds
                    .keys()
                    .filter(|family: &&String| name.starts_with(family.as_str()));
                let family = family.max_by_key(|family| family.len()).unwrap();
                let kind = kinds[family].clone();
                let name = if kind == "histogram" {
                    family.as_str()
                } else {
                    name
                };
                let series = found.entry(name.to_owned()).or_default();
                series.help = helps[family].trim_end_matches('.').to_owned();
                for label in labels
                    .trim_end_matches('}')
                    .split(',')
                    .filter(|it| it.contains('='))
                {
                    let (label, value) = label.split_once('=').unwrap();
                    if label != "le" {
                        let values = series.labels.entry(label.to_owned()).or_default();
                        values.insert(value.trim_matches('"').to_owned());
                    }
                }
                series.kind = kind;
            }
        }
    }
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn monitoring(file: &str) -> String {
    std::fs::read_to_string(root().join("deploy/components/monitoring").join(file)).unwrap()
}

/// The names of series in a text.
fn named(text: &str) -> BTreeSet<String> {
    let is_of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let words = text.split(|c: char| !is_of_name(c));
    let words = words.filter(|word| word.starts_with("continuity_"));
    let words = words.map(|word| word.strip_suffix("_bucket").unwrap_or(word));
    words.map(str::to_owned).collect()
}

/// Each alert, and the series that it looks at.
fn alerts() -> Vec<(String, BTreeSet<String>)> {
    let rules: serde_json::Value =
        yaml_serde::from_str(&monitoring("prometheus-rule.yaml")).unwrap();
    let groups = rules["spec"]["groups"].as_array().unwrap().iter();
    let rules = groups.flat_map(|group| group["rules"].as_array().unwrap());
    let alert = |rule: &serde_json::Value| {
        let name = rule["alert"].as_str().unwrap().to_owned();
        (name, named(rule["expr"].as_str().unwrap()))
    };
    rules.map(alert).collect()
}

fn of_watcher() -> BTreeMap<String, Series> {
    series(&Metrics::new().text(false, (0, 0)))
}

fn of_images() -> BTreeMap<String, Series> {
    series(&metrics::text(&sample::inventory()))
}

#[test]
fn alerts_and_dashboard_name_no_series_that_is_not_there() {
    let mut known: BTreeSet<String> = of_watcher().into_keys().collect();
    known.extend(of_images().into_keys());
    assert!(known.len() >= 20, "{known:?}");
    let alerts = alerts();
    assert!(alerts.len() >= 10, "{alerts:?}");
    for (alert, names) in alerts {
        let unknown: Vec<_> = names.difference(&known).collect();
        assert!(unknown.is_empty(), "{alert}: {unknown:?}");
    }
    let dashboard: serde_json::Value =
        serde_json::from_str(&monitoring("signature-continuity.json")).unwrap();
    let mut shown = BTreeSet::new();
    expressions(&dashboard, &mut shown);
    assert!(shown.len() >= 5, "{shown:?}");
    let unknown: Vec<_> = shown.difference(&known).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// The series of every `expr` below.
fn expressions(value: &serde_json::Value, found: &mut BTreeSet<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        match value.as_str().filter(|_| name == "expr") {
            Some(text) => found.extend(named(text)),
            None => expressions(value, found),
        }
    }
    for value in value.as_array().into_iter().flatten() {
        expressions(value, found);
    }
}

#[test]
fn the_page_is_up_to_date() {
    let page = page();
    let file = root().join("docs/metrics.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, &page).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == page,
        "docs/metrics.md is not what the code says: run this test with UPDATE_DOCS=1"
    );
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    let alerts = alerts();
    let mut shown = BTreeSet::new();
    let dashboard = serde_json::from_str(&monitoring("signature-continuity.json")).unwrap();
    expressions(&dashboard, &mut shown);
    for (introduction, all) in [(IMAGES, of_images()), (WATCHER, of_watcher())] {
        writeln!(page, "{introduction}").unwrap();
        writeln!(page, "| series | type | labels | says | used by |").unwrap();
        writeln!(page, "| --- | --- | --- | --- | --- |").unwrap();
        for (name, series) in all {
            let labels = series.labels.iter().map(|(label, values)| {
                let values: Vec<_> = values.iter().map(|value| format!("`{value}`")).collect();
                format!("`{label}`: {}", values.join(", "))
            });
            let labels: Vec<String> = labels.collect();
            let users = alerts.iter().filter(|(_, names)| names.contains(&name));
            let mut users: Vec<String> = users.map(|(alert, _)| format!("`{alert}`")).collect();
            if shown.contains(&name) {
                users.push("dashboard".to_owned());
            }
            writeln!(
                page,
                "| `{name}` | {} | {} | {} | {} |",
                series.kind,
                labels.join("; "),
                series.help,
                users.join(", ")
            )
            .unwrap();
        }
    }
    page
}

#[test]
fn a_series_is_read_with_its_labels() {
    let text = "# HELP a_b Says.\n# TYPE a_b counter\na_b_total{cause=\"x\"} 0\na_b_total{cause=\"y\"} 1\n# TYPE a_s histogram\n# HELP a_s Took.\na_s_bucket{le=\"1\"} 0\na_s_count 0\n";
    let found = series(text);
    let names: Vec<_> = found.keys().map(String::as_str).collect();
    assert_eq!(names, ["a_b_total", "a_s"]);
    assert_eq!(found["a_b_total"].labels["cause"].len(), 2);
    assert!(found["a_s"].labels.is_empty());
}
