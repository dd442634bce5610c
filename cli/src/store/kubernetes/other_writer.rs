//! Who else writes an object.
//!
//! Invariant: one store per cluster. What a GitOps tool applies it will apply again, over whatever was learned since; so
//! an object that anybody but this tool manages is not written, and the message says how to hand it over.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use kube::api::ObjectMeta;
use signature_continuity::clean::clean;

use crate::kubernetes::FIELD_MANAGER;
use crate::store::object::WRITER;

/// As in the state object's annotation.
pub(super) const THIS_WRITER: &str = "kubernetes";

const LONGEST_NAME: usize = 63;
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// What tools leave on what they apply.
const MARKS: [(&str, &str); 5] = [
    ("argocd.argoproj.io/tracking-id", "Argo CD"),
    ("argocd.argoproj.io/instance", "Argo CD"),
    ("kustomize.toolkit.fluxcd.io/name", "Flux"),
    ("helm.toolkit.fluxcd.io/name", "Flux"),
    ("meta.helm.sh/release-name", "Helm"),
];

/// Somebody else who writes an object, by what the object says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OtherWriter {
    /// It comes from a directory that `continuity` keeps.
    Directory,
    /// It carries a tool's mark.
    Marked {
        by: String,
        /// `label argocd.argoproj.io/instance`
        mark: String,
    },
    /// The API server recorded another manager of its data.
    Manager(String),
}

impl OtherWriter {
    /// The first that can be told.
    pub(super) fn of(metadata: &ObjectMeta) -> Option<Self> {
        Self::by_annotation(metadata)
            .or_else(|| Self::by_mark(metadata))
            .or_else(|| Self::by_manager(metadata))
    }

    fn by_annotation(metadata: &ObjectMeta) -> Option<Self> {
        let writer = metadata.annotations.as_ref()?.get(WRITER)?;
        (writer != THIS_WRITER).then_some(Self::Directory)
    }

    fn by_mark(metadata: &ObjectMeta) -> Option<Self> {
        let labels = metadata.labels.iter().map(|map| ("label", map));
        let annotations = metadata.annotations.iter().map(|map| ("annotation", map));
        for (what, map) in labels.chain(annotations) {
            for (key, by) in MARKS {
                if map.contains_key(key) {
                    return Some(Self::Marked {
                        by: by.to_owned(),
                        mark: format!("{what} {key}"),
                    });
                }
            }
            if let Some(by) = map.get(MANAGED_BY).filter(|by| *by != FIELD_MANAGER) {
                return Some(Self::Marked {
                    by: clean(by, LONGEST_NAME),
                    mark: format!("{what} {MANAGED_BY}"),
                });
            }
        }
        None
    }

    fn by_manager(metadata: &ObjectMeta) -> Option<Self> {
        metadata
            .managed_fields
            .iter()
            .flatten()
            .filter(|entry| owns_data(entry))
            .map(|entry| entry.manager.as_deref().unwrap_or("an unnamed manager"))
            .find(|manager| *manager != FIELD_MANAGER)
            .map(|manager| Self::Manager(clean(manager, LONGEST_NAME)))
    }

    /// What it means for whoever wanted to write `name`, and the way out.
    pub(super) fn refusal(&self, namespace: &str, name: &str) -> String {
        let name = clean(name, 253);
        match self {
            Self::Directory => format!(
                "{name} is not written: the store of this cluster is a directory that something applies ({WRITER}: directory); \
                 write there (--store dir:PATH), or stop what applies it and hand the cluster over: \
                 kubectl --namespace {namespace} annotate configmap {name} {WRITER}={THIS_WRITER} --overwrite"
            ),
            Self::Marked { by, mark } => format!(
                "{name} is not written: {by} applies it ({mark}) and would undo it; \
                 write where {by} takes it from (--store dir:PATH), or take the baselines out of {by} and remove that {}",
                mark.split(' ').next().unwrap_or_default(),
            ),
            Self::Manager(manager) => format!(
                "{name} is not written: its data belongs to {manager}, and one store is kept for a cluster; \
                 write where {manager} takes it from (--store dir:PATH), or stop {manager} and hand the object over: \
                 kubectl --namespace {namespace} patch configmap {name} --type merge --patch '{{\"metadata\":{{\"managedFields\":[{{}}]}}}}'"
            ),
        }
    }
}

fn owns_data(entry: &ManagedFieldsEntry) -> bool {
    let fields = entry.fields_v1.as_ref().map(|fields| &fields.0);
    fields.is_some_and(|fields| {
        ["f:data", "f:binaryData"]
            .iter()
            .any(|field| fields.get(field).is_some())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    fn of(metadata: Value) -> Option<OtherWriter> {
        OtherWriter::of(&serde_json::from_value(metadata).unwrap())
    }

    #[rstest]
    #[case::nothing(json!({}))]
    #[case::ours(json!({
        "annotations": {"signature-continuity/writer": "kubernetes"},
        "labels": {"app.kubernetes.io/managed-by": "continuity"},
        "managedFields": [{"manager": "continuity", "fieldsV1": {"f:data": {"f:baseline.json": {}}}}],
    }))]
    #[case::metadata_only(json!({
        "managedFields": [{"manager": "kubectl-label", "fieldsV1": {"f:metadata": {"f:labels": {}}}}],
    }))]
    fn this_tool_alone(#[case] metadata: Value) {
        assert_eq!(of(metadata), None);
    }

    #[rstest]
    #[case::directory(json!({"annotations": {"signature-continuity/writer": "directory"}}), "annotate configmap a")]
    #[case::argo_by_annotation(json!({"annotations": {"argocd.argoproj.io/tracking-id": "x"}}), "Argo CD applies it (annotation argo")]
    #[case::argo_by_label(json!({"labels": {"argocd.argoproj.io/instance": "x"}}), "Argo CD applies it (label argo")]
    #[case::flux(json!({"labels": {"kustomize.toolkit.fluxcd.io/name": "x"}}), "Flux applies it")]
    #[case::helm(json!({"labels": {"app.kubernetes.io/managed-by": "Helm"}}), "Helm applies it")]
    #[case::hostile(json!({"labels": {"app.kubernetes.io/managed-by": "a\u{202e}b"}}), "a?b applies it")]
    #[case::manager(json!({
        "managedFields": [
            {"manager": "continuity", "fieldsV1": {"f:data": {"f:repository": {}}}},
            {"manager": "kubectl-edit", "fieldsV1": {"f:data": {"f:baseline.json": {}}}},
        ],
    }), "its data belongs to kubectl-edit")]
    #[case::nameless(json!({"managedFields": [{"fieldsV1": {"f:binaryData": {}}}]}), "an unnamed manager")]
    fn somebody_else(#[case] metadata: Value, #[case] expected: &str) {
        let refusal = of(metadata).unwrap().refusal("ns", "a");
        assert!(refusal.contains(expected), "{refusal}");
    }
}
