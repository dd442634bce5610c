//! Signatures beside an image in forms that the guest cannot prove, judged.

use super::*;

const REFERRERS_FORM: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const SIGN: &str = "https://sigstore.dev/cosign/sign/v1";

/// A host with `v2`, which has no `.sig`, and what the fallback tag lists beside it: the descriptor as given, or nothing
/// but its digest, so that its manifest has to be asked.
fn host_with(manifest: &Value, says: bool) -> FakeHost {
    let host = learned_host();
    let bytes = manifest.to_string();
    host.serve(REPOSITORY, "x", bytes.as_bytes());
    let mut descriptor = json!({"digest": Digest::of(bytes.as_bytes())});
    if says {
        for key in ["artifactType", "annotations"] {
            descriptor[key] = manifest[key].clone();
        }
    }
    let index = json!({"manifests": [descriptor]}).to_string();
    host.serve(REPOSITORY, &digest("v2").referrers_tag(), index.as_bytes());
    host
}

#[rstest]
#[case::referrers_form_of_cosign_2(json!({"artifactType": REFERRERS_FORM, "layers": [{"size": 250}]}))]
#[case::bundle(json!({"artifactType": BUNDLE, "annotations": {"dev.sigstore.bundle.predicateType": SIGN}}))]
fn a_signature_in_another_form_is_left_to_the_learner(#[case] manifest: Value) {
    let drifts = vec!["undetermined (format)".to_owned()];
    for says in [true, false] {
        for image in [at_tag("v2"), at_digest("v2")] {
            for (kind, path, fields, code) in [
                ("Pod", &["spec"][..], json!({"enforce": [{}]}), Some(500)),
                // Whoever pushes chooses the form, so it is never waived.
                (
                    "Pod",
                    &["spec"],
                    json!({"enforce": [{}], "onUndetermined": "admit"}),
                    Some(500),
                ),
                (
                    "Deployment",
                    &["spec", "template", "spec"],
                    json!({"enforce": [{}]}),
                    None,
                ),
                ("Pod", &["spec"], json!({}), None),
            ] {
                let host = host_with(&manifest, says);
                let object = workload(path, &[&image]);
                let settings = settings(fields);
                let request = request(kind, "CREATE", &object, &Value::Null);
                let evaluation = evaluate(&host, &settings, &request);
                assert_eq!(told(&evaluation), (drifts.clone(), code), "{kind} {image}");
                let warnings = answer(&evaluation).warnings;
                assert_eq!(warnings.len(), usize::from(code.is_none()), "{warnings:?}");
            }
        }
    }
}

/// Once the learner has proven it, the same image is no drift.
#[test]
fn what_the_learner_has_listed_needs_no_form() {
    let host = host_with(&json!({"artifactType": REFERRERS_FORM}), true);
    let mut baseline = learned();
    let id = signer_of(&release("v1")).id();
    baseline
        .verified
        .push(Verified::new(digest("v2"), &id, now()));
    host.learn(&baseline);
    let result = evaluated_to(&host, &enforced(), &[&at_tag("v2")]);
    assert_eq!(result, (vec!["-".to_owned()], None));
}

/// Before a baseline is established nothing rejects.
#[test]
fn where_nothing_is_established_it_is_admitted() {
    let host = host_with(&json!({"artifactType": REFERRERS_FORM}), true);
    host.learn(&baseline(&[signer_of(&release("v1"))]));
    let result = evaluated_to(&host, &enforced(), &[&at_tag("v2")]);
    assert_eq!(result, (vec!["undetermined (format)".to_owned()], None));
}
