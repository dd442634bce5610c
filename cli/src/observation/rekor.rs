//! The transparency log as a second witness: what it knows of an image's signatures.
//!
//! Invariant: it only ever adds a remark. What the log says proves nothing here, and a log that does not answer is no
//! statement about any image. Only signatures over cosign's default payload can be asked for: the log is searched by
//! what was signed.

use crate::inventory::Found;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use continuity_registry::runtime;
use serde::Deserialize;
use serde_json::{Value, json};
use signature_continuity::baseline::Format;
use signature_continuity::certificate::Leaf;
use signature_continuity::clean::clean;
use signature_continuity::digest::Digest;
use signature_continuity::log_entry::{EntryBody, LogEntry, Verifier};
use signature_continuity::posture::Posture;
use signature_continuity::proof::default_payload;
use signature_continuity::settings::Settings;
use signature_continuity::signer::Signer;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use url::Url;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many entries of one image are read.
const MOST_ENTRIES: usize = 32;
/// How many of them the log gives at once (Rekor's API, `SearchLogQuery`).
const AT_ONCE: usize = 10;
/// The largest answer that is read.
const LARGEST: usize = 4 << 20;

/// A log.
pub struct Rekor {
    url: Url,
    client: reqwest::Client,
}

/// Where log and registry differ about an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Divergence {
    /// The log has a signature that the registry does not have, by whom.
    OnlyInTheLog(String),
    /// The registry has a logged signature that the log does not know, by whom.
    OnlyInTheRegistry(String),
    /// The log has so many more entries than are read: whose those are is not known.
    NotRead(usize),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    body: String,
    integrated_time: i64,
}

impl Rekor {
    /// The log at `url`.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(url: Url) -> anyhow::Result<Self> {
        runtime::start()?;
        Ok(Self {
            url,
            client: reqwest::Client::builder().timeout(PATIENCE).build()?,
        })
    }

    /// Where the log and the registry differ about an image that was seen.
    ///
    /// # Errors
    /// When the log does not answer, or not in its own words.
    pub fn compare(&self, settings: &Settings, found: &Found) -> anyhow::Result<Vec<Divergence>> {
        let Some(digest) = &found.seen.observation.digest else {
            return Ok(Vec::new());
        };
        // What could not be seen, or not be proven here, may be there all the same.
        let observation = &found.seen.observation;
        let all_seen = matches!(observation.posture, Posture::Signed | Posture::Unsigned);
        if observation.incomplete || !all_seen {
            return Ok(Vec::new());
        }
        let mut logged = BTreeSet::new();
        let mut not_read = 0_usize;
        for payload in payloads(settings, found, digest) {
            let (signers, more) = self.signers(&payload)?;
            logged.extend(signers);
            not_read = not_read.saturating_add(more);
        }
        let registered: BTreeSet<String> = found
            .seen
            .signatures
            .iter()
            .filter(|s| s.format() == Format::Cosign2 && s.logged_at.is_some())
            .map(|s| named(s.proven.signer()))
            .collect();
        let only_logged = logged.difference(&registered).cloned();
        // What was not read could be any of them.
        let only_registered = registered.difference(&logged).filter(|_| not_read == 0);
        Ok(only_logged
            .map(Divergence::OnlyInTheLog)
            .chain(only_registered.cloned().map(Divergence::OnlyInTheRegistry))
            .chain((not_read > 0).then_some(Divergence::NotRead(not_read)))
            .collect())
    }

    /// Who signed what has this digest, as far as the log knows, and how many more entries there are than were read.
    fn signers(&self, payload: &Digest) -> anyhow::Result<(BTreeSet<String>, usize)> {
        let question = json!({"hash": payload.to_string()});
        let uuids: Vec<String> = self.ask("api/v1/index/retrieve", &question)?;
        if uuids.is_empty() {
            return Ok((BTreeSet::new(), 0));
        }
        let asked = uuids.get(..MOST_ENTRIES).unwrap_or(&uuids);
        let mut signers = BTreeSet::new();
        for some in asked.chunks(AT_ONCE) {
            let question = json!({"entryUUIDs": some});
            let answers: Vec<BTreeMap<String, Entry>> =
                self.ask("api/v1/log/entries/retrieve", &question)?;
            let entries = answers.into_iter().flat_map(BTreeMap::into_values);
            let entries = entries.take(AT_ONCE);
            signers.extend(entries.filter_map(|entry| signer(&entry, payload)));
        }
        Ok((signers, uuids.len().saturating_sub(asked.len())))
    }

    fn ask<T: serde::de::DeserializeOwned>(&self, path: &str, body: &Value) -> anyhow::Result<T> {
        let mut url = self.url.clone();
        let prefix = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{prefix}/{path}"));
        let request = self.client.post(url).json(body);
        let bytes = runtime::wait(async move {
            let mut response = request.send().await?.error_for_status()?;
            let mut bytes = Vec::new();
            while let Some(chunk) = response.chunk().await? {
                anyhow::ensure!(
                    bytes.len().saturating_add(chunk.len()) <= LARGEST,
                    "the log's answer is larger than {LARGEST} bytes"
                );
                bytes.extend_from_slice(&chunk);
            }
            Ok(bytes)
        })??;
        Ok(serde_json::from_slice(&bytes)?)
    }
}

/// What signing tools sign for this image, under each name that the repository has.
fn payloads(settings: &Settings, found: &Found, digest: &Digest) -> BTreeSet<Digest> {
    let aliased = settings.aliased(&found.repository);
    let names = found.repository.payload_names().into_iter();
    names
        .chain(aliased.payload_names())
        .map(|name| Digest::of(default_payload(&name, digest).as_bytes()))
        .collect()
}

/// Who made an entry over `payload`.
fn signer(entry: &Entry, payload: &Digest) -> Option<String> {
    // As a signature's annotation has it.
    let annotation = json!({
        "SignedEntryTimestamp": "",
        "Payload": {"body": entry.body, "integratedTime": entry.integrated_time},
    });
    STANDARD.decode(&entry.body).ok()?;
    let entry = LogEntry::from_annotation(&annotation.to_string()).ok()?;
    match entry.body {
        EntryBody::HashedRekord { hash, verifier, .. } if hash == payload.hex() => match verifier {
            Verifier::Certificate(der) => Some(named(&Signer::of_leaf(&Leaf::from_der(der).ok()?))),
            Verifier::Key(key) => Some(named(&Signer::Key(key))),
            Verifier::Unreadable(_) => None,
        },
        EntryBody::HashedRekord { .. } | EntryBody::Other(_) => None,
    }
}

fn named(signer: &Signer) -> String {
    format!(
        "{} ({})",
        clean(&signer.to_string(), 200),
        signer.id().short()
    )
}
