//! The rule that each log entry must be its own layer's.
//!
//! The host says that the certificate's key signed a payload naming the digest, and that *a* log entry lies inside the
//! certificate's validity; it names no layer. Whoever has a leaf's key after its ten minutes (it leaked, it was kept)
//! could put an old entry beside a new signature. Invariant: a leaf stands only when no such entry can have been used.

use super::Problem;
use crate::certificate::Leaf;
use crate::claims::{Claims, Layer};
use crate::log_entry::{EntryBody, Verifier};

/// Whether the log entries allow `leaf` to prove anything.
pub(super) fn stands(claims: &Claims, leaf: &Leaf) -> Result<(), Problem> {
    let mut has_entry = false;
    let mut problems = Vec::new();
    for layer in claims.layers() {
        let own = layer
            .leaf()
            .is_some_and(|claimed| claimed.der() == leaf.der());
        match judge(layer, leaf, own) {
            Ok(in_validity) => has_entry |= own && in_validity,
            Err(problem) => problems.push(problem),
        }
    }
    // Contradictions first: they sort before what merely cannot be read.
    match problems.into_iter().min() {
        Some(problem) => Err(problem),
        None if has_entry => Ok(()),
        None => Err(Problem::NoLogEntry),
    }
}

/// Whether this layer has an entry inside the leaf's validity, if it is one that the leaf can live with.
fn judge(layer: &Layer, leaf: &Leaf, own: bool) -> Result<bool, Problem> {
    let entry = match &layer.entry {
        // Without an entry the host cannot have used this layer: it was asked for one.
        None => return Ok(false),
        Some(Err(_)) if own => return Err(Problem::LogEntry("cannot be read".to_owned())),
        Some(Err(_)) => {
            return Err(Problem::Contradiction(
                "a log entry beside it cannot be read",
            ));
        }
        Some(Ok(entry)) => entry,
    };
    if !leaf.valid_at(entry.integrated_time) {
        return if own {
            Err(Problem::Contradiction(
                "the log entry is dated outside the certificate's validity",
            ))
        } else {
            Ok(false)
        };
    }
    match (layer.own_entry(), &entry.body) {
        (Some((_, Verifier::Certificate(der))), _) if own && der == leaf.der() => Ok(true),
        (Some(_), _) if own => Err(Problem::Contradiction("the log entry is of another signer")),
        (Some(_), _) => Ok(true),
        (None, EntryBody::Other(kind)) if own => {
            Err(Problem::LogEntry(format!("is of the kind {kind}")))
        }
        (None, _) if own => Err(Problem::Contradiction(
            "the log entry is of another signature",
        )),
        (None, _) => Err(Problem::Contradiction(
            "a log entry beside it is of another signature",
        )),
    }
}

/// What is wrong with a layer that claims a key, or nothing at all.
pub(super) fn problem_without_certificate(layer: &Layer) -> Option<Problem> {
    let entry = match &layer.entry {
        None => return Some(Problem::UnknownKey),
        Some(Err(_)) => return Some(Problem::LogEntry("cannot be read".to_owned())),
        Some(Ok(entry)) => entry,
    };
    match (layer.own_entry(), &entry.body) {
        (Some((_, Verifier::Key(_))), _) => None,
        (Some((_, Verifier::Certificate(_))), _) => Some(Problem::LogEntry(
            "names a certificate that the signature does not carry".to_owned(),
        )),
        (Some((_, Verifier::Unreadable(why))), _) => Some(Problem::Key(why.clone())),
        (None, EntryBody::Other(kind)) => Some(Problem::LogEntry(format!("is of the kind {kind}"))),
        (None, EntryBody::HashedRekord { .. }) => Some(Problem::Contradiction(
            "the log entry is of another signature",
        )),
    }
}
