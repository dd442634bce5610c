//! The alerts and the dashboard: promtool takes them, they fire when they should and at no other time, each says what to do,
//! and what they ask for are metrics that there are.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::super::manifests::{objects, root};
use super::{beside, printed, tool};

/// What the learner that stays has beside the inventory's metrics, without the prefix and what the format appends.
fn of_the_watcher() -> BTreeSet<String> {
    let source = std::fs::read_to_string(root().join("cli/src/watch/metrics.rs")).unwrap();
    let quoted = source.split('"').skip(1).step_by(2);
    quoted
        .filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        .map(str::to_owned)
        .collect()
}

fn rules() -> Value {
    let objects = objects("monitoring");
    let rule = objects.iter().find(|it| it["kind"] == "PrometheusRule");
    rule.unwrap()["spec"].clone()
}

fn alerts() -> Vec<Value> {
    let rules = rules();
    let groups = rules["groups"].as_array().unwrap();
    groups
        .iter()
        .flat_map(|group| group["rules"].as_array().unwrap().clone())
        .collect()
}

/// The queries of the dashboard's panels.
fn queries() -> Vec<String> {
    let objects = objects("monitoring");
    let map = objects.iter().find(|it| it["kind"] == "ConfigMap").unwrap();
    let text = map["data"]["signature-continuity.json"].as_str().unwrap();
    let dashboard: Value = serde_json::from_str(text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut queries = Vec::new();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        assert!(panel["description"].is_string(), "{panel}");
        for target in panel["targets"].as_array().unwrap() {
            queries.push(target["expr"].as_str().unwrap().to_owned());
        }
    }
    queries
}

fn check(directory: &Path, rules: &Value) -> String {
    let file = directory.join("rules.yaml");
    std::fs::write(&file, rules.to_string()).unwrap();
    printed(tool("PROMTOOL").args(["check", "rules"]).arg(&file))
}

#[test]
fn alerts_fire_when_they_should() {
    let directory = tempfile::tempdir().unwrap();
    let said = check(directory.path(), &rules());
    assert!(
        said.contains(&format!("{} rules found", alerts().len())),
        "{said}"
    );
    let tests = beside("alerts.yaml");
    for alert in alerts() {
        let name = alert["alert"].as_str().unwrap();
        assert!(
            tests.contains(&format!("alertname=\"{name}\"")),
            "{name} never fires in a test"
        );
    }
    let file = directory.path().join("alerts.yaml");
    std::fs::write(&file, tests).unwrap();
    printed(tool("PROMTOOL").args(["test", "rules"]).arg(&file));
}

#[test]
fn every_alert_says_what_to_do() {
    for alert in alerts() {
        let name = alert["alert"].as_str().unwrap();
        assert!(["critical", "warning"].contains(&alert["labels"]["severity"].as_str().unwrap()));
        let said = |field: &str| alert["annotations"][field].as_str().unwrap().to_owned();
        assert!(said("summary").len() > 30, "{name}");
        assert!(said("description").len() > 100, "{name}");
        let page = said("runbook_url");
        let (_, page) = page.split_once("/blob/main/").unwrap();
        let (path, heading) = page.split_once('#').unwrap_or((page, ""));
        let text = std::fs::read_to_string(root().join(path))
            .unwrap_or_else(|error| panic!("{name}: {path}: {error}"));
        let headings: BTreeSet<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .map(|line| line.to_lowercase().replace(' ', "-"))
            .collect();
        assert!(
            heading.is_empty() || headings.contains(heading),
            "{name}: {heading}: {headings:?}"
        );
    }
}

#[test]
fn the_dashboard_asks_what_can_be_asked() {
    let queries = queries();
    assert!(queries.len() >= 17, "{queries:?}");
    let rules: Vec<_> = queries
        .iter()
        .enumerate()
        .map(|(number, query)| json!({"record": format!("panel_{number}"), "expr": query}))
        .collect();
    let directory = tempfile::tempdir().unwrap();
    let groups = json!({"groups": [{"name": "dashboard", "rules": rules}]});
    check(directory.path(), &groups);
}

#[test]
fn alerts_and_dashboard_ask_for_metrics_that_there_are() {
    let sample = root().join(
        "cli/src/inventory/snapshots/continuity_cli__inventory__metrics__tests__metrics.snap",
    );
    let sample = std::fs::read_to_string(sample).unwrap();
    let inventory: BTreeSet<&str> = sample
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    let watcher = of_the_watcher();
    let is_known = |name: &str| {
        let own = name.strip_prefix("continuity_").unwrap();
        let own = own.strip_suffix("_bucket").unwrap_or(own);
        let own = own.strip_suffix("_total").unwrap_or(own);
        let bare = own.strip_suffix("_seconds").unwrap_or(own);
        inventory.contains(name) || watcher.contains(own) || watcher.contains(bare)
    };
    assert!(!is_known("continuity_watch_length"));
    let alerts = alerts();
    let expressions = alerts
        .iter()
        .map(|alert| alert["expr"].as_str().unwrap().to_owned())
        .chain(queries());
    let mut asked = BTreeSet::new();
    for expression in expressions {
        let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        for word in words.filter(|word| word.starts_with("continuity_")) {
            assert!(is_known(word), "{word}: {expression}");
            asked.insert(word.to_owned());
        }
        // Words of labels that a matcher names are ones that the series have.
        for word in [
            "pin",
            "downgrade",
            "trust-root",
            "lost",
            "unusable",
            "unread",
        ] {
            let is_asked = expression.contains(&format!("\"{word}\""));
            assert!(
                !is_asked || sample.contains(&format!("\"{word}\"")),
                "{word}"
            );
        }
    }
    assert!(asked.len() >= 15, "{asked:?}");
}
