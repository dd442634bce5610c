//! What each command says and ends with when something is not as it should be.

use super::desk::Desk;
use super::*;
use serde_json::Value;

/// A desk whose settings are these; the trust root is the private one.
fn desk_with(world: World, settings: &Value) -> Desk {
    let desk = Desk::new(world);
    desk.write("settings.json", &settings.to_string());
    desk
}

fn policy(desk: &Desk, spec: &Value) {
    let mut all = json!({"module": "registry://example/policy"});
    for (field, value) in spec.as_object().unwrap() {
        all[field] = value.clone();
    }
    let policy = json!({
        "apiVersion": "policies.kubewarden.io/v1", "kind": "ClusterAdmissionPolicy",
        "metadata": {"name": "enforce"}, "spec": all,
    });
    desk.write("settings.json", &policy.to_string());
}

fn enforcing(desk: &Desk) -> Value {
    json!({
        "certificateAuthorities": [desk.world.sigstore.chain_pem()],
        "enforce": [{"namespaces": ["prod"]}],
    })
}

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
fn a_private_sigstore_given_by_its_configuration_alone_serves() {
    let desk = desk_with(World::new(), &json!({}));
    desk.world.release("v1", &[(&release(), desk.world.day(0))]);
    desk.deploy(&desk.world.registry.image(NAME, "v1"));
    let text = desk.ok(&["inventory", "--manifests", "deploy"]);
    assert!(text.contains("signed/2"), "{text}");
    assert!(
        text.contains("the settings name no certificateAuthorities"),
        "{text}"
    );
    // The policy would not do so by itself: that is what check says, with what to add.
    let text = desk.ends(1, &["check"]);
    assert!(text.contains("FAILS  authorities"), "{text}");
    let (_, offered) = text.split_once("\ncertificateAuthorities:").unwrap();
    let (offered, _) = offered.split_once("\n\n").unwrap_or((offered, ""));
    let end = offered.rfind("-----END CERTIFICATE-----").unwrap();
    let offered = offered
        .get(..end + "-----END CERTIFICATE-----".len())
        .unwrap();
    desk.write(
        "settings.json",
        &format!("certificateAuthorities:{offered}\n"),
    );
    let text = desk.ok(&["check"]);
    assert!(text.contains("ok     authorities"), "{text}");
    let text = desk.ok(&["inventory", "--manifests", "deploy"]);
    assert!(!text.contains("certificateAuthorities"), "{text}");
}

#[test]
fn an_authority_that_the_settings_lack_is_told_before_it_signs() {
    let other = PrivateSigstore::new().unwrap();
    let desk = desk_with(
        World::established(),
        &json!({"certificateAuthorities": [other.chain_pem()]}),
    );
    let text = desk.ends(1, &["check"]);
    assert!(text.contains("FAILS  authorities"), "{text}");
    let text = desk.ends(3, &["status"]);
    assert!(text.contains("that the settings lack"), "{text}");
}

#[test]
fn what_only_monitors_is_said_to_deny_nothing() {
    let desk = Desk::new(World::established());
    desk.world.release("v2", &[]);
    let image = desk.world.registry.image(NAME, "v2");
    desk.deploy(&image);
    let access = json!([{"apiVersion": "v1", "kind": "ConfigMap"}]);
    let mut spec = json!({
        "mode": "protect", "settings": enforcing(&desk), "contextAwareResources": access,
    });
    policy(&desk, &spec);
    let text = desk.ends(4, &["inventory", "--manifests", "deploy"]);
    assert!(!text.contains("mode: monitor"), "{text}");
    spec["mode"] = "monitor".into();
    policy(&desk, &spec);
    let text = desk.ends(3, &["inventory", "--manifests", "deploy"]);
    assert!(
        text.contains("mode: monitor") && text.contains("would reject"),
        "{text}"
    );
    let text = desk.ends(3, &["explain", &image, "--in", "prod"]);
    assert!(text.contains("mode: monitor"), "{text}");
    let text = desk.ends(1, &["check"]);
    assert!(text.contains("FAILS  mode"), "{text}");
    // And a policy that may not read ConfigMaps knows nothing.
    spec["mode"] = "protect".into();
    policy(&desk, &spec);
    let (_, text, _) = desk.call(&["check"]);
    assert!(text.contains("ok     access"), "{text}");
    assert!(!text.contains("FAILS  mode"), "{text}");
    spec.as_object_mut()
        .unwrap()
        .remove("contextAwareResources");
    policy(&desk, &spec);
    let text = desk.ends(1, &["check"]);
    assert!(
        text.contains("FAILS  access") && text.contains("contextAwareResources"),
        "{text}"
    );
}

#[test]
fn check_tries_images_before_there_is_any_baseline() {
    let desk = Desk::new(World::new());
    let text = desk.ok(&["check"]);
    assert!(text.contains("note   registries"), "{text}");
    desk.world.release("v1", &[]);
    let image = desk.world.registry.image(NAME, "v1");
    let text = desk.ok(&["check", "--images", &image]);
    assert!(text.contains("ok     registry"), "{text}");
    let missing = desk.world.registry.image(NAME, "gone");
    let text = desk.ok(&["check", "--images", &missing]);
    assert!(text.contains("note   registry"), "{text}");
    desk.deploy(&image);
    let text = desk.ok(&["check", "--manifests", "deploy"]);
    assert!(text.contains("ok     registry"), "{text}");
    let (status, out, _) = desk.call(&["check", "--images", &image, "--output", "json"]);
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, value["failures"].as_u64()), (0, Some(0)));
}

#[test]
fn check_tells_lost_baselines_and_what_pasted_commands_need() {
    let desk = Desk::new(World::established());
    desk.deploy(&desk.world.registry.image(NAME, "v1"));
    desk.ok(&["learn", "--manifests", "deploy"]);
    let text = desk.ok(&["check"]);
    for line in [
        "export CONTINUITY_POLICY=settings.json",
        "export CONTINUITY_SIGSTORE_TRUST_CONFIG=trust.json",
    ] {
        assert!(text.contains(line), "{text}");
    }
    assert!(!text.contains("export CONTINUITY_STORE"), "{text}");
    let name = signature_continuity::baseline::config_map_name(&desk.world.repository());
    let file = desk.world.directory.path().join(format!("{name}.yaml"));
    std::fs::rename(&file, desk.files.path().join("kept.yaml")).unwrap();
    let text = desk.ends(1, &["check"]);
    assert!(
        text.contains("FAILS  baselines") && text.contains("1 baseline that was there is gone"),
        "{text}"
    );
    // Nobody begins it again in the meantime.
    let full = "{issuer: \"https://accounts.google.com\", subject: \"dev@evil.example\"}";
    let target = desk.world.registry.name(NAME);
    let text = desk.ends(1, &["approve", &target, full, "--reason", "T", "--yes"]);
    assert!(text.contains("it is not begun again"), "{text}");
    assert_eq!(desk.world.baseline(), None);
    // It comes back from a list, whatever its file is called.
    let kept: Value = serde_yaml_ng::from_str(
        &std::fs::read_to_string(desk.files.path().join("kept.yaml")).unwrap(),
    )
    .unwrap();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [kept]});
    desk.write("backup.json", &list.to_string());
    let text = desk.ok(&["restore", "backup.json"]);
    assert!(text.contains("1 baseline put back"), "{text}");
    desk.ok(&["check"]);
}

#[test]
fn a_registry_that_cannot_be_reached_is_told_with_its_cause() {
    let desk = Desk::new(World::new());
    desk.world.release("v1", &[]);
    let image = desk.world.registry.image(NAME, "v1");
    desk.write("sources.yaml", "insecure_sources: []\n");
    let text = desk.ends(1, &["check", "--images", &image]);
    assert!(
        text.contains("FAILS  registry") && text.contains("plain HTTP answered"),
        "{text}"
    );
    desk.world.registry.stop().unwrap();
    let text = desk.ends(1, &["check", "--images", &image]);
    assert!(text.contains("connection refused"), "{text}");
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
