//! Which login is sent where: by path, by refresh token, by helper, and to a registry that is at another host.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use continuity_registry::Registries as Client;
use continuity_registry::{Credentials, RequestLimits, Sources};
use continuity_testkit::server::{Answer, Server};
use serde_json::{Value, json};
use signature_continuity::digest::Digest;
use signature_continuity::host_error::{HostError, Outage};

use super::client::{OCI_MANIFEST, anonymous, challenge, client};
use super::limits;

const CONFIG: &str = "CONTINUITY_TEST_CONFIG";
const REGISTRY: &str = "CONTINUITY_TEST_REGISTRY";

fn configured(config: &Value) -> (tempfile::TempDir, Credentials) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("config.json"), config.to_string()).unwrap();
    let credentials = Credentials::from_file(directory.path());
    (directory, credentials)
}

fn manifest_of(repository: &str) -> String {
    format!("/v2/{repository}/manifests/v1")
}

#[test]
fn the_longest_path_of_a_repository_logs_in() {
    let server = Server::start();
    let login = |user: &str| json!({"username": user, "password": "p"});
    let (_directory, credentials) = configured(&json!({"auths": {
        server.address(): login("all"),
        format!("{}/acme", server.address()): login("acme"),
        format!("{}/acme/private", server.address()): login("private"),
    }}));
    let client = client(&server, credentials);
    for repository in ["other/x", "acme/x", "acme/private/x", "acme2/x"] {
        let path = manifest_of(repository);
        server.on(&path, challenge("Basic realm=r"));
        server.on_login(&path, Answer::manifest(OCI_MANIFEST, "{}"));
        let name = format!("{}/{repository}", server.address());
        assert_eq!(client.digest(&name, "v1"), Ok(Digest::of(b"{}")));
    }
    // all, acme, private, all
    let expected =
        ["YWxsOnA=", "YWNtZTpw", "cHJpdmF0ZTpw", "YWxsOnA="].map(|b| format!("Basic {b}"));
    assert_eq!(server.authorizations(), expected);
}

#[test]
fn a_refresh_token_is_exchanged_and_shown_to_nobody_else() {
    let server = Server::start();
    let realm = format!(
        "Bearer realm=\"{}\",service=\"r\"",
        server.url("/oauth2/token")
    );
    let path = manifest_of("acme/api");
    server.on(&path, challenge(&realm));
    server.on_login(&path, Answer::manifest(OCI_MANIFEST, "{}"));
    server.on(
        "/oauth2/token",
        Answer::new(200, r#"{"access_token": "fresh"}"#),
    );
    let entry = json!({"identitytoken": "refresh me"});
    let (_directory, credentials) = configured(&json!({"auths": {server.address(): entry}}));
    let client = client(&server, credentials);
    let name = format!("{}/acme/api", server.address());
    assert_eq!(client.digest(&name, "v1"), Ok(Digest::of(b"{}")));
    assert_eq!(server.requests()[1], "POST /oauth2/token");
    assert_eq!(
        server.bodies(),
        [
            "grant_type=refresh_token&client_id=continuity&scope=repository%3Aacme%2Fapi%3Apull&refresh_token=refresh+me&service=r"
        ]
    );
    assert_eq!(server.authorizations(), ["Bearer fresh"]);
    // A registry that wants a password gets none.
    let path = manifest_of("acme/old");
    server.on(&path, challenge("Basic realm=r"));
    let name = format!("{}/acme/old", server.address());
    assert_eq!(
        client.digest(&name, "v1"),
        Err(HostError::Outage(Outage::Unauthorized))
    );
    assert_eq!(
        (server.bodies().len(), server.authorizations().len()),
        (1, 1)
    );
}

/// A registry at a name of its own whose API is at another host.
fn vanity() -> (Server, Server) {
    let (front, host) = (Server::start(), Server::start());
    let (path, there) = (manifest_of("api"), manifest_of("acme/images/api"));
    front.on(
        &path,
        Answer::new(307, "").header("location", &host.url(&there)),
    );
    let realm = format!("Bearer realm=\"{}\",service=\"h\"", host.url("/token"));
    host.on(&there, challenge(&realm));
    host.on_login(&there, Answer::manifest(OCI_MANIFEST, "{}"));
    let token = "/token?service=h&scope=repository%3Aacme%2Fimages%2Fapi%3Apull";
    host.on(token, Answer::new(200, r#"{"token": "anybody"}"#));
    (front, host)
}

#[test]
fn where_a_registry_is_at_another_host_that_hosts_token_is_fetched() {
    let (front, host) = vanity();
    let client = anonymous(&front);
    let name = format!("{}/api", front.address());
    for _ in 0..2 {
        assert_eq!(client.digest(&name, "v1"), Ok(Digest::of(b"{}")));
    }
    // The second time the token is known.
    assert_eq!(host.requests().len(), 4, "{:?}", host.requests());
    assert_eq!(host.authorizations(), ["Bearer anybody", "Bearer anybody"]);
    assert!(front.authorizations().is_empty());
}

#[test]
fn the_other_host_gets_no_credentials_of_the_first() {
    let (front, host) = vanity();
    // The first wants a login, too.
    let path = manifest_of("api");
    let there = host.url(&manifest_of("acme/images/api"));
    front.on(&path, challenge("Basic realm=r"));
    front.on_login(&path, Answer::new(307, "").header("location", &there));
    let (_directory, credentials) = configured(&json!({"auths": {
        front.address(): {"auth": "dXNlcjpwYXNz"},
    }}));
    let client = client(&front, credentials);
    let name = format!("{}/api", front.address());
    for _ in 0..2 {
        assert_eq!(client.digest(&name, "v1"), Ok(Digest::of(b"{}")));
    }
    assert_eq!(host.authorizations(), ["Bearer anybody", "Bearer anybody"]);
    assert_eq!(front.authorizations(), ["Basic dXNlcjpwYXNz"; 3]);
    // Not even one that asks for a password.
    host.on(&manifest_of("acme/images/api"), challenge("Basic realm=h"));
    host.on_login(&manifest_of("acme/images/api"), challenge("Basic realm=h"));
    assert_eq!(
        client.digest(&name, "v1"),
        Err(HostError::Outage(Outage::Unauthorized))
    );
    assert!(
        host.authorizations()
            .iter()
            .all(|sent| sent == "Bearer anybody")
    );
}

#[test]
fn what_is_no_api_gets_no_token() {
    let (front, store) = (Server::start(), Server::start());
    let digest = Digest::of(b"payload");
    let path = format!("/v2/acme/api/blobs/{digest}");
    front.on(
        &path,
        Answer::new(307, "").header("location", &store.url("/blob")),
    );
    let realm = format!("Bearer realm=\"{}\"", store.url("/token"));
    store.on("/blob", challenge(&realm));
    let name = format!("{}/acme/api", front.address());
    assert_eq!(
        anonymous(&front).blob(&name, &digest, 100),
        Err(HostError::Outage(Outage::Unauthorized))
    );
    assert_eq!(store.requests(), ["GET /blob"]);
}

#[test]
#[ignore = "run by the next one, with a credential helper in its path"]
fn with_a_slow_helper() {
    let registry = std::env::var(REGISTRY).unwrap();
    let credentials = Credentials::from_file(std::env::var(CONFIG).unwrap());
    let limits = RequestLimits {
        request: Duration::from_secs(1),
        lost: Duration::from_secs(1),
        ..limits()
    };
    let client =
        Client::start(Sources::insecure([registry.as_str()]), credentials, limits).unwrap();
    std::thread::scope(|scope| {
        for n in 0..3 {
            let (client, name) = (&client, format!("{registry}/acme/{n}"));
            scope.spawn(move || assert_eq!(client.digest(&name, "v1"), Ok(Digest::of(b"{}"))));
        }
    });
    assert_eq!(client.given_up(), [""; 0]);
}

#[test]
fn a_helper_is_asked_once_and_its_time_is_not_the_registrys() {
    let server = Server::start();
    for n in 0..3 {
        let path = manifest_of(&format!("acme/{n}"));
        server.on(&path, challenge("Basic realm=r"));
        server.on_login(&path, Answer::manifest(OCI_MANIFEST, "{}"));
    }
    let (directory, _) = configured(&json!({"credHelpers": {server.address(): "slow"}}));
    let (helper, asked) = (
        directory.path().join("docker-credential-slow"),
        directory.path().join("asked"),
    );
    let script = format!(
        "#!/bin/sh\ncat >> {}\necho >> {0}\nsleep 2\necho '{{\"Username\": \"user\", \"Secret\": \"pass\"}}'\n",
        asked.display()
    );
    std::fs::write(&helper, script).unwrap();
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::join_paths([directory.path(), Path::new("/usr/bin"), Path::new("/bin")]);
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "observation::logins::with_a_slow_helper",
        ])
        .env("PATH", path.unwrap())
        .env(CONFIG, directory.path())
        .env(REGISTRY, server.address())
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && out.contains("1 passed"), "{out}");
    let asked = std::fs::read_to_string(asked).unwrap();
    assert_eq!(asked.lines().collect::<Vec<_>>(), [server.address()]);
    assert_eq!(server.authorizations(), ["Basic dXNlcjpwYXNz"; 3]);
}
