//! Which claims there are, and in which order they are asked about.
//!
//! Invariant: each distinct claim once, whatever the order of layers, and those by known signers first, so that nobody
//! can spend the time on strangers.

use super::{Problem, log};
use crate::certificate::Leaf;
use crate::claims::Claims;
use crate::digest::Digest;
use crate::known::Known;
use crate::log_entry::Verifier;
use crate::public_key::PublicKey;
use crate::signer::Signer;

/// Who is said to have signed.
pub(super) enum Claim<'a> {
    Leaf(&'a Leaf),
    Key { key: &'a PublicKey, claimed: bool },
}

/// What can be said of the claims without asking anybody.
pub(super) fn readable(claims: &Claims) -> Vec<Problem> {
    let mut problems = Vec::new();
    for layer in claims.layers() {
        if let Err(why) = &layer.signature {
            problems.push(Problem::Signature(why));
        }
        match &layer.certificate {
            Some(Err(error)) => problems.push(Problem::Certificate(error.to_string())),
            Some(Ok(_)) => {}
            None => problems.extend(log::problem_without_certificate(layer)),
        }
    }
    problems
}

/// Who is asked about first. A known key that nobody claims costs a call that seldom says yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    KnownAndClaimed,
    Known,
    Stranger,
}

/// Each distinct claim once, those by known signers first; the order of layers makes no difference.
pub(super) fn in_order<'a>(claims: &'a Claims, known: &Known<'a>) -> Vec<(Turn, Claim<'a>)> {
    let mut ordered: Vec<(Turn, String, Claim<'a>)> = Vec::new();
    let mut add = |turn: Turn, order: String, claim| {
        if !ordered.iter().any(|(_, present, _)| *present == order) {
            ordered.push((turn, order, claim));
        }
    };
    let turn = |signer: &Signer| {
        if known.contains(signer) {
            Turn::KnownAndClaimed
        } else {
            Turn::Stranger
        }
    };
    for layer in claims.layers() {
        if let Some(leaf) = layer.leaf() {
            let signer = Signer::of_leaf(leaf);
            let order = format!("{} {}", signer.id(), Digest::of(leaf.der()));
            add(turn(&signer), order, Claim::Leaf(leaf));
        } else if layer.certificate.is_none()
            && let Some((_, Verifier::Key(key))) = layer.own_entry()
        {
            let signer = Signer::Key(key.clone());
            add(
                turn(&signer),
                signer.id().to_string(),
                Claim::Key { key, claimed: true },
            );
        }
    }
    for key in known.keys() {
        let order = Signer::Key(key.clone()).id().to_string();
        add(
            Turn::Known,
            order,
            Claim::Key {
                key,
                claimed: false,
            },
        );
    }
    ordered.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    ordered
        .into_iter()
        .map(|(turn, _, claim)| (turn, claim))
        .collect()
}
