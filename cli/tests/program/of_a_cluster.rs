//! What runs in a cluster, tried by `check`; and manifests held against a cluster's baselines.

use super::contexts::{CONFIG_MAPS, Clusters, absent, asked_for_baselines, json_answer, list_of};
use continuity_testkit::Registry;
use continuity_testkit::registry::{Fault, FaultRule};
use continuity_testkit::server::{Answer, Server};
use serde_json::{Value, json};
use signature_continuity::baseline::{
    Baseline, NAMES_KEY, Names, Origin, Shard, SignerRecord, config_map_name,
};
use signature_continuity::posture::Rank;
use signature_continuity::reference::Repository;
use signature_continuity::signer::Signer;

const PODS: &str = "/api/v1/pods?&limit=500";

/// Clusters, and a registry with an image that nobody signed.
struct Lab {
    clusters: Clusters,
    registry: Registry,
    image: String,
}

impl Lab {
    fn new() -> Self {
        let clusters = Clusters::new();
        let registry = Registry::start().unwrap();
        registry.push_image("acme/api", "v1", "seed").unwrap();
        let sources = format!("insecure_sources: [\"{}\"]\n", registry.host());
        std::fs::write(clusters.files.path().join("sources.yaml"), sources).unwrap();
        let image = registry.image("acme/api", "v1");
        Self {
            clusters,
            registry,
            image,
        }
    }

    fn call(&self, arguments: &[&str]) -> (i32, String) {
        let sources = self.clusters.files.path().join("sources.yaml");
        let sources = ["--sources-path", sources.to_str().unwrap()];
        self.clusters.call(&[arguments, &sources[..]].concat())
    }

    /// Lets the image run there.
    fn runs_in(&self, server: &Server) {
        let pod = json!({
            "metadata": {"name": "api", "namespace": "prod"},
            "spec": {"containers": [{"name": "api", "image": self.image}]},
            "status": {"phase": "Running"},
        });
        server.on(PODS, list_of("PodList", "v1", &[pod]));
    }

    /// Somebody may do everything there.
    fn permits(&self, server: &Server) {
        let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {}, "status": {"allowed": true}});
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews?";
        server.on(path, json_answer(201, &review));
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "signature-continuity"}});
        let path = "/api/v1/namespaces/signature-continuity";
        server.on(path, json_answer(200, &namespace));
    }

    fn repository(&self) -> Repository {
        self.registry.name("acme/api").parse().unwrap()
    }

    /// Keeps an established baseline of the image's repository there, of somebody who signs.
    fn learned_in(&self, server: &Server) {
        let repository = self.repository();
        let at = "2026-01-02T03:04:05Z".parse().unwrap();
        let signer = signer();
        let mut baseline = Baseline::new(repository.clone(), Rank::Keyless, at);
        baseline.established = Some(at);
        baseline.signers = vec![SignerRecord {
            signer,
            origin: Origin::Observed,
            alone: true,
            first_seen: at,
            last_seen: at,
            digests: 3,
            retired: None,
        }];
        let name = config_map_name(&repository);
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {
                "name": name, "namespace": "signature-continuity", "resourceVersion": "7",
                "labels": {"signature-continuity/baseline": "true"},
            },
            "data": {
                "repository": repository.to_string(),
                "baseline.json": serde_json::to_string(&baseline).unwrap(),
            },
        });
        server.on(&format!("{CONFIG_MAPS}/{name}"), json_answer(200, &object));
        let list = list_of("ConfigMapList", "v1", &[object]);
        server.on(&format!("{CONFIG_MAPS}?&limit=500"), list);
    }

    /// Has the name of its baseline on record there, and not the baseline.
    fn lost_in(&self, server: &Server) {
        let repository = self.repository();
        let object = format!("{CONFIG_MAPS}/{}", config_map_name(&repository));
        server.on(&object, absent("configmaps"));
        let shard = Shard::of(&repository);
        let mut names = Names::new(shard);
        names.insert(&repository).unwrap();
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": shard.config_map_name(), "namespace": "signature-continuity", "resourceVersion": "7"},
            "data": {NAMES_KEY: names.encode()},
        });
        let path = format!("{CONFIG_MAPS}/{}", shard.config_map_name());
        server.on(&path, json_answer(200, &object));
    }

    /// A pod of the image, as a manifest.
    fn declared(&self) -> String {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api", "namespace": "prod"},
            "spec": {"containers": [{"name": "api", "image": self.image}]},
        });
        self.write("pod.json", &pod)
    }

    fn write(&self, name: &str, value: &Value) -> String {
        let path = self.clusters.files.path().join(name);
        std::fs::write(&path, value.to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn signer() -> Signer {
    let sigstore = continuity_testkit::PrivateSigstore::new().unwrap();
    let at = "2026-01-02T03:04:05Z".parse().unwrap();
    let identity = continuity_testkit::Identity::github("acme/api", "release.yml", "refs/tags/v1");
    let leaf = sigstore.issue(&identity, at).unwrap();
    Signer::of_leaf(&signature_continuity::certificate::Leaf::from_der(leaf.der).unwrap())
}

#[test]
fn check_tries_the_registries_of_what_runs_in_the_cluster_that_is_named() {
    let lab = Lab::new();
    let prod = &lab.clusters.prod;
    lab.runs_in(prod);
    lab.permits(prod);
    let (status, text) = lab.call(&["check", "--kubernetes=prod"]);
    let answers = format!("ok     registry       {} answers", lab.registry.host());
    assert!(text.contains(&answers), "{text}");
    assert!(text.contains("ok     permission"), "{text}");
    assert_eq!(status, 0, "{text}");
    // Whose baselines are tried is who runs the images.
    assert!(asked_for_baselines(prod), "{text}");
    assert!(lab.clusters.staging.requests().is_empty(), "{text}");
    assert!(text.contains("kubernetes:prod"), "{text}");

    // A registry that does not let anybody in is told.
    lab.registry
        .fault(FaultRule::new("*", "*", Fault::Unauthorized));
    let (status, text) = lab.call(&["check", "--kubernetes=prod"]);
    assert!(text.contains("FAILS  registry"), "{text}");
    assert_eq!(status, 1, "{text}");
}

#[test]
fn check_says_so_when_nobody_lets_it_see_what_runs() {
    let lab = Lab::new();
    let prod = &lab.clusters.prod;
    lab.permits(prod);
    let forbidden = json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": 403,
        "reason": "Forbidden", "message": "pods is forbidden", "details": {"kind": "pods"}});
    prod.on(PODS, json_answer(403, &forbidden));
    let (status, text) = lab.call(&["check", "--kubernetes=prod"]);
    assert!(text.contains("FAILS  images"), "{text}");
    assert_eq!(status, 1, "{text}");
    // Nothing was tried, which is not called fine.
    assert!(text.contains("note   registries"), "{text}");
    // A context that is none is no cluster without images.
    let (status, text) = lab.call(&["check", "--kubernetes=nowhere"]);
    assert!(text.contains("FAILS"), "{text}");
    assert_eq!(status, 1, "{text}");
}

#[test]
fn manifests_are_held_against_the_baselines_of_the_current_context() {
    let lab = Lab::new();
    let (prod, staging) = (&lab.clusters.prod, &lab.clusters.staging);
    let manifest = lab.declared();
    let inventory = |more: &[&str]| {
        let arguments = ["inventory", "--manifests", manifest.as_str()];
        lab.call(&[&arguments[..], more].concat())
    };
    // In prod it is known, and nobody asked about prod.
    lab.learned_in(prod);
    let object = format!("{CONFIG_MAPS}/{}", config_map_name(&lab.repository()));
    staging.on(&object, absent("configmaps"));
    let (status, text) = inventory(&[]);
    assert!(text.contains("new"), "{text}");
    assert_eq!(status, 0, "{text}");
    // Where it is known it drifts, and is rejected where the settings enforce that.
    lab.learned_in(staging);
    let (status, text) = inventory(&[]);
    assert!(text.contains("unsigned"), "{text}");
    assert_eq!(status, 3, "{text}");
    let chain = continuity_testkit::PrivateSigstore::new()
        .unwrap()
        .chain_pem();
    let settings =
        json!({"enforce": [{"namespaces": ["prod"]}], "certificateAuthorities": [chain]});
    let policy = lab.write("settings.json", &settings);
    let (status, text) = inventory(&["--policy", &policy]);
    assert!(text.contains("reject"), "{text}");
    assert_eq!(status, 4, "{text}");
    // Lost is not new.
    lab.lost_in(staging);
    let (status, text) = inventory(&["--policy", &policy]);
    assert!(text.contains("undeterm"), "{text}");
    assert_eq!(status, 4, "{text}");
    assert!(prod.requests().is_empty(), "{text}");
    // Baselines that cannot be read are an error, and not as many new images.
    staging.on(&object, Answer::new(401, "who are you"));
    let (status, text) = inventory(&[]);
    assert!(
        text.contains("cannot be read") && text.contains("--store"),
        "{text}"
    );
    assert_eq!(status, 1, "{text}");
    // Nothing of all that is written.
    let writes = |it: &String| !it.starts_with("GET ");
    assert_eq!(staging.requests().into_iter().find(writes), None);
}
