//! What `check` tries, and what policy and trust root make of other commands.

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
    assert!(text.contains("is lost"), "{text}");
    let digest = signature_continuity::digest::Digest::of(b"x");
    let image = format!("{target}@{digest}");
    let text = desk.ends(
        1,
        &["approve", &image, "--for", "1h", "--reason", "T", "--yes"],
    );
    assert!(text.contains("is lost"), "{text}");
    assert_eq!(desk.world.baseline(), None);
    // It comes back from a list, whatever its file is called.
    let kept: Value = yaml_serde::from_str(
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
fn check_raises_no_alarm_about_mirrors_and_images_that_are_gone() {
    let desk = Desk::new(World::new());
    let host = desk.world.registry.host().to_owned();
    let settings = json!({
        "certificateAuthorities": [desk.world.sigstore.chain_pem()],
        "baseline": {"establishAfter": "0s"},
        // The other name cannot be reached from here, and nobody asks it.
        "aliases": [{"from": format!("{host}/acme/**"), "to": "upstream.invalid/acme/**"}],
    });
    desk.write("settings.json", &settings.to_string());
    let digest = desk.world.release("v1", &[(&release(), desk.world.day(0))]);
    desk.deploy(&desk.world.registry.image(NAME, "v1"));
    // A signature for the other name, as it was copied with the image.
    let layer = desk.world.signature(
        &release(),
        "upstream.invalid/acme/api",
        &digest,
        desk.world.day(0),
        None,
    );
    desk.world
        .registry
        .push_signature(NAME, &digest, &[layer])
        .unwrap();
    desk.ok(&["learn", "--manifests", "deploy"]);
    let text = desk.ok(&["list"]);
    assert!(text.contains("upstream.invalid/acme/api"), "{text}");
    let text = desk.ok(&["check"]);
    assert!(
        text.contains(&format!("ok     registry       {host} answers")),
        "{text}"
    );
    // Signatures that are not served any more are what such a mirror lacks.
    let sig = format!("{}.sig", digest.replace(':', "-"));
    desk.world
        .registry
        .fault(continuity_testkit::registry::FaultRule::new(
            "*",
            &sig,
            continuity_testkit::registry::Fault::Absent(
                continuity_testkit::registry::Absence::Distribution,
            ),
        ));
    let text = desk.ends(1, &["check"]);
    assert!(text.contains("without its signatures"), "{text}");
    // And an image that is gone is no registry that fails.
    desk.world
        .registry
        .fault(continuity_testkit::registry::FaultRule::new(
            "*",
            "sha256:*",
            continuity_testkit::registry::Fault::Absent(
                continuity_testkit::registry::Absence::Distribution,
            ),
        ));
    let text = desk.ok(&["check"]);
    assert!(text.contains("is not there any more"), "{text}");
}

/// A line as somebody pastes it, with nothing but the environment that `check` names.
fn pasted(desk: &Desk, line: &str, further: &[&str]) -> (i32, String) {
    let words: Vec<&str> = line.split_whitespace().skip(1).collect();
    let store = format!("dir:{}", desk.world.directory.path().display());
    let output = assert_cmd::Command::cargo_bin("continuity")
        .unwrap()
        .current_dir(desk.files.path())
        .env("USER", "tester")
        .env("CONTINUITY_STORE", store)
        .env("CONTINUITY_POLICY", "settings.json")
        .env("CONTINUITY_SOURCES_PATH", "sources.yaml")
        .env("CONTINUITY_SIGSTORE_TRUST_CONFIG", "trust.json")
        .args(words)
        .args(further)
        .output()
        .unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.code().unwrap(), text)
}

#[test]
fn commands_that_are_printed_work_as_pasted() {
    let desk = Desk::new(World::established());
    desk.world
        .release("v2", &[(&stranger(), desk.world.day(9))]);
    let image = desk.world.registry.image(NAME, "v2");
    let text = desk.ends(4, &["explain", &image, "--in", "prod"]);
    let line = |part: &str| {
        let found = text
            .lines()
            .map(str::trim)
            .find(|line| line.starts_with("continuity approve") && line.contains(part));
        found.unwrap_or_else(|| panic!("{text}")).to_owned()
    };
    // For every release: as far as to the question, with the identity in full.
    let (status, shown) = pasted(&desk, &line(desk.world.id(&stranger()).short()), &[]);
    assert!(
        shown.contains("dev@evil.example") && shown.contains("nobody can be asked"),
        "{status} {shown}"
    );
    // For a while.
    let (status, shown) = pasted(&desk, &line("--for 72h"), &["--yes"]);
    assert_eq!(status, 0, "{shown}");
    assert_eq!(desk.world.baseline().unwrap().allowed.len(), 1);
    // And in that environment check has nothing to add.
    let (_, shown) = pasted(&desk, "continuity check", &[]);
    assert!(shown.contains("ok     environment"), "{shown}");
}
