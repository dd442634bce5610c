//! Logging in: what a registry's challenge wants, and the token that it is answered with.
//!
//! Invariant: the scope is always "pull this repository", whatever the challenge asks for; a token's text is bounded
//! and never printed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use serde::Deserialize;
use url::Url;

use crate::Login;

/// The largest answer with a token in it. Tokens are below 8 KiB.
pub(super) const LARGEST: usize = 128 * 1024;

/// What a registry wants before it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// Name and password.
    Basic,
    /// A token.
    Bearer(TokenRequest),
}

/// For which token, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TokenRequest {
    realm: Url,
    service: Option<String>,
    scope: String,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Challenge {
    /// The first challenge that can be met, for pulling `repository`.
    pub(super) fn of(headers: &HeaderMap, repository: &str) -> Option<Self> {
        headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|header| header.to_str().ok())
            .find_map(|text| Self::parse(text, repository))
    }

    fn parse(text: &str, repository: &str) -> Option<Self> {
        let challenges = http_auth::parse_challenges(text).ok()?;
        challenges.iter().find_map(|challenge| {
            if challenge.scheme.eq_ignore_ascii_case("basic") {
                return Some(Self::Basic);
            }
            if !challenge.scheme.eq_ignore_ascii_case("bearer") {
                return None;
            }
            let parameter = |name: &str| {
                challenge
                    .params
                    .iter()
                    .find(|(key, _)| key.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value.to_unescaped())
            };
            Some(Self::Bearer(TokenRequest {
                realm: Url::parse(&parameter("realm")?).ok()?,
                service: parameter("service"),
                scope: format!("repository:{repository}:pull"),
            }))
        })
    }
}

impl TokenRequest {
    /// The address that a token is asked of with name and password, or without.
    pub(super) fn address(&self) -> Url {
        let mut address = self.realm.clone();
        let mut query = address.query_pairs_mut();
        if let Some(service) = &self.service {
            query.append_pair("service", service);
        }
        query.append_pair("scope", &self.scope);
        drop(query);
        address
    }

    /// The address and the form with which a refresh token is exchanged (RFC 6749, section 6, as registries take it).
    pub(super) fn exchange(&self, refresh_token: &str) -> (Url, String) {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "refresh_token")
            .append_pair("client_id", "continuity")
            .append_pair("scope", &self.scope)
            .append_pair("refresh_token", refresh_token);
        if let Some(service) = &self.service {
            form.append_pair("service", service);
        }
        (self.realm.clone(), form.finish())
    }
}

/// The header for name and password, where there are some.
pub(super) fn basic(login: &Login) -> Option<HeaderValue> {
    match login {
        // A refresh token is for whoever gives tokens, never for a registry.
        Login::Anonymous | Login::IdentityToken(_) => None,
        Login::Basic { user, password } => secret(&format!(
            "Basic {}",
            STANDARD.encode(format!("{user}:{password}"))
        )),
    }
}

/// The header for the token in an answer.
pub(super) fn bearer(body: &[u8]) -> Option<HeaderValue> {
    let token: Token = serde_json::from_slice(body).ok()?;
    let token = token.token.or(token.access_token)?;
    secret(&format!("Bearer {token}"))
}

fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::docker_hub(
        r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:push""#,
        Some("https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Aa%2Fb%3Apull")
    )]
    #[case::no_service(
        r#"bearer realm="https://r.example/t?x=1""#,
        Some("https://r.example/t?x=1&scope=repository%3Aa%2Fb%3Apull")
    )]
    #[case::no_realm(r#"Bearer service="x""#, None)]
    #[case::no_address(r#"Bearer realm="x""#, None)]
    #[case::other("Negotiate", None)]
    fn asks_for_pulling_one_repository(#[case] header: &str, #[case] realm: Option<&str>) {
        let address = match Challenge::parse(header, "a/b") {
            Some(Challenge::Bearer(request)) => Some(request.address().to_string()),
            Some(Challenge::Basic) | None => None,
        };
        assert_eq!(address.as_deref(), realm);
    }

    #[test]
    fn reads_tokens_under_both_names() {
        for body in [r#"{"token":"x"}"#, r#"{"access_token":"x"}"#] {
            assert_eq!(bearer(body.as_bytes()).unwrap(), "Bearer x");
        }
        for body in ["", "{}", r#"{"token":"line\nbreak"}"#] {
            assert!(bearer(body.as_bytes()).is_none());
        }
    }
}
