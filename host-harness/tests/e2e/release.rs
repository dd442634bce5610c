//! What the release workflow does with the module and the image, against the real registry: pushed, signed by the real
//! cosign, verified as docs/verify.md says, pulled back, run.
//!
//! Signed is by a key: keyless signing asks identities of a place that tests do not have. What else the workflow does is in
//! the same scripts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use continuity_testkit::sigstore::digest_of;
use rstest::rstest;
use serde_json::Value;

use super::cosign::Cosign;
use super::lab::{Lab, program};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const REVISION: &str = "0123456789abcdef0123456789abcdef01234567";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn succeeded(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The image of `static_program`, in the lab's directory.
fn image(lab: &Lab, static_program: &str, output: &str) -> String {
    let output = Command::new(program("continuity-release"))
        .args(["image", "--revision", REVISION, "--created", "1700000000"])
        .arg(format!("--program=amd64={static_program}"))
        .arg("--root")
        .arg(root())
        .arg("--output")
        .arg(lab.path(output))
        .output()
        .unwrap();
    succeeded(&output).trim().to_owned()
}

/// Runs the script of the release; what it published, by name.
fn publish(lab: &Lab, cosign: &Cosign) -> BTreeMap<String, String> {
    let (program_path, options) = cosign.program_and_options();
    let output = Command::new(root().join("scripts/publish.sh"))
        .arg(lab.path("dist"))
        .arg(format!("{}/signature-continuity", lab.registry.host()))
        .env("RELEASE_PROGRAM", program("continuity-release"))
        .env("PUSH_OPTIONS", "--plain-http")
        .env("COSIGN", program_path)
        .env("COSIGN_OPTIONS", options)
        .env("COSIGN_PASSWORD", "")
        .env("HOME", lab.path(""))
        .output()
        .unwrap();
    let said = succeeded(&output);
    assert_eq!(
        std::fs::read_to_string(lab.path("dist/published.txt")).unwrap(),
        said
    );
    said.lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(name, reference)| (name.to_owned(), reference.to_owned()))
        .collect()
}

/// Runs the script with which the release, too, verifies what it published; by the key of `signer`.
fn verify(lab: &Lab, cosign: &Cosign, signer: &Cosign) -> Output {
    let key = lab.write("signer.pub", &signer.public_key());
    let options = format!(
        "--key {} --insecure-ignore-tlog --allow-insecure-registry --allow-http-registry",
        key.display()
    );
    Command::new(root().join("scripts/verify.sh"))
        .arg(lab.path("dist/published.txt"))
        .args([
            "signature-continuity/signature-continuity",
            "refs/tags/v0.0.0",
        ])
        .env("COSIGN", cosign.program_and_options().0)
        .env("VERIFY_OPTIONS", options)
        .env("HOME", lab.path(""))
        .output()
        .unwrap()
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

/// The manifest behind a reference by digest.
fn manifest(lab: &Lab, repository: &str, digest: &str) -> Value {
    let bytes = lab
        .registry
        .manifest(repository, digest)
        .unwrap()
        .expect("it was pushed");
    assert_eq!(digest_of(&bytes), digest);
    json(&bytes)
}

fn static_program() -> String {
    std::env::var("STATIC_PROGRAM").expect("scripts/e2e.sh sets STATIC_PROGRAM")
}

#[rstest]
#[case::cosign_2(Cosign::two())]
#[case::cosign_3(Cosign::three().in_the_old_format())]
#[ignore = "needs a program that loads no library: scripts/e2e.sh asks where one can be built"]
fn static_program_and_module_are_published_verified_pulled_and_run(#[case] cosign: Cosign) {
    let lab = Lab::start();
    std::fs::create_dir(lab.path("dist")).unwrap();
    std::fs::rename(lab.path("policy.wasm"), lab.path("dist/policy.wasm")).unwrap();
    let digest = image(&lab, &static_program(), "dist/image");
    assert_eq!(
        image(&lab, &static_program(), "again"),
        digest,
        "the same bytes each time"
    );

    let published = publish(&lab, &cosign);
    assert_eq!(published.keys().collect::<Vec<_>>(), ["image", "module"]);
    for reference in published.values() {
        cosign.verify_with_key(reference);
        cosign.refuses_with_another_key(reference);
    }
    let said = verify(&lab, &cosign, &cosign);
    let found = |name: &str| format!("{name}={}\n", published[name].split_once('@').unwrap().1);
    assert_eq!(
        succeeded(&said),
        format!("{}{}", found("module"), found("image"))
    );
    assert!(!verify(&lab, &cosign, &Cosign::two()).status.success());

    // The module that is pulled is the one that was built, and the tag names it.
    let module = std::fs::read(lab.path("dist/policy.wasm")).unwrap();
    let by_digest = published["module"].split_once('@').unwrap().1;
    let pushed = manifest(&lab, "signature-continuity/signature-continuity", by_digest);
    assert_eq!(
        pushed["layers"][0]["mediaType"],
        "application/vnd.wasm.content.layer.v1+wasm"
    );
    assert_eq!(pushed["layers"][0]["digest"], digest_of(&module).as_str());
    assert_eq!(
        lab.blob(pushed["layers"][0]["digest"].as_str().unwrap()),
        module
    );
    assert_eq!(
        pushed["annotations"]["io.kubewarden.policy.version"],
        VERSION
    );
    let tag = lab.registry.manifest(
        "signature-continuity/signature-continuity",
        &format!("v{VERSION}"),
    );
    assert_eq!(digest_of(&tag.unwrap().unwrap()), by_digest);

    // The image that is pulled runs with nothing but its own files.
    assert_eq!(published["image"].split_once('@').unwrap().1, digest);
    let index = manifest(&lab, "signature-continuity/continuity", &digest);
    assert_eq!(index["manifests"][0]["platform"]["architecture"], "amd64");
    let platform = index["manifests"][0]["digest"].as_str().unwrap();
    let platform = manifest(&lab, "signature-continuity/continuity", platform);
    let files = unpacked(&lab, &platform);
    let certificates =
        std::fs::read_to_string(files.join("etc/ssl/certs/ca-certificates.crt")).unwrap();
    assert!(certificates.matches("BEGIN CERTIFICATE").count() > 100);
    let config = json(&lab.blob(platform["config"]["digest"].as_str().unwrap()));
    let run = as_the_image_says(&files, &config);
    assert_eq!(succeeded(&run), format!("continuity {VERSION}\n"));
}

/// All layers of an image in one directory.
fn unpacked(lab: &Lab, manifest: &Value) -> PathBuf {
    let directory = lab.path("root");
    std::fs::create_dir(&directory).unwrap();
    for layer in manifest["layers"].as_array().unwrap() {
        let archive = lab.write("layer.tar.gz", "");
        std::fs::write(&archive, lab.blob(layer["digest"].as_str().unwrap())).unwrap();
        let tar = Command::new("tar")
            .args(["--extract", "--gzip", "--no-same-owner", "--file"])
            .arg(archive)
            .arg("--directory")
            .arg(&directory)
            .output()
            .unwrap();
        succeeded(&tar);
    }
    directory
}

/// `--version` of the entry point: where this machine lets us, with the image's files as the root and as its user.
fn as_the_image_says(files: &Path, config: &Value) -> Output {
    let user = config["config"]["User"].as_str().unwrap();
    assert_eq!(user, "65532:65532");
    let entrypoint = config["config"]["Entrypoint"][0].as_str().unwrap();
    let id = Command::new("id").arg("-u").output().unwrap();
    let mut command = if id.stdout == b"0\n" {
        // Directories of tests are their owner's alone.
        let mut command = Command::new("chmod");
        command.args(["--recursive", "a+rX"]).arg(files);
        succeeded(&command.output().unwrap());
        let mut command = Command::new("chroot");
        command
            .arg(format!("--userspec={user}"))
            .arg(files)
            .arg(entrypoint);
        command
    } else {
        Command::new(files.join(entrypoint.trim_start_matches('/')))
    };
    // Nothing of this machine but where `chroot` is.
    let path = std::env::var_os("PATH").unwrap_or_default();
    command
        .env_clear()
        .env("PATH", path)
        .arg("--version")
        .output()
        .unwrap()
}

#[test]
fn a_module_that_was_swapped_does_not_verify() {
    let lab = Lab::start();
    let cosign = Cosign::two();
    let push = |tag: &str| {
        let output = Command::new(program("continuity-release"))
            .args(["push-module", "--plain-http", "policy.wasm"])
            .arg(lab.image("policies/continuity", tag))
            .current_dir(lab.path(""))
            .env("HOME", lab.path(""))
            .output()
            .unwrap();
        succeeded(&output).trim().to_owned()
    };
    let signed = push("v1");
    cosign.sign_with_key(&signed);
    cosign.verify_with_key(&lab.image("policies/continuity", "v1"));

    // Whoever may push puts another module under the tag: one section more, for the same behaviour.
    let mut module = std::fs::read(lab.path("policy.wasm")).unwrap();
    module.extend([0, 2, 1, b'x']);
    std::fs::write(lab.path("policy.wasm"), module).unwrap();
    assert_ne!(push("v1"), signed);
    cosign.refuses(&lab.image("policies/continuity", "v1"));
    cosign.verify_with_key(&signed);
}
