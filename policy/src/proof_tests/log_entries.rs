//! The rule that each log entry must be its own layer's, one layer at a time.

use super::*;
use continuity_testkit::sigstore::{BUNDLE, EntryBody};

/// What stands in place of the leaf's own log entry.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Entry {
    Own,
    Missing,
    Garbled,
    Empty,
    Kind(&'static str, &'static str),
    OtherHash,
    OtherSignature,
    OtherVerifier,
    OtherLog,
}

/// When, seen from the leaf's ten minutes that begin a second before the signature.
const INSIDE: i64 = 60;
const FIRST: i64 = -1;
const LAST: i64 = 599;
const BEFORE: i64 = -2;
const AFTER: i64 = 600;

fn with_entry(signature: &Signature, entry: Entry, seconds: i64) -> SignatureLayer {
    let at = signed_at() + TimeDelta::seconds(seconds);
    let mut changed = signature.clone();
    let verifier = match &signature.certificate {
        Some(certificate) => certificate.clone(),
        None => signature.key.public_key_pem(),
    };
    let own = EntryBody::hashedrekord(&signature.payload, &signature.signature, &verifier);
    let body = match entry {
        Entry::Missing => {
            changed.entry = None;
            return layer(&changed);
        }
        Entry::Garbled => return layer(&changed).with(BUNDLE, "{\"SignedEntryTimestamp\":\"\""),
        Entry::Empty => return layer(&changed).with(BUNDLE, ""),
        Entry::Own | Entry::OtherLog => own,
        Entry::Kind(kind, version) => own.as_kind(kind, version),
        Entry::OtherHash => EntryBody::hashedrekord(b"else", &signature.signature, &verifier),
        Entry::OtherSignature => {
            EntryBody::hashedrekord(&signature.payload, b"something else", &verifier)
        }
        Entry::OtherVerifier => EntryBody::hashedrekord(
            &signature.payload,
            &signature.signature,
            &keyless(&release("v1"), &digest("else"))
                .certificate
                .unwrap(),
        ),
    };
    let other = continuity_testkit::sigstore::TransparencyLog::new().unwrap();
    let log = if entry == Entry::OtherLog {
        &other
    } else {
        sigstore().log()
    };
    changed.entry = Some(log.enter(&body, at).unwrap());
    layer(&changed)
}

#[rstest]
#[case::first_second(Entry::Own, FIRST, Posture::Signed)]
#[case::inside(Entry::Own, INSIDE, Posture::Signed)]
#[case::last_second(Entry::Own, LAST, Posture::Signed)]
#[case::too_early(Entry::Own, BEFORE, Posture::Invalid)]
#[case::too_late(Entry::Own, AFTER, Posture::Invalid)]
#[case::missing(Entry::Missing, INSIDE, Posture::Unverifiable)]
#[case::garbled(Entry::Garbled, INSIDE, Posture::Unverifiable)]
#[case::empty(Entry::Empty, INSIDE, Posture::Unverifiable)]
#[case::dsse(Entry::Kind("dsse", "0.0.1"), INSIDE, Posture::Unverifiable)]
#[case::intoto(Entry::Kind("intoto", "0.0.2"), INSIDE, Posture::Unverifiable)]
#[case::newer(Entry::Kind("hashedrekord", "0.0.2"), INSIDE, Posture::Unverifiable)]
#[case::other_hash(Entry::OtherHash, INSIDE, Posture::Invalid)]
#[case::other_signature(Entry::OtherSignature, INSIDE, Posture::Invalid)]
#[case::other_verifier(Entry::OtherVerifier, INSIDE, Posture::Invalid)]
#[case::other_log(Entry::OtherLog, INSIDE, Posture::Unknown)]
fn a_leafs_own_entry(#[case] entry: Entry, #[case] seconds: i64, #[case] expected: Posture) {
    let stage = Stage::new(&[], &[with_entry(&good(), entry, seconds)]);
    let findings = stage.prove();
    assert_eq!(posture(&findings), expected, "{findings:?}");
    let asked = matches!(entry, Entry::OtherLog) || expected == Posture::Signed;
    assert_eq!(
        stage.host.calls().is_empty(),
        !asked,
        "contradictions cost no call"
    );
}

/// A layer beside the leaf's own, by somebody's key.
#[rstest]
#[case::no_entry(Entry::Missing, INSIDE, true)]
#[case::its_own(Entry::Own, INSIDE, true)]
#[case::its_own_later(Entry::Own, AFTER, true)]
#[case::of_something_else(Entry::OtherHash, INSIDE, false)]
#[case::of_something_else_at_first(Entry::OtherHash, FIRST, false)]
#[case::of_something_else_at_last(Entry::OtherHash, LAST, false)]
#[case::of_something_else_earlier(Entry::OtherHash, BEFORE, true)]
#[case::of_something_else_later(Entry::OtherHash, AFTER, true)]
#[case::of_another_signature(Entry::OtherSignature, INSIDE, false)]
#[case::of_another_signature_later(Entry::OtherSignature, AFTER, true)]
#[case::of_another_kind(Entry::Kind("dsse", "0.0.1"), INSIDE, false)]
#[case::of_another_kind_later(Entry::Kind("dsse", "0.0.1"), AFTER, true)]
#[case::unreadable(Entry::Garbled, INSIDE, false)]
#[case::empty(Entry::Empty, INSIDE, false)]
fn an_entry_beside_the_leafs_own(#[case] entry: Entry, #[case] seconds: i64, #[case] stands: bool) {
    let key = SigningKey::generate(KeyKind::P256).unwrap();
    let log = Some(sigstore().log());
    let beside = Signature::by_key(&key, &payload(REPOSITORY), log, signed_at()).unwrap();
    let beside = with_entry(&beside, entry, seconds);
    let victim = signer_of(&release("v1"));
    for layers in [
        [layer(&good()), beside.clone()],
        [beside.clone(), layer(&good())],
    ] {
        let findings = Stage::new(&[], &layers).prove();
        assert_eq!(
            signers(&findings).contains(&&victim),
            stands,
            "{findings:?}"
        );
        if !stands {
            // No other signer either: then parts contradict each other.
            let others = findings.proven.len();
            let expected = if others == 0 {
                Posture::Invalid
            } else {
                Posture::Signed
            };
            assert_eq!(posture(&findings), expected);
        }
    }
}

#[test]
fn a_leaf_key_used_again_after_its_ten_minutes_proves_nothing_with_any_old_entry() {
    let old = good();
    let leaf = old.leaf.clone().unwrap();
    let target = SimpleSigning::cosign(REPOSITORY, digest("the image").as_str())
        .with_annotation("again", "yes")
        .bytes();
    let late = signed_at() + TimeDelta::days(1);
    let mut again = Signature::by_leaf(&leaf, &target, None, late).unwrap();
    again.entry = old.entry.clone();
    // The copied entry alone, beside the layer that it belongs to, and beside a second copy of itself.
    for layers in [
        vec![layer(&again)],
        vec![layer(&again), layer(&old)],
        vec![layer(&old), layer(&again), layer(&again)],
    ] {
        let findings = Stage::new(&[signer_of(&release("v1"))], &layers).prove();
        assert_eq!(posture(&findings), Posture::Invalid, "{findings:?}");
    }
}

#[test]
fn a_late_layer_of_the_same_leaf_does_not_spoil_the_good_one() {
    let old = good();
    let late = signed_at() + TimeDelta::days(1);
    let again = SimpleSigning::cosign(REPOSITORY, digest("the image").as_str())
        .with_annotation("again", "yes")
        .bytes();
    let log = Some(sigstore().log());
    let again = Signature::by_leaf(&old.leaf.clone().unwrap(), &again, log, late).unwrap();
    for layers in [[layer(&old), layer(&again)], [layer(&again), layer(&old)]] {
        assert_eq!(posture(&Stage::new(&[], &layers).prove()), Posture::Signed);
    }
    assert_eq!(
        posture(&Stage::new(&[], &[layer(&again)]).prove()),
        Posture::Invalid
    );
}

#[test]
fn a_leafs_layer_twice_is_one_claim() {
    let stage = Stage::new(&[], &[layer(&good_once()), layer(&good_once())]);
    assert_eq!(stage.prove().proven.len(), 1);
    assert_eq!(stage.host.kinds(), ["issued-by", "verify-certificate"]);
}

fn good_once() -> Signature {
    use std::sync::LazyLock;
    static GOOD: LazyLock<Signature> = LazyLock::new(good);
    GOOD.clone()
}

/// A leaf without an entry of its own is not helped, and not blamed, by what is beside it.
#[rstest]
#[case::inside(INSIDE)]
#[case::outside(AFTER)]
fn an_entry_beside_a_leaf_without_one_is_not_the_leafs(#[case] seconds: i64) {
    let key = new_key();
    let log = Some(sigstore().log());
    let beside = Signature::by_key(&key, &payload(REPOSITORY), log, signed_at()).unwrap();
    let layers = [
        with_entry(&good(), Entry::Missing, INSIDE),
        with_entry(&beside, Entry::Own, seconds),
    ];
    let stage = Stage::new(&[signer_of(&release("v1"))], &layers);
    let findings = stage.prove();
    assert_eq!(findings.problems, [Problem::NoLogEntry]);
    assert_eq!(
        stage.host.kinds(),
        ["verify-key"],
        "nobody is asked about it"
    );
}

#[test]
fn a_contradiction_says_where_it_is() {
    let key = new_key();
    let log = Some(sigstore().log());
    let beside = Signature::by_key(&key, &payload(REPOSITORY), log, signed_at()).unwrap();
    let said = |layers: &[SignatureLayer]| Stage::new(&[], layers).prove().problems[0].to_string();
    let own = with_entry(&good(), Entry::OtherHash, INSIDE);
    assert_eq!(said(&[own]), "the log entry is of another signature");
    let beside = with_entry(&beside, Entry::OtherHash, INSIDE);
    let said: Vec<String> = Stage::new(&[], &[layer(&good()), beside])
        .prove()
        .problems
        .iter()
        .map(ToString::to_string)
        .collect();
    let expected = "a log entry beside it is of another signature".to_owned();
    assert!(said.contains(&expected), "{said:?}");
}
