//! Which of the names in docker's `auths` is for a repository.
//!
//! Invariant: as kubelet, the longest path wins, and a host's label may be `*`; a path ends where a segment ends, so
//! that `quay.io/acme` is not for `quay.io/acmeevil`. Names of whole registries are left to docker's own rules.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
}

/// Where credential stores are used, an entry says only that somebody logged in.
#[derive(Deserialize)]
struct Entry {
    auth: Option<IgnoredAny>,
    username: Option<IgnoredAny>,
    identitytoken: Option<IgnoredAny>,
}

impl Entry {
    fn is_empty(&self) -> bool {
        self.auth.is_none() && self.username.is_none() && self.identitytoken.is_none()
    }
}

/// The name of the longest path that begins `registry/path`; `None` where only names of registries do, exactly spelled.
pub(super) fn longest(config: &[u8], registry: &str, path: &str) -> Option<String> {
    let config: Config = serde_json::from_slice(config).ok()?;
    let matching = config.auths.into_iter().filter_map(|(name, entry)| {
        let (host, below) = parts(&name);
        let is_own = host == registry && below.is_empty();
        let says_nothing = entry.is_empty() && !below.is_empty();
        let fits = !is_own && !says_nothing && host_fits(host, registry) && begins(below, path);
        // Of two for the same path the one whose host is spelled out.
        fits.then(|| ((below.len(), !host.contains('*')), name.clone()))
    });
    let (_, name) = matching.max()?;
    Some(name)
}

/// Host and path, without what the oldest clients wrote around them.
fn parts(name: &str) -> (&str, &str) {
    let bare = name
        .strip_prefix("https://")
        .or_else(|| name.strip_prefix("http://"))
        .unwrap_or(name);
    let (host, path) = bare.split_once('/').unwrap_or((bare, ""));
    let path = ["v1", "v2"]
        .iter()
        .find_map(|version| {
            let rest = path.strip_prefix(version)?;
            (rest.is_empty() || rest.starts_with('/')).then_some(rest)
        })
        .unwrap_or(path);
    (host, path.trim_matches('/'))
}

fn host_fits(pattern: &str, host: &str) -> bool {
    let is_hub =
        |host: &str| ["docker.io", "index.docker.io", "registry-1.docker.io"].contains(&host);
    if is_hub(pattern) && is_hub(host) {
        return true;
    }
    let (mut labels, mut of_host) = (pattern.split('.'), host.split('.'));
    loop {
        match (labels.next(), of_host.next()) {
            (None, None) => return true,
            (Some(label), Some(own)) if label == "*" || label == own => {}
            _ => return false,
        }
    }
}

fn begins(below: &str, path: &str) -> bool {
    match path.strip_prefix(below) {
        Some(rest) => below.is_empty() || rest.is_empty() || rest.starts_with('/'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::the_registry_alone(&["quay.io"], None)]
    #[case::a_path(&["quay.io", "quay.io/acme"], Some("quay.io/acme"))]
    #[case::the_longest(&["quay.io/acme", "quay.io/acme/api", "quay.io"], Some("quay.io/acme/api"))]
    #[case::a_segment(&["quay.io/ac", "quay.io/acme/ap"], None)]
    #[case::a_longer_one(&["quay.io/acme/api/v2"], None)]
    #[case::with_scheme(&["https://quay.io/acme"], Some("https://quay.io/acme"))]
    #[case::with_version(&["https://quay.io/v2/acme/"], Some("https://quay.io/v2/acme/"))]
    #[case::any_host(&["*.io"], Some("*.io"))]
    #[case::any_label(&["*"], None)]
    #[case::spelled_out(&["*.io/acme", "quay.io/acme"], Some("quay.io/acme"))]
    #[case::elsewhere(&["ghcr.io/acme"], None)]
    fn the_longest_path_wins(#[case] names: &[&str], #[case] expected: Option<&str>) {
        let entry = BTreeMap::from([("auth", "dXNlcjpwYXNz")]);
        let auths: BTreeMap<&str, _> = names.iter().map(|name| (*name, &entry)).collect();
        let config = serde_json::json!({"auths": auths}).to_string();
        let longest = longest(config.as_bytes(), "quay.io", "acme/api");
        assert_eq!(longest.as_deref(), expected);
    }

    #[test]
    fn docker_hub_has_several_names() {
        // With a credential store the second says nothing about a path.
        let config = br#"{"auths": {"https://index.docker.io/v1/": {}, "docker.io/library": {}, "docker.io/acme": {"auth": "dXNlcjpwYXNz"}}}"#;
        let longest = |path| longest(config, "docker.io", path);
        assert_eq!(longest("acme/api").as_deref(), Some("docker.io/acme"));
        assert_eq!(
            longest("library/nginx").as_deref(),
            Some("https://index.docker.io/v1/")
        );
    }
}
