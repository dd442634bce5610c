//! Asking one registry until it answers, within bounds: logging in, waiting when it says so, giving it up.
//!
//! Invariant: what cannot be had is an error with its kind, and a 404 to the question itself is "absent", and nothing else is. A registry that
//! asks to be left alone is left alone by every request; one that does not answer costs its own images only.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use oci_client::Reference;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use signature_continuity::clean::{SHOWN, clean};
use signature_continuity::host_error::{HostError, Outage};
use tokio::time::Instant;

use super::authorization::{Authorization, Logins};
use super::image_time::ImageTime;
use super::limits::RequestLimits;
use super::throttle::{Go, Throttle};
use super::transport::{RegistryRequest, RegistryResponse, Transport, TransportError};
use crate::{Credentials, Sources};

const NO_ANSWER: &str = "no answer in time";

/// All registries.
#[derive(Debug)]
pub(super) struct RegistryClient {
    sources: Sources,
    pub(super) credentials: Credentials,
    pub(super) limits: RequestLimits,
    /// When all asking ends.
    pub(super) end: Option<Instant>,
    /// The client of all registries without authorities of their own.
    shared: OnceLock<reqwest::Client>,
    throttles: Mutex<BTreeMap<String, Arc<Throttle>>>,
    pub(super) tokens: Mutex<HashMap<Name, Authorization>>,
    pub(super) logins: Logins,
    /// Why registries were not reached, the last time that they were not.
    causes: Mutex<BTreeMap<String, String>>,
}

/// A repository's name, taken apart as every client does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Name {
    /// The registry as references name it.
    pub(super) registry: String,
    /// The registry as it is reached.
    address: String,
    /// The path in it.
    pub(super) path: String,
}

impl Name {
    pub(super) fn parse(name: &str) -> Result<Self, HostError> {
        let reference: Reference = name.parse().map_err(|_| HostError::BadReference)?;
        Ok(Self {
            registry: reference.registry().to_owned(),
            address: reference.resolve_registry().to_owned(),
            path: reference.repository().to_owned(),
        })
    }
}

impl RegistryClient {
    pub(super) fn new(sources: Sources, credentials: Credentials, limits: RequestLimits) -> Self {
        Self {
            sources,
            credentials,
            limits,
            // One that is beyond all clocks is none.
            end: limits.run.and_then(|run| Instant::now().checked_add(run)),
            shared: OnceLock::new(),
            throttles: Mutex::default(),
            tokens: Mutex::default(),
            logins: Logins::default(),
            causes: Mutex::default(),
        }
    }

    /// The registries that did not answer and are not asked again.
    pub(super) fn given_up(&self) -> Vec<String> {
        lock(&self.throttles)
            .iter()
            .filter(|(_, throttle)| throttle.is_given_up())
            .map(|(registry, _)| registry.clone())
            .collect()
    }

    /// Asks until there is an answer that says something, once it is its turn, or the image's time is over. The status
    /// of an answer is never one that asks to try again.
    pub(super) async fn ask(
        &self,
        name: &Name,
        request: &RegistryRequest,
        image: Option<&ImageTime>,
    ) -> Result<RegistryResponse, HostError> {
        let throttle = self.throttle(name)?;
        let _place = throttle.enter().await;
        let asked = self.ask_in_its_place(&throttle, name, request);
        match image {
            Some(image) => image.spend(asked).await,
            None => asked.await,
        }
    }

    async fn ask_in_its_place(
        &self,
        throttle: &Throttle,
        name: &Name,
        request: &RegistryRequest,
    ) -> Result<RegistryResponse, HostError> {
        let mut waited = Duration::ZERO;
        let mut attempt = 1;
        loop {
            match throttle.go() {
                Go::Now => {}
                Go::Never(why) => return Err(HostError::Outage(why)),
                Go::After(pause, why) => {
                    waited = waited.saturating_add(pause);
                    if waited > self.limits.patience {
                        return Err(HostError::Outage(why));
                    }
                    tokio::time::sleep(pause).await;
                    continue;
                }
            }
            let mut took = Duration::ZERO;
            let outcome = self.attempt(throttle, name, request, &mut took).await;
            // One that always answers at the last moment would cost every image as much as one that never does. What
            // timed out is counted where it is counted how often.
            if took > self.limits.request / 2 && !matches!(outcome, Err(TransportError::TimedOut)) {
                self.tell(name, throttle.lost(took, Outage::Unreachable, &self.limits));
            }
            let (outage, asked_to_wait) = match outcome {
                Ok(answer) => {
                    throttle.answered();
                    match answer.status.as_u16() {
                        429 => (Outage::RateLimit, Some(retry_after(&answer.headers))),
                        503 => (Outage::Unavailable, Some(retry_after(&answer.headers))),
                        500 | 502 | 504 => (Outage::Unavailable, None),
                        _ => return Ok(answer),
                    }
                }
                Err(TransportError::Broken(cause)) => {
                    self.blame(name, cause);
                    (Outage::Unreachable, None)
                }
                Err(TransportError::Unreachable(cause)) => {
                    self.blame(name, cause);
                    return Err(HostError::Outage(Outage::Unreachable));
                }
                Err(TransportError::Redirect) => return Err(HostError::Answer),
                Err(TransportError::TimedOut) => {
                    self.blame(name, NO_ANSWER.to_owned());
                    self.tell(name, throttle.unanswered(&self.limits));
                    return Err(HostError::Outage(Outage::Unreachable));
                }
            };
            let backoff = self
                .limits
                .backoff
                .saturating_mul(1_u32.checked_shl(attempt - 1).unwrap_or(u32::MAX));
            let given_up = match asked_to_wait {
                // It named a time, so it is asked again after that for as long as patience lasts.
                Some(Some(pause)) => throttle.pause(pause.max(backoff), outage, &self.limits),
                Some(None) => throttle.pause(backoff, outage, &self.limits),
                None => throttle.lost(backoff, outage, &self.limits),
            };
            self.tell(name, given_up);
            if !matches!(asked_to_wait, Some(Some(_))) && attempt >= self.limits.attempts {
                return Err(HostError::Outage(outage));
            }
            if asked_to_wait.is_none() {
                tokio::time::sleep(backoff).await;
            }
            attempt = attempt.saturating_add(1);
        }
    }

    /// Why the registry was not reached, in one clause.
    pub(super) fn cause(&self, name: &Name) -> Option<String> {
        lock(&self.causes).get(&name.registry).cloned()
    }

    fn blame(&self, name: &Name, cause: String) {
        lock(&self.causes).insert(name.registry.clone(), cause);
    }

    fn tell(&self, name: &Name, given_up: bool) {
        if given_up {
            tracing::warn!(
                registry = clean(&name.registry, SHOWN),
                lost = ?self.limits.lost,
                "the registry took too much time; it is not asked again in this run"
            );
        }
    }

    /// A client for one registry. Those without authorities of their own share one: each is large, and anybody can name
    /// thousands of hosts.
    fn http_client(&self, registry: &str, verify: bool) -> Option<reqwest::Client> {
        if !verify || !self.sources.authorities(registry).is_empty() {
            return self.sources.http_client(registry, verify).ok();
        }
        if let Some(shared) = self.shared.get() {
            return Some(shared.clone());
        }
        let built = self.sources.http_client(registry, verify).ok()?;
        Some(self.shared.get_or_init(|| built).clone())
    }

    fn throttle(&self, name: &Name) -> Result<Arc<Throttle>, HostError> {
        let mut throttles = lock(&self.throttles);
        if let Some(throttle) = throttles.get(&name.registry) {
            return Ok(Arc::clone(throttle));
        }
        // An address that is none, or a proxy or certificate of the sources file that is none.
        let is_insecure = self.sources.is_insecure(&name.registry);
        let client = |verify| self.http_client(&name.registry, verify);
        let transport = Transport::new(&name.address, is_insecure, client);
        let transport = transport.ok_or_else(|| {
            let cause = "its address, or what the sources say of it, cannot be used";
            self.blame(name, cause.to_owned());
            HostError::Outage(Outage::Unreachable)
        })?;
        let throttle = Arc::new(Throttle::new(transport, &self.limits));
        throttles.insert(name.registry.clone(), Arc::clone(&throttle));
        Ok(throttle)
    }
}

/// Seconds, or a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::parse_from_rfc2822(text).ok()?;
    // A date in the past means now.
    Some(
        (date.with_timezone(&Utc) - Utc::now())
            .to_std()
            .unwrap_or_default(),
    )
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::seconds("7", Some(7))]
    #[case::past("Sun, 06 Nov 1994 08:49:37 GMT", Some(0))]
    #[case::words("soon", None)]
    #[case::negative("-1", None)]
    fn reads_how_long_to_wait(#[case] text: &str, #[case] seconds: Option<u64>) {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
        assert_eq!(retry_after(&headers), seconds.map(Duration::from_secs));
    }

    #[test]
    fn reads_a_date_to_come() {
        let date = (Utc::now() + chrono::TimeDelta::hours(1)).to_rfc2822();
        let headers = HeaderMap::from_iter([(RETRY_AFTER, date.parse().unwrap())]);
        let wait = retry_after(&headers).unwrap();
        assert!(wait > Duration::from_secs(3000) && wait <= Duration::from_secs(3600));
    }

    #[test]
    fn docker_hub_is_reached_under_another_name() {
        let name = Name::parse("nginx").unwrap();
        assert_eq!(name.registry, "docker.io");
        assert_eq!(name.address, "index.docker.io");
        assert_eq!(name.path, "library/nginx");
        assert_eq!(Name::parse("UPPER/x y"), Err(HostError::BadReference));
    }
}
