//! Images without a `.sig`: unsigned, or signed in a way that cannot be read here.

use super::*;

const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const SIGN: &str = "https://sigstore.dev/cosign/sign/v1";

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
#[case::unreadable(json!([]), Posture::Unknown)]
fn what_a_referred_manifest_says(#[case] manifest: serde_json::Value, #[case] posture: Posture) {
    let host = FakeHost::new();
    let index = json!({"manifests": [unsaid(&host, &manifest)]}).to_string();
    host.serve(REPOSITORY, &digest("v1").referrers_tag(), index.as_bytes());
    assert_eq!(observe_on(&host).posture, posture);
    // Before it is called unsigned the image itself is looked up.
    let calls = if posture == Posture::Unsigned { 4 } else { 3 };
    assert_eq!(host.kinds(), vec!["manifest"; calls]);
}

#[test]
fn many_referred_manifests_cost_sixteen_calls_and_are_not_unsigned() {
    let host = FakeHost::new();
    let descriptor = unsaid(&host, &json!({"artifactType": "application/spdx+json"}));
    let index = json!({"manifests": vec![descriptor; 1000]}).to_string();
    host.serve(REPOSITORY, &digest("v1").referrers_tag(), index.as_bytes());
    assert_eq!(observe_on(&host).unknown, Some((Cause::Limit, None)));
    assert_eq!(host.calls().len(), 18);
}

#[rstest]
#[case::fallback_tag(1)]
#[case::referred_manifest(2)]
fn errors_on_the_way(#[case] at: usize) {
    let serve = || {
        let host = FakeHost::new();
        let descriptor = unsaid(&host, &json!({"artifactType": "application/spdx+json"}));
        let index = json!({"manifests": [descriptor]}).to_string();
        host.serve(REPOSITORY, &digest("v1").referrers_tag(), index.as_bytes());
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
