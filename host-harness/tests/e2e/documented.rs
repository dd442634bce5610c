//! `docs/try-with-an-api-server.md`, followed step by step: its policies, its commands in their order, and what it says that
//! they print. Instead of kubectl, its requests are sent; instead of a node, a status says that a pod runs.

use continuity_testkit::sigstore::digest_of;
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::cluster_lab::{ApiAnswer, ClusterLab};
use super::lab::Lab;

const DOCUMENT: &str = include_str!("../../../docs/try-with-an-api-server.md");
/// The registry that the document speaks of.
const REGISTRY: &str = "localhost:5000";

/// A command, and the lines that it is said to print.
struct Step {
    command: Vec<String>,
    denied: bool,
    printed: Vec<&'static str>,
}

/// The text blocks of a language, in order.
fn blocks(language: &str) -> Vec<Vec<&'static str>> {
    let mut found = Vec::new();
    let mut block: Option<Vec<&str>> = None;
    for line in DOCUMENT.lines() {
        match (line.strip_prefix("```"), &mut block) {
            (Some(_), Some(_)) => found.extend(block.take().filter(|it| it[0] == language)),
            (Some(begun), None) => block = Some(vec![begun]),
            (None, Some(lines)) => lines.push(line),
            (None, None) => {}
        }
    }
    found.into_iter().map(|lines| lines[1..].to_vec()).collect()
}

fn steps() -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in blocks("console").into_iter().flatten() {
        if let Some(command) = line.strip_prefix("$ ") {
            let (command, comment) = command.split_once(" #").unwrap_or((command, ""));
            steps.push(Step {
                command: command.split_whitespace().map(str::to_owned).collect(),
                denied: comment.contains("denied"),
                printed: Vec::new(),
            });
        } else {
            steps.last_mut().unwrap().printed.push(line);
        }
    }
    steps
}

/// The document's policies, with the authorities of the lab's Sigstore.
fn policies(lab: &Lab) -> String {
    let yaml = blocks("yaml").remove(0).join("\n");
    let policies: Vec<String> = yaml_serde::Deserializer::from_str(&yaml)
        .map(|document| {
            let mut policy = Value::deserialize(document).unwrap();
            policy["spec"]["settings"]["certificateAuthorities"] =
                json!([lab.sigstore.chain_pem()]);
            yaml_serde::to_string(&policy).unwrap()
        })
        .collect();
    policies.join("---\n")
}

fn flag<'c>(command: &'c [String], name: &str) -> &'c str {
    let at = command.iter().position(|it| it == name).unwrap();
    &command[at + 1]
}

/// `kubectl run`, and then what a node does.
fn run_pod(cluster: &ClusterLab, command: &[String]) -> ApiAnswer {
    let (name, namespace) = (&command[2], flag(command, "--namespace"));
    let image = flag(command, "--image").replace(REGISTRY, cluster.lab.registry.host());
    let answer = cluster.create_pod(namespace, name, &image);
    if answer.status == 201 {
        let (_, tag) = image.rsplit_once(':').unwrap();
        let manifest = cluster.lab.registry.manifest("acme/api", tag).unwrap();
        let digest = digest_of(&manifest.unwrap());
        let repository = cluster.lab.registry.name("acme/api");
        let status = json!({"status": {"phase": "Running", "containerStatuses": [{
            "name": "main", "image": image, "imageID": format!("{repository}@{digest}"),
            "ready": true, "restartCount": 0,
        }]}});
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}/status");
        assert_eq!(cluster.send("admin", "PATCH", &path, &status).status, 200);
    }
    answer
}

#[test]
fn the_document_is_followed_to_its_end() {
    let cluster = ClusterLab::start(&["prod", "dev"], policies);
    let lab = &cluster.lab;
    lab.release("acme/api", "v1");
    lab.push("acme/api", "v2");
    lab.write("policies.yaml", &policies(lab));
    let printed = |text: &str| text.replace(REGISTRY, lab.registry.host());

    let mut followed = Vec::new();
    for step in steps() {
        let words: Vec<&str> = step.command.iter().map(String::as_str).collect();
        let shown = step.command.join(" ");
        let said = match words.as_slice() {
            // Started by the lab: on other ports, with a certificate of its own.
            ["continuity-harness", "serve", ..] => {
                let help = lab.harness().args(["serve", "--help"]).output().unwrap();
                let help = String::from_utf8(help.stdout).unwrap();
                for word in words.iter().filter(|it| it.starts_with("--")) {
                    assert!(help.contains(&format!("{word} <")), "{word}");
                }
                cluster.policy_server.log()
            }
            ["continuity", arguments @ ..] => {
                let output = lab
                    .continuity()
                    .args(arguments)
                    .env("KUBECONFIG", cluster.api_server.kubeconfig())
                    .env("CONTINUITY_SOURCES_PATH", "sources.yaml")
                    .env("CONTINUITY_SIGSTORE_TRUST_CONFIG", "trust.json")
                    .output()
                    .unwrap();
                let said = String::from_utf8_lossy(&output.stdout).into_owned()
                    + &String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{shown}: {said}");
                said
            }
            // The lab did these, so that it could wait until the webhooks are called.
            ["kubectl", "create", "namespace", name] => {
                assert!(["signature-continuity", "prod", "dev"].contains(name));
                String::new()
            }
            ["kubectl", "apply", "-f", "webhooks.yaml"] => String::new(),
            ["kubectl", "run", ..] => {
                let answer = run_pod(&cluster, &step.command);
                assert_eq!(answer.status == 403, step.denied, "{shown}: {answer:#?}");
                assert_eq!(answer.status == 201, !step.denied, "{shown}: {answer:#?}");
                let warnings = answer.warnings.iter().map(|it| format!("Warning: {it}\n"));
                warnings.collect::<String>() + answer.message()
            }
            ["kubectl", "delete", kind, "-l", selector] => {
                let group = "/apis/admissionregistration.k8s.io/v1";
                let path = format!("{group}/{kind}?labelSelector={selector}");
                let answer = cluster.send("admin", "DELETE", &path, &json!({}));
                assert_eq!(answer.status, 200, "{answer:#?}");
                assert_eq!(answer.body["items"].as_array().unwrap().len(), 2);
                // The API server hears of it a moment later.
                std::thread::sleep(std::time::Duration::from_secs(2));
                String::new()
            }
            _ => panic!("not known here: {shown}"),
        };
        if words.get(1) != Some(&"serve") {
            for line in &step.printed {
                assert!(said.contains(&printed(line)), "{shown}: `{line}` in {said}");
            }
        } else if super::policy_server::PolicyServer::real().is_none() {
            // All but ports and the number of processors.
            let plain = |text: &str| {
                text.chars()
                    .filter(|c| !c.is_ascii_digit())
                    .collect::<String>()
            };
            for line in &step.printed {
                assert!(
                    plain(&said).contains(&plain(line)),
                    "{shown}: `{line}` in {said}"
                );
            }
        }
        followed.push(shown);
    }
    assert!(followed.len() >= 10, "{followed:#?}");
}
