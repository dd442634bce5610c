//! Who is known, and who stays a stranger.

use super::*;
use crate::baseline::Candidate;

fn drifts_against(baseline: Baseline, settings: &Settings, identity: &Identity) -> Vec<String> {
    let proven = proven(&keyless(identity, &image()), &image());
    let observation = Observation {
        proven: vec![proven],
        has_signature_tag: true,
        ..found(Posture::Signed)
    };
    drifts_of(&usable(baseline), settings, &observation)
}

fn is_known(baseline: Baseline, settings: &Settings, identity: &Identity) -> bool {
    let drifts = drifts_against(baseline, settings, identity);
    let stranger = format!("signer:{}", signer_of(identity).id());
    assert!(drifts.is_empty() || drifts == [stranger], "{drifts:?}");
    drifts.is_empty()
}

fn by(identity: &Identity) -> Baseline {
    established(&[signer_of(identity)])
}

#[test]
fn a_retired_signer_is_a_stranger() {
    let mut baseline = learned(&[Carries::Release, Carries::Stranger]);
    let at = now();
    let retired = Retired {
        at,
        by: "ops".to_owned(),
        reason: "leaked".to_owned(),
    };
    baseline.signers[0].retired = Some(retired);
    let lookup = usable(baseline);
    let release = drifts_of(&lookup, &plain(), &signed(&[Carries::Release]));
    assert_eq!(release, [Carries::Release.fingerprint()]);
    // Beside one who is not, he makes no difference.
    let both = drifts_of(
        &lookup,
        &plain(),
        &signed(&[Carries::Release, Carries::Stranger]),
    );
    assert_eq!(both, [] as [String; 0]);
}

#[test]
fn a_candidate_is_a_stranger() {
    let mut baseline = learned(&[Carries::Release]);
    baseline.candidates.push(Candidate {
        id: Carries::Stranger.signer().id(),
        issuer: Some("https://accounts.google.com".to_owned()),
        subject: Some("dev@acme.example".to_owned()),
        public_key: None,
        first_seen: now(),
        beside: Carries::Release.signer().id().short().to_owned(),
    });
    let drifts = drifts_of(&usable(baseline), &plain(), &signed(&[Carries::Stranger]));
    assert_eq!(drifts, [Carries::Stranger.fingerprint()]);
}

#[rstest]
#[case::alone(true, false, vec![])]
#[case::never_alone(false, false, vec![Carries::Key.downgrade()])]
#[case::alone_but_retired(true, true, vec![Carries::Key.downgrade(), Carries::Key.fingerprint()])]
fn a_key_that_may_stand_alone(
    #[case] alone: bool,
    #[case] retired: bool,
    #[case] expected: Vec<String>,
) {
    let mut baseline = learned(&[Carries::Release]);
    let mut key = record(&key_signer(&keys()[0]));
    key.alone = alone;
    let at = now();
    key.retired = retired.then(|| Retired {
        at,
        by: "a".to_owned(),
        reason: "b".to_owned(),
    });
    baseline.signers.push(key);
    let lookup = usable(baseline);
    assert_eq!(
        drifts_of(&lookup, &plain(), &signed(&[Carries::Key])),
        expected
    );
    // A stranger that stands beside it does not borrow that.
    let stranger_key = drifts_of(&lookup, &plain(), &signed(&[Carries::StrangerKey]));
    assert_eq!(stranger_key[0], Carries::StrangerKey.downgrade());
}

#[rstest]
#[case::another_tag(Identity::github("acme/api", "release.yml", "refs/tags/v2"), true)]
#[case::another_issuer(release("v1").with_extension(8, "https://gitlab.com").with_extension(1, "https://gitlab.com"), false)]
#[case::another_workflow(Identity::github("acme/api", "nightly.yml", "refs/tags/v1"), false)]
#[case::another_repository(Identity::github("acme/web", "release.yml", "refs/tags/v1"), false)]
#[case::another_owner(
    Identity::github("acme-evil/api", "release.yml", "refs/tags/v1"),
    false
)]
#[case::a_branch(Identity::github("acme/api", "release.yml", "refs/heads/main"), false)]
fn the_release_workflow_is_known_by_its_tags(#[case] identity: Identity, #[case] known: bool) {
    assert_eq!(is_known(by(&release("v1")), &plain(), &identity), known);
}

#[rstest]
#[case::folded("refs/heads/release-2", true)]
#[case::not_matched("refs/heads/main", false)]
#[case::longer("refs/heads/release-2/x", false)]
fn ref_patterns_fold_on_both_sides(#[case] git_ref: &str, #[case] known: bool) {
    let settings = settings(json!({"refPatterns": [
        {"repositories": ["ghcr.io/acme/**"], "fold": "refs/heads/release-*"}]}));
    let learned = Identity::github("acme/api", "release.yml", "refs/heads/release-1");
    let identity = Identity::github("acme/api", "release.yml", git_ref);
    assert_eq!(is_known(by(&learned), &settings, &identity), known);
    assert!(
        !is_known(by(&learned), &plain(), &identity),
        "without the pattern"
    );
    // The issuer stays part of the signer.
    let forged = identity
        .with_extension(8, "https://evil.example")
        .with_extension(1, "https://evil.example");
    assert!(!is_known(by(&learned), &settings, &forged));
}

#[test]
fn ref_patterns_count_only_for_their_repositories() {
    let settings = settings(json!({"refPatterns": [
        {"repositories": ["ghcr.io/other/**"], "fold": "refs/heads/release-*"}]}));
    let learned = Identity::github("acme/api", "release.yml", "refs/heads/release-1");
    let identity = Identity::github("acme/api", "release.yml", "refs/heads/release-2");
    assert!(!is_known(by(&learned), &settings, &identity));
}

#[rstest]
#[case::same_caller("acme/api", "refs/tags/v2", true)]
#[case::other_repository("acme/web", "refs/tags/v1", false)]
#[case::other_owner("mallory/api", "refs/tags/v1", false)]
fn who_calls_a_reusable_workflow_is_part_of_who_signed(
    #[case] caller: &str,
    #[case] caller_ref: &str,
    #[case] known: bool,
) {
    let called_by = |caller: &str, git_ref: &str| {
        Identity::reusable(
            "slsa/generator",
            "build.yml",
            "refs/tags/v2",
            caller,
            git_ref,
        )
    };
    let learned = called_by("acme/api", "refs/tags/v1");
    assert_eq!(
        is_known(by(&learned), &plain(), &called_by(caller, caller_ref)),
        known
    );
    // And one whose certificate does not say is nobody's.
    let silent = called_by("acme/api", "refs/tags/v1")
        .without_extension(15)
        .without_extension(17);
    assert!(!is_known(by(&learned), &plain(), &silent));
}

#[test]
fn a_pin_without_a_caller_is_not_met_by_whoever_calls_the_workflow() {
    let called = Identity::reusable(
        "acme/ci",
        "build.yml",
        "refs/tags/v2",
        "mallory/api",
        "refs/tags/v1",
    );
    let pin = |extra: Value| {
        let mut signer = json!({"issuer": "https://token.actions.githubusercontent.com",
            "subject": "https://github.com/acme/ci/.github/workflows/build.yml@refs/tags/*"});
        for (key, value) in extra.as_object().unwrap() {
            signer[key] = value.clone();
        }
        settings(json!({"pins": [{"repositories": ["ghcr.io/acme/**"], "anyOf": [signer]}]}))
    };
    let none = drifts_against(by(&release("v1")), &pin(json!({})), &called);
    assert_eq!(none.len(), 2, "{none:?}");
    let Signer::Keyless(keyless) = signer_of(&called) else {
        panic!("expected keyless")
    };
    let source_id = keyless.caller.unwrap().source_id;
    let named = drifts_against(
        by(&release("v1")),
        &pin(json!({"sourceId": source_id})),
        &called,
    );
    assert_eq!(named, [] as [String; 0]);
    let other = drifts_against(by(&release("v1")), &pin(json!({"sourceId": "1"})), &called);
    assert_eq!(other.len(), 2);
}
