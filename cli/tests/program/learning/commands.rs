//! What each command says and ends with when something is not as it should be.

use super::desk::Desk;
use super::*;
use serde_json::Value;

#[test]
fn baselines_are_listed_by_repository() {
    let desk = Desk::new(World::established());
    let name = desk.world.registry.name(NAME);
    let text = desk.ok(&["list"]);
    assert!(
        text.contains(&name) && text.contains("established") && text.contains("gh acme/api"),
        "{text}"
    );
    assert!(text.contains(desk.world.id(&release()).short()), "{text}");
    let host = desk.world.registry.host().to_owned();
    let (status, out, _) = desk.call(&["list", &format!("{host}/**"), "--output", "json"]);
    assert_eq!(status, 0);
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["baselines"][0]["repository"], name.as_str());
    assert_eq!(value["baselines"][0]["signers"][0]["origin"], "observed");
    let text = desk.ends(1, &["list", "quay.io/**"]);
    assert!(text.contains("no baseline"), "{text}");
    desk.ends(2, &["list", "ghcr.io/ACME/api"]);
    // One that cannot be used is not left out.
    let broken = format!("continuity-{}.yaml", "ab".repeat(32));
    std::fs::write(desk.world.directory.path().join(broken), "no: [").unwrap();
    let text = desk.ends(1, &["list"]);
    assert!(
        text.contains(&name) && text.contains("cannot be used"),
        "{text}"
    );
}

#[test]
fn a_release_that_was_not_learned_is_named_and_ends_the_pipeline() {
    let desk = Desk::new(World::established());
    let digest = desk
        .world
        .release("v2", &[(&release(), desk.world.day(10))]);
    let good = format!("{}@{digest}", desk.world.registry.name(NAME));
    let missing = desk.world.registry.image(NAME, "not-there");
    let text = desk.ends(1, &["learn", "--images", &good, &missing]);
    assert!(
        text.contains(&format!("{missing} was not learned")),
        "{text}"
    );
    // What could be learned is.
    let baseline = desk.world.baseline().unwrap();
    assert!(baseline.verified(&digest.parse().unwrap()).is_some());
}

#[test]
fn manifests_that_cannot_be_read_are_no_empty_cluster() {
    let desk = Desk::new(World::new());
    desk.world.release("v1", &[(&release(), desk.world.day(0))]);
    let state = desk.world.directory.path().join("continuity-state.yaml");
    std::fs::create_dir(desk.files.path().join("deploy")).unwrap();
    let text = desk.ends(1, &["learn", "--manifests", "deploy"]);
    assert!(text.contains("nothing was looked at"), "{text}");
    desk.write("deploy/broken.yaml", "kind: [");
    let text = desk.ends(1, &["learn", "--manifests", "deploy"]);
    assert!(text.contains("broken.yaml"), "{text}");
    assert!(!state.exists());
    let text = desk.ends(1, &["inventory", "--manifests", "deploy"]);
    assert!(text.contains("broken.yaml"), "{text}");
    // Beside others it is an error too, and what it may have named establishes nothing.
    desk.deploy(&desk.world.registry.image(NAME, "v1"));
    for _ in 0..2 {
        let text = desk.ends(1, &["learn", "--manifests", "deploy"]);
        assert!(text.contains("broken.yaml"), "{text}");
    }
    assert_eq!(desk.world.baseline().unwrap().established, None);
    std::fs::remove_file(desk.files.path().join("deploy/broken.yaml")).unwrap();
    desk.ok(&["learn", "--manifests", "deploy"]);
    assert!(desk.world.baseline().unwrap().established.is_some());
}

#[test]
fn a_list_that_is_not_there_is_a_usage_error() {
    let desk = Desk::new(World::new());
    for command in ["learn", "inventory", "check"] {
        let text = desk.ends(2, &[command, "--images", "nowhere.txt"]);
        assert!(text.contains("there is no file `nowhere.txt`"), "{text}");
    }
}

#[test]
fn a_damaged_state_is_told_and_mended_by_the_next_run() {
    let desk = Desk::new(World::established());
    desk.deploy(&desk.world.registry.image(NAME, "v1"));
    desk.ok(&["learn", "--manifests", "deploy"]);
    let path = desk.world.directory.path().join("continuity-state.yaml");
    let whole = std::fs::read_to_string(&path).unwrap();
    let broken = whole.replace("\"lastRun\"", "\"lastWalk\"");
    assert_ne!(whole, broken);
    std::fs::write(&path, broken).unwrap();
    let text = desk.ends(3, &["status"]);
    assert!(
        text.contains("continuity-state") && text.contains("is damaged"),
        "{text}"
    );
    assert!(!text.contains("struct"), "{text}");
    let text = desk.ok(&["learn", "--manifests", "deploy"]);
    assert!(text.contains("is damaged"), "{text}");
    let text = desk.ok(&["status"]);
    assert!(text.contains("Nothing needs anybody"), "{text}");
}

#[test]
fn a_run_without_answers_does_not_pass_for_one() {
    let desk = Desk::new(World::established());
    desk.deploy(&desk.world.registry.image(NAME, "v1"));
    let state = || desk.world.store().state().unwrap().unwrap().state.last_run;
    let before = state();
    desk.world.registry.stop().unwrap();
    desk.ends(1, &["learn", "--manifests", "deploy"]);
    assert_eq!(state(), before);
}

#[test]
fn status_tells_what_drifts() {
    let desk = Desk::new(World::established());
    let image = desk.world.registry.image(NAME, "v2");
    desk.world
        .release("v2", &[(&stranger(), desk.world.day(9))]);
    desk.deploy(&image);
    desk.ends(3, &["learn", "--manifests", "deploy"]);
    let text = desk.ends(3, &["status"]);
    assert!(
        text.contains("1 drifting") && text.contains(&format!("{image} drifts: signer")),
        "{text}"
    );
    assert!(!text.contains("Nothing needs"), "{text}");
    desk.ok(&["status", "--exit-zero"]);
    let (_, out, _) = desk.call(&["status", "--output", "json"]);
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["drift"]["images"][0]["image"], image.as_str());
    desk.deploy(&desk.world.registry.image(NAME, "v1"));
    desk.ok(&["learn", "--manifests", "deploy"]);
    desk.ok(&["status"]);
}

#[test]
fn a_subject_that_no_image_would_have_is_not_approved() {
    let desk = Desk::new(World::established());
    let target = desk.world.registry.name(NAME);
    let full = "{issuer: \"https://ci.example\", subject: \"https://ci.example/a@refs/tags/*\"}";
    let text = desk.ends(2, &["approve", &target, full, "--reason", "T", "--yes"]);
    assert!(text.contains("refPatterns"), "{text}");
    assert_eq!(desk.world.signers().len(), 1);
}

#[test]
fn explain_has_no_page() {
    let desk = Desk::new(World::established());
    let image = desk.world.registry.image(NAME, "v1");
    let text = desk.ends(2, &["explain", &image, "--output", "html"]);
    assert!(text.contains("continuity inventory"), "{text}");
}

/// What is no reference is rejected as a pod's where a scope that it could be of is enforced, and is drift elsewhere.
#[test]
fn what_is_no_reference_ends_the_inventory_as_the_policy_would_judge_it() {
    let desk = Desk::new(World::established());
    let pod = |namespace: &str| {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api", "namespace": namespace},
            "spec": {"containers": [{"name": "api", "image": "ghcr.io/Acme/api:v1"}]},
        });
        desk.write("pod.json", &pod.to_string());
    };
    let list = desk.write("images.txt", "ghcr.io/Acme/api:v1\n");
    let list = list.to_str().unwrap();
    for (enforce, in_prod, in_staging, listed) in [
        (json!([{"namespaces": ["prod"]}]), 4, 3, 3),
        (
            json!([{"namespaces": ["prod"], "repositories": ["quay.io/**"]}]),
            4,
            3,
            3,
        ),
        (json!([{}]), 4, 4, 4),
        (json!([]), 3, 3, 3),
    ] {
        let settings = json!({
            "certificateAuthorities": [desk.world.sigstore.chain_pem()], "enforce": enforce,
        });
        desk.write("settings.json", &settings.to_string());
        for (namespace, status) in [("prod", in_prod), ("staging", in_staging)] {
            pod(namespace);
            let text = desk.ends(status, &["inventory", "--manifests", "pod.json"]);
            assert!(text.contains("unreadable"), "{text}");
            desk.ends(0, &["inventory", "--manifests", "pod.json", "--exit-zero"]);
        }
        let text = desk.ends(listed, &["inventory", "--images", list]);
        assert!(text.contains("unreadable"), "{text}");
    }
}
