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
    let mut outside = false;
    let mut problems = Vec::new();
    for layer in claims.layers() {
        let own = layer
            .leaf()
            .is_some_and(|claimed| claimed.der() == leaf.der());
        match judge(layer, leaf, own) {
            Ok(Standing::Own) => has_entry |= own,
            Ok(Standing::Outside) => outside |= own,
            Ok(Standing::Unlogged) => {}
            Err(problem) => problems.push(problem),
        }
    }
    // Contradictions first: they sort before what merely cannot be read.
    match problems.into_iter().min() {
        Some(problem) => Err(problem),
        None if has_entry => Ok(()),
        None if outside => Err(Problem::Contradiction(
            "the log entry is dated outside the certificate's validity",
        )),
        None => Err(Problem::NoLogEntry),
    }
}

/// How a layer's log entry stands to a leaf that can live with it.
enum Standing {
    /// Without an entry the host cannot have used this layer: it was asked for one.
    Unlogged,
    /// Outside the leaf's validity the host cannot have used it either.
    Outside,
    /// Inside, and the layer's own.
    Own,
}

/// How this layer's entry stands to the leaf, if it is one that the leaf can live with.
fn judge(layer: &Layer, leaf: &Leaf, own: bool) -> Result<Standing, Problem> {
    let entry = match &layer.entry {
        None => return Ok(Standing::Unlogged),
        Some(Err(_)) if own => return Err(Problem::LogEntry("cannot be read".to_owned())),
        Some(Err(_)) => {
            return Err(Problem::Contradiction(
                "a log entry beside it cannot be read",
            ));
        }
        Some(Ok(entry)) => entry,
    };
    if !leaf.valid_at(entry.integrated_time) {
        return Ok(Standing::Outside);
    }
    match (layer.own_entry(), &entry.body) {
        (Some((_, Verifier::Certificate(der))), _) if der == leaf.der() => Ok(Standing::Own),
        (Some(_), _) if own => Err(Problem::Contradiction("the log entry is of another signer")),
        (Some(_), _) => Ok(Standing::Own),
        (None, EntryBody::Other(kind)) if own => Err(of_kind(kind)),
        (None, _) if own => Err(Problem::Contradiction(
            "the log entry is of another signature",
        )),
        (None, _) => Err(Problem::Contradiction(
            "a log entry beside it is of another signature",
        )),
    }
}

/// An entry of a kind that says nothing here. One over another hash is a signature that hosts refuse and the learner
/// can prove.
fn of_kind(kind: &str) -> Problem {
    if kind.starts_with("hashedrekord with ") {
        Problem::Key(format!("logged as {kind}, which hosts refuse"))
    } else {
        Problem::LogEntry(format!("is of the kind {kind}"))
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
        (None, EntryBody::Other(kind)) => Some(of_kind(kind)),
        (None, EntryBody::HashedRekord { .. }) => Some(Problem::Contradiction(
            "the log entry is of another signature",
        )),
    }
}
