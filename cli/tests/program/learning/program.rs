//! The commands, as users call them, from inventory to approval.

use super::desk::Desk;
use super::*;
use serde_json::Value;

#[test]
fn from_the_first_inventory_to_an_approval() {
    let desk = Desk::new(World::new());
    let world = &desk.world;
    let image = |tag: &str| world.registry.image(NAME, tag);
    world.release("v1", &[(&release(), world.day(0))]);
    desk.deploy(&image("v1"));

    // Nothing is known: everything is new, and nothing is written.
    let text = desk.ok(&["inventory", "--manifests", "deploy"]);
    assert!(text.contains("new") && text.contains("signed/2"), "{text}");
    let text = desk.ok(&["learn", "--manifests", "deploy", "--dry-run"]);
    assert!(
        text.contains("+  \"repository\"") && text.contains("absent"),
        "{text}"
    );
    assert_eq!(world.baseline(), None);

    // Learned, and with establishAfter 0 established by the next run.
    let text = desk.ok(&["learn", "--manifests", "deploy"]);
    assert!(text.contains("1 of them new"), "{text}");
    desk.ok(&["learn", "--manifests", "deploy"]);
    let before = world.baseline().unwrap();
    let text = desk.ok(&["learn", "--manifests", "deploy"]);
    assert!(text.contains("0 baselines changed"), "{text}");
    assert_eq!(world.baseline().unwrap(), before);

    // A release by the same workflow is continuous; by somebody else it is drift on every run, and would be rejected.
    world.release("v2", &[(&release(), world.day(10))]);
    desk.deploy(&image("v2"));
    desk.ok(&["inventory", "--manifests", "deploy"]);
    let digest = world.release("v3", &[(&stranger(), world.day(20))]);
    desk.deploy(&image("v3"));
    let text = desk.ends(4, &["inventory", "--manifests", "deploy"]);
    assert!(
        text.contains("reject") && text.contains("dev@evil.example"),
        "{text}"
    );
    for _ in 0..2 {
        let text = desk.ends(3, &["learn", "--manifests", "deploy"]);
        assert!(text.contains("signer"), "{text}");
    }
    let text = desk.ends(4, &["explain", &image("v3"), "--in", "prod"]);
    let id = world.id(&stranger());
    assert!(
        text.contains(&format!(
            "approve {}@{digest} {}",
            world.repository(),
            id.short()
        )),
        "{text}"
    );

    // Approved by the whole id, read again from the image.
    let target = format!("{}@{digest}", world.registry.name(NAME));
    let (status, _, error) =
        desk.call(&["approve", &target, id.short(), "--reason", "T-1", "--yes"]);
    assert_eq!(status, 2, "{error}");
    let text = desk.ok(&[
        "approve",
        &target,
        id.as_str(),
        "--reason",
        "T-1",
        "--yes",
        "--by",
        "ada",
    ]);
    assert!(
        text.contains("dev@evil.example") && text.contains("+      \"origin\": \"approved\""),
        "{text}"
    );
    desk.ok(&["inventory", "--manifests", "deploy"]);
    desk.ok(&["learn", "--manifests", "deploy"]);

    // And ended again.
    let repository = world.registry.name(NAME);
    desk.ok(&[
        "retire",
        &repository,
        id.as_str(),
        "--reason",
        "T-2",
        "--yes",
    ]);
    desk.ends(4, &["inventory", "--manifests", "deploy"]);
}

#[test]
fn an_unsigned_release_and_a_permission_for_it() {
    let desk = Desk::new(World::established());
    let world = &desk.world;
    let digest = world.release("v2", &[]);
    desk.deploy(&world.registry.image(NAME, "v2"));
    let text = desk.ends(3, &["learn", "--manifests", "deploy"]);
    assert!(text.contains("unsigned"), "{text}");
    let target = format!("{}@{digest}", world.registry.name(NAME));
    desk.ok(&[
        "approve", &target, "--for", "72h", "--reason", "T-3", "--yes",
    ]);
    assert!(world.baseline().unwrap().allowed[0].until > Utc::now() + TimeDelta::hours(71));
    desk.ok(&["inventory", "--manifests", "deploy"]);
    for wrong in ["0s", "31d", "soon"] {
        desk.ends(
            2,
            &[
                "approve", &target, "--for", wrong, "--reason", "T-3", "--yes",
            ],
        );
    }
}

#[test]
fn by_pattern_in_full_and_a_key_for_a_repository_that_nobody_knows() {
    let desk = Desk::new(World::established());
    let pattern = format!("{}/**", desk.world.registry.name("").trim_end_matches('/'));
    let full = "{issuer: \"https://accounts.google.com\", subject: \"release@acme.example\"}";
    let text = desk.ok(&["approve", &pattern, full, "--reason", "T-4", "--yes"]);
    assert!(text.contains("release@acme.example"), "{text}");
    assert_eq!(desk.world.signers().len(), 2);
    let text = desk.ok(&["approve", &pattern, full, "--reason", "T-4", "--yes"]);
    assert!(text.contains("on the record already"), "{text}");
    desk.ends(
        1,
        &["approve", "quay.io/**", full, "--reason", "T-4", "--yes"],
    );

    let key = continuity_testkit::sigstore::SigningKey::generate(
        continuity_testkit::sigstore::KeyKind::P256,
    )
    .unwrap();
    let file = desk.write("release.pub", &key.public_key_pem());
    let repository = desk.world.registry.name("acme/unlogged");
    let file = file.to_str().unwrap();
    desk.ok(&[
        "approve",
        &repository,
        file,
        "--alone",
        "--reason",
        "T-5",
        "--yes",
    ]);
    // Its signature is in no log, and is proven by the key that is known.
    let digest = desk
        .world
        .registry
        .push_image("acme/unlogged", "v1", "x")
        .unwrap();
    let signature = Signer::key(&key).unlogged();
    let signature = signature
        .sign(&repository, &digest, desk.world.day(0))
        .unwrap();
    desk.world
        .registry
        .push_signature("acme/unlogged", &digest, &[signature.layer().unwrap()])
        .unwrap();
    let text = desk.ok(&["explain", &format!("{repository}:v1")]);
    assert!(
        text.contains("posture      signed") && text.contains("in no log"),
        "{text}"
    );
}

#[test]
fn machines_get_json_and_everybody_a_page_and_figures() {
    let desk = Desk::new(World::established());
    desk.world.release("v2", &[]);
    desk.deploy(&desk.world.registry.image(NAME, "v2"));
    let (status, text, _) = desk.call(&[
        "inventory",
        "--manifests",
        "deploy",
        "--output",
        "json",
        "--metrics",
        "m.prom",
    ]);
    assert_eq!(status, 4);
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["version"], 1);
    assert_eq!(value["images"][0]["posture"], "unsigned");
    let metrics = std::fs::read_to_string(desk.files.path().join("m.prom")).unwrap();
    assert!(
        metrics.contains("continuity_drift{drift=\"unsigned\""),
        "{metrics}"
    );
    let page = desk.ends(
        4,
        &["inventory", "--manifests", "deploy", "--output", "html"],
    );
    assert!(page.starts_with("<!doctype html>") || page.starts_with("<!DOCTYPE html>"));
    let (status, text, _) = desk.call(&["learn", "--manifests", "deploy", "--output", "json"]);
    assert_eq!(status, 3);
    let value: Value = serde_json::from_str(&text).unwrap();
    assert!(
        value["changes"].is_array() && value["dryRun"] == false,
        "{text}"
    );
}

#[test]
fn status_check_and_restore() {
    let desk = Desk::new(World::established());
    let text = desk.ends(3, &["status"]);
    assert!(
        text.contains("1 established") && text.contains("the learner ended last"),
        "{text}"
    );
    desk.deploy(&desk.world.registry.image(NAME, "v1"));
    desk.ok(&["learn", "--manifests", "deploy"]);
    let text = desk.ok(&["status"]);
    assert!(text.contains("Nothing needs anybody"), "{text}");
    let text = desk.ok(&["check"]);
    assert!(
        text.contains("answers") && !text.contains("FAILS"),
        "{text}"
    );

    // Baselines are lost: that is said, nothing begins cold, and they come back from a backup.
    let backup = desk.files.path().join("backup");
    std::fs::create_dir(&backup).unwrap();
    let store = desk.world.directory.path();
    let name = signature_continuity::baseline::config_map_name(&desk.world.repository());
    let file = format!("{name}.yaml");
    std::fs::rename(store.join(&file), backup.join(&file)).unwrap();
    let text = desk.ends(1, &["learn", "--manifests", "deploy"]);
    assert!(text.contains("1 baseline that was there is gone"), "{text}");
    assert_eq!(desk.world.baseline(), None);
    let text = desk.ok(&["restore", "backup"]);
    assert!(text.contains("1 baseline put back"), "{text}");
    desk.ok(&["learn", "--manifests", "deploy"]);

    // What works no more is told with what would help.
    desk.world.registry.stop().unwrap();
    let text = desk.ends(1, &["check"]);
    assert!(
        text.contains("FAILS") && text.contains("unreachable"),
        "{text}"
    );
    let text = desk.ends(1, &["learn", "--manifests", "deploy"]);
    assert!(text.contains("nothing could be found out"), "{text}");
}

#[test]
fn a_pipeline_has_its_release_learned_before_the_rollout() {
    let desk = Desk::new(World::established());
    let world = &desk.world;
    let digest = world.release("v2", &[(&release(), world.day(10))]);
    let image = format!("{}@{digest}", world.registry.name(NAME));
    desk.ok(&["learn", "--images", &image]);
    let baseline = world.baseline().unwrap();
    assert!(baseline.verified(&digest.parse().unwrap()).is_some());
    // By a stranger it is drift, and is not verified.
    let digest = world.release("v3", &[(&stranger(), world.day(11))]);
    let image = format!("{}@{digest}", world.registry.name(NAME));
    desk.ends(3, &["learn", "--images", &image]);
    let baseline = world.baseline().unwrap();
    assert!(baseline.verified(&digest.parse().unwrap()).is_none());
    // Those of known repositories are found by their tags.
    world.release("v4", &[(&release(), world.day(12))]);
    desk.deploy(&world.registry.image(NAME, "v1"));
    desk.ok(&["learn", "--manifests", "deploy", "--ahead"]);
    assert_eq!(world.baseline().unwrap().signers.len(), 1);
    assert!(world.baseline().unwrap().verified.len() >= 3);
}

#[test]
fn nobody_is_asked_without_a_terminal() {
    let desk = Desk::new(World::established());
    let digest = desk
        .world
        .release("v2", &[(&stranger(), desk.world.day(3))]);
    let target = format!("{}@{digest}", desk.world.registry.name(NAME));
    let id = desk.world.id(&stranger());
    let text = desk.ends(2, &["approve", &target, id.short(), "--reason", "T"]);
    assert!(text.contains("add --yes"), "{text}");
    assert_eq!(desk.world.signers().len(), 1);
    let text = desk.ends(1, &["approve", &target, "000000000000", "--reason", "T"]);
    assert!(text.contains("no signer of this image"), "{text}");
}
