//! One HTTP exchange with one registry: bounded in time and size, redirects followed by hand.
//!
//! Invariant: what is sent along goes to the scheme, host and port that it is for, wherever a registry redirects to; nothing that
//! began with TLS goes on without it; no body is read beyond its bound. A registry is asked without TLS, or without
//! verifying it, only where the sources list it as insecure.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Client, Method, StatusCode};
use url::Url;

use super::authorization::Authorization;
use super::token;
use crate::cause::cause;

/// The most redirects that are followed: registries redirect blobs to a store, once.
const MOST_REDIRECTS: usize = 4;

/// How one registry is reached.
#[derive(Debug)]
pub(super) struct Transport {
    endpoints: Vec<Endpoint>,
    /// Which of them the registry answers on, once that is known.
    works: OnceLock<usize>,
}

#[derive(Debug)]
struct Endpoint {
    base: Url,
    client: Client,
}

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct RegistryRequest {
    pub(super) method: Method,
    /// Below the registry's address, with the query.
    pub(super) path: String,
    pub(super) accept: &'static str,
    /// The largest body that is read.
    pub(super) largest: usize,
}

/// What came back.
#[derive(Debug)]
pub(super) struct RegistryResponse {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// The body, or nothing where it is beyond the bound.
    pub(super) body: Option<Vec<u8>>,
    /// Where it came from.
    pub(super) url: Url,
}

/// Why nothing came back; the cause in one clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TransportError {
    /// Not in time.
    TimedOut,
    /// No connection.
    Unreachable(String),
    /// The connection broke, or what came is no HTTP.
    Broken(String),
    /// A redirect that is not followed.
    Redirect,
}

impl Transport {
    /// At `address`, with a client that verifies whom it talks to, or with one that does not; without TLS, or without
    /// verifying it, where the registry `is_insecure`.
    pub(super) fn new(
        address: &str,
        is_insecure: bool,
        client: impl Fn(bool) -> Option<Client>,
    ) -> Option<Self> {
        let attempts = [("https", true), ("https", false), ("http", true)];
        let allowed = if is_insecure { attempts.len() } else { 1 };
        let endpoints: Option<Vec<Endpoint>> = attempts
            .into_iter()
            .take(allowed)
            .map(|(scheme, verify)| {
                let base = Url::parse(&format!("{scheme}://{address}/")).ok()?;
                let client = client(verify)?;
                Some(Endpoint { base, client })
            })
            .collect();
        Some(Self {
            endpoints: endpoints?,
            works: OnceLock::new(),
        })
    }

    /// Asks the registry, with its credentials where some are given.
    pub(super) async fn ask(
        &self,
        request: &RegistryRequest,
        authorization: &Authorization,
        limit: Duration,
    ) -> Result<RegistryResponse, TransportError> {
        if let Some(endpoint) = self.works.get().and_then(|at| self.endpoints.get(*at)) {
            return endpoint.ask(request, authorization, limit).await;
        }
        let mut last = TransportError::Unreachable("it has no address".to_owned());
        for (at, endpoint) in self.endpoints.iter().enumerate() {
            match endpoint.ask(request, authorization, limit).await {
                Ok(answer) => {
                    // Another request may have found out the same at the same time.
                    let _ = self.works.set(at);
                    return Ok(answer);
                }
                Err(error @ (TransportError::Unreachable(_) | TransportError::Broken(_))) => {
                    last = error;
                }
                Err(error @ (TransportError::TimedOut | TransportError::Redirect)) => {
                    return Err(error);
                }
            }
        }
        Err(last)
    }

    /// Whether an answer came from the registry itself, and not from where it redirected to.
    pub(super) fn is_own(&self, url: &Url) -> bool {
        self.works
            .get()
            .and_then(|at| self.endpoints.get(*at))
            .is_some_and(|endpoint| endpoint.base.origin() == url.origin())
    }

    /// Asks for a token at the address that the registry named at `named_by`. With TLS, unless that itself is without.
    /// With a form it is sent that.
    pub(super) async fn ask_realm(
        &self,
        (realm, form): (Url, Option<String>),
        named_by: &Url,
        authorization: Option<&HeaderValue>,
        limit: Duration,
    ) -> Result<RegistryResponse, TransportError> {
        let secure = is_as_secure(named_by, &realm);
        let endpoint = self.works.get().and_then(|at| self.endpoints.get(*at));
        let (true, Some(endpoint)) = (secure, endpoint) else {
            return Err(TransportError::Redirect);
        };
        let hop = Hop {
            method: form.as_ref().map_or(Method::GET, |_| Method::POST),
            accept: "application/json",
            authorization,
            form,
            largest: token::LARGEST,
        };
        within(limit, endpoint.hop(realm, &hop)).await
    }
}

struct Hop<'a> {
    method: Method,
    accept: &'static str,
    authorization: Option<&'a HeaderValue>,
    form: Option<String>,
    largest: usize,
}

impl Endpoint {
    async fn ask(
        &self,
        request: &RegistryRequest,
        authorization: &Authorization,
        limit: Duration,
    ) -> Result<RegistryResponse, TransportError> {
        within(limit, self.follow(request, authorization)).await
    }

    async fn follow(
        &self,
        request: &RegistryRequest,
        authorization: &Authorization,
    ) -> Result<RegistryResponse, TransportError> {
        let mut url = self
            .base
            .join(&request.path)
            .map_err(|_| TransportError::Redirect)?;
        // Whatever the path says, the request goes to this registry.
        if url.origin() != self.base.origin() {
            return Err(TransportError::Redirect);
        }
        for _ in 0..=MOST_REDIRECTS {
            let hop = Hop {
                method: request.method.clone(),
                accept: request.accept,
                authorization: authorization.at(&url, &self.base),
                form: None,
                largest: request.largest,
            };
            let answer = self.hop(url.clone(), &hop).await?;
            let target = match answer.status.as_u16() {
                301 | 302 | 303 | 307 | 308 => answer.headers.get(LOCATION),
                _ => return Ok(answer),
            };
            let target = target
                .and_then(|location| location.to_str().ok())
                .and_then(|location| url.join(location).ok())
                .ok_or(TransportError::Redirect)?;
            if !is_as_secure(&url, &target) {
                return Err(TransportError::Redirect);
            }
            url = target;
        }
        Err(TransportError::Redirect)
    }

    async fn hop(&self, mut url: Url, hop: &Hop<'_>) -> Result<RegistryResponse, TransportError> {
        // An address with a name and password in it would become credentials.
        if url.set_username("").is_err() || url.set_password(None).is_err() {
            return Err(TransportError::Redirect);
        }
        let mut request = self
            .client
            .request(hop.method.clone(), url)
            .header(ACCEPT, hop.accept);
        if let Some(authorization) = hop.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        if let Some(form) = &hop.form {
            request = request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form.clone());
        }
        let mut response = request
            .send()
            .await
            .map_err(|error| transport_error(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let url = response.url().clone();
        let mut body = Some(Vec::new());
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| transport_error(&error))?
        {
            body = body.filter(|read| read.len().saturating_add(chunk.len()) <= hop.largest);
            match &mut body {
                Some(read) => read.extend_from_slice(&chunk),
                // The rest stays where it is.
                None => break,
            }
        }
        Ok(RegistryResponse {
            status,
            headers,
            body,
            url,
        })
    }
}

/// Whether going on from one address to the other gives up nothing.
fn is_as_secure(from: &Url, to: &Url) -> bool {
    to.scheme() == "https" || (to.scheme() == "http" && from.scheme() == "http")
}

async fn within(
    limit: Duration,
    exchange: impl Future<Output = Result<RegistryResponse, TransportError>>,
) -> Result<RegistryResponse, TransportError> {
    tokio::time::timeout(limit, exchange)
        .await
        .unwrap_or(Err(TransportError::TimedOut))
}

fn transport_error(error: &reqwest::Error) -> TransportError {
    if error.is_timeout() {
        TransportError::TimedOut
    } else if error.is_connect() {
        TransportError::Unreachable(clause(error))
    } else {
        TransportError::Broken(clause(error))
    }
}

/// The error itself names the address that was asked, which is long and known.
fn clause(error: &reqwest::Error) -> String {
    cause(error).unwrap_or_else(|| "the connection failed".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::stays("https://a", "https://b", true)]
    #[case::gains("http://a", "https://b", true)]
    #[case::was_never("http://a", "http://b", true)]
    #[case::loses("https://a", "http://a", false)]
    #[case::other("http://a", "ftp://a", false)]
    fn nothing_goes_on_without_tls(#[case] from: &str, #[case] to: &str, #[case] secure: bool) {
        assert_eq!(
            is_as_secure(&from.parse().unwrap(), &to.parse().unwrap()),
            secure
        );
    }
}
