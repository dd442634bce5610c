//! A desk with files, at which commands are called.

use super::*;
use assert_cmd::Command;
use std::path::PathBuf;

pub struct Desk {
    pub world: World,
    pub files: tempfile::TempDir,
}

impl Desk {
    pub fn new(world: World) -> Self {
        let files = tempfile::tempdir().unwrap();
        let desk = Self { world, files };
        desk.write(
            "settings.json",
            &json!({
                "certificateAuthorities": [desk.world.sigstore.chain_pem()],
                "enforce": [{"namespaces": ["prod"]}],
                "baseline": {"establishAfter": "0s"},
            })
            .to_string(),
        );
        desk.write("trust.json", &desk.world.sigstore.trust_config_json());
        desk.write(
            "sources.yaml",
            &format!("insecure_sources: [\"{}\"]\n", desk.world.registry.host()),
        );
        desk
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.files.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A manifest directory with one deployment of this image.
    pub fn deploy(&self, image: &str) {
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api", "namespace": "prod"},
            "spec": {"template": {"spec": {"containers": [{"name": "api", "image": image}]}}},
        });
        std::fs::create_dir_all(self.files.path().join("deploy")).unwrap();
        self.write("deploy/api.json", &deployment.to_string());
    }

    pub fn call(&self, arguments: &[&str]) -> (i32, String, String) {
        let store = format!("dir:{}", self.world.directory.path().display());
        let looks = !["list", "restore", "retire"].contains(&arguments[0]);
        let mut command = Command::cargo_bin("continuity").unwrap();
        command
            .current_dir(self.files.path())
            .env("CONTINUITY_STORE", &store)
            .env("COLUMNS", "160")
            .env("USER", "tester")
            .args(arguments)
            .args(["--policy", "settings.json"]);
        if looks {
            command.args([
                "--sources-path",
                "sources.yaml",
                "--sigstore-trust-config",
                "trust.json",
            ]);
        }
        let output = command.output().unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }

    pub fn ok(&self, arguments: &[&str]) -> String {
        self.ends(0, arguments)
    }

    pub fn ends(&self, status: i32, arguments: &[&str]) -> String {
        let (code, out, err) = self.call(arguments);
        assert_eq!(code, status, "{arguments:?}\n{out}\n{err}");
        format!("{out}{err}")
    }
}
