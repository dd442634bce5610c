//! A real API server, told by the webhook configurations that `serve` writes, asks the policy about real pods.

use serde_json::json;
use signature_continuity::baseline::Format;

use super::cluster_lab::{ApiAnswer, ClusterLab, policy, rule, settings};
use super::lab::{Lab, signer_by_identity};

/// One policy that enforces in prod, and one that watches everywhere else.
fn policies(lab: &Lab) -> String {
    let rules = [
        rule("", "pods", &["CREATE", "UPDATE"]),
        rule("", "pods/ephemeralcontainers", &["UPDATE"]),
    ];
    let of = |name: &str, mode: &str, failure: &str, operator: &str, enforce| {
        let spec = json!({
            "mode": mode, "failurePolicy": failure, "rules": rules,
            "namespaceSelector": {"matchExpressions": [
                {"key": "kubernetes.io/metadata.name", "operator": operator, "values": ["prod"]},
            ]},
            "settings": settings(lab, enforce),
        });
        policy(lab, name, spec)
    };
    [
        of("enforce", "protect", "Fail", "In", json!([{}])),
        of("audit", "monitor", "Ignore", "NotIn", json!([])),
    ]
    .join("---\n")
}

fn assert_admitted(answer: &ApiAnswer) {
    assert!(matches!(answer.status, 200 | 201), "{answer:#?}");
}

#[test]
fn an_api_server_denies_admits_and_warns_as_the_policy_says() {
    let mut cluster = ClusterLab::start(&["prod", "dev"], policies);
    let lab = &cluster.lab;
    lab.release("acme/api", "v1");
    lab.push("acme/api", "v2");
    lab.push("acme/api", "v3");
    cluster.keep(&lab.baseline("acme/api", signer_by_identity(), vec![Format::Cosign2]));
    let [v1, v2, v3] = ["v1", "v2", "v3"].map(|tag| lab.image("acme/api", tag));

    // What is signed as always passes, without a word about it.
    let answer = cluster.create_pod("prod", "api", &v1);
    assert_admitted(&answer);
    let about_api = |answer: &ApiAnswer| answer.warnings.iter().any(|it| it.contains("acme/api"));
    assert!(!about_api(&answer), "{answer:#?}");

    // What is not is denied where that is enforced, in the policy's own words, with its code.
    let answer = cluster.create_pod("prod", "drifted", &v2);
    assert_eq!(answer.status, 403, "{answer:#?}");
    let denial = answer.denial("enforce");
    let first = "signature-continuity: 1 of 1 image without a signature that is seen; namespace prod is enforced.";
    assert!(denial.starts_with(first), "{denial}");
    assert!(denial.chars().count() <= 900, "{denial}");
    for part in ["drift: unsigned", "continuity learn --images", &v2] {
        assert!(denial.contains(part), "{part} in {denial}");
    }

    // Elsewhere the same pod passes with a warning: the other policy's mode is monitor.
    let answer = cluster.create_pod("dev", "drifted", &v2);
    assert_admitted(&answer);
    assert!(about_api(&answer), "{answer:#?}");

    // An UPDATE is judged on what it brings along.
    let label = json!({"metadata": {"labels": {"team": "a"}}});
    assert_admitted(&cluster.patch_pod("prod", "api", &label));
    let image = json!({"spec": {"containers": [{"name": "main", "image": v2}]}});
    let answer = cluster.patch_pod("prod", "api", &image);
    assert_eq!(answer.status, 403, "{answer:#?}");
    assert!(
        answer.denial("enforce").contains("drift: unsigned"),
        "{answer:#?}"
    );
    // The registry is gone: nothing is known, and whoever asks is told to try again.
    lab.stop();
    let answer = cluster.create_pod("prod", "unknown", &v3);
    assert_eq!(answer.status, 500, "{answer:#?}");
    let denial = answer.denial("enforce");
    assert!(denial.contains("undetermined"), "{denial}");
    let answer = cluster.create_pod("dev", "unknown", &v3);
    assert_admitted(&answer);
    assert!(about_api(&answer), "{answer:#?}");

    // The server is gone: the definitions' failure policies decide.
    cluster.policy_server.stop();
    let answer = cluster.create_pod("prod", "unserved", &v1);
    assert_eq!(answer.status, 500, "{answer:#?}");
    assert!(
        answer
            .message()
            .contains("failed calling webhook \"clusterwide-enforce.kubewarden.admission\""),
        "{answer:#?}"
    );
    assert_admitted(&cluster.create_pod("dev", "unserved", &v1));
}
