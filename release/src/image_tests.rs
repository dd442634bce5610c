use super::*;
use crate::layout::Layout;
use crate::oci::digest_of;
use oci_spec::image::{Arch, ImageConfiguration, ImageIndex, ImageManifest, OciLayout, Os};
use rstest::rstest;
use std::collections::BTreeSet;
use std::io::Read as _;

const REVISION: &str = "0123456789abcdef0123456789abcdef01234567";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// The smallest thing that is a program for `architecture`: an ELF header.
fn header(architecture: Architecture) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(16, 0);
    bytes.extend(2_u16.to_le_bytes());
    bytes.extend(match architecture {
        Architecture::Amd64 => 62_u16.to_le_bytes(),
        Architecture::Arm64 => 183_u16.to_le_bytes(),
    });
    bytes.extend(1_u32.to_le_bytes());
    bytes.resize(52, 0);
    bytes.extend(64_u16.to_le_bytes());
    bytes.resize(64, 0);
    bytes
}

fn image(directory: &Path, name: &str) -> Image {
    let programs = [Architecture::Arm64, Architecture::Amd64].map(|architecture| {
        let path = directory.join(architecture.name());
        std::fs::write(&path, header(architecture)).unwrap();
        (architecture, path)
    });
    Image {
        programs: programs.into(),
        revision: REVISION.to_owned(),
        created: 1_700_000_000,
        root: root(),
        output: directory.join(name),
    }
}

fn files(directory: &Path) -> BTreeSet<(PathBuf, Vec<u8>)> {
    let mut found = BTreeSet::new();
    let mut left = vec![directory.to_owned()];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else {
            let bytes = std::fs::read(&path).unwrap();
            found.insert((path.strip_prefix(directory).unwrap().to_owned(), bytes));
        }
    }
    found
}

#[test]
fn is_the_same_image_each_time_and_another_one_of_another_program() {
    let directory = tempfile::tempdir().unwrap();
    let one = image(directory.path(), "one").execute().unwrap();
    let other = image(directory.path(), "other").execute().unwrap();
    assert_eq!(one, other);
    assert_eq!(
        files(&directory.path().join("one")),
        files(&directory.path().join("other"))
    );

    let changed = image(directory.path(), "changed");
    let mut program = header(Architecture::Amd64);
    program.push(1);
    std::fs::write(directory.path().join("amd64"), program).unwrap();
    assert_ne!(changed.execute().unwrap(), one);
}

/// As another implementation reads it.
#[test]
fn is_an_image_for_two_platforms_that_runs_as_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let digest = image(directory.path(), "out").execute().unwrap();
    let out = directory.path().join("out");
    assert_eq!(
        std::fs::read_to_string(out.join("digest")).unwrap(),
        format!("{digest}\n")
    );
    let layout = out.join("layout");
    OciLayout::from_file(layout.join("oci-layout")).unwrap();
    let top = ImageIndex::from_file(layout.join("index.json")).unwrap();
    let [image] = top.manifests().as_slice() else {
        panic!("one image")
    };
    assert_eq!(image.digest().to_string(), digest);
    let version = &image.annotations().as_ref().unwrap()[REF_NAME];
    assert_eq!(version, &format!("v{}", env!("CARGO_PKG_VERSION")));
    let blob = |digest: &oci_spec::image::Digest| layout.join("blobs/sha256").join(digest.digest());

    let index = ImageIndex::from_file(blob(image.digest())).unwrap();
    let platforms: Vec<Arch> = index
        .manifests()
        .iter()
        .map(|manifest| manifest.platform().as_ref().unwrap().architecture().clone())
        .collect();
    assert_eq!(platforms, [Arch::Amd64, Arch::ARM64]);
    for (descriptor, architecture) in index.manifests().iter().zip(platforms) {
        let manifest = ImageManifest::from_file(blob(descriptor.digest())).unwrap();
        let config = ImageConfiguration::from_file(blob(manifest.config().digest())).unwrap();
        assert_eq!(
            (config.architecture(), config.os()),
            (&architecture, &Os::Linux)
        );
        let execution = config.config().as_ref().unwrap();
        assert_eq!(execution.user().as_deref(), Some("65532:65532"));
        assert_eq!(execution.entrypoint().as_ref().unwrap(), &["/continuity"]);
        let labels = execution.labels().as_ref().unwrap();
        assert_eq!(labels["org.opencontainers.image.revision"], REVISION);
        assert_eq!(
            labels["org.opencontainers.image.created"],
            "2023-11-14T22:13:20Z"
        );
        assert_eq!(
            labels["org.opencontainers.image.version"],
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(Some(labels), manifest.annotations().as_ref());

        let mut names = Vec::new();
        for (layer, diff_id) in manifest.layers().iter().zip(config.rootfs().diff_ids()) {
            let bytes = std::fs::read(blob(layer.digest())).unwrap();
            assert_eq!(u64::try_from(bytes.len()).unwrap(), layer.size());
            let mut archive = Vec::new();
            flate2::read::GzDecoder::new(bytes.as_slice())
                .read_to_end(&mut archive)
                .unwrap();
            assert_eq!(&digest_of(&archive), diff_id);
            let mut archive = tar::Archive::new(archive.as_slice());
            names.extend(
                archive
                    .entries()
                    .unwrap()
                    .map(|entry| entry.unwrap().path().unwrap().display().to_string()),
            );
        }
        names.retain(|name| !name.ends_with('/'));
        let expected = [
            "etc/ssl/certs/ca-certificates.crt",
            "licenses/LICENSE",
            "licenses/THIRD-PARTY",
            "continuity",
        ];
        assert_eq!(names, expected);
    }
    assert!(out.join("sbom-amd64.cdx.json").exists() && out.join("sbom-arm64.cdx.json").exists());
    let licenses = std::fs::read_to_string(out.join("licenses.txt")).unwrap();
    for package in ["aws-lc-sys ", "rustls ", "webpki-root-certs "] {
        assert!(licenses.contains(&format!("\n{package}")), "{package}");
    }
}

#[rstest]
#[case::no_program(|image: &mut Image| image.programs[0].1 = root().join("LICENSE"), "expected a program for Linux")]
#[case::other_machine(|image: &mut Image| image.programs[0].1 = image.programs[1].1.clone(), "another machine")]
#[case::twice(|image: &mut Image| image.programs[0].0 = Architecture::Amd64, "one program for each platform")]
#[case::absent(|image: &mut Image| image.programs[0].1 = "/nowhere".into(), "cannot read `/nowhere`")]
#[case::revision(|image: &mut Image| image.revision = "main".to_owned(), "--revision: expected a commit")]
#[case::time(|image: &mut Image| image.created = -1, "--created: expected seconds")]
fn leaves_the_image_that_was_there_where_it_fails(
    #[case] spoil: fn(&mut Image),
    #[case] expected: &str,
) {
    let directory = tempfile::tempdir().unwrap();
    let digest = image(directory.path(), "out").execute().unwrap();
    let mut image = image(directory.path(), "out");
    spoil(&mut image);
    let said = format!("{:#}", image.execute().unwrap_err());
    assert!(said.contains(expected), "{said}");
    let layout = Layout::open(&directory.path().join("out/layout")).unwrap();
    assert_eq!(layout.image().unwrap().digest, digest);
}

#[rstest]
#[case("amd64=x", Ok((Architecture::Amd64, PathBuf::from("x"))))]
#[case("arm64=a=b", Ok((Architecture::Arm64, PathBuf::from("a=b"))))]
#[case("riscv64=x", Err("expected amd64 or arm64 before the =".to_owned()))]
#[case("x", Err("expected ARCH=FILE".to_owned()))]
fn reads_which_program_is_for_what(
    #[case] text: &str,
    #[case] expected: Result<(Architecture, PathBuf), String>,
) {
    assert_eq!(program(text), expected);
}
