//! Proof that an entry is in a log: the entry is the only one of its tree, and the log has signed the tree's root.
//!
//! Invariant: computed by the rules of RFC 6962 and of signed notes, for a tree of one leaf; a real log's tree is larger,
//! which changes the path and nothing else.

use anyhow::{Context, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{LogEntry, TransparencyLog};

/// The log's name in its checkpoints.
const ORIGIN: &str = "rekor.example";

/// The `inclusionProof` of a bundle's log entry.
///
/// # Errors
/// When the entry's body is no base64, or the log's key cannot sign.
pub fn inclusion_proof(log: &TransparencyLog, entry: &LogEntry) -> Result<Value> {
    let body = STANDARD
        .decode(&entry.payload.body)
        .context("expected a body in base64")?;
    // A leaf's hash begins with a zero byte; a tree of one leaf has it as its root.
    let root = Sha256::new_with_prefix([0]).chain_update(body).finalize();
    let root = STANDARD.encode(root);
    Ok(json!({
        "logIndex": "0",
        "rootHash": root,
        "treeSize": "1",
        "hashes": [],
        "checkpoint": {"envelope": checkpoint(log, &root)?},
    }))
}

/// A signed note: three lines, an empty one, and a signature behind the first four bytes of the log's id.
fn checkpoint(log: &TransparencyLog, root: &str) -> Result<String> {
    let note = format!("{ORIGIN}\n1\n{root}\n");
    let mut signature: Vec<u8> = log.id().into_iter().take(4).collect();
    signature.extend(log.key().sign(note.as_bytes())?);
    Ok(format!(
        "{note}\n\u{2014} {ORIGIN} {}\n",
        STANDARD.encode(signature)
    ))
}
