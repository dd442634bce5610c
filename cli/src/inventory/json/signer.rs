//! Signers and signatures in JSON.

use super::time;
use crate::inventory::shown;
use crate::observation::{Signature, SignedRepository};
use serde::Serialize;
use signature_continuity::baseline::Format;
use signature_continuity::provenance::Provenance;
use signature_continuity::signer::Signer;
use std::collections::BTreeMap;

/// Who; complete, so that it can be approved as it stands.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignerDocument<'a> {
    id: String,
    /// For people.
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key: Option<KeyDocument>,
}

#[derive(Serialize)]
struct KeyDocument {
    sha256: String,
    pem: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignatureDocument<'a> {
    signer: SignerDocument<'a>,
    known: bool,
    format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    logged_at: Option<String>,
    /// `here`, `elsewhere`, `unsaid`.
    signed_repository: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    made_for: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    introduces: Vec<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    provenance: BTreeMap<&'static str, &'a str>,
}

impl<'a> SignerDocument<'a> {
    pub(super) fn of(signer: &'a Signer) -> Self {
        let base = Self {
            id: signer.id().to_string(),
            name: shown::signer(signer),
            issuer: None,
            subject: None,
            source_id: None,
            owner_id: None,
            public_key: None,
        };
        match signer {
            Signer::Keyless(keyless) => Self {
                issuer: Some(&keyless.issuer),
                subject: Some(&keyless.subject),
                source_id: keyless.caller.as_ref().map(|c| c.source_id.as_str()),
                owner_id: keyless.caller.as_ref().map(|c| c.owner_id.as_str()),
                ..base
            },
            Signer::Key(key) => Self {
                public_key: Some(KeyDocument {
                    sha256: key.sha256(),
                    pem: key.pem(),
                }),
                ..base
            },
        }
    }
}

impl<'a> SignatureDocument<'a> {
    pub(super) fn of(signature: &'a Signature, known: bool) -> Self {
        let (signed_repository, made_for) = match &signature.signed_repository {
            SignedRepository::Here => ("here", None),
            SignedRepository::Elsewhere(name) => ("elsewhere", Some(name.as_str())),
            SignedRepository::Unsaid => ("unsaid", None),
        };
        Self {
            signer: SignerDocument::of(signature.proven.signer()),
            known,
            format: format(signature.format()),
            logged_at: signature.logged_at.map(time),
            signed_repository,
            made_for,
            introduces: signature.introduces.keys().map(|id| id.as_str()).collect(),
            provenance: signature
                .proven
                .provenance()
                .map(attested)
                .unwrap_or_default(),
        }
    }
}

/// What the CA said, and nothing of what it did not.
fn attested(provenance: &Provenance) -> BTreeMap<&'static str, &str> {
    let Provenance {
        builder,
        runner,
        source,
        source_id,
        owner,
        owner_id,
        build_config,
        trigger,
        workflow_repository,
    } = provenance;
    [
        ("builder", builder),
        ("runner", runner),
        ("source", source),
        ("sourceId", source_id),
        ("owner", owner),
        ("ownerId", owner_id),
        ("buildConfig", build_config),
        ("trigger", trigger),
        ("workflowRepository", workflow_repository),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value.as_deref()?)))
    .collect()
}

/// As in baselines.
pub(super) fn format(format: Format) -> &'static str {
    match format {
        Format::Cosign2 => "cosign2",
        Format::Bundle => "bundle",
    }
}
