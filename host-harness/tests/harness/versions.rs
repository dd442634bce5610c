//! One version everywhere, and one command that raises it: `scripts/versions.sh`, on a copy of what it reads.

use std::path::{Path, PathBuf};
use std::process::Command;

use rstest::rstest;

/// What the script reads.
const READ: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "fuzz/Cargo.lock",
    "CHANGELOG.md",
    "README.md",
    "artifacthub-pkg.yml",
    "metadata.yml",
    "docs",
    "deploy",
];
/// Names the version in every way that the deployment may.
const MANIFEST: &str = "\
      app.kubernetes.io/version: \"VERSION\"
      helm.sh/chart: signature-continuity-VERSION
      image: ghcr.io/signature-continuity/continuity:vVERSION@sha256:00
      newTag: vVERSION
# https://github.com/signature-continuity/signature-continuity//deploy/base?ref=vVERSION
# helm install continuity oci://ghcr.io/signature-continuity/charts/continuity --version VERSION.
";
const CHART: &str =
    "apiVersion: v2\nname: continuity\nversion: VERSION\nappVersion: \"vVERSION\"\n";

struct Copy(tempfile::TempDir);

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            copy(&from.join(&name), &to.join(&name));
        }
    } else {
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, to).unwrap();
    }
}

impl Copy {
    fn new() -> Self {
        let copied = Self(tempfile::tempdir().unwrap());
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for name in READ.into_iter().chain(["scripts/versions.sh"]) {
            copy(&root.join(name), &copied.path(name));
        }
        let version = env!("CARGO_PKG_VERSION");
        for (name, text) in [("manifest.yaml", MANIFEST), ("chart/Chart.yaml", CHART)] {
            let path = copied.path("deploy/tested").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text.replace("VERSION", version)).unwrap();
        }
        copied
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name}: no {from}");
        std::fs::write(self.path(name), text.replacen(from, to, 1)).unwrap();
    }

    /// How the script ends, and what it says: on standard output where it is content, on standard error where not.
    fn versions(&self, arguments: &[&str]) -> (i32, String) {
        let output = Command::new("bash")
            .arg(self.path("scripts/versions.sh"))
            .args(arguments)
            .output()
            .unwrap();
        let status = output.status.code().unwrap();
        let said = if status == 0 {
            output.stdout
        } else {
            output.stderr
        };
        (status, String::from_utf8(said).unwrap())
    }

    /// Every file with its text.
    fn everything(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn walk(directory: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, found);
                } else {
                    let bytes = std::fs::read(&path).unwrap();
                    found.push((path, bytes));
                }
            }
        }
        let mut found = Vec::new();
        walk(self.0.path(), &mut found);
        found.sort();
        found
    }
}

#[test]
fn the_repository_names_one_version() {
    let (status, said) = Copy::new().versions(&[]);
    assert_eq!(
        (status, said.trim()),
        (0, env!("CARGO_PKG_VERSION")),
        "{said}"
    );
}

#[test]
fn raises_every_place_and_begins_a_section() {
    let copy = Copy::new();
    let (old, new) = (env!("CARGO_PKG_VERSION"), "7.8.9-rc.1");
    let (status, said) = copy.versions(&["--raise", new]);
    assert_eq!(status, 0, "{said}");
    assert!(
        said.starts_with(&format!("raised {old} to {new}; read the difference")),
        "{said}"
    );
    assert_eq!(copy.versions(&["--release", new]), (0, format!("{new}\n")));

    let changed =
        |name: &str, text: &str| assert_eq!(copy.read(name), text.replace("VERSION", new));
    changed("deploy/tested/manifest.yaml", MANIFEST);
    changed("deploy/tested/chart/Chart.yaml", CHART);
    let workspace = copy.read("Cargo.toml");
    let members = workspace
        .lines()
        .find(|line| line.starts_with("members = "));
    let members = members.unwrap().matches('"').count() / 2;
    let raised = copy
        .read("Cargo.lock")
        .matches(&format!("version = \"{new}\""))
        .count();
    assert_eq!(raised, members, "our crates, and nobody else's");
    assert!(
        copy.read("CHANGELOG.md")
            .contains(&format!("## Unreleased\n\n## {new}\n"))
    );
    let package = copy.read("artifacthub-pkg.yml");
    assert!(
        !package.contains(&format!("v{old}"))
            && package.contains(&format!("/download/v{new}/policy.wasm"))
    );

    // Once more: nothing is left to do, and the section is not begun twice.
    let before = copy.everything();
    assert_eq!(copy.versions(&["--raise", new]).0, 0);
    assert_eq!(copy.everything(), before);
    // A release comes after its candidate.
    assert_eq!(copy.versions(&["--raise", "7.8.9"]).0, 0);
    assert_eq!(copy.versions(&["--raise", new]).0, 1);
}

#[rstest]
#[case::with_a_v(
    "v7.8.9",
    2,
    "expected a version such as 0.2.0 or 0.2.0-rc.1, without v, got `v7.8.9`"
)]
#[case::none("", 2, "without v, got ``")]
#[case::short("7.8", 2, "without v, got `7.8`")]
#[case::zeros("07.8.9", 2, "without v, got `07.8.9`")]
#[case::shell("7.8.9; true", 2, "without v, got `7.8.9; true`")]
#[case::lower("0.0.1", 1, "expected a version above")]
#[case::a_candidate_of_what_is_there(concat!(env!("CARGO_PKG_VERSION"), "-rc.1"), 1, "expected a version above")]
fn refuses_what_is_no_raise(#[case] version: &str, #[case] status: i32, #[case] expected: &str) {
    let copy = Copy::new();
    let before = copy.everything();
    let (found, said) = copy.versions(&["--raise", version]);
    assert_eq!(found, status, "{said}");
    assert!(
        said.contains(expected) && said.lines().count() == 1,
        "{said}"
    );
    assert_eq!(copy.everything(), before);
}

#[rstest]
#[case::metadata("metadata.yml", "policy.version: ", "policy.version: 1")]
#[case::metadata_without(
    "metadata.yml",
    "io.kubewarden.policy.version",
    "io.kubewarden.policy.revision"
)]
#[case::artifact_hub("artifacthub-pkg.yml", "/download/v", "/download/v1")]
#[case::lock(
    "fuzz/Cargo.lock",
    "name = \"signature-continuity\"\nversion = \"",
    "name = \"signature-continuity\"\nversion = \"1"
)]
#[case::image("deploy/tested/manifest.yaml", "continuity:v", "continuity:v1")]
#[case::label("deploy/tested/manifest.yaml", "/version: \"", "/version: \"1")]
#[case::tag("deploy/tested/manifest.yaml", "newTag: v", "newTag: v1")]
#[case::install("deploy/tested/manifest.yaml", "--version ", "--version 1")]
#[case::remote("deploy/tested/manifest.yaml", "?ref=v", "?ref=v1")]
#[case::identity(
    "docs/verify.md",
    "release.yml@refs/tags/v",
    "release.yml@refs/tags/v1"
)]
#[case::checkout("docs/verify.md", "$ git checkout v", "$ git checkout v1")]
#[case::chart("deploy/tested/chart/Chart.yaml", "\nversion: ", "\nversion: 1")]
#[case::app(
    "deploy/tested/chart/Chart.yaml",
    "appVersion: \"v",
    "appVersion: \"v1"
)]
#[case::readme("README.md", "signature-continuity:v", "signature-continuity:v1")]
fn a_place_that_names_another_version_is_told(
    #[case] file: &str,
    #[case] from: &str,
    #[case] to: &str,
) {
    let copy = Copy::new();
    copy.edit(file, from, to);
    let before = copy.everything();
    let (status, said) = copy.versions(&[]);
    assert_eq!(status, 1, "{said}");
    assert!(
        said.starts_with(file) && said.contains("expected version"),
        "{said}"
    );
    // And nothing is raised on top of that.
    let (status, said) = copy.versions(&["--raise", "7.8.9"]);
    assert_eq!(status, 1);
    assert!(
        said.ends_with("nothing was changed: the places above have to agree first\n"),
        "{said}"
    );
    assert_eq!(copy.everything(), before);
}

#[test]
fn a_release_needs_its_section() {
    let copy = Copy::new();
    let version = env!("CARGO_PKG_VERSION");
    copy.edit(
        "CHANGELOG.md",
        "# Changelog",
        &format!("# Changelog\n\n## {version}0"),
    );
    let (status, said) = copy.versions(&["--release", version]);
    assert_eq!(status, 1);
    assert_eq!(
        said,
        format!(
            "CHANGELOG.md: expected a section `## {version}`: make version VERSION={version}\n"
        )
    );
}
