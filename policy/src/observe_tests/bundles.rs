//! Images without a `.sig`: unsigned, or signed in a way that cannot be read here.

use super::*;

const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// Signatures of cosign 2 with `--registry-referrers-mode=oci-1-1`.
const REFERRERS_FORM: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";
const SIGN: &str = "https://sigstore.dev/cosign/sign/v1";

/// A host with this under the fallback tag.
fn host_with_index(index: &serde_json::Value) -> FakeHost {
    let host = FakeHost::new();
    let index = index.to_string();
    host.serve(REPOSITORY, &digest("v1").referrers_tag(), index.as_bytes());
    host
}

fn observe_on(host: &FakeHost) -> Observation {
    let mut baseline = learned();
    baseline.formats = vec![Format::Cosign2, Format::Bundle];
    observed(host, &settings(json!({})), &usable(baseline), &by_digest()).unwrap()
}

/// The same, with a list of these descriptors under the fallback tag.
fn list(host: &FakeHost, descriptors: &[serde_json::Value]) {
    let index = json!({"manifests": descriptors}).to_string();
    host.serve(REPOSITORY, &digest("v1").referrers_tag(), index.as_bytes());
}

/// A referred manifest, served; and the descriptor that says nothing about it.
fn unsaid(host: &FakeHost, manifest: &serde_json::Value) -> serde_json::Value {
    let bytes = manifest.to_string();
    host.serve(REPOSITORY, "x", bytes.as_bytes());
    json!({"artifactType": EMPTY, "digest": Digest::of(bytes.as_bytes())})
}

#[test]
fn nothing_there_is_unsigned_after_three_calls() {
    let host = FakeHost::new();
    let observation = observe_on(&host);
    assert_eq!(
        (observation.posture, observation.has_signature_tag),
        (Posture::Unsigned, false)
    );
    assert_eq!(host.kinds(), ["manifest", "manifest", "manifest"]);
}

#[rstest]
#[case::said(json!({"manifests": [{"artifactType": BUNDLE, "annotations": {"dev.sigstore.bundle.predicateType": SIGN}}]}), Posture::Unknown)]
#[case::attestation(json!({"manifests": [{"artifactType": BUNDLE, "annotations": {"dev.sigstore.bundle.predicateType": "https://slsa.dev/provenance/v1"}}]}), Posture::Unsigned)]
#[case::referrers_form(json!({"manifests": [{"artifactType": REFERRERS_FORM}]}), Posture::Unknown)]
#[case::sbom(json!({"manifests": [{"artifactType": "application/spdx+json"}]}), Posture::Unsigned)]
#[case::empty(json!({"manifests": []}), Posture::Unsigned)]
#[case::no_index(json!({"layers": []}), Posture::Unsigned)]
#[case::cannot_be_asked(json!({"manifests": [{"artifactType": EMPTY, "digest": "sha256:x"}]}), Posture::Unknown)]
#[case::unreadable(json!({"manifests": 7}), Posture::Unknown)]
fn what_the_fallback_index_says(#[case] index: serde_json::Value, #[case] posture: Posture) {
    assert_eq!(observe_on(&host_with_index(&index)).posture, posture);
}

#[rstest]
#[case::signature(json!({"artifactType": BUNDLE, "annotations": {"dev.sigstore.bundle.predicateType": SIGN}}), Posture::Unknown)]
#[case::attestation(json!({"artifactType": BUNDLE, "annotations": {"dev.sigstore.bundle.predicateType": "https://slsa.dev/provenance/v1"}}), Posture::Unsigned)]
#[case::referrers_form(json!({"artifactType": REFERRERS_FORM}), Posture::Unknown)]
#[case::referrers_form_by_config(json!({"config": {"mediaType": REFERRERS_FORM}}), Posture::Unknown)]
#[case::unreadable(json!([]), Posture::Unknown)]
fn what_a_referred_manifest_says(#[case] manifest: serde_json::Value, #[case] posture: Posture) {
    let host = FakeHost::new();
    list(&host, &[unsaid(&host, &manifest)]);
    assert_eq!(observe_on(&host).posture, posture);
    // Before it is called unsigned the image itself is looked up.
    let calls = if posture == Posture::Unsigned { 4 } else { 3 };
    assert_eq!(host.kinds(), vec!["manifest"; calls]);
}

#[test]
fn many_referred_manifests_cost_sixteen_calls_and_are_not_unsigned() {
    let host = FakeHost::new();
    let descriptor = unsaid(&host, &json!({"artifactType": "application/spdx+json"}));
    list(&host, &vec![descriptor; 1000]);
    assert_eq!(observe_on(&host).unknown, Some((Cause::Limit, None)));
    assert_eq!(host.calls().len(), 18);
}

/// So many attestations, of which only their manifests say what they are: half of them by name, half by their size.
fn attestations(host: &FakeHost, count: usize) -> Vec<serde_json::Value> {
    let manifest = |at: usize| match at % 2 {
        0 => {
            json!({"artifactType": BUNDLE, "annotations": {"at": at.to_string(), "dev.sigstore.bundle.predicateType": "https://slsa.dev/provenance/v1"}})
        }
        _ => {
            json!({"artifactType": BUNDLE, "annotations": {"at": at.to_string()}, "layers": [{"size": 65_537}]})
        }
    };
    (0..count).map(|at| unsaid(host, &manifest(at))).collect()
}

#[rstest]
#[case::two(2)]
#[case::five(5)]
#[case::as_many_as_are_looked_at(16)]
fn an_image_with_attestations_alone_is_unsigned(#[case] count: usize) {
    let host = FakeHost::new();
    list(&host, &attestations(&host, count));
    let observation = observe_on(&host);
    assert_eq!(
        (observation.posture, observation.unknown),
        (Posture::Unsigned, None)
    );
    assert_eq!(observation.problems, []);
    // The `.sig`, the list, each of them, and the image itself.
    assert_eq!(host.kinds(), vec!["manifest"; 3 + count]);
}

#[rstest]
#[case::first(0)]
#[case::between(7)]
#[case::last(15)]
fn a_signature_among_attestations_is_found(#[case] at: usize) {
    for manifest in [
        json!({"artifactType": BUNDLE, "annotations": {"dev.sigstore.bundle.predicateType": SIGN}}),
        json!({"artifactType": BUNDLE}),
        json!({"config": {"mediaType": REFERRERS_FORM}, "layers": [{"size": 250}]}),
        json!([]),
    ] {
        let host = FakeHost::new();
        let mut listed = attestations(&host, 15);
        listed.insert(at, unsaid(&host, &manifest));
        list(&host, &listed);
        assert_eq!(observe_on(&host), Observation::of_format(&digest("v1")));
        assert_eq!(host.calls().len(), 3 + at, "none behind it is asked for");
    }
    // One that says so in the list ends the search before it begins.
    let host = FakeHost::new();
    let mut listed = attestations(&host, 15);
    listed.insert(
        at,
        json!({"artifactType": REFERRERS_FORM, "digest": digest("s")}),
    );
    list(&host, &listed);
    assert_eq!(observe_on(&host), Observation::of_format(&digest("v1")));
    assert_eq!(host.calls().len(), 2);
}

/// What comes beyond those that are looked at could be a signature.
#[test]
fn one_attestation_too_many_is_not_unsigned() {
    let host = FakeHost::new();
    list(&host, &attestations(&host, 17));
    assert_eq!(observe_on(&host).unknown, Some((Cause::Limit, None)));
}

/// Between the first attestation and the last call there is; where a tag is named, that is the last attestation, since the
/// image was looked up before.
#[rstest]
#[case::by_digest(by_digest(), 2..7)]
#[case::by_tag(format!("{REPOSITORY}:v1"), 3..7)]
fn time_that_ends_between_attestations_is_a_limit(
    #[case] reference: String,
    #[case] between: std::ops::Range<usize>,
) {
    for spent in between.start..=between.end {
        let host = FakeHost::new();
        host.tag(REPOSITORY, "v1", &digest("v1"));
        list(&host, &attestations(&host, 5));
        host.before_call(spent, |host| host.set_clock(now() + TimeDelta::seconds(5)));
        let lookup = usable(learned());
        let observation = observed(&host, &settings(json!({})), &lookup, &reference).unwrap();
        let expected = if between.contains(&spent) {
            (Posture::Unknown, Some((Cause::Limit, None)))
        } else {
            (Posture::Unsigned, None)
        };
        assert_eq!(
            (observation.posture, observation.unknown),
            expected,
            "{spent}"
        );
        assert_eq!(
            host.calls().len(),
            spent + 1,
            "nobody is asked after the end"
        );
    }
}

#[rstest]
#[case::fallback_tag(1)]
#[case::referred_manifest(2)]
fn errors_on_the_way(#[case] at: usize) {
    let serve = || {
        let host = FakeHost::new();
        let descriptor = unsaid(&host, &json!({"artifactType": "application/spdx+json"}));
        list(&host, &[descriptor]);
        host
    };
    for (failure, posture) in [
        (Failure::Error(HostError::Absent), Posture::Unsigned),
        (Failure::Error(HostError::Unusable), Posture::Unknown),
        // What anybody who can push may cause is no outage.
        (Failure::Text("Unsupported media type: x"), Posture::Unknown),
        (
            Failure::Text("Failed to parse manifest: x"),
            Posture::Unknown,
        ),
        (
            Failure::Error(HostError::Outage(Outage::RateLimit)),
            Posture::Unknown,
        ),
        (Failure::Text("words that nobody knows"), Posture::Unknown),
    ] {
        let host = serve();
        host.fail_nth(at, failure.clone());
        assert_eq!(observe_on(&host).posture, posture, "{failure:?}");
    }
}

#[test]
fn a_sig_is_preferred_to_bundles() {
    let host = signed_host();
    let index = json!({"manifests": [{"artifactType": BUNDLE, "annotations": {"dev.sigstore.bundle.predicateType": SIGN}}]});
    host.serve(
        REPOSITORY,
        &digest("v1").referrers_tag(),
        index.to_string().as_bytes(),
    );
    assert_eq!(observe_on(&host).posture, Posture::Signed);
    assert_eq!(
        host.kinds(),
        ["manifest", "issued-by", "verify-certificate"]
    );
}
