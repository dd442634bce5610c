//! Which packages a program is made of: what cargo would link for one target, and nothing else.
//!
//! Invariant: it is what `--locked` builds. Build scripts and procedural macros run on the machine that builds, and are
//! no part of the program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// What says which program it is.
pub(crate) const PROGRAM: &str = "continuity-cli";

/// One package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// An SPDX expression, where its author gave one.
    pub(crate) license: Option<String>,
    pub(crate) repository: Option<String>,
    /// SHA-256 of what the registry has of it; none for our own.
    pub(crate) checksum: Option<String>,
    pub(crate) directory: PathBuf,
    /// Of the packages it uses, those that are in the program too.
    pub(crate) uses: BTreeSet<(String, String)>,
}

impl Package {
    pub(crate) fn key(&self) -> (String, String) {
        (self.name.clone(), self.version.clone())
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Described>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Described {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    repository: Option<String>,
    manifest_path: PathBuf,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

/// The packages of the program for `target`, and `beside` it, by name and version.
pub(crate) fn of_program(root: &Path, target: &str, beside: &str) -> anyhow::Result<Vec<Package>> {
    let tree = cargo(
        root,
        &[
            "tree",
            "--locked",
            "--package",
            PROGRAM,
            "--edges",
            "normal,no-proc-macro",
            "--target",
            target,
            "--prefix",
            "none",
            "--format",
            "{p}",
        ],
    )?;
    let mut linked = BTreeSet::new();
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let mut words = line.split(' ');
        let (name, version) = (
            words.next(),
            words.next().and_then(|word| word.strip_prefix('v')),
        );
        let (Some(name), Some(version)) = (name, version) else {
            bail!("expected a package and its version from cargo tree, got `{line}`");
        };
        linked.insert((name.to_owned(), version.to_owned()));
    }
    let metadata: Metadata = parse(&cargo(
        root,
        &["metadata", "--locked", "--format-version", "1"],
    )?)?;
    let lock =
        std::fs::read_to_string(root.join("Cargo.lock")).context("cannot read Cargo.lock")?;
    let lock: Lock = toml::from_str(&lock).context("Cargo.lock is not as cargo writes it")?;
    let packages = described(&metadata, &lock, |name, version| {
        name == beside || linked.contains(&(name.to_owned(), version.to_owned()))
    });
    for (name, version) in &linked {
        if !packages
            .iter()
            .any(|package| package.name == *name && package.version == *version)
        {
            bail!("cargo metadata does not know {name} {version}, which cargo tree lists");
        }
    }
    Ok(packages)
}

fn described(
    metadata: &Metadata,
    lock: &Lock,
    wanted: impl Fn(&str, &str) -> bool,
) -> Vec<Package> {
    let by_id: BTreeMap<&str, &Described> = metadata
        .packages
        .iter()
        .filter(|package| wanted(&package.name, &package.version))
        .map(|package| (package.id.as_str(), package))
        .collect();
    let mut packages: Vec<Package> = by_id
        .values()
        .map(|package| {
            let node = metadata
                .resolve
                .nodes
                .iter()
                .find(|node| node.id == package.id);
            let uses = node.into_iter().flat_map(|node| &node.dependencies);
            let locked = lock
                .package
                .iter()
                .find(|locked| locked.name == package.name && locked.version == package.version);
            Package {
                name: package.name.clone(),
                version: package.version.clone(),
                // The separator of before SPDX expressions.
                license: package
                    .license
                    .as_ref()
                    .map(|text| text.replace('/', " OR ")),
                repository: package.repository.clone(),
                checksum: locked.and_then(|locked| locked.checksum.clone()),
                directory: package
                    .manifest_path
                    .parent()
                    .map(Path::to_owned)
                    .unwrap_or_default(),
                uses: uses
                    .filter_map(|id| by_id.get(id.as_str()))
                    .map(|used| (used.name.clone(), used.version.clone()))
                    .collect(),
            }
        })
        .collect();
    packages.sort_by_key(Package::key);
    packages
}

fn cargo(root: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .output()
        .context("expected cargo, to ask what the program is made of")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "cargo {} failed: {}",
            arguments.first().unwrap_or(&""),
            said.trim()
        );
    }
    String::from_utf8(output.stdout).context("cargo answered with something else than text")
}

fn parse<T: DeserializeOwned>(json: &str) -> anyhow::Result<T> {
    serde_json::from_str(json).context("cargo metadata answered with something unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
    }

    #[test]
    fn names_what_is_linked_and_nothing_that_only_builds() {
        let packages = of_program(
            root(),
            "x86_64-unknown-linux-musl",
            crate::authorities::PACKAGE,
        )
        .unwrap();
        let names: BTreeSet<&str> = packages
            .iter()
            .map(|package| package.name.as_str())
            .collect();
        for linked in [
            PROGRAM,
            "signature-continuity",
            "continuity-registry",
            "rustls",
            "aws-lc-sys",
            "kube-client",
            "webpki-root-certs",
        ] {
            assert!(names.contains(linked), "{linked} is missing");
        }
        // A macro, a compiler's driver, a platform's binding, the engine, the test kit, this program.
        for other in [
            "serde_derive",
            "cc",
            "windows-sys",
            "wasmtime",
            "continuity-testkit",
            "continuity-release",
        ] {
            assert!(!names.contains(other), "{other} is no part of it");
        }
        for package in &packages {
            let ours = package.directory.starts_with(root());
            assert_eq!(package.checksum.is_none(), ours, "{}", package.name);
            assert!(package.license.is_some(), "{} has no license", package.name);
        }
        let program = packages
            .iter()
            .find(|package| package.name == PROGRAM)
            .unwrap();
        assert!(
            program
                .uses
                .iter()
                .any(|(name, _)| name == "continuity-registry")
        );
    }

    #[test]
    fn says_what_cargo_says_of_a_target_that_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let said = of_program(directory.path(), "none", "x")
            .unwrap_err()
            .to_string();
        assert!(said.starts_with("cargo tree failed: "), "{said}");
    }
}
