//! `continuity-release image`: the operators' image, from scratch.
//!
//! Two layers for each platform: what seldom changes (authorities, licenses), and the program. It runs as nobody, and
//! writes nothing into its own file system.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;

use crate::layer::{File, Layer};
use crate::layout::LayoutWriter;
use crate::oci::{
    Annotations, CONFIG, Configuration, Descriptor, Execution, History, INDEX, Index, MANIFEST,
    Manifest, Platform, REF_NAME, RootFilesystem,
};
use crate::platform::Architecture;
use crate::{authorities, bill, licenses, packages};

/// Nobody on any system; deployments ask for the same.
const USER: &str = "65532:65532";
const TITLE: &str = "continuity";
const DESCRIPTION: &str =
    "Observes who signs a cluster's images, learns it, and tells when it changes";

#[derive(Debug, Args)]
pub(crate) struct Image {
    /// A program and what it is for; once for each platform.
    #[arg(long = "program", value_name = "ARCH=FILE", required = true, value_parser = program)]
    programs: Vec<(Architecture, PathBuf)>,

    /// The commit that the programs are of.
    #[arg(long, value_name = "HEX")]
    revision: String,

    /// When that commit was made, in seconds: every time in the image.
    #[arg(long, value_name = "SECONDS", env = "SOURCE_DATE_EPOCH")]
    created: i64,

    /// The root of the repository.
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,

    /// Where `layout`, `digest`, `sbom-ARCH.cdx.json` and `licenses.txt` are written.
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
}

fn program(text: &str) -> Result<(Architecture, PathBuf), String> {
    let (name, path) = text.split_once('=').ok_or("expected ARCH=FILE")?;
    let architecture = [Architecture::Amd64, Architecture::Arm64]
        .into_iter()
        .find(|architecture| architecture.name() == name)
        .ok_or("expected amd64 or arm64 before the =")?;
    Ok((architecture, path.into()))
}

/// What every platform's image has in common.
struct Common {
    created: DateTime<Utc>,
    seconds: u64,
    labels: Annotations,
    rust: String,
}

impl Image {
    /// The digest of the image that was written.
    pub(crate) fn execute(mut self) -> anyhow::Result<String> {
        self.programs.sort();
        if self
            .programs
            .windows(2)
            .any(|pair| matches!(pair, [(one, _), (other, _)] if one == other))
        {
            bail!("expected one program for each platform");
        }
        let common = self.common()?;
        std::fs::create_dir_all(&self.output)
            .with_context(|| format!("cannot make `{}`", self.output.display()))?;
        let writer = LayoutWriter::new(&self.output.join("layout"))?;
        let mut manifests = Vec::new();
        for (architecture, path) in &self.programs {
            manifests.push(self.platform(*architecture, path, &common, &writer)?);
        }
        let index = Index {
            schema_version: 2,
            media_type: INDEX.to_owned(),
            manifests,
            annotations: common.labels.clone(),
        };
        let bytes = serde_json::to_vec(&index)?;
        let mut image = Descriptor::of(INDEX, &bytes);
        writer.blob(&image, &bytes)?;
        let digest = image.digest.clone();
        image.annotations.insert(
            REF_NAME.to_owned(),
            concat!("v", env!("CARGO_PKG_VERSION")).to_owned(),
        );
        writer.finish(&Index {
            manifests: vec![image],
            annotations: Annotations::new(),
            ..index
        })?;
        self.write("digest", format!("{digest}\n").as_bytes())?;
        Ok(digest)
    }

    fn common(&self) -> anyhow::Result<Common> {
        if self.revision.len() != 40 || !self.revision.bytes().all(|byte| byte.is_ascii_hexdigit())
        {
            bail!(
                "--revision: expected a commit, 40 hex digits, got `{}`",
                self.revision
            );
        }
        let created = DateTime::from_timestamp(self.created, 0)
            .context("--created: expected seconds since 1970")?;
        let seconds =
            u64::try_from(self.created).context("--created: expected seconds since 1970")?;
        let repository = env!("CARGO_PKG_REPOSITORY");
        let labels = [
            ("authors", env!("CARGO_PKG_AUTHORS")),
            ("created", &time(created)),
            ("description", DESCRIPTION),
            ("documentation", &format!("{repository}/tree/main/docs")),
            ("licenses", env!("CARGO_PKG_LICENSE")),
            ("revision", &self.revision),
            ("source", repository),
            ("title", TITLE),
            ("url", repository),
            ("version", env!("CARGO_PKG_VERSION")),
        ]
        .map(|(name, value)| (format!("org.opencontainers.image.{name}"), value.to_owned()));
        Ok(Common {
            created,
            seconds,
            labels: labels.into(),
            rust: rust(&self.root)?,
        })
    }

    fn platform(
        &self,
        architecture: Architecture,
        path: &Path,
        common: &Common,
        writer: &LayoutWriter,
    ) -> anyhow::Result<Descriptor> {
        let program =
            std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        architecture
            .check(&program)
            .with_context(|| format!("`{}`", path.display()))?;
        let target = architecture.target();
        let packages = packages::of_program(&self.root, target, authorities::PACKAGE)?;
        let licenses = licenses::text(&packages)?;
        let bill = bill::bill(&packages, target, &common.rust, common.created)?;
        self.write(&format!("sbom-{}.cdx.json", architecture.name()), &bill)?;
        self.write("licenses.txt", licenses.as_bytes())?;

        let own = std::fs::read(self.root.join("LICENSE")).context("cannot read LICENSE")?;
        let file = |path: &str, mode: u32, contents: Vec<u8>| File {
            path: path.to_owned(),
            mode,
            contents,
        };
        let layers = [
            (
                "authorities and licenses",
                vec![
                    file(authorities::PATH, 0o644, authorities::bundle().into_bytes()),
                    file("licenses/LICENSE", 0o644, own),
                    file("licenses/THIRD-PARTY", 0o644, licenses.into_bytes()),
                ],
            ),
            ("the program", vec![file("continuity", 0o755, program)]),
        ];
        let mut built = Vec::new();
        let mut history = Vec::new();
        for (what, files) in layers {
            let layer = Layer::new(files, common.seconds)?;
            writer.blob(&layer.descriptor, &layer.bytes)?;
            built.push(layer);
            history.push(History {
                created: time(common.created),
                created_by: format!("continuity-release: {what}"),
            });
        }
        let os = "linux".to_owned();
        let configuration = Configuration {
            created: time(common.created),
            architecture: architecture.name().to_owned(),
            os: os.clone(),
            config: Execution {
                user: USER.to_owned(),
                entrypoint: vec!["/continuity".to_owned()],
                working_dir: "/".to_owned(),
                labels: common.labels.clone(),
            },
            rootfs: RootFilesystem {
                kind: "layers",
                diff_ids: built.iter().map(|layer| layer.diff_id.clone()).collect(),
            },
            history,
        };
        let configuration = serde_json::to_vec(&configuration)?;
        let config = Descriptor::of(CONFIG, &configuration);
        writer.blob(&config, &configuration)?;
        let manifest = serde_json::to_vec(&Manifest {
            schema_version: 2,
            media_type: MANIFEST.to_owned(),
            config,
            layers: built.into_iter().map(|layer| layer.descriptor).collect(),
            annotations: common.labels.clone(),
        })?;
        let mut descriptor = Descriptor::of(MANIFEST, &manifest);
        writer.blob(&descriptor, &manifest)?;
        descriptor.platform = Some(Platform {
            architecture: architecture.name().to_owned(),
            os,
        });
        Ok(descriptor)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.output.join(name);
        std::fs::write(&path, bytes).with_context(|| format!("cannot write `{}`", path.display()))
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The version of the compiler that the repository asks for.
fn rust(root: &Path) -> anyhow::Result<String> {
    let output = Command::new("rustc")
        .arg("--version")
        .current_dir(root)
        .output()
        .context("expected rustc, to say which standard library the program has")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let version = said.split(' ').nth(1).filter(|_| output.status.success());
    version
        .map(str::to_owned)
        .context("rustc does not say its version")
}

#[cfg(test)]
#[path = "image_tests.rs"]
mod tests;
