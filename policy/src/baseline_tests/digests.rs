//! What a baseline says of single digests.

use super::*;

#[rstest]
#[case::twelve(12, true)]
#[case::whole(64, true)]
#[case::eleven(11, false)]
#[case::none(0, false)]
fn verified_names_its_signer_by_at_least_twelve_digits(#[case] digits: usize, #[case] found: bool) {
    let id = keyless(SUBJECT).id();
    let baseline =
        changed(|json| json["verified"][0]["signer"] = id.as_str()[..digits].into()).unwrap();
    assert_eq!(
        baseline.verified(&digest(1)),
        found.then_some(&keyless(SUBJECT))
    );
    assert_eq!(baseline.verified(&digest(2)), None);
}

#[test]
fn verified_counts_only_while_its_signer_is_known() {
    let by =
        |id: SignerId| changed(|json| json["verified"][0]["signer"] = id.as_str().into()).unwrap();
    assert_eq!(
        by(Signer::Key(key()).id()).verified(&digest(1)),
        None,
        "retired"
    );
    assert_eq!(
        by(keyless("nobody").id()).verified(&digest(1)),
        None,
        "never a signer"
    );
    // A candidate is no signer.
    assert_eq!(
        by(keyless("dev@acme.example").id()).verified(&digest(1)),
        None
    );
}

#[test]
fn an_entry_that_could_mean_two_signers_means_none() {
    let twice = changed(|json| {
        let first = json["signers"][0].clone();
        json["signers"].as_array_mut().unwrap().push(first);
    });
    // The same signer twice stands in for two whose ids begin alike, which nobody can make.
    assert_eq!(twice.unwrap().verified(&digest(1)), None);
}

#[test]
fn a_second_entry_may_know_better_than_the_first() {
    let baseline = changed(|json| {
        let mut entry = json["verified"][0].clone();
        entry["signer"] = Signer::Key(key()).id().as_str().into();
        json["verified"].as_array_mut().unwrap().insert(0, entry);
    });
    assert_eq!(
        baseline.unwrap().verified(&digest(1)),
        Some(&keyless(SUBJECT))
    );
}

#[rstest]
#[case::before("2026-11-24T23:59:59.999Z", true)]
#[case::just("2026-11-25T00:00:00Z", false)]
#[case::after("2026-11-25T00:00:01Z", false)]
fn allowed_ends(#[case] now: &str, #[case] allowed: bool) {
    let baseline = read(&example()).unwrap();
    assert_eq!(baseline.allowed(&digest(3), at(now)).is_some(), allowed);
    assert_eq!(baseline.allowed(&digest(2), at(now)), None);
}
