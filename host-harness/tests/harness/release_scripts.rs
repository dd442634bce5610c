//! The scripts of the release workflow that need neither registry nor cosign, and what docs/verify.md shows of them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const REPOSITORY: &str = "signature-continuity/signature-continuity";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A cosign that says how it was called, and what it makes of references with `bad` in them.
fn cosign(directory: &Path) -> PathBuf {
    let path = directory.join("cosign");
    let script = "#!/usr/bin/env bash\necho \"cosign $*\" >>\"$0.log\"\n[[ $* != *bad* ]]\n";
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn verify(directory: &Path, published: &str) -> Output {
    let file = directory.join("published.txt");
    std::fs::write(&file, published).unwrap();
    Command::new(root().join("scripts/verify.sh"))
        .arg(file)
        .args([REPOSITORY, &format!("refs/tags/v{VERSION}")])
        .env("COSIGN", cosign(directory))
        .output()
        .unwrap()
}

#[test]
fn verifies_by_the_identity_that_the_document_tells() {
    let directory = tempfile::tempdir().unwrap();
    let [module, image] = ["signature-continuity", "continuity"]
        .map(|name| format!("ghcr.io/signature-continuity/{name}"));
    let published = format!("module {module}@sha256:1\nimage {image}@sha256:2\n");
    let output = verify(directory.path(), &published);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "module=sha256:1\nimage=sha256:2\n");

    let called = std::fs::read_to_string(directory.path().join("cosign.log")).unwrap();
    let document = std::fs::read_to_string(root().join("docs/verify.md")).unwrap();
    let shown: Vec<&str> = document
        .lines()
        .filter_map(|line| line.strip_prefix("$ cosign verify "))
        .collect();
    let by_tag: Vec<String> = called
        .lines()
        .map(|line| line.strip_prefix("cosign verify ").unwrap())
        .map(|line| {
            format!(
                "{}:v{VERSION}",
                line.split_once('@')
                    .map_or(line, |_| line.rsplit_once('@').unwrap().0)
            )
        })
        .collect();
    assert_eq!(shown, by_tag);
}

#[test]
fn ends_where_one_of_them_does_not_verify() {
    let directory = tempfile::tempdir().unwrap();
    let output = verify(directory.path(), "module m@sha256:1\nimage bad@sha256:2\n");
    assert!(!output.status.success());
    assert_eq!(text(&output.stdout), "module=sha256:1\n");
    let output = verify(directory.path(), "module m@sha256:1\n");
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("expected a module and an image, found 1"));
}

/// What the script needs, with the time of a release in it.
fn released(version: &str, created: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let copy = |name: &str, edit: fn(String, &str, &str) -> String| {
        let to = directory.path().join(name);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        let read = std::fs::read_to_string(root().join(name)).unwrap();
        std::fs::write(&to, edit(read, version, created)).unwrap();
        to
    };
    let as_it_is = |text: String, _: &str, _: &str| text;
    for name in ["artifacthub-repo.yml", "README.md"] {
        copy(name, as_it_is);
    }
    copy("artifacthub-pkg.yml", |text, version, created| {
        text.replace(
            &format!("version: {VERSION}\n"),
            &format!("version: {version}\n"),
        )
        .replace("1970-01-01T00:00:00Z", created)
    });
    let script = copy("scripts/artifact-hub.sh", as_it_is);
    std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

fn announce(released: &Path, remote: &Path) -> Output {
    Command::new(released.join("scripts/artifact-hub.sh"))
        .arg(remote)
        .arg("artifacthub")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap()
}

fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn artifact_hub_gets_a_folder_for_each_version() {
    let remote = tempfile::tempdir().unwrap();
    git(remote.path(), &["init", "--quiet", "--bare"]);
    for version in ["1.0.0", "1.1.0"] {
        let released = released(version, "2026-11-25T00:00:00Z");
        let output = announce(released.path(), remote.path());
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(
            text(&output.stdout),
            format!("artifacthub has signature-continuity {version}\n")
        );
    }
    let files = git(
        remote.path(),
        &["ls-tree", "-r", "--name-only", "artifacthub"],
    );
    let expected = [
        "artifacthub-repo.yml",
        "signature-continuity/1.0.0/README.md",
        "signature-continuity/1.0.0/artifacthub-pkg.yml",
        "signature-continuity/1.1.0/README.md",
        "signature-continuity/1.1.0/artifacthub-pkg.yml",
    ];
    assert_eq!(files.lines().collect::<Vec<_>>(), expected);
    let package = git(
        remote.path(),
        &[
            "show",
            "artifacthub:signature-continuity/1.1.0/artifacthub-pkg.yml",
        ],
    );
    assert!(
        package.contains("version: 1.1.0\n")
            && package.contains("createdAt: 2026-11-25T00:00:00Z\n")
    );
}

#[test]
fn artifact_hub_gets_nothing_without_the_time_of_a_release() {
    let remote = tempfile::tempdir().unwrap();
    git(remote.path(), &["init", "--quiet", "--bare"]);
    let released = released("1.0.0", "1970-01-01T00:00:00Z");
    let output = announce(released.path(), remote.path());
    assert!(!output.status.success());
    assert_eq!(
        text(&output.stderr),
        "artifacthub-pkg.yml: expected the time of the release in createdAt, got 1970-01-01T00:00:00Z\n"
    );
    assert_eq!(git(remote.path(), &["for-each-ref"]), "");
}

/// A checkout on a machine whose Rust has no standard library for other targets, and cannot fetch any.
fn without_targets() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    for folder in ["scripts", "bin", "sysroot"] {
        std::fs::create_dir(path(folder)).unwrap();
    }
    for script in ["scripts/static.sh", "scripts/image.sh"] {
        std::fs::copy(root().join(script), path(script)).unwrap();
    }
    for (program, does) in [
        ("rustc", format!("echo {}", path("sysroot").display())),
        ("rustup", "exit 1".to_owned()),
    ] {
        let program = path("bin").join(program);
        std::fs::write(&program, format!("#!/usr/bin/env bash\n{does}\n")).unwrap();
        std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    git(directory.path(), &["init", "--quiet"]);
    git(directory.path(), &["add", "scripts"]);
    let identity = ["-c", "user.name=n", "-c", "user.email=n@n.example"];
    let commit = ["commit", "--quiet", "--message", "x"];
    git(directory.path(), &[&identity[..], &commit[..]].concat());
    directory
}

#[test]
fn says_for_which_machine_nothing_can_be_built() {
    let directory = without_targets();
    let run = |script: &str, arguments: &[&str]| {
        let path = std::env::var("PATH").unwrap();
        let output = Command::new(directory.path().join(script))
            .args(arguments)
            .env(
                "PATH",
                format!("{}:{path}", directory.path().join("bin").display()),
            )
            .output()
            .unwrap();
        assert_eq!(text(&output.stdout), "");
        (output.status.code().unwrap(), text(&output.stderr))
    };
    let cannot = "nothing can be built for arm64 here: rustup gave no standard library for aarch64-unknown-linux-musl\n";
    assert_eq!(run("scripts/static.sh", &["arm64"]), (3, cannot.to_owned()));

    // Asked for by name it is a failure; and so is an image without any program.
    let changes = "and there are changes beside it\n";
    let (status, said) = run("scripts/image.sh", &["arm64"]);
    assert_eq!(status, 1);
    let (_, said) = said.split_once(changes).unwrap();
    assert_eq!(
        said,
        format!("{cannot}the image was not built: no program for arm64\n")
    );
    let (status, said) = run("scripts/image.sh", &[]);
    assert_eq!(status, 1);
    assert!(
        said.ends_with("the image was not built: no program for any platform\n"),
        "{said}"
    );
    assert_eq!(said.matches("nothing can be built for ").count(), 2);

    let (status, said) = run("scripts/static.sh", &["riscv64"]);
    assert_eq!(status, 2);
    assert!(said.starts_with("usage: "), "{said}");
}
