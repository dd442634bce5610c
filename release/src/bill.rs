//! The bill of materials of one program, as CycloneDX 1.6.
//!
//! Invariant: the same packages give the same bytes; its serial number is made of its contents.

use anyhow::Context as _;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::oci::digest_of;
use crate::packages::{PROGRAM, Package};

/// In the order in which the standard has its fields, and a reader looks for them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bill {
    bom_format: &'static str,
    spec_version: &'static str,
    serial_number: String,
    version: u32,
    metadata: Metadata,
    components: Vec<Component>,
    dependencies: Vec<Dependency>,
}

#[derive(Serialize)]
struct Metadata {
    timestamp: String,
    component: Component,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Component {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref")]
    reference: String,
    name: String,
    version: String,
    purl: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<License>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_references: Vec<ExternalReference>,
}

#[derive(Serialize)]
struct License {
    expression: String,
}

#[derive(Serialize)]
struct Hash {
    alg: &'static str,
    content: String,
}

#[derive(Serialize)]
struct ExternalReference {
    #[serde(rename = "type")]
    kind: &'static str,
    url: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    #[serde(rename = "ref")]
    reference: String,
    depends_on: Vec<String>,
}

/// Of the program for `target`, built at `created` by the Rust compiler `rust`.
pub(crate) fn bill(
    packages: &[Package],
    target: &str,
    rust: &str,
    created: DateTime<Utc>,
) -> anyhow::Result<Vec<u8>> {
    let program = packages
        .iter()
        .find(|package| package.name == PROGRAM)
        .with_context(|| format!("expected {PROGRAM} among the packages"))?;
    let standard = standard_library(target, rust);
    let dependencies = packages
        .iter()
        .map(|package| {
            let used = package
                .uses
                .iter()
                .map(|(name, version)| purl(name, version));
            let standard = (package.name == PROGRAM).then(|| standard.reference.clone());
            Dependency {
                reference: purl(&package.name, &package.version),
                depends_on: used.chain(standard).collect(),
            }
        })
        .collect();
    let others = packages.iter().filter(|package| package.name != PROGRAM);
    let mut bill = Bill {
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: String::new(),
        version: 1,
        metadata: Metadata {
            timestamp: created.to_rfc3339_opts(SecondsFormat::Secs, true),
            component: Component {
                name: "continuity".to_owned(),
                ..component(program, "application")
            },
        },
        components: others
            .map(|package| component(package, "library"))
            .chain([standard])
            .collect(),
        dependencies,
    };
    bill.serial_number = serial(&serde_json::to_vec(&bill)?);
    let mut bytes = serde_json::to_vec_pretty(&bill)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn purl(name: &str, version: &str) -> String {
    // Build metadata of a version has a sign that means something else in a URL.
    format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))
}

fn component(package: &Package, kind: &'static str) -> Component {
    let purl = purl(&package.name, &package.version);
    Component {
        kind,
        reference: purl.clone(),
        name: package.name.clone(),
        version: package.version.clone(),
        purl,
        description: None,
        licenses: package
            .license
            .iter()
            .map(|expression| License {
                expression: expression.clone(),
            })
            .collect(),
        hashes: package
            .checksum
            .iter()
            .map(|checksum| Hash {
                alg: "SHA-256",
                content: checksum.clone(),
            })
            .collect(),
        external_references: package
            .repository
            .iter()
            .map(|url| ExternalReference {
                kind: "vcs",
                url: url.clone(),
            })
            .collect(),
    }
}

fn standard_library(target: &str, rust: &str) -> Component {
    let purl = format!("pkg:generic/rust-std@{rust}?target={target}");
    Component {
        kind: "library",
        reference: purl.clone(),
        name: "rust-std".to_owned(),
        version: rust.to_owned(),
        purl,
        description: Some(format!(
            "Rust's standard library for {target}, with the C library that rustup ships in it"
        )),
        licenses: vec![License {
            expression: "MIT OR Apache-2.0".to_owned(),
        }],
        hashes: Vec::new(),
        external_references: Vec::new(),
    }
}

/// A UUID of version 8: the first bits of a hash.
fn serial(bytes: &[u8]) -> String {
    let digest = digest_of(bytes);
    let hex: Vec<char> = digest.chars().skip("sha256:".len()).collect();
    let part = |from: usize, count: usize| hex.iter().skip(from).take(count).collect::<String>();
    format!(
        "urn:uuid:{}-{}-8{}-8{}-{}",
        part(0, 8),
        part(8, 4),
        part(12, 3),
        part(15, 3),
        part(18, 12)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    fn package(name: &str, uses: &[&str]) -> Package {
        Package {
            name: name.to_owned(),
            version: "1.0.0+x".to_owned(),
            license: Some("MIT".to_owned()),
            repository: Some("https://git.example/it".to_owned()),
            checksum: Some("00ff".to_owned()),
            directory: PathBuf::new(),
            uses: uses
                .iter()
                .map(|name| ((*name).to_owned(), "1.0.0+x".to_owned()))
                .collect::<BTreeSet<_>>(),
        }
    }

    fn made(packages: &[Package]) -> Vec<u8> {
        bill(
            packages,
            "x86_64-unknown-linux-musl",
            "1.95.0",
            DateTime::UNIX_EPOCH,
        )
        .unwrap()
    }

    #[test]
    fn lists_every_package_and_what_it_uses() {
        let packages = [package(PROGRAM, &["rustls"]), package("rustls", &[])];
        let bytes = made(&packages);
        let bill: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(bill["metadata"]["component"]["name"], "continuity");
        assert_eq!(bill["metadata"]["timestamp"], "1970-01-01T00:00:00Z");
        assert_eq!(bill["components"][0]["purl"], "pkg:cargo/rustls@1.0.0%2Bx");
        assert_eq!(bill["components"][0]["hashes"][0]["content"], "00ff");
        assert_eq!(bill["components"][1]["version"], "1.95.0");
        assert_eq!(
            bill["dependencies"][0]["dependsOn"],
            json!([
                "pkg:cargo/rustls@1.0.0%2Bx",
                "pkg:generic/rust-std@1.95.0?target=x86_64-unknown-linux-musl"
            ])
        );
        let refs: BTreeSet<&str> = bill["components"]
            .as_array()
            .unwrap()
            .iter()
            .map(|component| component["bom-ref"].as_str().unwrap())
            .collect();
        assert_eq!(refs.len(), 2);
    }

    #[test]
    fn has_the_number_of_its_contents() {
        let one = made(&[package(PROGRAM, &[])]);
        assert_eq!(one, made(&[package(PROGRAM, &[])]));
        let other = made(&[package(PROGRAM, &[]), package("x", &[])]);
        let number = |bytes: &[u8]| {
            let bill: Value = serde_json::from_slice(bytes).unwrap();
            bill["serialNumber"].as_str().unwrap().to_owned()
        };
        assert_ne!(number(&one), number(&other));
        let shape: Vec<usize> = number(&one)
            .trim_start_matches("urn:uuid:")
            .split('-')
            .map(str::len)
            .collect();
        assert_eq!(shape, [8, 4, 4, 4, 12]);
    }

    #[test]
    fn is_of_the_program() {
        assert!(bill(&[package("x", &[])], "t", "1", DateTime::UNIX_EPOCH).is_err());
    }
}
