//! The client alone: logins, redirects, bytes that are not what they are said to be, lists without an end.

use continuity_registry::Registries as Client;
use continuity_registry::{Credentials, Sources};
use rstest::rstest;
use signature_continuity::digest::Digest;
use signature_continuity::host::Place;
use signature_continuity::host_error::{HostError, Outage};

use super::limits;
const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
use continuity_testkit::server::{Answer, Server};

const MANIFEST: &str = "/v2/acme/api/manifests/v1";

pub(super) fn client(server: &Server, credentials: Credentials) -> Client {
    Client::start(Sources::insecure([server.address()]), credentials, limits()).unwrap()
}

pub(super) fn anonymous(server: &Server) -> Client {
    client(server, Credentials::from_file("/nowhere"))
}

/// Credentials for this server alone, `user:pass`.
fn logged_in(server: &Server) -> (tempfile::TempDir, Client) {
    let directory = tempfile::tempdir().unwrap();
    let auths = serde_json::json!({"auths": {server.address(): {"auth": "dXNlcjpwYXNz"}}});
    std::fs::write(directory.path().join("config.json"), auths.to_string()).unwrap();
    let credentials = Credentials::from_file(directory.path());
    (directory, client(server, credentials))
}

pub(super) fn challenge(text: &str) -> Answer {
    Answer::error(401, "UNAUTHORIZED", "authentication required").header("www-authenticate", text)
}

#[test]
fn a_token_is_fetched_with_the_login_and_used() {
    let server = Server::start();
    let realm = format!("Bearer realm=\"{}\",service=\"r\"", server.url("/token"));
    server.on(MANIFEST, challenge(&realm));
    server.on_login(MANIFEST, Answer::manifest(OCI_MANIFEST, "{}"));
    let token = "/token?service=r&scope=repository%3Aacme%2Fapi%3Apull";
    server.on(token, Answer::new(200, r#"{"token": "anonymous"}"#));
    server.on_login(token, Answer::new(200, r#"{"token": "secret"}"#));
    let name = format!("{}/acme/api", server.address());
    let (_directory, client) = logged_in(&server);
    for _ in 0..2 {
        assert_eq!(client.digest(&name, "v1"), Ok(Digest::of(b"{}")));
    }
    // The second time the token is known.
    let basic = "Basic dXNlcjpwYXNz";
    let expected = [basic, "Bearer secret", "Bearer secret"];
    assert_eq!(server.authorizations(), expected);
    assert_eq!(
        anonymous(&server).digest(&name, "v1"),
        Ok(Digest::of(b"{}"))
    );
    assert_eq!(server.authorizations()[3], "Bearer anonymous");
}

#[rstest]
#[case::no_challenge(
    Answer::error(401, "UNAUTHORIZED", "no"),
    HostError::Outage(Outage::Unauthorized)
)]
#[case::wrong_password(challenge("Basic realm=r"), HostError::Outage(Outage::Unauthorized))]
#[case::token_elsewhere(challenge("Bearer realm=\"ftp://127.0.0.1/token\""), HostError::Answer)]
#[case::no_token(
    challenge("Bearer realm=\"https://127.0.0.1:1/token\""),
    HostError::Outage(Outage::Unreachable)
)]
fn a_failed_login_is_no_answer(#[case] answer: Answer, #[case] error: HostError) {
    let server = Server::start();
    server.on(MANIFEST, answer);
    let name = format!("{}/acme/api", server.address());
    let (_directory, client) = logged_in(&server);
    assert_eq!(client.digest(&name, "v1"), Err(error));
}

#[test]
fn credentials_do_not_follow_a_redirect() {
    let (server, store) = (Server::start(), Server::start());
    let digest = Digest::of(b"payload");
    let path = format!("/v2/acme/api/blobs/{digest}");
    server.on(&path, challenge("Basic realm=r"));
    let elsewhere = Answer::new(307, "").header("location", &store.url("/blob"));
    server.on_login(&path, elsewhere);
    store.on("/blob", Answer::new(200, "payload"));
    let name = format!("{}/acme/api", server.address());
    let (_directory, client) = logged_in(&server);
    assert_eq!(client.blob(&name, &digest, 100), Ok(b"payload".to_vec()));
    assert_eq!(store.requests(), ["GET /blob"]);
    assert!(store.authorizations().is_empty());
    assert_eq!(server.authorizations(), ["Basic dXNlcjpwYXNz"]);
    // Nor does somebody else's challenge get them.
    store.on("/blob", challenge("Basic realm=r"));
    assert_eq!(
        client.blob(&name, &digest, 100),
        Err(HostError::Outage(Outage::Unauthorized))
    );
    assert!(store.authorizations().is_empty());
}

#[test]
fn redirects_end() {
    let server = Server::start();
    server.on(MANIFEST, Answer::new(302, "").header("location", MANIFEST));
    let name = format!("{}/acme/api", server.address());
    assert_eq!(
        anonymous(&server).digest(&name, "v1"),
        Err(HostError::Answer)
    );
    assert!(server.requests().len() < 10);
}

#[test]
fn bytes_are_what_their_digest_says() {
    let server = Server::start();
    let name = format!("{}/acme/api", server.address());
    let client = anonymous(&server);
    // A digest that is served with other bytes.
    let lie = Answer::new(200, "{}").header("docker-content-digest", Digest::of(b"x").as_str());
    server.on(MANIFEST, lie);
    assert_eq!(
        client.manifest(&name, &Place::Tag("v1")),
        Err(HostError::Unusable)
    );
    // No digest at all: it is computed.
    server.on(MANIFEST, Answer::new(200, "{}"));
    assert_eq!(client.digest(&name, "v1"), Ok(Digest::of(b"{}")));
    let other = Digest::of(b"other");
    server.on(
        &format!("/v2/acme/api/manifests/{other}"),
        Answer::new(200, "{}"),
    );
    assert_eq!(
        client.manifest(&name, &Place::Digest(&other)),
        Err(HostError::Unusable)
    );
    server.on(
        &format!("/v2/acme/api/blobs/{other}"),
        Answer::new(200, "x".repeat(101)),
    );
    assert_eq!(client.blob(&name, &other, 100), Err(HostError::Unusable));
}

#[test]
fn a_manifest_is_read_up_to_a_bound() {
    let server = Server::start();
    server.on(MANIFEST, Answer::new(200, " ".repeat((4 << 20) + 1)));
    let name = format!("{}/acme/api", server.address());
    assert_eq!(
        anonymous(&server).manifest(&name, &Place::Tag("v1")),
        Err(HostError::Unusable)
    );
}

#[test]
fn pages_are_the_registrys_own() {
    let (server, other) = (Server::start(), Server::start());
    let digest = Digest::of(b"image");
    let path = format!("/v2/acme/api/referrers/{digest}");
    let next = format!("<{}>; rel=\"next\"", other.url("/page"));
    server.on(
        &path,
        Answer::new(200, r#"{"manifests":[]}"#)
            .header("content-type", OCI_INDEX)
            .header("link", &next),
    );
    let name = format!("{}/acme/api", server.address());
    assert_eq!(
        anonymous(&server).referrers(&name, &digest),
        Err(HostError::Answer)
    );
    assert!(other.requests().is_empty());
    // Pages without an end are not read for ever, and that is said.
    let next = format!("<{path}>; rel=\"next\"");
    server.on(
        &path,
        Answer::new(200, r#"{"manifests":[]}"#)
            .header("content-type", OCI_INDEX)
            .header("link", &next),
    );
    let listing = anonymous(&server).referrers(&name, &digest).unwrap();
    assert!(listing.unwrap().more);
}

#[test]
fn all_pages_of_a_list_together_are_bounded() {
    let server = Server::start();
    let digest = Digest::of(b"image");
    let path = format!("/v2/acme/api/referrers/{digest}");
    // One descriptor and a page of blanks: a few such pages fit, thirty-two do not.
    let page = format!(
        r#"{{"manifests":[{{"digest":"{digest}"}}]{}}}"#,
        " ".repeat(1 << 20)
    );
    let next = format!("<{path}>; rel=\"next\"");
    server.on(
        &path,
        Answer::new(200, page)
            .header("content-type", OCI_INDEX)
            .header("link", &next),
    );
    let name = format!("{}/acme/api", server.address());
    let listing = anonymous(&server).referrers(&name, &digest).unwrap();
    let listing = listing.unwrap();
    assert_eq!((listing.referrers.len(), listing.more), (3, true));
    assert_eq!(server.requests().len(), 4);
    // What was listed of tags until then counts.
    let tags = "/v2/acme/api/tags/list?n=1000";
    let page = format!(r#"{{"tags":["v1"]{}}}"#, " ".repeat(1 << 20));
    let next = format!("<{tags}>; rel=\"next\"");
    server.on(tags, Answer::new(200, page).header("link", &next));
    let listed = anonymous(&server).tags(&name, 5000).unwrap();
    assert_eq!(listed.listed, ["v1", "v1", "v1"]);
    assert!(listed.more);
}

#[test]
fn a_registry_that_lists_more_tags_than_were_asked_for_has_more() {
    let server = Server::start();
    let page = r#"{"tags":["v1","v2","v3"]}"#;
    for most in [2, 3] {
        let path = format!("/v2/acme/api/tags/list?n={most}");
        server.on(&path, Answer::new(200, page));
    }
    let name = format!("{}/acme/api", server.address());
    let tags = |most| anonymous(&server).tags(&name, most).unwrap();
    assert_eq!((tags(2).listed.len(), tags(2).more), (2, true));
    assert_eq!((tags(3).listed.len(), tags(3).more), (3, false));
}
