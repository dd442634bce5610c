//! The real cosign, with a home of its own.

use std::path::Path;
use std::process::{Command, Stdio};

pub struct Cosign {
    program: std::ffi::OsString,
    version: Version,
    home: tempfile::TempDir,
}

const VERIFY: [&str; 6] = [
    "verify",
    "--key",
    "key.pub",
    "--insecure-ignore-tlog",
    "--allow-insecure-registry",
    "--allow-http-registry",
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Two,
    Three,
    ThreeInTheOldFormat,
}

impl Cosign {
    pub fn two() -> Self {
        Self::new("COSIGN2", Version::Two)
    }

    pub fn three() -> Self {
        let cosign = Self::new("COSIGN3", Version::Three);
        // Without a log and without a timestamp authority: an empty signing configuration.
        cosign.call(&["signing-config", "create", "--out", "signing.json"]);
        cosign
    }

    pub fn in_the_old_format(mut self) -> Self {
        self.version = Version::ThreeInTheOldFormat;
        self
    }

    fn new(variable: &str, version: Version) -> Self {
        let program =
            std::env::var_os(variable).unwrap_or_else(|| panic!("make e2e sets {variable}"));
        let cosign = Self {
            program,
            version,
            home: tempfile::tempdir().unwrap(),
        };
        cosign.call(&["generate-key-pair", "--output-key-prefix", "key"]);
        cosign
    }

    pub fn public_key(&self) -> String {
        std::fs::read_to_string(self.home().join("key.pub")).unwrap()
    }

    pub fn sign_with_key(&self, image: &str) {
        let format: &[&str] = match self.version {
            Version::Two => &["--tlog-upload=false"],
            Version::Three => &["--signing-config", "signing.json"],
            Version::ThreeInTheOldFormat => &[
                "--new-bundle-format=false",
                "--use-signing-config=false",
                "--tlog-upload=false",
            ],
        };
        let mut arguments = vec![
            "sign",
            "--key",
            "key.key",
            "--yes",
            "--allow-insecure-registry",
            "--allow-http-registry",
        ];
        arguments.extend(format);
        arguments.push(image);
        self.call(&arguments);
    }

    pub fn verify_with_key(&self, image: &str) {
        let mut arguments = VERIFY.to_vec();
        arguments.push(image);
        self.call(&arguments);
    }

    /// Fails unless cosign refuses the image.
    pub fn refuses(&self, image: &str) {
        let mut command = self.command(&VERIFY);
        let output = command.arg(image).output().expect("cosign starts");
        assert!(!output.status.success(), "{image} verifies");
    }

    /// Fails unless cosign refuses the image where it is asked with a key that signed nothing.
    pub fn refuses_with_another_key(&self, image: &str) {
        Self::two().refuses(image);
    }

    /// This cosign, and how it signs with its key, in words without blanks.
    pub fn program_and_options(&self) -> (&std::ffi::OsStr, String) {
        let key = self.home().join("key.key");
        let options = format!(
            "--key {} --tlog-upload=false --allow-insecure-registry --allow-http-registry",
            key.display()
        );
        (&self.program, options)
    }

    /// The same key in another cosign's hand.
    pub fn with_the_key_of(self, other: &Self) -> Self {
        for file in ["key.key", "key.pub"] {
            std::fs::copy(other.home().join(file), self.home().join(file)).unwrap();
        }
        self
    }

    fn home(&self) -> &Path {
        self.home.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(self.home())
            .env("HOME", self.home())
            .env("COSIGN_PASSWORD", "")
            .stdin(Stdio::null());
        command
    }

    fn call(&self, arguments: &[&str]) {
        let output = self.command(arguments).output().expect("cosign starts");
        assert!(
            output.status.success(),
            "cosign {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
