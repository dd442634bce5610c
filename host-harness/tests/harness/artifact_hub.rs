//! artifacthub-pkg.yml is what `kwctl scaffold artifacthub` makes of metadata.yml and questions-ui.yml; the end-to-end
//! tests ask kwctl itself, where there is one. After a change: `make artifacthub`.
//!
//! Invariant: all keys are equal but `createdAt`, which the release fills in.

use std::collections::BTreeMap;
use std::path::Path;

use host_harness::module::Metadata;
use serde::{Deserialize, Serialize};

const HEADER: &str = "\
# How Artifact Hub and Rancher show the policy: what `kwctl scaffold artifacthub` makes of metadata.yml and questions-ui.yml.
# `make artifacthub` writes it; the release fills in `createdAt`.
";
const CREATED_AT: &str = "1970-01-01T00:00:00Z";
const CONTROLLER: &str = "https://artifacthub.io/packages/helm/kubewarden/kubewarden-controller";

/// The keys that kwctl writes, in its order.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Package {
    version: semver::Version,
    name: String,
    display_name: String,
    created_at: String,
    description: String,
    license: String,
    #[serde(rename = "homeURL")]
    home_url: String,
    containers_images: Vec<Image>,
    keywords: Vec<String>,
    links: Vec<Link>,
    install: String,
    maintainers: Vec<Maintainer>,
    provider: Provider,
    recommendations: Vec<Recommendation>,
    annotations: BTreeMap<String, String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Image {
    name: String,
    image: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Link {
    name: String,
    url: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Maintainer {
    name: String,
    email: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Provider {
    name: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recommendation {
    url: String,
}

fn read(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    std::fs::read_to_string(root.join(name)).unwrap()
}

/// What the module says about itself becomes what Artifact Hub shows.
fn package(metadata: &Metadata, questions: &str) -> Package {
    let said = metadata.annotations.as_ref().unwrap();
    let policy = |name: &str| said[&format!("io.kubewarden.policy.{name}")].clone();
    let hub = |name: &str| said[&format!("io.artifacthub.{name}")].clone();
    let version: semver::Version = policy("version").parse().unwrap();
    let image = format!("{}:v{version}", policy("ociUrl"));
    let source = policy("source");
    assert!(source.starts_with("https://github.com/"), "{source}");
    let release = format!("{source}/releases/download/v{version}/policy.wasm");
    let (author, rest) = said["io.kubewarden.policy.author"]
        .split_once(" <")
        .unwrap();
    let links = [("policy", release), ("source", source)];
    let annotations = [
        ("mutation", metadata.mutating.to_string()),
        (
            "contextAwareResources",
            yaml_serde::to_string(&metadata.context_aware_resources).unwrap(),
        ),
        ("rules", yaml_serde::to_string(&metadata.rules).unwrap()),
        ("questions-ui", questions.to_owned()),
        ("resources", hub("resources")),
    ];
    Package {
        name: policy("title"),
        display_name: hub("displayName"),
        created_at: CREATED_AT.to_owned(),
        description: policy("description"),
        license: policy("license"),
        home_url: policy("url"),
        keywords: hub("keywords")
            .split(',')
            .map(|it| it.trim().to_owned())
            .collect(),
        links: links
            .map(|(name, url)| Link {
                name: name.to_owned(),
                url,
            })
            .into(),
        install: install(&image),
        containers_images: vec![Image {
            name: "policy".to_owned(),
            image,
        }],
        maintainers: vec![Maintainer {
            name: author.to_owned(),
            email: rest.strip_suffix('>').unwrap().to_owned(),
        }],
        provider: Provider {
            name: "kubewarden".to_owned(),
        },
        recommendations: vec![Recommendation {
            url: CONTROLLER.to_owned(),
        }],
        annotations: annotations
            .map(|(name, value)| (format!("kubewarden/{name}"), value))
            .into(),
        version,
    }
}

/// kwctl's own words, byte for byte: they are the value of a key that has to be equal.
fn install(image: &str) -> String {
    let lines = [
        "The policy can be obtained using [kwctl](https://docs.kubewarden.io/howtos/install-kwctl):".to_owned(),
        "```console".to_owned(),
        format!("kwctl pull {image}"),
        "```".to_owned(),
        "Then, generate the policy manifest and tune it to your liking. For example:".to_owned(),
        "```console".to_owned(),
        format!("kwctl scaffold manifest -t ClusterAdmissionPolicy registry://{image}"),
        "```".to_owned(),
    ];
    lines.map(|line| line + "\n").concat()
}

#[test]
fn is_what_kwctl_makes_of_the_metadata() {
    let metadata: Metadata = yaml_serde::from_str(&read("metadata.yml")).unwrap();
    let expected = package(&metadata, &read("questions-ui.yml"));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let text = format!("{HEADER}{}", yaml_serde::to_string(&expected).unwrap());
        std::fs::write(root.join("artifacthub-pkg.yml"), text).unwrap();
    }
    let written: Package = yaml_serde::from_str(&read("artifacthub-pkg.yml")).unwrap();
    assert!(
        written == expected,
        "artifacthub-pkg.yml is not what metadata.yml and questions-ui.yml say: run `make artifacthub`\n{}",
        similar::TextDiff::from_lines(
            yaml_serde::to_string(&written).unwrap(),
            yaml_serde::to_string(&expected).unwrap()
        )
        .unified_diff()
    );
}

/// kwctl leaves out of its keys what the metadata leaves out, and refuses to go on without some.
#[test]
fn the_metadata_says_all_that_is_shown() {
    let metadata: Metadata = yaml_serde::from_str(&read("metadata.yml")).unwrap();
    let said = metadata.annotations.unwrap();
    assert!(!metadata.context_aware_resources.is_empty());
    for keyword in said["io.artifacthub.keywords"].split(',') {
        assert!(!keyword.trim().is_empty());
    }
    for (key, value) in &said {
        assert_eq!(value.lines().count(), 1, "{key}: a registry takes one line");
    }
    assert!(!said.contains_key("com.github.release.tag"));
}

#[test]
fn the_publisher_is_who_maintains_it() {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Repository {
        #[serde(rename = "repositoryID")]
        id: Option<String>,
        owners: Vec<Maintainer>,
    }
    let repository: Repository = yaml_serde::from_str(&read("artifacthub-repo.yml")).unwrap();
    let metadata: Metadata = yaml_serde::from_str(&read("metadata.yml")).unwrap();
    assert_eq!(repository.owners, package(&metadata, "").maintainers);
    if let Some(id) = repository.id {
        let parts: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "a UUID: {id}");
    }
}
