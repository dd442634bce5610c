//! What a request is sent with: a registry's own token or login, and, where it hands its whole API over to another host,
//! a token of that one.
//!
//! Invariant: a registry's credentials go to that registry, and to the address that it names for tokens, alone. The host
//! that it redirects to is asked without any. Credential helpers are programs, which take their time: each is asked once
//! for a while, and that time is not the registry's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderValue;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use url::{Origin, Url};

use crate::{Credentials, Login};

/// For how long a login is used before it is looked up again: helpers give out some that end.
const KEPT: Duration = Duration::from_secs(10 * 60);
/// How long a credential helper is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most logins that are kept.
const MOST_LOGINS: usize = 1024;

/// What the requests for one repository are sent with.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Authorization {
    /// For the registry itself.
    pub(super) own: Option<HeaderValue>,
    /// For the host that its API is at, where that is another one.
    pub(super) elsewhere: Option<(Origin, HeaderValue)>,
}

impl Authorization {
    /// What is sent to `url`, of a registry at `base`.
    pub(super) fn at(&self, url: &Url, base: &Url) -> Option<&HeaderValue> {
        if url.origin() == base.origin() {
            return self.own.as_ref();
        }
        let (origin, header) = self.elsewhere.as_ref()?;
        (*origin == url.origin()).then_some(header)
    }
}

/// The logins that were looked up.
#[derive(Debug, Default)]
pub(super) struct Logins {
    kept: Mutex<HashMap<String, Kept>>,
}

#[derive(Debug, Clone)]
struct Kept {
    since: Instant,
    login: Arc<OnceCell<Login>>,
}

impl Logins {
    /// The login for a repository, looked up once, however many ask for it at once.
    pub(super) async fn of(&self, credentials: &Credentials, registry: &str, path: &str) -> Login {
        let name = {
            let (credentials, registry) = (credentials.clone(), registry.to_owned());
            let path = path.to_owned();
            let found = tokio::task::spawn_blocking(move || credentials.name_for(&registry, &path));
            found.await.unwrap_or_default()
        };
        let login = self.place(&name);
        let look_up = || async {
            let credentials = credentials.clone();
            let found = tokio::task::spawn_blocking(move || credentials.login_by(&name));
            match tokio::time::timeout(PATIENCE, found).await {
                Ok(Ok(login)) => login,
                Ok(Err(_)) | Err(_) => {
                    tracing::warn!(
                        registry,
                        "the credential helper did not answer; asking anonymously"
                    );
                    Login::Anonymous
                }
            }
        };
        login.get_or_init(look_up).await.clone()
    }

    fn place(&self, name: &str) -> Arc<OnceCell<Login>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, kept| kept.since.elapsed() < KEPT);
        if kept.len() >= MOST_LOGINS {
            kept.clear();
        }
        let new = || Kept {
            since: Instant::now(),
            login: Arc::default(),
        };
        Arc::clone(&kept.entry(name.to_owned()).or_insert_with(new).login)
    }
}

/// The repository that an address of the distribution API is about.
pub(super) fn repository_of(url: &Url) -> Option<&str> {
    let path = url.path().strip_prefix("/v2/")?;
    let end = ["/manifests/", "/blobs/", "/referrers/", "/tags/"]
        .iter()
        .find_map(|what| path.rfind(what))?;
    path.get(..end).filter(|path| !path.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::manifest("https://a/v2/acme/api/manifests/v1", Some("acme/api"))]
    #[case::blob("https://a/v2/acme/api/blobs/sha256:00", Some("acme/api"))]
    #[case::odd_name("https://a/v2/acme/manifests/manifests/v1", Some("acme/manifests"))]
    #[case::no_repository("https://a/v2//manifests/v1", None)]
    #[case::no_api("https://a/acme/api/manifests/v1", None)]
    #[case::store("https://a/v2/blob", None)]
    fn finds_the_repository(#[case] url: &str, #[case] repository: Option<&str>) {
        assert_eq!(repository_of(&url.parse().unwrap()), repository);
    }

    #[test]
    fn each_host_gets_its_own() {
        let authorization = Authorization {
            own: Some(HeaderValue::from_static("own")),
            elsewhere: Some((
                Url::parse("https://b/").unwrap().origin(),
                HeaderValue::from_static("b's"),
            )),
        };
        let base = Url::parse("https://a/").unwrap();
        let at = |url: &str| authorization.at(&url.parse().unwrap(), &base).cloned();
        assert_eq!(at("https://a/x").unwrap(), "own");
        assert_eq!(at("https://b/x").unwrap(), "b's");
        for other in [
            "http://a/x",
            "https://a:8443/x",
            "https://c/x",
            "http://b/x",
        ] {
            assert_eq!(at(other), None, "{other}");
        }
    }
}
