//! `serve`, called over TLS.

mod server;

use std::path::Path;
use std::time::{Duration, Instant};

use continuity_registry::runtime;
use rstest::rstest;
use serde_json::{Value, json};

use crate::guest;
use server::{Server, bench, request, review};

const POLICIES: &str = "
protect: {module: policy.wasm, hostCapabilities: ['*'], contextAwareResources: [{apiVersion: v1, kind: ConfigMap}]}
monitor: {module: policy.wasm, policyMode: monitor}
spoken: {module: policy.wasm, message: see the wiki}
";

/// How it ended by itself, and what it said; no status where it had to be ended.
fn ended(directory: &Path, arguments: &str) -> (Option<i32>, String) {
    let mut command = crate::cli::command(directory, arguments);
    let output = command.timeout(Duration::from_secs(60)).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}

/// A policy that accepts all settings, and never ends.
fn endless() -> Vec<u8> {
    guest::module(
        "(if (i32.eq (local.get $operation) (i32.const 17)) (then
            (call $guest_response (i32.const 96) (i32.const 14)) (return (i32.const 1))))
         (loop $on (br $on))
         (i32.const 0)",
    )
}

/// One that accepts all settings, and then dies.
fn dying() -> Vec<u8> {
    guest::module(
        "(if (i32.eq (local.get $operation) (i32.const 17)) (then
            (call $guest_response (i32.const 96) (i32.const 14)) (return (i32.const 1))))
         unreachable",
    )
}

#[test]
fn answers_as_the_policy_does_and_logs_what_it_logs() {
    let directory = bench(POLICIES);
    let server = Server::start(&directory, "--policies policies.yml --store dir:store");
    let (status, answer) = server.post("/validate/protect", &review(request("prod")));
    assert_eq!(status, 200);
    assert_eq!(
        answer,
        json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "response": {
                "uid": "705ab4f5", "allowed": true, "auditAnnotations": null, "warnings": ["a warning"],
            },
        })
    );
    let log = server.stop();
    let line = log
        .iter()
        .find(|it| it.contains("policy: image"))
        .expect("the policy's line");
    for part in [
        r#"data={"drift":"signer"}"#,
        "policy=\"protect\"",
        "uid=705ab4f5",
        "request=CREATE Pod prod/api",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
    let line = log.iter().find(|it| it.contains("policy evaluated"));
    assert!(
        line.is_some_and(|it| it.contains("allowed=true")),
        "{log:#?}"
    );
    assert!(log[0].contains("for trying and testing"), "{log:#?}");
    assert_eq!(log.last().unwrap(), "ended");
}

#[test]
fn a_rejection_is_what_mode_message_and_origin_make_of_it() {
    let directory = bench(POLICIES);
    let server = Server::start(&directory, "--policies policies.yml --store dir:empty");
    let response = |path: &str| {
        let (status, answer) = server.post(path, &review(request("prod")));
        assert_eq!(status, 200);
        assert_eq!(answer["response"]["uid"], "705ab4f5");
        assert_eq!(answer["response"]["auditAnnotations"]["drift"], "signer");
        answer["response"].clone()
    };
    let own = json!({"message": "first line\nsecond line", "code": 403});
    let rejected = response("/validate/protect");
    assert_eq!(
        (&rejected["allowed"], &rejected["status"]),
        (&json!(false), &own)
    );

    let monitored = response("/validate/monitor");
    assert_eq!(
        (&monitored["allowed"], &monitored["status"]),
        (&json!(true), &Value::Null)
    );

    let spoken = response("/validate/spoken");
    let status = json!({
        "message": "see the wiki", "code": 403, "details": {"causes": [{"reason": null, "message": own["message"], "field": null}]},
    });
    assert_eq!(
        (&spoken["allowed"], &spoken["status"]),
        (&json!(false), &status)
    );

    // The audit scanner gets the policy's own answer, whatever the mode.
    for path in ["/audit/monitor", "/audit/spoken"] {
        let audited = response(path);
        assert_eq!(
            (&audited["allowed"], &audited["status"]),
            (&json!(false), &own),
            "{path}"
        );
    }
    let log = server.stop();
    let line = log
        .iter()
        .find(|it| it.contains("admitted in monitor mode"));
    assert!(
        line.is_some_and(|it| it.contains("second line")),
        "{log:#?}"
    );
}

#[test]
fn an_evaluation_without_an_answer_is_a_rejection_that_monitor_admits() {
    let directory = bench(
        "
endless: {module: endless.wasm, timeoutEvalSeconds: 1}
monitored: {module: endless.wasm, policyMode: monitor}
dying: {module: dying.wasm}
",
    );
    std::fs::write(directory.path().join("endless.wasm"), endless()).unwrap();
    std::fs::write(directory.path().join("dying.wasm"), dying()).unwrap();
    let arguments = "--policies policies.yml --store dir:store --policy-timeout 4";
    let server = Server::start(&directory, arguments);
    let started = Instant::now();
    let (status, answer) = server.post("/validate/endless", &review(request("prod")));
    assert_eq!(status, 200);
    assert_eq!(answer["response"]["allowed"], false);
    assert_eq!(
        answer["response"]["status"],
        json!({
            "message": "Policy execution interrupted because it exceeded the allowed execution time",
            "code": 500,
        })
    );
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(950), "{took:?}");

    let (_, answer) = server.post("/validate/dying", &review(request("prod")));
    let status = &answer["response"]["status"];
    assert_eq!(status["code"], 500);
    let message = status["message"].as_str().unwrap();
    assert!(
        message.starts_with("internal server error: the policy trapped"),
        "{message}"
    );

    let started = Instant::now();
    let (_, answer) = server.post("/validate/monitored", &review(request("prod")));
    assert_eq!(answer["response"]["allowed"], true);
    // Without a limit of its own it has the server's.
    let longer = started.elapsed();
    assert!(longer >= Duration::from_millis(3900), "{longer:?}");
    assert!(
        took + Duration::from_millis(500) < longer,
        "{took:?} {longer:?}"
    );
    let log = server.stop();
    assert!(
        log.iter().any(|it| it.contains("execution time exceeded")),
        "{log:#?}"
    );
}

/// While one request takes two seconds, another one comes: whether it has to wait.
#[rstest]
#[case::one_worker(1, true)]
#[case::two_workers(2, false)]
fn requests_wait_for_a_worker(#[case] workers: u8, #[case] waits: bool) {
    let directory = bench(&format!(
        "endless: {{module: endless.wasm, timeoutEvalSeconds: 2}}\n{POLICIES}"
    ));
    std::fs::write(directory.path().join("endless.wasm"), endless()).unwrap();
    let arguments = format!("--policies policies.yml --store dir:store --workers {workers}");
    let server = Server::start(&directory, &arguments);
    let (slow_ended, fast_ended) = std::thread::scope(|scope| {
        let slow = scope.spawn(|| {
            let (status, _) = server.post("/validate/endless", &review(request("prod")));
            assert_eq!(status, 200);
            Instant::now()
        });
        std::thread::sleep(Duration::from_millis(500));
        let (status, _) = server.post("/validate/protect", &review(request("prod")));
        assert_eq!(status, 200);
        let fast_ended = Instant::now();
        (slow.join().unwrap(), fast_ended)
    });
    // Whoever waited is answered within moments of the other, whichever of the two hears first.
    let ahead = slow_ended.saturating_duration_since(fast_ended);
    assert_eq!(ahead < Duration::from_millis(500), waits, "{ahead:?}");
}

#[test]
fn told_to_stop_it_answers_what_is_under_way() {
    let directory = bench("endless: {module: endless.wasm, timeoutEvalSeconds: 1}\n");
    std::fs::write(directory.path().join("endless.wasm"), endless()).unwrap();
    let server = Server::start(&directory, "--policies policies.yml --store dir:store");
    std::thread::scope(|scope| {
        let answer = scope.spawn(|| server.post("/validate/endless", &review(request("prod"))));
        std::thread::sleep(Duration::from_millis(300));
        server.terminate();
        assert_eq!(answer.join().unwrap().0, 200);
    });
    assert_eq!(server.stop().last().unwrap(), "ended");
}

#[test]
fn what_is_no_review_gets_an_error_status_and_a_sentence() {
    let directory = bench(POLICIES);
    let server = Server::start(&directory, "--policies policies.yml --store dir:store");
    let good = review(request("prod"));
    let json = Some("application/json");
    let padded = |bytes: usize| {
        let mut request = request("prod");
        request["object"]["metadata"]["annotations"] = json!({"a": "x".repeat(bytes)});
        review(request)
    };
    for (path, content_type, body, status, said) in [
        (
            "/validate/absent",
            json,
            good.clone(),
            404,
            "there is no policy `absent` here",
        ),
        (
            "/validate/protect/more",
            json,
            good.clone(),
            404,
            "there is no policy",
        ),
        (
            "/validate_raw/protect",
            json,
            good.clone(),
            404,
            "expected /validate/POLICY",
        ),
        ("/", json, good.clone(), 404, "expected /validate/POLICY"),
        (
            "/validate/protect",
            None,
            good.clone(),
            415,
            "application/json",
        ),
        (
            "/validate/protect",
            Some("text/yaml"),
            good.clone(),
            415,
            "application/json",
        ),
        (
            "/validate/protect",
            json,
            Vec::new(),
            400,
            "no AdmissionReview",
        ),
        (
            "/validate/protect",
            json,
            b"\xff\x00{".to_vec(),
            400,
            "no AdmissionReview",
        ),
        (
            "/audit/protect",
            json,
            b"{}".to_vec(),
            422,
            "missing field `request`",
        ),
        (
            "/validate/protect",
            json,
            padded(2 << 20),
            413,
            "larger than 2097152 bytes",
        ),
        (
            "/validate/protect",
            json,
            padded(7 << 20),
            413,
            "larger than 2097152 bytes",
        ),
    ] {
        let (answered, answer) = server.send(path, content_type, body);
        assert_eq!(answered, status, "{path}: {answer}");
        assert_eq!(answer["status"], status);
        let message = answer["message"].as_str().unwrap();
        assert!(message.contains(said), "{path}: {message}");
    }
    // The largest that is read, and a server that is still there.
    let (status, _) = server.post("/validate/protect", &padded((2 << 20) - 1000));
    assert_eq!(status, 200);

    let url = server.url("/validate/protect");
    let client = server.client();
    let answer = runtime::wait(async move { client.get(url).send().await.unwrap() }).unwrap();
    assert_eq!(answer.status(), 405);
    assert_eq!(answer.headers()["allow"], "POST");
}

#[test]
fn the_probe_is_plain_and_knows_one_path() {
    let directory = bench(POLICIES);
    let server = Server::start(&directory, "--policies policies.yml --store dir:store");
    assert_eq!(server.probe("/readiness"), 200);
    assert_eq!(server.probe("/validate/protect"), 404);
    // And TLS speaks to those alone who trust its authority.
    let url = server.url("/readiness");
    let error = runtime::wait(async move { reqwest::get(url).await.unwrap_err() }).unwrap();
    assert!(format!("{error:?}").contains("UnknownIssuer"), "{error:?}");
}

#[test]
fn one_namespace_is_admitted_unseen() {
    let directory = bench(POLICIES);
    let arguments = "--policies policies.yml --store dir:empty \
                     --always-accept-admission-reviews-on-namespace kubewarden";
    let server = Server::start(&directory, arguments);
    for (namespace, allowed) in [("kubewarden", true), ("kubewarden-2", false)] {
        let (_, answer) = server.post("/validate/protect", &review(request(namespace)));
        assert_eq!(answer["response"]["allowed"], allowed, "{namespace}");
    }
    let log = server.stop();
    let asked = log.iter().filter(|it| it.contains("policy: image")).count();
    assert_eq!(asked, 1, "{log:#?}");
}

#[test]
fn says_what_a_policy_is_not_granted() {
    let directory = bench(POLICIES);
    let server = Server::start(&directory, "--policies policies.yml --store dir:store");
    let log = server.stop();
    for line in [
        "warning: `monitor` reads v1/ConfigMap, and its contextAwareResources do not name it",
        "warning: `monitor` calls kubernetes/get_resource, and its hostCapabilities grant nothing",
    ] {
        assert!(log.iter().any(|it| it == line), "{line}: {log:#?}");
    }
    assert!(!log.iter().any(|it| it.contains("`protect` ")), "{log:#?}");
}

/// What speaks no TLS, hangs up or says nothing is nobody's trouble but its own.
#[test]
fn a_broken_connection_ends_alone() {
    use std::io::{Read as _, Write as _};
    let directory = bench(POLICIES);
    let server = Server::start(&directory, "--policies policies.yml --store dir:store");
    let address = server.url("").replace("https://", "");
    let connect = || std::net::TcpStream::connect(&address).unwrap();
    let silent: Vec<_> = (0..20).map(|_| connect()).collect();
    let mut plain = connect();
    plain
        .write_all(b"POST /validate/protect HTTP/1.1\r\n\r\n")
        .unwrap();
    plain
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    // Told in TLS that this is none, and hung up on.
    let mut said = Vec::new();
    let _ = plain.read_to_end(&mut said);
    assert!(!said.starts_with(b"HTTP"), "{said:?}");
    let (status, _) = server.post("/validate/protect", &review(request("prod")));
    assert_eq!(status, 200);
    drop(silent);
    assert_eq!(server.stop().last().unwrap(), "ended");
}

#[test]
fn a_route_has_one_policy() {
    let directory = bench(POLICIES);
    let definition =
        "kind: ClusterAdmissionPolicy\nmetadata: {name: audit}\nspec: {module: policy.wasm}\n";
    std::fs::write(directory.path().join("audit.yaml"), definition).unwrap();
    let (status, text) = ended(
        directory.path(),
        "serve --policy audit.yaml --policy audit.yaml --store dir:store --self-signed localhost",
    );
    assert!(
        text.contains("two policies for the route `clusterwide-audit`"),
        "{text}"
    );
    assert_eq!(status, Some(1), "{text}");
}

#[rstest]
#[case::settings(
    "p: {module: policy.wasm, settings: {a: 1}}",
    "policy `p` cannot be served",
    "the settings are not valid: unknown field"
)]
#[case::absent(
    "p: {module: absent.wasm}",
    "`absent.wasm`",
    "give its path with --module"
)]
#[case::remote(
    "p: {module: 'registry://ghcr.io/a/p:v1'}",
    "registry://ghcr.io/a/p:v1",
    "modules are not fetched"
)]
#[case::no_module(
    "p: {module: policies.yml}",
    "`policies.yml` cannot be used",
    "expected a WebAssembly module"
)]
#[case::group(
    "p: {expression: 'a()', policies: {}, message: m}",
    "policy `p`",
    "groups are not served"
)]
fn one_that_cannot_be_served_keeps_all_from_being(
    #[case] policy: &str,
    #[case] which: &str,
    #[case] why: &str,
) {
    let directory = bench(&format!("{policy}\nfine: {{module: policy.wasm}}\n"));
    let arguments = "serve --policies policies.yml --self-signed localhost --port 0 \
                     --readiness-probe-port 0 --store dir:store";
    let (status, text) = ended(directory.path(), arguments);
    assert!(text.contains(which) && text.contains(why), "{text}");
    assert_eq!(status, Some(1), "{text}");
}

/// With files instead of a certificate made on the spot, and the definitions of a cluster.
#[test]
fn a_certificate_from_files_is_what_the_webhook_trusts() {
    let directory = bench(POLICIES);
    let path = |name: &str| directory.path().join(name);
    let key = rcgen::KeyPair::generate().unwrap();
    let made = rcgen::CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    std::fs::write(path("tls.crt"), made.pem()).unwrap();
    std::fs::write(path("tls.key"), key.serialize_pem()).unwrap();
    let definition = "kind: ClusterAdmissionPolicy
metadata: {name: audit}
spec:
  module: policy.wasm
  mode: monitor
  contextAwareResources: [{apiVersion: v1, kind: ConfigMap}]
  rules: [{apiGroups: [''], apiVersions: [v1], resources: [pods], operations: [CREATE]}]
";
    std::fs::write(path("audit.yaml"), definition).unwrap();
    let server = Server::with_certificate(
        &directory,
        "--policy audit.yaml --store dir:empty --cert-file tls.crt --key-file tls.key \
         --server-name localhost --webhook-configuration webhook.yaml",
        &made.pem(),
    );
    let (status, answer) = server.post("/validate/clusterwide-audit", &review(request("prod")));
    assert_eq!(
        (status, &answer["response"]["allowed"]),
        (200, &json!(true))
    );
    let text = std::fs::read_to_string(path("webhook.yaml")).unwrap();
    let webhook: Value = yaml_serde::from_str(&text).unwrap();
    let client = &webhook["webhooks"][0]["clientConfig"];
    assert_eq!(client["url"], server.url("/validate/clusterwide-audit"));
    assert_eq!(client["caBundle"], server::base64(&made.pem()));
}

#[test]
fn nobody_calls_an_address_that_is_none() {
    let directory = bench(POLICIES);
    std::fs::write(directory.path().join("tls.crt"), "").unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let made = rcgen::CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    std::fs::write(directory.path().join("tls.crt"), made.pem()).unwrap();
    std::fs::write(directory.path().join("tls.key"), key.serialize_pem()).unwrap();
    std::fs::write(
        directory.path().join("audit.yaml"),
        "kind: ClusterAdmissionPolicy\nmetadata: {name: audit}\nspec: {module: policy.wasm, rules: [{}]}\n",
    )
    .unwrap();
    let (status, text) = ended(
        directory.path(),
        "serve --policy audit.yaml --store dir:store --cert-file tls.crt --key-file tls.key --addr 0.0.0.0 --port 0 \
         --readiness-probe-port 0 --webhook-configuration webhook.yaml",
    );
    assert!(
        text.contains("say by which one it reaches this with --server-name"),
        "{text}"
    );
    assert_eq!(status, Some(2), "{text}");
}
