//! Whole requests that other people recorded on hosts of both generations, held against the right answers.
//!
//! The recordings are not part of the project: where the folder is missing, the tests are ignored.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use chrono::{DateTime, Utc};
use rstest::rstest;
use serde_json::Value;
use signature_continuity::answer::Answer;
use signature_continuity::baseline::ConfigMapData;
use signature_continuity::digest::Digest;
use signature_continuity::guest::judge;
use signature_continuity::host::{Host, Place};
use signature_continuity::host_error::{self, HostError};
use signature_continuity::registry_words::Asked;
use signature_continuity::settings::Settings;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Answers as they were recorded; what was not asked then: the image is there, further tags and objects are not, and
/// what was signed is confirmed.
struct Recorded {
    answers: BTreeMap<String, Result<Value, String>>,
}

fn case(name: &str) -> PathBuf {
    let cases = Path::new(env!("RECORDINGS")).join("turn-2/cases");
    cases.join(name)
}

fn yaml(path: &Path) -> Value {
    yaml_serde::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

impl Recorded {
    fn read(path: &Path) -> Self {
        let mut answers = BTreeMap::new();
        for exchange in yaml(path).as_array().unwrap() {
            let request = exchange["request"].as_str().unwrap();
            let (tag, rest) = request.split_once('\n').unwrap();
            let field = |name: &str| {
                let start = format!("{name}: ");
                let line = rest.lines().find_map(|line| line.strip_prefix(&start));
                line.map(str::to_owned)
            };
            let about = field("name").or(field("image")).unwrap_or_default();
            let response = &exchange["response"];
            let answer = match response["payload"].as_str() {
                Some(payload) => Ok(serde_json::from_str(payload).unwrap()),
                None => Err(response["message"].as_str().unwrap().to_owned()),
            };
            answers.insert(format!("{tag} {about}"), answer);
        }
        Self { answers }
    }

    fn answer(&self, key: String) -> Option<Result<&Value, String>> {
        let answer = self.answers.get(&key)?;
        let text = |error: &String| format!("Host error: Callback evaluation failure: {error}");
        Some(answer.as_ref().map_err(text))
    }

    fn verified(&self, call: &str, name: &str, digest: &Digest) -> Result<(), HostError> {
        match self.answer(format!("{call} {name}@{digest}")) {
            Some(Ok(answer)) if answer["is_trusted"] == true => Ok(()),
            Some(Ok(_)) => Err(HostError::Negative),
            Some(Err(text)) => Err(host_error::of_verification(&text)),
            None => Ok(()),
        }
    }
}

impl Host for Recorded {
    fn now(&self) -> DateTime<Utc> {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    fn config_map(&self, namespace: &str, name: &str) -> Result<ConfigMapData, HostError> {
        match self.answer(format!("!KubernetesGetResource {name}")) {
            Some(Ok(map)) => {
                let texts = |value: &Value| serde_json::from_value(value.clone()).unwrap();
                Ok(ConfigMapData {
                    labels: texts(&map["metadata"]["labels"]),
                    data: texts(&map["data"]),
                })
            }
            Some(Err(text)) => Err(host_error::of_resource(&text, name, namespace)),
            None => Err(HostError::Absent),
        }
    }

    fn manifest_digest(&self, name: &str, tag: &str) -> Result<Digest, HostError> {
        match self
            .answer(format!("!OciManifestDigest {name}:{tag}"))
            .unwrap()
        {
            Ok(answer) => Ok(answer["digest"].as_str().unwrap().parse().unwrap()),
            Err(text) => Err(of_registry(&text, name, tag)),
        }
    }

    fn manifest(&self, name: &str, place: &Place<'_>) -> Result<Vec<u8>, HostError> {
        match self.answer(format!("!OciManifest {}", place.of(name))) {
            Some(Ok(manifest)) => Ok(manifest.to_string().into_bytes()),
            Some(Err(text)) => Err(of_registry(&text, name, place.as_str())),
            None if matches!(place, Place::Digest(_)) => Ok(b"{\"layers\":[]}".to_vec()),
            None => Err(HostError::Absent),
        }
    }

    fn verify_certificate(&self, name: &str, digest: &Digest, _: &str) -> Result<(), HostError> {
        self.verified("!SigstoreCertificateVerify", name, digest)
    }

    fn verify_key(&self, name: &str, digest: &Digest, _: &str) -> Result<(), HostError> {
        self.verified("!SigstorePubKeyVerify", name, digest)
    }

    fn issued_by(&self, _: &str, _: &[String], _: DateTime<Utc>) -> Result<bool, HostError> {
        let issued = self.answer("!CryptoIsCertificateTrusted ".to_owned());
        Ok(issued.is_none_or(|answer| answer.unwrap()["trusted"] == true))
    }
}

fn of_registry(text: &str, name: &str, reference: &str) -> HostError {
    host_error::of_registry(text, &Asked { name, reference }, &[])
}

fn judged(case: &Path, session: &str) -> Answer {
    let settings = yaml(&case.join("settings.yaml")).to_string();
    let settings = Settings::parse(settings.as_bytes()).unwrap();
    let review = yaml(&case.join("review.json"));
    let host = Recorded::read(&case.join(session));
    judge(&host, &settings, review["request"].clone())
}

#[rstest]
#[case::quay_old("absent-words", "session-quay-host13.yml", "unsigned", Some(403))]
#[case::quay_new("absent-words", "session-quay-host14.yml", "unsigned", Some(403))]
#[case::pulp_old("absent-words", "session-pulp-host13.yml", "unsigned", Some(403))]
#[case::pulp_new("absent-words", "session-pulp-host14.yml", "unsigned", Some(403))]
#[case::move_old("move-to-bundles-by-referrers", "session.yml", "unsigned", Some(403))]
#[case::move_new(
    "move-to-bundles-by-referrers",
    "session-host14.yml",
    "unsigned",
    Some(403)
)]
#[case::referrer("oci11-old-format-referrer", "session.yml", "unsigned", Some(403))]
#[case::other_log_old(
    "other-log-host14",
    "session-host13.yml",
    "undetermined (answer)",
    None
)]
#[case::other_log_new(
    "other-log-host14",
    "session-host14.yml",
    "undetermined (answer)",
    None
)]
#[case::outage_old(
    "outage-in-verification-host14",
    "session-host13.yml",
    "undetermined (answer)",
    None
)]
#[case::outage_new(
    "outage-in-verification-host14",
    "session-host14.yml",
    "undetermined (answer)",
    None
)]
#[case::wrapped("wrapped-base64", "session.yml", "none", None)]
#[case::hidden("message-hides-the-difference", "session.yml", "signer ", Some(403))]
#[case::blank("blank-image-in-template", "session.yml", "unreadable", None)]
#[cfg_attr(not(recordings), ignore = "needs the recordings beside the project")]
fn what_others_recorded(
    #[case] name: &str,
    #[case] session: &str,
    #[case] drift: &str,
    #[case] code: Option<u16>,
) {
    let case = case(name);
    let answer = judged(&case, session);
    let said = &answer.annotations["image-1"];
    assert!(said.contains(&format!(" {drift}")), "{said}");
    assert_eq!(answer.rejection.as_ref().map(|(code, _)| *code), code);
    if let Some((_, text)) = &answer.rejection {
        // It is said where a signature may be that this host does not see.
        let may_be_unseen = text.contains("it may be a bundle: cosign 3");
        assert_eq!(may_be_unseen, drift == "unsigned", "{text}");
        let line = |start: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(start))
                .unwrap()
        };
        assert_ne!(line("before: "), line("now: "));
    } else {
        assert_eq!(answer.warnings.is_empty(), drift == "none");
    }
}
