//! What refers to an image besides bundles: signatures in the referrers' form of cosign 2, attestations of any size; and
//! registries that do not say what does.

use continuity_cli::observation::{ObservedImage, SignedRepository};
use continuity_testkit::registry::{Fault, FaultRule};
use continuity_testkit::sigstore::{
    Bundle, Descriptor, IMAGE_MANIFEST_MEDIA_TYPE, Identity, SIGN_PREDICATE, SignatureLayer,
    SignatureManifest, digest_of, fallback_tag,
};
use rstest::rstest;
use serde_json::{Value, json};
use signature_continuity::baseline::Format;
use signature_continuity::posture::{Cause, Posture};
use signature_continuity::settings::Settings;

use super::{Lab, NAME, signed_at, workflow};

const OLD_FORM: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const PROVENANCE: &str = "https://slsa.dev/provenance/v1";

fn layer_by(lab: &Lab, identity: &Identity) -> SignatureLayer {
    let signature = lab
        .sigstore
        .sign(identity, &lab.repository, &lab.digest, signed_at())
        .unwrap();
    signature.layer().unwrap()
}

fn push_tag(lab: &Lab, layers: &[SignatureLayer]) {
    lab.registry
        .push_signature(NAME, &lab.digest, layers)
        .unwrap();
}

/// Pushes a manifest that refers to the image, in the form that cosign 2 gives to signatures.
fn push_old_form(lab: &Lab, layers: &[SignatureLayer], edit: impl Fn(&mut Value)) -> String {
    let manifest = SignatureManifest::new(layers);
    let image = lab.registry.manifest(NAME, &lab.digest).unwrap().unwrap();
    let mut json: Value = serde_json::from_slice(&manifest.bytes).unwrap();
    json["config"]["mediaType"] = json!(OLD_FORM);
    json["subject"] = json!(Descriptor::of(IMAGE_MANIFEST_MEDIA_TYPE, &image));
    edit(&mut json);
    lab.registry.push_blob(NAME, &manifest.config).unwrap();
    for layer in layers {
        lab.registry.push_blob(NAME, &layer.payload).unwrap();
    }
    push(lab, json.to_string().as_bytes())
}

fn push(lab: &Lab, manifest: &[u8]) -> String {
    let digest = digest_of(manifest);
    lab.registry
        .push_manifest(NAME, &digest, manifest, IMAGE_MANIFEST_MEDIA_TYPE)
        .unwrap();
    digest
}

/// Lists them under the tag that stands in for the API.
fn list(lab: &Lab, digests: &[String], artifact_type: Option<&str>) {
    let manifests: Vec<Value> = digests
        .iter()
        .map(|digest| {
            let mut descriptor =
                json!({"mediaType": IMAGE_MANIFEST_MEDIA_TYPE, "size": 1, "digest": digest});
            if let Some(artifact_type) = artifact_type {
                descriptor["artifactType"] = json!(artifact_type);
            }
            descriptor
        })
        .collect();
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
    lab.registry
        .push_manifest(
            NAME,
            &fallback_tag(&lab.digest),
            index.to_string().as_bytes(),
            INDEX,
        )
        .unwrap();
}

fn is_signed_by_one(seen: &ObservedImage) {
    assert_eq!(seen.observation.posture, Posture::Signed, "{seen:?}");
    assert!(
        !seen.observation.incomplete && seen.observation.problems.is_empty(),
        "{seen:?}"
    );
    let [signature] = seen.signatures.as_slice() else {
        panic!("{seen:?}");
    };
    assert_eq!(signature.format(), Format::Cosign2);
    assert_eq!(signature.signed_repository, SignedRepository::Here);
    assert_eq!(signature.logged_at, Some(signed_at()));
}

#[rstest]
#[case::typed(Some(OLD_FORM))]
#[case::untyped(None)]
fn signatures_in_the_referrers_form_of_cosign_2_are_proven(#[case] listed_as: Option<&str>) {
    let lab = Lab::new();
    let digest = push_old_form(&lab, &[layer_by(&lab, &workflow())], |_| {});
    list(&lab, &[digest], listed_as);
    is_signed_by_one(&lab.see(&[]));
    // And where the registry has the API.
    lab.registry.serve_referrers(Some(10));
    lab.registry
        .delete(NAME, &fallback_tag(&lab.digest))
        .unwrap();
    is_signed_by_one(&lab.see(&[]));
}

/// Some tools say in the config alone that it is a signature, and give the artifact a type of their own.
#[test]
fn so_are_those_whose_artifact_has_another_type() {
    let lab = Lab::new();
    let digest = push_old_form(&lab, &[layer_by(&lab, &workflow())], |json| {
        json["artifactType"] = json!("application/vnd.acme.signature");
    });
    list(&lab, &[digest], None);
    let settings =
        json!({"certificateAuthorities": [lab.sigstore.chain_pem()], "observeNew": true});
    let settings = Settings::parse(settings.to_string().as_bytes()).unwrap();
    let seen = lab.see_image(&lab.image(), &settings);
    is_signed_by_one(&seen);
    // The policy cannot prove it, and knows who can.
    assert_eq!(seen.as_policy.unknown, Some((Cause::Format, None)));
}

#[test]
fn beside_a_signature_tag_they_are_proven_with_it() {
    let lab = Lab::new();
    push_tag(&lab, &[layer_by(&lab, &workflow())]);
    let other = Identity::google("dev@acme.example");
    let digest = push_old_form(&lab, &[layer_by(&lab, &other)], |_| {});
    list(&lab, &[digest], Some(OLD_FORM));
    let seen = lab.see(&[]);
    assert_eq!(seen.signatures.len(), 2, "{seen:?}");
    assert!(!seen.observation.incomplete);
}

#[test]
fn one_that_is_none_spoils_no_good_signature_and_is_seen() {
    let lab = Lab::new();
    push_tag(&lab, &[layer_by(&lab, &workflow())]);
    let digest = push_old_form(&lab, &[layer_by(&lab, &workflow())], |json| {
        json["layers"][0]["mediaType"] = json!("application/x");
    });
    list(&lab, &[digest], Some(OLD_FORM));
    let seen = lab.see(&[]);
    assert_eq!(
        (seen.observation.posture, seen.signatures.len()),
        (Posture::Signed, 1)
    );
    assert_eq!(seen.observation.problems.len(), 1, "{seen:?}");
    // Alone it is signature data that proves nothing.
    let lab = Lab::new();
    let digest = push_old_form(&lab, &[layer_by(&lab, &workflow())], |json| {
        json["layers"] = json!([]);
    });
    list(&lab, &[digest], Some(OLD_FORM));
    assert_eq!(lab.see(&[]).observation.posture, Posture::Unverifiable);
}

#[rstest]
#[case::said_to_be_one(Some(OLD_FORM), Posture::Unverifiable)]
#[case::unsaid(None, Posture::Unsigned)]
fn a_signature_that_is_listed_and_not_there_is_not_unsigned(
    #[case] listed_as: Option<&str>,
    #[case] posture: Posture,
) {
    let lab = Lab::new();
    list(&lab, &[digest_of(b"gone")], listed_as);
    assert_eq!(lab.see(&[]).observation.posture, posture);
}

#[test]
fn a_failure_there_is_no_failure_of_the_signature_tag() {
    let lab = Lab::new();
    push_tag(&lab, &[layer_by(&lab, &workflow())]);
    let digest = push_old_form(&lab, &[layer_by(&lab, &workflow())], |_| {});
    list(&lab, std::slice::from_ref(&digest), Some(OLD_FORM));
    lab.registry
        .fault(FaultRule::new(NAME, &digest, Fault::Status(500)));
    let seen = lab.see(&[]);
    assert_eq!(
        (seen.observation.posture, seen.signatures.len()),
        (Posture::Signed, 1)
    );
    assert!(seen.observation.incomplete);
}

#[test]
fn many_signatures_of_a_reproducible_nightly_are_all_looked_at() {
    let lab = Lab::new();
    let mut layers: Vec<SignatureLayer> = (0..70).map(|_| layer_by(&lab, &workflow())).collect();
    layers.push(layer_by(&lab, &Identity::google("dev@acme.example")));
    push_tag(&lab, &layers);
    let seen = lab.see(&[]);
    assert_eq!(seen.signatures.len(), 2, "{:?}", seen.observation.problems);
    assert!(!seen.observation.incomplete);
    let one = layers.swap_remove(0);
    push_tag(&lab, &vec![one; 1025]);
    let seen = lab.see(&[]);
    assert!(seen.signatures.is_empty());
    assert_ne!(seen.observation.posture, Posture::Unsigned);
}

/// A bundle of so many bytes that states something, and does not say what at its manifest.
fn push_bundle(lab: &Lab, predicate: &str, size: usize, labelled: bool) {
    let leaf = lab.sigstore.issue(&workflow(), signed_at()).unwrap();
    let log = lab.sigstore.log();
    let bundle = Bundle::proven_by_leaf(&leaf, &lab.digest, predicate, log, signed_at()).unwrap();
    let room = size.saturating_sub(bundle.bytes.len());
    let bundle = bundle
        .edited(|bundle| bundle["padding"] = json!("x".repeat(room)))
        .unwrap();
    lab.registry.push_blob(NAME, &bundle.bytes).unwrap();
    let image = lab.registry.manifest(NAME, &lab.digest).unwrap().unwrap();
    let referrer = bundle.referrer(&Descriptor::of(IMAGE_MANIFEST_MEDIA_TYPE, &image));
    let mut manifest: Value = serde_json::from_slice(&referrer.manifest).unwrap();
    if !labelled {
        manifest.as_object_mut().unwrap().remove("annotations");
    }
    lab.registry.push_blob(NAME, &referrer.config).unwrap();
    let digest = push(lab, manifest.to_string().as_bytes());
    list(lab, &[digest], None);
}

#[rstest]
#[case::small(1000, false)]
#[case::large(100_000, false)]
#[case::beyond_any_bound((1 << 20) + 5000, false)]
#[case::labelled(100_000, true)]
fn an_attestation_of_any_size_signs_nothing(#[case] size: usize, #[case] labelled: bool) {
    let lab = Lab::new();
    push_bundle(&lab, PROVENANCE, size, labelled);
    let seen = lab.see(&[]);
    assert_eq!(seen.observation.posture, Posture::Unsigned, "{seen:?}");
    assert_eq!(seen.attestations, 1);
}

#[rstest]
#[case::small(1000, false, Posture::Signed)]
#[case::large(100_000, false, Posture::Unverifiable)]
#[case::labelled(100_000, true, Posture::Unverifiable)]
#[case::labelled_and_beyond_any_bound((1 << 20) + 5000, true, Posture::Unverifiable)]
fn a_signature_of_any_size_is_never_unsigned(
    #[case] size: usize,
    #[case] labelled: bool,
    #[case] posture: Posture,
) {
    let lab = Lab::new();
    push_bundle(&lab, SIGN_PREDICATE, size, labelled);
    let seen = lab.see(&[]);
    assert_eq!(seen.observation.posture, posture, "{seen:?}");
}

#[rstest]
#[case::not_found(404, true)]
#[case::no_such_method(405, true)]
#[case::not_implemented(501, true)]
#[case::unauthorized(401, true)]
#[case::forbidden(403, true)]
#[case::failed(500, false)]
#[case::unavailable(503, false)]
#[case::rate_limit(429, false)]
fn where_the_api_is_missing_or_refused_for_good_the_signature_tag_teaches(
    #[case] status: u16,
    #[case] complete: bool,
) {
    let lab = Lab::new();
    push_tag(&lab, &[layer_by(&lab, &workflow())]);
    let fault = match status {
        401 => Fault::Unauthorized,
        403 => Fault::Denied,
        429 => Fault::RateLimited,
        status => Fault::Status(status),
    };
    lab.registry
        .fault(FaultRule::new("*", "referrers/*", fault.clone()));
    let seen = lab.see(&[]);
    assert_eq!(seen.observation.posture, Posture::Signed, "{seen:?}");
    assert_eq!(!seen.observation.incomplete, complete, "{seen:?}");
    // Not in silence.
    assert_eq!(seen.notes.len(), usize::from(complete), "{seen:?}");
    // Where nobody says what refers to the image, that there are no bundles is not known.
    let is_refused = [401, 403].contains(&status);
    assert_eq!(seen.observation.bundles_read, complete && !is_refused);
    // Without a signature nothing is known where nobody answered.
    let lab = Lab::new();
    lab.registry
        .fault(FaultRule::new("*", "referrers/*", fault));
    let is_missing = [404, 405, 501].contains(&status);
    let expected = if is_missing {
        Posture::Unsigned
    } else {
        Posture::Unknown
    };
    assert_eq!(lab.see(&[]).observation.posture, expected);
}
