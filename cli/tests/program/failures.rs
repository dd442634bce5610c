//! What fails outside of everybody's hands is named in one clause: the real failure, by the real program.

use std::io::Read as _;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

fn continuity() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_continuity"));
    command.env_clear().stdin(Stdio::null());
    command
}

/// A registry whose certificate nobody knows; the address.
fn registry_of_an_unknown_authority() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = rcgen::CertificateParams::new(names).unwrap();
    let certificate = certificate.self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let configuration = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let configuration = Arc::new(configuration);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let connection = ServerConnection::new(Arc::clone(&configuration)).unwrap();
            // Until the client says that it does not know whoever this is.
            let _ = StreamOwned::new(connection, socket).read(&mut [0]);
        }
    });
    address
}

#[test]
fn a_registry_of_an_unknown_authority_is_told_from_one_that_is_down() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("store")).unwrap();
    let image = format!("{}/acme/api:v1", registry_of_an_unknown_authority());
    let trust = continuity_testkit::PrivateSigstore::new().unwrap();
    std::fs::write(
        directory.path().join("trust.json"),
        trust.trust_config_json(),
    )
    .unwrap();
    let output = continuity()
        .current_dir(directory.path())
        .env("HOME", directory.path())
        .args(["learn", "--images", &image, "--store", "dir:store"])
        .args(["--sigstore-trust-config", "trust.json"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("by a certificate authority that is not known here"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(1), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named() {
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = continuity()
        .args(["completions", "bash"])
        .stdout(full)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).to_lowercase();
    assert!(said.contains("no space left on device"), "{said}");
    assert_eq!(output.status.code(), Some(1));
}
