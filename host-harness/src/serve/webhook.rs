//! What an API server needs to know to ask: a webhook configuration, as Kubewarden's controller makes it of a policy.
//!
//! Invariant: rules, selectors and timeouts are those of the definition, and absent ones what Kubewarden takes instead.
//! Kubewarden's own namespace is left out, as it is there.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use continuity_cli::definition;
use continuity_cli::output::{note, read_text};

/// Where Kubewarden is, unless somebody says otherwise.
const KUBEWARDEN: &str = "kubewarden";

/// By which name, and with what trust, an API server reaches this server.
#[derive(Debug)]
pub(crate) struct ServerAddress<'a> {
    /// A host name or an address.
    pub(crate) host: &'a str,
    /// Its port.
    pub(crate) port: u16,
    /// What issued its certificate, as PEM.
    pub(crate) authority: &'a str,
    /// The namespace that is left out, where it is another than Kubewarden's usual one.
    pub(crate) left_out: Option<&'a str>,
}

/// What a definition says about who is asked, and when.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    rules: Vec<Value>,
    #[serde(default)]
    mutating: bool,
    #[serde(default)]
    failure_policy: Option<String>,
    #[serde(default)]
    match_policy: Option<String>,
    #[serde(default)]
    namespace_selector: Option<Map<String, Value>>,
    #[serde(default)]
    object_selector: Option<Value>,
    #[serde(default)]
    match_conditions: Option<Vec<Value>>,
    #[serde(default)]
    side_effects: Option<String>,
    #[serde(default)]
    timeout_seconds: Option<u8>,
    #[serde(default)]
    allow_inside_admission_controller_namespace: bool,
}

/// The configurations for all ClusterAdmissionPolicies in these files, as YAML.
pub(crate) fn webhook_configurations<'a>(
    files: impl IntoIterator<Item = &'a Path>,
    server: &ServerAddress<'_>,
) -> anyhow::Result<String> {
    let mut documents = Vec::new();
    for file in files {
        let text = read_text(file, "the policy")?;
        let objects = definition::documents(&text)?.into_iter();
        for object in objects.filter(|it| it.kind == "ClusterAdmissionPolicy") {
            let name = object.name().to_owned();
            let configuration = configuration(&name, object.spec, server)
                .with_context(|| format!("policy `{name}` in `{}`", file.display()))?;
            documents.push(yaml_serde::to_string(&configuration)?);
        }
    }
    Ok(documents.join("---\n"))
}

fn configuration(name: &str, spec: Value, server: &ServerAddress<'_>) -> anyhow::Result<Value> {
    let spec: Spec = serde_json::from_value(spec)?;
    if spec.rules.is_empty() {
        bail!("it has no `rules`, so an API server would ask it nothing");
    }
    let id = format!("clusterwide-{name}");
    let kind = if spec.mutating {
        "MutatingWebhookConfiguration"
    } else {
        "ValidatingWebhookConfiguration"
    };
    let mut webhook = json!({
        "name": format!("{id}.kubewarden.admission"),
        "admissionReviewVersions": ["v1"],
        "clientConfig": {
            "url": format!("https://{}/validate/{id}", url_authority(server.host, server.port)),
            "caBundle": STANDARD.encode(server.authority),
        },
        "rules": spec.rules,
        "failurePolicy": spec.failure_policy.as_deref().unwrap_or("Fail"),
        "matchPolicy": spec.match_policy.as_deref().unwrap_or("Equivalent"),
        "namespaceSelector": namespace_selector(name, &spec, server),
        "sideEffects": spec.side_effects.as_deref().unwrap_or("None"),
        "timeoutSeconds": spec.timeout_seconds.unwrap_or(10),
    });
    if let Some(fields) = webhook.as_object_mut() {
        let optional = [
            ("objectSelector", spec.object_selector),
            ("matchConditions", spec.match_conditions.map(Value::Array)),
        ];
        for (field, value) in optional {
            if let Some(value) = value {
                fields.insert(field.to_owned(), value);
            }
        }
    }
    Ok(json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {
            "name": id,
            "labels": {"app.kubernetes.io/managed-by": "continuity-harness"},
        },
        "webhooks": [webhook],
    }))
}

/// Kubewarden keeps `matchExpressions` alone, and adds its own namespace as excluded.
fn namespace_selector(name: &str, spec: &Spec, server: &ServerAddress<'_>) -> Value {
    let selector = spec.namespace_selector.as_ref();
    if spec.allow_inside_admission_controller_namespace {
        return selector.map_or_else(|| json!({}), |it| Value::Object(it.clone()));
    }
    let mut expressions = vec![json!({
        "key": "kubernetes.io/metadata.name",
        "operator": "NotIn",
        "values": [server.left_out.unwrap_or(KUBEWARDEN)],
    })];
    if let Some(selector) = selector {
        if selector.contains_key("matchLabels") {
            note(&format!(
                "warning: `{name}` has a namespaceSelector with matchLabels; Kubewarden drops them, and so does this: \
                 write matchExpressions"
            ));
        }
        if let Some(Value::Array(more)) = selector.get("matchExpressions") {
            expressions.extend(more.iter().cloned());
        }
    }
    json!({ "matchExpressions": expressions })
}

/// Host and port, as URLs spell them.
pub(crate) fn url_authority(host: &str, port: u16) -> String {
    match host.parse() {
        Ok(address) => SocketAddr::new(address, port).to_string(),
        Err(_) => format!("{host}:{port}"),
    }
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
