//! What the registry keeps beside the blobs: manifests, faults, and what it was asked.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

use super::{Fault, FaultRule, Seen, faults::Answer};
use crate::sigstore::digest_of;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A manifest as it was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
}

/// Shared between the server and the handle.
#[derive(Debug, Default)]
pub(super) struct Shelf(Mutex<Contents>);

#[derive(Debug, Default)]
struct Contents {
    manifests: HashMap<(String, String), Stored>,
    faults: Vec<FaultRule>,
    seen: Vec<Seen>,
    /// How many referrers there are on a page, where the API is switched on.
    referrers_page: Option<usize>,
}

impl Shelf {
    /// Keeps a manifest under its digest and, where that is another, the reference it was pushed to.
    pub(super) fn put(&self, repository: &str, reference: &str, manifest: Stored) -> String {
        let digest = digest_of(&manifest.bytes);
        let mut contents = self.contents();
        contents
            .manifests
            .insert((repository.to_owned(), digest.clone()), manifest.clone());
        contents
            .manifests
            .insert((repository.to_owned(), reference.to_owned()), manifest);
        digest
    }

    pub(super) fn manifest(&self, repository: &str, reference: &str) -> Option<Stored> {
        self.contents()
            .manifests
            .get(&(repository.to_owned(), reference.to_owned()))
            .cloned()
    }

    pub(super) fn remove(&self, repository: &str, reference: &str) -> bool {
        self.contents()
            .manifests
            .remove(&(repository.to_owned(), reference.to_owned()))
            .is_some()
    }

    pub(super) fn serve_referrers(&self, page: Option<usize>) {
        self.contents().referrers_page = page;
    }

    /// Page `page` of what names `digest` as its subject, where the API is switched on.
    pub(super) fn referrers(&self, repository: &str, digest: &str, page: usize) -> Option<Answer> {
        let contents = self.contents();
        let size = contents.referrers_page?.max(1);
        let mut listed: Vec<(String, Value)> = contents
            .manifests
            .iter()
            .filter(|((own, reference), _)| own == repository && reference.contains(':'))
            .filter_map(|((_, own), stored)| {
                let manifest: Value = serde_json::from_slice(&stored.bytes).ok()?;
                (manifest.pointer("/subject/digest")?.as_str()? == digest).then(|| {
                    let descriptor = json!({
                        "mediaType": stored.media_type,
                        "digest": own,
                        "size": stored.bytes.len(),
                        "artifactType": manifest.get("artifactType"),
                        "annotations": manifest.get("annotations"),
                    });
                    (own.clone(), descriptor)
                })
            })
            .collect();
        listed.sort_by(|a, b| a.0.cmp(&b.0));
        let more = listed.len() > (page + 1) * size;
        let manifests: Vec<Value> = listed
            .into_iter()
            .skip(page * size)
            .take(size)
            .map(|(_, descriptor)| descriptor)
            .collect();
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
        let answer = Answer::new(200, INDEX, index.to_string().into_bytes());
        Some(if more {
            let next = format!(
                "</v2/{repository}/referrers/{digest}?page={}>; rel=\"next\"",
                page + 1
            );
            answer.with("link", next)
        } else {
            answer
        })
    }

    /// At most `most` tags, in order, behind the first `from`.
    pub(super) fn tags(&self, repository: &str, from: usize, most: usize) -> Answer {
        let contents = self.contents();
        let mut tags: Vec<&String> = contents
            .manifests
            .keys()
            .filter(|(own, reference)| own == repository && !reference.contains(':'))
            .map(|(_, tag)| tag)
            .collect();
        tags.sort();
        let end = from.saturating_add(most);
        let more = tags.len() > end;
        let tags: Vec<&String> = tags.into_iter().skip(from).take(most).collect();
        let list = json!({"name": repository, "tags": tags}).to_string();
        let answer = Answer::new(200, "application/json", list.into_bytes());
        if more {
            let next = format!("</v2/{repository}/tags/list?n={most}&from={end}>; rel=\"next\"");
            answer.with("link", next)
        } else {
            answer
        }
    }

    pub(super) fn add_fault(&self, rule: FaultRule) {
        self.contents().faults.push(rule);
    }

    pub(super) fn clear_faults(&self) {
        self.contents().faults.clear();
    }

    /// The first fault that strikes.
    pub(super) fn strike(&self, repository: &str, reference: &str) -> Option<Fault> {
        self.contents()
            .faults
            .iter_mut()
            .find_map(|rule| rule.strike(repository, reference))
    }

    /// Writes a request down before it is answered; returns where.
    pub(super) fn begin(&self, seen: Seen) -> usize {
        let mut contents = self.contents();
        contents.seen.push(seen);
        contents.seen.len() - 1
    }

    pub(super) fn end(&self, at: usize, status: u16) {
        if let Some(seen) = self.contents().seen.get_mut(at) {
            seen.status = Some(status);
        }
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.contents().seen.clone()
    }

    pub(super) fn forget_seen(&self) {
        self.contents().seen.clear();
    }

    /// A panic elsewhere leaves the contents as they are, which is good enough for a test's second look.
    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
