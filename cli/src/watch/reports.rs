//! Entries in the cluster's policy reports, one report for each workload, beside those of Kubewarden's audit scanner.
//!
//! Invariant: a report is owned by its workload and goes with it; it says what is known of every image of the workload that
//! was looked at, and is only written where that changed. `openreports.io` before `wgpolicyk8s.io`, where both are there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock, PoisonError};

use chrono::Utc;
use kube::Api;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use signature_continuity::clean::clean;
use signature_continuity::drift::Drift;
use tracing::warn;

use super::announcer::message;
use crate::inventory::{Entry, LiveObjects, Place};
use crate::kubernetes::{Cluster, ClusterError, FIELD_MANAGER, Question};
use crate::output::cause::with_cause;

/// How many images one report names.
const MOST_RESULTS: usize = 100;
const LONGEST_IMAGE: usize = 300;
/// Of how many workloads it is remembered what was written.
const MOST_WRITTEN: usize = 50_000;
const POLICY: &str = "signature-continuity";
const SOURCE: &str = "continuity";

/// Where reports are kept: group, version, kind, resource, in the order of preference.
const KINDS: [(&str, &str, &str, &str); 2] = [
    ("openreports.io", "v1alpha1", "Report", "reports"),
    (
        "wgpolicyk8s.io",
        "v1alpha2",
        "PolicyReport",
        "policyreports",
    ),
];

pub(super) struct Reports {
    cluster: Cluster,
    kind: OnceLock<usize>,
    written: Mutex<BTreeMap<String, [u8; 32]>>,
}

impl Reports {
    pub(super) fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            kind: OnceLock::new(),
            written: Mutex::default(),
        }
    }

    /// Forgets what was written where that is much: workloads come and go, and one write more is no harm.
    pub(super) fn tidy(&self) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.len() > MOST_WRITTEN {
            written.clear();
        }
    }

    /// Writes the reports of the workloads at `places`. `entries` are all images that are known.
    pub(super) fn write(
        &self,
        places: &BTreeSet<Place>,
        entries: &[Entry],
        objects: &Mutex<LiveObjects>,
    ) {
        let Some((group, version, kind, resource)) = self.kind() else {
            return;
        };
        let mut by_place: BTreeMap<&Place, Vec<&Entry>> = BTreeMap::new();
        for entry in entries {
            for place in entry.image.places.intersection(places) {
                by_place.entry(place).or_default().push(entry);
            }
        }
        for (place, entries) in by_place {
            let identity = {
                let objects = objects.lock().unwrap_or_else(PoisonError::into_inner);
                objects.identity(place)
            };
            let Some((place, api_version, uid)) = identity.filter(|(_, _, uid)| !uid.is_empty())
            else {
                continue;
            };
            let results: Vec<Value> = entries
                .iter()
                .take(MOST_RESULTS)
                .map(|one| result(one))
                .collect();
            let fingerprint = Sha256::digest(Value::from(results.clone()).to_string().as_bytes());
            {
                let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
                if written
                    .get(&uid)
                    .is_some_and(|before| *before == *fingerprint)
                {
                    continue;
                }
            }
            let report = json!({
                "apiVersion": format!("{group}/{version}"),
                "kind": kind,
                "metadata": {
                    "name": format!("{SOURCE}-{uid}"),
                    "namespace": place.namespace,
                    "labels": {"app.kubernetes.io/managed-by": SOURCE},
                    "ownerReferences": [{"apiVersion": api_version, "kind": place.kind, "name": place.name, "uid": uid}],
                },
                "scope": {"apiVersion": api_version, "kind": place.kind, "namespace": place.namespace, "name": place.name, "uid": uid},
                "summary": summary(&results),
                "results": with_time(results),
            });
            let resource_kind = ApiResource::from_gvk_with_plural(
                &GroupVersionKind::gvk(group, version, kind),
                resource,
            );
            match self.apply(&place, resource, &resource_kind, report, &uid) {
                Ok(()) => {
                    let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
                    written.insert(uid, fingerprint.into());
                }
                Err(error) => {
                    warn!(error = %with_cause(&error), "no policy report");
                    // The next would say the same.
                    return;
                }
            }
        }
    }

    fn apply(
        &self,
        place: &Place,
        resource: &'static str,
        kind: &ApiResource,
        report: Value,
        uid: &str,
    ) -> Result<(), ClusterError> {
        let (namespace, kind) = (place.namespace.clone(), kind.clone());
        let name = format!("{SOURCE}-{uid}");
        let question = Question {
            verb: "patch",
            resource,
            namespace: Some(namespace.clone()),
            name: Some(name.clone()),
        };
        let applied = self.cluster.ask(&question, move |client| {
            let api = Api::<DynamicObject>::namespaced_with(client, &namespace, &kind);
            let (name, report) = (name.clone(), report.clone());
            async move {
                let parameters = PatchParams::apply(FIELD_MANAGER).force();
                api.patch(&name, &parameters, &Patch::Apply(&report)).await
            }
        });
        applied.map(drop)
    }

    /// The kind of reports that this cluster serves.
    fn kind(&self) -> Option<(&'static str, &'static str, &'static str, &'static str)> {
        if let Some(at) = self.kind.get() {
            return KINDS.get(*at).copied();
        }
        let question = Question::list("apigroups", None);
        let groups = self.cluster.ask(
            &question,
            |client| async move { client.list_api_groups().await },
        );
        let served = match groups {
            Ok(groups) => groups.groups,
            Err(error) => {
                warn!(error = %with_cause(&error), "no policy reports");
                return None;
            }
        };
        let at = KINDS
            .iter()
            .position(|(group, ..)| served.iter().any(|one| one.name == *group));
        let Some(at) = at else {
            warn!(
                "no policy reports: this cluster serves neither openreports.io nor wgpolicyk8s.io; install the definitions of one of them, or leave --reports out"
            );
            return None;
        };
        let _ = self.kind.set(at);
        KINDS.get(at).copied()
    }
}

/// What is reported of one image.
fn result(entry: &Entry) -> Value {
    let drift = entry.learner_drift();
    let (outcome, severity) = match (&entry.found, drift) {
        (Err(_), _) => ("error", "medium"),
        (Ok(_), None) => ("pass", "info"),
        (Ok(_), Some(Drift::New)) => ("skip", "info"),
        (Ok(_), Some(Drift::Undetermined(..))) => ("error", "medium"),
        (
            Ok(_),
            Some(
                Drift::Pin(_)
                | Drift::Invalid
                | Drift::Unsigned
                | Drift::Downgrade(_)
                | Drift::Signer(_),
            ),
        ) => ("fail", "high"),
    };
    let told = match &entry.found {
        Err(why) => why.clone(),
        Ok(found) if outcome == "fail" => message(entry, found),
        Ok(_) => drift.map_or_else(|| "no drift".to_owned(), ToString::to_string),
    };
    json!({
        "policy": POLICY,
        "rule": drift.map_or("none", Drift::name),
        "category": "Secure supply chain",
        "severity": severity,
        "source": SOURCE,
        "result": outcome,
        "scored": true,
        "properties": {"image": clean(&entry.image.spelled, LONGEST_IMAGE)},
        "message": told,
    })
}

fn summary(results: &[Value]) -> Value {
    let of = |outcome: &str| {
        let results = results
            .iter()
            .filter(|one| one.get("result").and_then(Value::as_str) == Some(outcome));
        results.count()
    };
    json!({"pass": of("pass"), "fail": of("fail"), "warn": 0, "error": of("error"), "skip": of("skip")})
}

fn with_time(mut results: Vec<Value>) -> Vec<Value> {
    for result in &mut results {
        if let Some(result) = result.as_object_mut() {
            result.insert(
                "timestamp".to_owned(),
                json!({"seconds": Utc::now().timestamp(), "nanos": 0}),
            );
        }
    }
    results
}
