//! Sessions: kwctl's format, both ways, and replays that do not fit.

use std::sync::Arc;

use host_harness::capabilities::{Capabilities, HostError, HostGeneration, HostRequest};
use host_harness::session::{Recorder, ReplayError, Replayer, Reply, Session, SessionError};
use rstest::rstest;
use serde_json::{Value, json};

/// As kwctl writes it, one exchange of each kind that the policy makes.
const KWCTL: &str = r#"- type: Exchange
  request: |
    !KubernetesGetResource
    api_version: v1
    kind: ConfigMap
    name: continuity-abc
    namespace: signature-continuity
    disable_cache: false
    field_masks: null
  response:
    type: Error
    message: Cannot find v1/ConfigMap named 'continuity-abc' inside of namespace 'Some("signature-continuity")'
- type: Exchange
  request: |
    !OciManifestDigest
    image: localhost:5000/acme/api:v1
  response:
    type: Success
    payload: '{"digest":"sha256:abc"}'
- type: Exchange
  request: |
    !OciManifest
    image: localhost:5000/acme/api:sha256-abc.sig
  response:
    type: Success
    payload: '{"schemaVersion":2}'
- type: Exchange
  request: |
    !SigstoreCertificateVerify
    image: localhost:5000/acme/api@sha256:abc
    certificate:
    - 45
    - 10
    certificate_chain: null
    require_rekor_bundle: true
    annotations: null
  response:
    type: Success
    payload: '{"is_trusted":true,"digest":"sha256:abc"}'
- type: Exchange
  request: |
    !CryptoIsCertificateTrusted
    request:
      cert:
        encoding: Pem
        data:
        - 45
      cert_chain:
      - encoding: Pem
        data:
        - 45
      not_after: 2026-01-01T00:00:00Z
  response:
    type: Success
    payload: '{"trusted":true,"reason":""}'
- type: Exchange
  request: |
    !SigstorePubKeyVerify
    image: a
    pub_keys:
    - |
      -----BEGIN PUBLIC KEY-----
      AAAA
      -----END PUBLIC KEY-----
    annotations: null
  response:
    type: Error
    message: |
      Image verification failed: missing signatures
      The following constraints were not satisfied:
      kind: pubKey
- type: Exchange
  request: |
    !SigstoreKeylessVerify
    image: a
    keyless:
    - issuer: https://i
      subject: s
    annotations:
      k: v
  response:
    type: Success
    payload: '{}'
"#;

#[test]
fn reads_and_writes_what_kwctl_writes() {
    let session = Session::parse(KWCTL).unwrap();
    assert_eq!(session.exchanges.len(), 7);
    assert_eq!(
        session.exchanges[1].request,
        HostRequest::OciManifestDigest {
            image: "localhost:5000/acme/api:v1".to_owned()
        }
    );
    assert_eq!(session.to_yaml().unwrap(), KWCTL);
}

#[test]
fn accepts_sessions_without_field_masks() {
    let older = KWCTL.replace("    field_masks: null\n", "");
    assert_eq!(
        Session::parse(&older).unwrap(),
        Session::parse(KWCTL).unwrap()
    );
}

#[test]
fn keeps_what_kwctl_takes_for_comments() {
    let text = format!(
        "# clock: 2026-11-22T00:00:00.250Z\n# tick: 200ms\n# host: 1.35\n# grants: none\n# anything\n{KWCTL}"
    );
    let session = Session::parse(&text).unwrap();
    assert!(session.ungranted);
    assert_eq!(session.host, Some(HostGeneration::Kubewarden135));
    let clock = session.wall_clock();
    assert_eq!(clock.now().as_millis(), 1_795_305_600_250);
    clock.host_call_made();
    assert_eq!(clock.now().as_millis(), 1_795_305_600_450);
    let again = Session::parse(&session.to_yaml().unwrap()).unwrap();
    assert_eq!(again, session);
}

#[rstest]
#[case::clock(
    "# clock: yesterday\n[]",
    "line 1: expected `# clock: 2026-11-22T00:00:00Z`, got `# clock: yesterday`"
)]
#[case::tick(
    "#\n# tick: soon\n[]",
    "line 2: expected `# tick: 200ms`, got `# tick: soon`"
)]
#[case::grants(
    "# grants: all\n[]",
    "line 1: expected `# grants: none`, got `# grants: all`"
)]
#[case::host(
    "# host: 1.34\n[]",
    "line 1: expected `# host: 1.36`, got `# host: 1.34`"
)]
#[case::no_list(
    "type: Exchange",
    "no recorded session: expected a YAML list of exchanges"
)]
#[case::unknown_call(
    "- type: Exchange\n  request: |\n    !Unknown\n    a: b\n  response: {type: Error, message: m}",
    "no recorded session"
)]
fn rejects_what_is_no_session(#[case] text: &str, #[case] expected: &str) {
    let error = Session::parse(text).unwrap_err().to_string();
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn accepts_sessions_in_which_nothing_was_asked() {
    for text in ["", "[]\n", "# clock: 2026-11-22T00:00:00Z\n[]\n"] {
        assert_eq!(Session::parse(text).unwrap().exchanges, []);
    }
}

/// Answers with what it was asked; fails where the image is `bad`, and dies where it is `dead`.
struct Host;

impl Capabilities for Host {
    fn answer(&self, request: &HostRequest) -> Result<Vec<u8>, HostError> {
        match request {
            HostRequest::OciManifest { image } if image == "bad" => {
                Err(anyhow::anyhow!("cause").context("message").into())
            }
            HostRequest::OciManifest { image } if image == "dead" => {
                Err(HostError::Refused("gone".to_owned()))
            }
            HostRequest::OciManifest { image } if image == "binary" => Ok(vec![0xff]),
            request => Ok(serde_json::to_vec(request).unwrap()),
        }
    }
}

fn manifest(image: &str) -> HostRequest {
    HostRequest::OciManifest {
        image: image.to_owned(),
    }
}

fn record(images: &[&str]) -> Result<Session, SessionError> {
    let recorder = Recorder::new(Arc::new(Host), "2026-11-22T00:00:00Z".parse().unwrap());
    for image in images {
        let _ = recorder.answer(&manifest(image));
    }
    recorder.finish()
}

#[test]
fn replays_what_it_recorded() {
    let session = record(&["good", "bad"]).unwrap();
    let session = Session::parse(&session.to_yaml().unwrap()).unwrap();
    assert_eq!(
        session.exchanges[1].response,
        Reply::Error {
            message: "message".to_owned()
        }
    );
    let replayer = Replayer::new(session.exchanges);
    let answer = replayer.answer(&manifest("good")).unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&answer).unwrap(),
        json!({"OciManifest": {"image": "good"}})
    );
    assert_eq!(
        replayer.answer(&manifest("bad")),
        Err(HostError::failed("message"))
    );
    assert_eq!(replayer.finish(), Ok(()));
}

#[rstest]
#[case(
    "dead",
    "oci/v1/oci_manifest brought down the host's task (gone), which no session can hold"
)]
#[case(
    "binary",
    "oci/v1/oci_manifest was answered with something that is not text, which no session can hold"
)]
fn does_not_write_sessions_with_holes(#[case] image: &str, #[case] expected: &str) {
    assert_eq!(record(&["good", image]).unwrap_err().to_string(), expected);
}

fn replay(recorded: &[&str], asked: &[HostRequest]) -> Result<(), ReplayError> {
    let replayer = Replayer::new(record(recorded).unwrap().exchanges);
    for request in asked {
        let _ = replayer.answer(request);
    }
    replayer.finish()
}

#[test]
fn tells_missing_unexpected_and_left_over_exchanges() {
    let error = replay(&["a"], &[manifest("a"), manifest("b")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "missing exchange: after all 1 recorded ones the policy asked for oci/v1/oci_manifest of b"
    );
    let error = replay(&["a", "b"], &[manifest("a"), manifest("x"), manifest("b")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "unexpected request: exchange 2 is oci/v1/oci_manifest of b, but the policy asked for oci/v1/oci_manifest of x"
    );
    let error = replay(&["a", "b", "c"], &[manifest("a")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "left over: the policy did not ask for exchange 2 of 3, oci/v1/oci_manifest of b"
    );
}

#[test]
fn answers_nothing_after_the_first_difference() {
    let replayer = Replayer::new(record(&["a", "b"]).unwrap().exchanges);
    assert!(replayer.answer(&manifest("x")).is_err());
    let text = replayer.answer(&manifest("b")).unwrap_err().to_string();
    assert!(text.contains("exchange 1 is"), "{text}");
}

#[test]
fn tells_requests_that_differ_only_in_other_arguments() {
    let session = Session::parse(KWCTL).unwrap();
    let replayer = Replayer::new(session.exchanges.into_iter().skip(5).take(1).collect());
    let other = HostRequest::SigstorePubKeyVerify {
        image: "a".to_owned(),
        pub_keys: Vec::new(),
        annotations: None,
    };
    let _ = replayer.answer(&other);
    assert_eq!(
        replayer.finish().unwrap_err().to_string(),
        "unexpected request: exchange 1 is oci/v2/verify by key of a, but the policy asked for \
         oci/v2/verify by key of a with other arguments"
    );
}
