//! What a module says about itself.
//!
//! Invariant: names and order of fields are those that kwctl writes, so that a module annotated here differs from one
//! annotated there by nothing but the key that kwctl adds for itself.

use std::collections::{BTreeMap, BTreeSet};

use kubewarden_policy_sdk::metadata::ProtocolVersion;
use serde::{Deserialize, Serialize};

use continuity_cli::definition::Resource;

/// Metadata of a policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// Asked of the module itself.
    pub protocol_version: Option<ProtocolVersion>,
    /// What it wants to be asked about.
    pub rules: Vec<Rule>,
    /// Title, author, sources and so on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
    /// Whether it changes objects.
    pub mutating: bool,
    /// Whether the audit scanner may ask it.
    #[serde(default = "yes")]
    pub background_audit: bool,
    /// How it is run.
    #[serde(default)]
    pub execution_mode: ExecutionMode,
    /// What it judges.
    #[serde(default)]
    pub policy_type: PolicyType,
    /// What it reads from Kubernetes.
    #[serde(default)]
    pub context_aware_resources: BTreeSet<Resource>,
    /// Which host calls it makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_capabilities: Option<BTreeSet<String>>,
    /// The oldest host that it works on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_kubewarden_version: Option<semver::Version>,
}

const fn yes() -> bool {
    true
}

/// Requests that a policy wants to be asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// `""` is the core group.
    pub api_groups: Vec<String>,
    /// Like `v1`.
    pub api_versions: Vec<String>,
    /// Plural, with subresources as `pods/ephemeralcontainers`.
    pub resources: Vec<String>,
    /// What is done to them.
    pub operations: Vec<Operation>,
}

/// What a request does to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "Kubernetes' words")]
pub enum Operation {
    Create,
    Update,
    Delete,
    Connect,
    #[serde(rename = "*")]
    All,
}

/// How a module is run. Only waPC is run here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "Kubewarden's words")]
pub enum ExecutionMode {
    #[default]
    KubewardenWapc,
    Opa,
    Gatekeeper,
    Wasi,
}

/// What a policy judges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "Kubewarden's words")]
pub enum PolicyType {
    #[default]
    Kubernetes,
    Raw,
}

impl Metadata {
    /// What Kubewarden would refuse, in words; nothing if it would not.
    #[must_use]
    pub fn defects(&self) -> Vec<String> {
        let mut defects = Vec::new();
        if self.protocol_version != Some(ProtocolVersion::V1) {
            defects.push("protocolVersion: expected v1".to_owned());
        }
        for (index, rule) in self.rules.iter().enumerate() {
            let operations: Vec<String> = rule
                .operations
                .iter()
                .map(|operation| match operation {
                    Operation::All => "*".to_owned(),
                    Operation::Create
                    | Operation::Update
                    | Operation::Delete
                    | Operation::Connect => String::new(),
                })
                .collect();
            for (field, values, wildcard) in [
                ("apiGroups", &rule.api_groups, true),
                ("apiVersions", &rule.api_versions, true),
                ("resources", &rule.resources, false),
                ("operations", &operations, true),
            ] {
                if values.is_empty() {
                    defects.push(format!(
                        "rules[{index}].{field}: expected at least one, got none"
                    ));
                }
                if wildcard && values.len() > 1 && values.iter().any(|value| value == "*") {
                    defects.push(format!(
                        "rules[{index}].{field}: expected nothing beside `*`"
                    ));
                }
            }
            if rule.resources.iter().any(String::is_empty) {
                defects.push(format!(
                    "rules[{index}].resources: expected a name, got an empty text"
                ));
            }
        }
        defects
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn has_the_fields_that_kwctl_writes_in_the_order_in_which_it_does() {
        let yaml = "
            mutating: false
            minimumKubewardenVersion: 1.30.0
            contextAwareResources: [{apiVersion: v1, kind: ConfigMap}]
            hostCapabilities: [oci/v2/verify, crypto/v1/is_certificate_trusted]
            rules: [{apiGroups: [''], apiVersions: [v1], resources: [pods], operations: [CREATE, UPDATE]}]
            annotations: {b: two, a: one}
        ";
        let mut metadata: Metadata = yaml_serde::from_str(yaml).unwrap();
        metadata.protocol_version = Some(ProtocolVersion::V1);
        assert_eq!(metadata.defects(), Vec::<String>::new());
        assert_eq!(
            serde_json::to_string(&metadata).unwrap(),
            concat!(
                r#"{"protocolVersion":"v1","rules":[{"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"],"#,
                r#""operations":["CREATE","UPDATE"]}],"annotations":{"a":"one","b":"two"},"mutating":false,"#,
                r#""backgroundAudit":true,"executionMode":"kubewarden-wapc","policyType":"kubernetes","#,
                r#""contextAwareResources":[{"apiVersion":"v1","kind":"ConfigMap"}],"#,
                r#""hostCapabilities":["crypto/v1/is_certificate_trusted","oci/v2/verify"],"#,
                r#""minimumKubewardenVersion":"1.30.0"}"#
            )
        );
    }

    #[test]
    fn rejects_rules_that_kubewarden_would_refuse() {
        let yaml = "
            mutating: false
            rules: [{apiGroups: ['*', apps], apiVersions: [], resources: [''], operations: ['*', CREATE]}]
        ";
        let metadata: Metadata = yaml_serde::from_str(yaml).unwrap();
        assert_eq!(metadata.defects().len(), 5, "{:?}", metadata.defects());
    }
}
