//! What each answer, and each missing one, leads to.

use super::*;

fn observed_with(calls: &str, failure: Failure, reference: &str) -> Observation {
    let host = signed_host();
    host.fail(calls, failure);
    observed(&host, &settings(json!({})), &usable(learned()), reference).unwrap()
}

#[rstest]
#[case(HostError::Absent, Cause::Absent, None)]
#[case(
    HostError::Outage(Outage::RateLimit),
    Cause::Outage,
    Some(Outage::RateLimit)
)]
#[case(HostError::Outage(Outage::Denied), Cause::Outage, Some(Outage::Denied))]
#[case(HostError::Unusable, Cause::Answer, None)]
#[case(HostError::Answer, Cause::Answer, None)]
#[case(HostError::NotGranted, Cause::Host, None)]
fn errors_of_the_resolution(
    #[case] error: HostError,
    #[case] cause: Cause,
    #[case] outage: Option<Outage>,
) {
    let observation = observed_with("digest", Failure::Error(error), &by_tag());
    assert_eq!(observation.posture, Posture::Unknown);
    assert_eq!(observation.unknown, Some((cause, outage)));
    assert_eq!(observation.digest, None);
}

/// A refusal beside an image that is served is no outage; where the image is refused too, it is one.
#[test]
fn a_refusal_of_the_sig_alone_is_an_answer() {
    let sig = format!("manifest {REPOSITORY}:{}", digest("v1").signature_tag());
    let denied = Failure::Error(HostError::Outage(Outage::Denied));
    for reference in [by_tag(), by_digest()] {
        let observation = observed_with(&sig, denied.clone(), &reference);
        assert_eq!(observation.unknown, Some((Cause::Answer, None)));
    }
    let observation = observed_with("manifest", denied, &by_digest());
    assert_eq!(
        observation.unknown,
        Some((Cause::Outage, Some(Outage::Denied)))
    );
}

#[test]
fn an_image_that_is_not_there_is_not_unsigned() {
    let host = FakeHost::new();
    host.without_image(&digest("v1"));
    let lookup = usable(learned());
    let observation = observed(&host, &settings(json!({})), &lookup, &by_digest()).unwrap();
    assert_eq!(observation.unknown, Some((Cause::Absent, None)));
}

#[rstest]
#[case::absent(HostError::Absent, Posture::Unsigned, false)]
#[case::unusable(HostError::Unusable, Posture::Unknown, true)]
#[case::outage(HostError::Outage(Outage::Unavailable), Posture::Unknown, false)]
#[case::negative(HostError::Negative, Posture::Unknown, false)]
#[case::not_granted(HostError::NotGranted, Posture::Unknown, false)]
fn errors_of_the_sig(
    #[case] error: HostError,
    #[case] posture: Posture,
    #[case] has_signature_tag: bool,
) {
    let call = format!("manifest {REPOSITORY}:{}", digest("v1").signature_tag());
    let observation = observed_with(&call, Failure::Error(error), &by_digest());
    assert_eq!(observation.posture, posture);
    assert_eq!(observation.digest, Some(digest("v1")));
    assert_eq!(observation.has_signature_tag, has_signature_tag);
}

#[test]
fn a_reference_that_the_host_does_not_take_is_no_observation() {
    for calls in ["digest", "manifest"] {
        let host = signed_host();
        host.fail(calls, Failure::Text("invalid reference format"));
        let reference = if calls == "digest" {
            by_tag()
        } else {
            by_digest()
        };
        let observation = observed(&host, &settings(json!({})), &usable(learned()), &reference);
        assert_eq!(observation, Err(HostRejectsReference));
    }
}

/// What anybody who can push may put there is never an outage, and never absent.
#[rstest]
#[case::no_json("Failed to parse manifest: expected value at line 1 column 1")]
#[case::other_shape("Failed to parse manifest as Versioned object: missing field `schemaVersion`")]
#[case::old("Unsupported schema version: 1")]
#[case::media_type("Unsupported media type: application/x")]
fn a_sig_that_the_host_cannot_read_is_an_answer(#[case] text: &'static str) {
    let call = format!("manifest {REPOSITORY}:{}", digest("v1").signature_tag());
    let observation = observed_with(&call, Failure::Text(text), &by_digest());
    assert_eq!(observation.unknown, Some((Cause::Answer, None)));
}

#[rstest]
#[case::empty(b"".as_slice())]
#[case::no_json(b"\xff\xfe".as_slice())]
#[case::an_index(br#"{"schemaVersion":2,"manifests":[]}"#.as_slice())]
#[case::no_layers(br#"{"schemaVersion":2,"layers":[]}"#.as_slice())]
#[case::null(b"null".as_slice())]
#[case::wrong_types(br#"{"layers":[{"mediaType":1}]}"#.as_slice())]
#[case::deep(DEEP)]
fn a_sig_that_is_no_signature_is_unverifiable(#[case] manifest: &[u8]) {
    let host = signed_host();
    host.serve(REPOSITORY, &digest("v1").signature_tag(), manifest);
    let observation = observed(
        &host,
        &settings(json!({})),
        &usable(learned()),
        &by_digest(),
    )
    .unwrap();
    assert_eq!(observation.posture, Posture::Unverifiable);
    assert!(observation.has_signature_tag);
    assert_eq!(host.kinds(), ["manifest"], "nothing more is asked");
}

const DEEP: &[u8] = &[b'['; 100_000];

#[test]
fn beyond_the_bounds_nothing_is_asked() {
    let layer = keyless(&release("v1"), &digest("v1")).layer().unwrap();
    let mut large = layer.clone();
    large.declared_size = Some(64 * 1024 + 1);
    let mut foreign = layer.clone();
    foreign.media_type = "application/octet-stream".to_owned();
    for (layers, expected) in [
        (vec![layer.clone(); 64], (Posture::Signed, None)),
        (
            vec![layer.clone(); 65],
            (Posture::Unknown, Some((Cause::Limit, None))),
        ),
        (vec![layer.clone(), large], (Posture::Unverifiable, None)),
        (vec![layer, foreign], (Posture::Unverifiable, None)),
    ] {
        let host = FakeHost::new();
        host.sign(REPOSITORY, &digest("v1"), &layers);
        let observation = observed(
            &host,
            &settings(json!({})),
            &usable(learned()),
            &by_digest(),
        )
        .unwrap();
        assert_eq!((observation.posture, observation.unknown), expected);
        if expected.0 != Posture::Signed {
            assert_eq!(host.kinds(), ["manifest"]);
        }
    }
}

/// An image that is not there yet, beside signatures that are: whoever can push pushes it a moment later.
#[test]
fn signatures_beside_an_image_that_is_not_there_are_no_outage() {
    let copied = keyless(&release("v1"), &digest("an older image"))
        .layer()
        .unwrap();
    let own = keyless(&google("mallory@evil.example"), &digest("v1"))
        .layer()
        .unwrap();
    for layers in [vec![copied.clone()], vec![own.clone()], vec![copied, own]] {
        let host = FakeHost::new();
        host.sign(REPOSITORY, &digest("v1"), &layers);
        host.without_image(&digest("v1"));
        let observation = observed(
            &host,
            &settings(json!({})),
            &usable(learned()),
            &by_digest(),
        )
        .unwrap();
        assert!(
            matches!(
                observation.posture,
                Posture::Invalid | Posture::Unverifiable | Posture::Unknown
            ),
            "{observation:?}"
        );
    }
}

/// What hosts say when a blob of a `.sig` cannot be had.
#[rstest]
#[case(
    "failed to get image trusted layers: Cannot pull R: HTTP status client error (404 Not Found) for url U",
    Posture::Unknown
)]
#[case(
    "failed to get image trusted layers: Cannot pull R: HTTP status client error (400 Bad Request) for url U",
    Posture::Unknown
)]
#[case(
    "failed to get image trusted layers: Cannot pull R: HTTP status client error (416 Range Not Satisfiable) for url U",
    Posture::Unknown
)]
#[case(
    "failed to get image trusted layers: Cannot pull R: Incompatible layer media type: x",
    Posture::Unknown
)]
#[case(
    "failed to get image trusted layers: Cannot pull R: No layers to pull",
    Posture::Unknown
)]
#[case(
    "failed to get image trusted layers: Cannot pull R: Digest error: expected a, got b",
    Posture::Unknown
)]
#[case(
    "failed to get image trusted layers: Cannot pull R: Error parsing Url relative URL without a base",
    Posture::Unknown
)]
#[case(
    "failed to get image trusted layers: Cannot pull manifest of R: Unsupported media type: x",
    Posture::Unknown
)]
#[case(
    "failed to get image trusted layers: No Signature Layer passed verification",
    Posture::Unknown
)]
#[case(
    "failed to get image trusted layers: Cannot pull R: HTTP status server error (503 Service Unavailable) for url U",
    Posture::Unknown
)]
#[case(
    "failed to get image trusted layers: Cannot pull R: error sending request for url (U)",
    Posture::Unknown
)]
#[case("words that nobody knows", Posture::Unknown)]
fn what_verification_says(#[case] text: &'static str, #[case] posture: Posture) {
    let observation = observed_with("verify-certificate", Failure::Text(text), &by_digest());
    assert_eq!(observation.posture, posture, "{observation:?}");
}

/// Whatever fails wherever: a known signer's image is never called unsigned, and never another's.
#[test]
fn each_error_in_each_position() {
    let errors = [
        HostError::Absent,
        HostError::Answer,
        HostError::Unusable,
        HostError::Negative,
        HostError::Outage(Outage::RateLimit),
        HostError::BadReference,
        HostError::NotGranted,
    ];
    for error in errors {
        for at in 0..4 {
            let host = signed_host();
            host.fail_nth(at, Failure::Error(error.clone()));
            let observation = observed(&host, &settings(json!({})), &usable(learned()), &by_tag());
            let Ok(observation) = observation else {
                assert!(error == HostError::BadReference && at < 2);
                continue;
            };
            let told = format!("{error:?} at {at}: {observation:?}");
            let absent_sig = error == HostError::Absent && at == 1;
            assert_eq!(
                observation.posture == Posture::Unsigned,
                absent_sig,
                "{told}"
            );
            assert_ne!(observation.posture, Posture::Signed, "{told}");
            assert_ne!(observation.posture, Posture::Invalid, "{told}");
            let is_unknown = observation.posture == Posture::Unknown;
            assert_eq!(observation.unknown.is_some(), is_unknown, "{told}");
        }
    }
}

/// A blob of the known signer's that the host could not fetch, beside a stranger's signature that it could.
#[test]
fn a_stranger_does_not_become_the_signer_while_a_known_one_is_not_confirmed() {
    let stranger = keyless(&google("dev@acme.example"), &digest("v1"));
    let known = keyless(&release("v1"), &digest("v1"));
    let layers = [known.layer().unwrap(), stranger.layer().unwrap()];
    for thorough in [false, true] {
        let host = FakeHost::new();
        host.sign(REPOSITORY, &digest("v1"), &layers);
        host.fail_nth(2, Failure::Error(HostError::Negative));
        let lookup = usable(learned());
        let observation = look_at(&host, &lookup, thorough);
        assert_eq!(observation.unknown, Some((Cause::Answer, None)));
        assert_eq!((observation.proven, observation.incomplete), (vec![], true));
    }
}

fn look_at(host: &FakeHost, lookup: &Lookup, thorough: bool) -> Observation {
    let settings = settings(json!({}));
    let reference: ImageReference = by_digest().parse().unwrap();
    let names = settings.names(reference.repository());
    let known = Known::new(&settings, &names, lookup.baseline(), &[]);
    let calls = Calls::new(host, settings.budget);
    let image = ImageContext {
        reference: &reference,
        repository: names.aliased(),
        lookup,
        known: &known,
        thorough,
    };
    observe(&calls, &settings, &image).unwrap()
}

#[test]
fn the_learner_looks_at_more_layers_than_a_host_is_asked_about() {
    let layer = keyless(&release("v1"), &digest("v1")).layer().unwrap();
    let host = FakeHost::new();
    host.sign(REPOSITORY, &digest("v1"), &vec![layer; 65]);
    let lookup = usable(learned());
    assert_eq!(
        look_at(&host, &lookup, false).unknown,
        Some((Cause::Limit, None))
    );
    assert_eq!(look_at(&host, &lookup, true).posture, Posture::Signed);
}
