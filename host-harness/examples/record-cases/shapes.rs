//! Requests of every shape: kinds, updates, several images, and what cannot be read.

use continuity_testkit::{Fault, FaultRule, Identity};
use serde_json::{Value, json};

use crate::expected::{Expected, UNSIGNED};
use crate::studio::{Studio, release};

pub fn record(studio: &mut Studio) -> anyhow::Result<()> {
    kinds(studio)?;
    updates(studio)?;
    audit_scanner(studio)?;
    several(studio)?;
    spellings(studio)?;
    unreadable(studio)
}

/// The unsigned image in every kind, and in every place of a pod.
fn kinds(studio: &mut Studio) -> anyhow::Result<()> {
    for (kind, group) in [
        ("ReplicationController", ""),
        ("Deployment", "apps"),
        ("ReplicaSet", "apps"),
        ("StatefulSet", "apps"),
        ("DaemonSet", "apps"),
        ("Job", "batch"),
        ("CronJob", "batch"),
    ] {
        let mut scene = studio.scene(&format!("unsigned-{}", kind.to_lowercase()))?;
        scene.known()?;
        scene.push("v1")?;
        let image = format!("{}:v1", scene.repository());
        scene.ask(
            kind,
            group,
            json!({"containers": [{"name": "c", "image": image}]}),
        );
        // Its pods are judged anew.
        scene.take(&Expected {
            code: None,
            ..UNSIGNED
        })?;
    }
    // What is proven of it rejects the workload itself.
    let mut scene = studio.scene("signer-deployment")?;
    scene.known()?;
    scene.signed("v1", &[Identity::google("dev@acme.example")])?;
    let image = format!("{}:v1", scene.repository());
    scene.ask(
        "Deployment",
        "apps",
        json!({"containers": [{"name": "c", "image": image}]}),
    );
    scene.take(&Expected {
        drift: "signer",
        posture: &["signed"],
        code: Some(403),
    })?;
    for (name, place) in [
        ("unsigned-init-container", "initContainers"),
        ("unsigned-image-volume", "volumes"),
    ] {
        let mut scene = studio.scene(name)?;
        scene.known()?;
        scene.push("v1")?;
        let image = format!("{}:v1", scene.repository());
        let entry = match place {
            "volumes" => json!({"name": "v", "image": {"reference": image}}),
            _ => json!({"name": "c", "image": image}),
        };
        scene.ask("Pod", "", json!({"containers": [], place: [entry]}));
        scene.take(&UNSIGNED)?;
    }
    Ok(())
}

fn updates(studio: &mut Studio) -> anyhow::Result<()> {
    let mut scene = studio.scene("none-update-kept-image")?;
    scene.known()?;
    scene.push("v1")?;
    scene.run_tag("v1");
    scene.request["operation"] = json!("UPDATE");
    scene.request["oldObject"] = scene.request["object"].clone();
    scene.take(&Expected {
        drift: "",
        posture: &[],
        code: None,
    })?;

    let mut scene = studio.scene("unsigned-update-new-image")?;
    scene.known()?;
    scene.push("v2")?;
    scene.run_tag("v2");
    scene.request["operation"] = json!("UPDATE");
    let mut old = scene.request["object"].clone();
    old["spec"]["containers"][0]["image"] = json!(format!("{}:v1", scene.repository()));
    scene.request["oldObject"] = old;
    scene.take(&UNSIGNED)?;

    let mut scene = studio.scene("unsigned-ephemeral-container")?;
    scene.known()?;
    scene.push("v1")?;
    let image = format!("{}:v1", scene.repository());
    scene.ask(
        "Pod",
        "",
        json!({"containers": [{"name": "c", "image": "registry.example/other/app:v1"}]}),
    );
    scene.request["operation"] = json!("UPDATE");
    scene.request["subResource"] = json!("ephemeralcontainers");
    scene.request["oldObject"] = scene.request["object"].clone();
    scene.request["object"]["spec"]["ephemeralContainers"] =
        json!([{"name": "debug", "image": image}]);
    scene.take(&UNSIGNED)
}

fn audit_scanner(studio: &mut Studio) -> anyhow::Result<()> {
    for (name, report, code) in [
        ("unsigned-scanned", false, None),
        ("unsigned-scanned-reported", true, Some(403)),
    ] {
        let mut scene = studio.scene(name)?;
        scene.known()?;
        scene.push("v1")?;
        scene.set("enforce", json!([]));
        if report {
            scene.set("unenforced", json!("report"));
        }
        scene.run_tag("v1");
        scene.request["userInfo"] = json!({});
        scene.take(&Expected { code, ..UNSIGNED })?;
    }

    let mut scene = studio.scene("mirror-pod")?;
    scene.known()?;
    scene.push("v1")?;
    scene.run_tag("v1");
    scene.request["userInfo"] =
        json!({"username": "system:node:worker-1", "groups": ["system:nodes"]});
    scene.request["object"]["metadata"]["annotations"] =
        json!({"kubernetes.io/config.mirror": "abc"});
    scene.request["object"]["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "v1", "kind": "Node", "name": "worker-1", "uid": "u"}]);
    scene.take(&Expected {
        drift: "",
        posture: &[],
        code: None,
    })?;

    let mut scene = studio.scene("unsigned-false-mirror-pod")?;
    scene.known()?;
    scene.push("v1")?;
    scene.run_tag("v1");
    scene.request["object"]["metadata"]["annotations"] =
        json!({"kubernetes.io/config.mirror": "abc"});
    scene.take(&UNSIGNED)
}

fn several(studio: &mut Studio) -> anyhow::Result<()> {
    let mut scene = studio.scene("several-images")?;
    scene.known()?;
    scene.push("bad")?;
    scene.signed("good", &[release()])?;
    scene.signed("strange", &[Identity::google("dev@acme.example")])?;
    let repository = scene.repository();
    let images: Vec<String> = ["bad", "good", "strange", "good"]
        .iter()
        .map(|tag| format!("{repository}:{tag}"))
        .collect();
    scene.pod(&images);
    scene.take(&UNSIGNED)?;

    let mut scene = studio.scene("several-images-warned")?;
    scene.known()?;
    scene.set("enforce", json!([]));
    let repository = scene.repository();
    let mut images = Vec::new();
    for at in 0..14 {
        scene.push(&format!("v{at}"))?;
        images.push(format!("{repository}:v{at}"));
    }
    scene.set("budget", json!("20s"));
    scene.pod(&images);
    scene.take(&Expected {
        code: None,
        ..UNSIGNED
    })
}

fn spellings(studio: &mut Studio) -> anyhow::Result<()> {
    let mut scene = studio.scene("unsigned-tag-and-digest")?;
    scene.known()?;
    let digest = scene.push("v1")?;
    // The tag names something else: the digest decides.
    scene.signed("good", &[release()])?;
    let image = format!("{}:good@{digest}", scene.repository());
    scene.pod(&[image]);
    scene.take(&UNSIGNED)
}

fn unreadable(studio: &mut Studio) -> anyhow::Result<()> {
    for (name, image) in [
        ("unreadable-upper-case", "ghcr.io/Acme/api:v1"),
        ("unreadable-trailing-dot", "ghcr.io./acme/api:v1"),
        (
            "unreadable-line-break",
            "ghcr.io/acme/api:v1\nadmitted: everything is fine",
        ),
        ("unreadable-bidi", "ghcr.io/acme/\u{202e}ipa:v1"),
        ("unreadable-empty", ""),
    ] {
        let mut scene = studio.scene(name)?;
        scene.pod(&[image.to_owned()]);
        scene.take(&Expected {
            drift: "unreadable",
            posture: &[],
            code: Some(403),
        })?;
    }
    // Only the registry says that the tag means something that is no reference.
    let mut scene = studio.scene("unreadable-other-digest")?;
    scene.known()?;
    let sha512 = format!("sha512:{}", "a".repeat(128));
    scene.fault(FaultRule::new(&scene.path, "v1", Fault::Means(sha512)));
    scene.run_tag("v1");
    scene.take(&Expected {
        drift: "unreadable",
        posture: &[],
        code: Some(403),
    })?;
    let odd: [(&str, Value, Option<u16>); 3] = [
        (
            "unreadable-kind",
            json!({"apiVersion": "example.org/v1", "kind": "Widget", "spec": {"template": {"spec": {
                "containers": [{"name": "c", "image": "ghcr.io/acme/api:v1"}],
            }}}}),
            Some(403),
        ),
        (
            "unreadable-object",
            json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": 7}}),
            Some(403),
        ),
        (
            "unreadable-object-audit",
            json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": 7}}),
            None,
        ),
    ];
    for (name, object, code) in odd {
        let mut scene = studio.scene(name)?;
        scene.pod(&[]);
        scene.request["kind"]["kind"] = object["kind"].clone();
        scene.request["object"] = object;
        if code.is_none() {
            scene.set("enforce", json!([]));
        }
        scene.take(&Expected {
            drift: "",
            posture: &[],
            code,
        })?;
    }
    Ok(())
}
