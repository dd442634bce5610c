//! One attempt to get an answer: asked, and asked again with what a challenge wants.
//!
//! Invariant: each host's challenge is met once; what is asked again is the same request. A reply of whoever gives tokens
//! is an answer only where it means the same as the registry's own.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use tokio::time::Instant;

use super::authorization::{Authorization, repository_of};
use super::registry::{Name, RegistryClient, lock};
use super::throttle::Throttle;
use super::token::{self, Challenge};
use super::transport::{RegistryRequest, RegistryResponse, TransportError};
use crate::Login;

/// The most tokens that are kept: one for each repository.
const MOST_TOKENS: usize = 4096;

/// What came of asking for a token.
enum Granted {
    Header(HeaderValue),
    /// The kinds of failure that mean the same from whoever gives tokens; never a 404.
    Refused(RegistryResponse),
    Nothing,
}

impl Granted {
    fn by(reply: RegistryResponse) -> Self {
        match reply.status.as_u16() {
            200 => {
                let header = reply.body.as_deref().and_then(token::bearer);
                header.map_or(Self::Nothing, Self::Header)
            }
            403 | 429 | 500..=599 => Self::Refused(reply),
            _ => Self::Nothing,
        }
    }
}

impl RegistryClient {
    /// One attempt, with a login where the registry wants one, and where the host does that it redirects to; `took` is
    /// the time that the network took.
    pub(super) async fn attempt(
        &self,
        throttle: &Throttle,
        name: &Name,
        request: &RegistryRequest,
        took: &mut Duration,
    ) -> Result<RegistryResponse, TransportError> {
        let kept = lock(&self.tokens).get(name).cloned().unwrap_or_default();
        let mut authorization = kept.clone();
        let (mut own_login, mut other_login) = (false, false);
        loop {
            let asked = throttle
                .transport
                .ask(request, &authorization, self.limits.request);
            let answer = timed(took, asked).await?;
            if answer.status != StatusCode::UNAUTHORIZED {
                if authorization != kept {
                    self.keep(name, authorization);
                }
                return Ok(answer);
            }
            let is_own = throttle.transport.is_own(&answer.url);
            let tried = if is_own {
                &mut own_login
            } else {
                &mut other_login
            };
            lock(&self.tokens).remove(name);
            if std::mem::replace(tried, true) {
                return Ok(answer);
            }
            let granted = if is_own {
                self.log_in(throttle, name, &answer, took).await?
            } else {
                self.ask_elsewhere(throttle, &answer, took).await?
            };
            match granted {
                Granted::Header(header) if is_own => authorization.own = Some(header),
                Granted::Header(header) => {
                    authorization.elsewhere = Some((answer.url.origin(), header));
                }
                Granted::Refused(reply) => return Ok(reply),
                Granted::Nothing => return Ok(answer),
            }
        }
    }

    /// What the registry's challenge is met with.
    async fn log_in(
        &self,
        throttle: &Throttle,
        name: &Name,
        answer: &RegistryResponse,
        took: &mut Duration,
    ) -> Result<Granted, TransportError> {
        let Some(challenge) = Challenge::of(&answer.headers, &name.path) else {
            return Ok(Granted::Nothing);
        };
        let logins = &self.logins;
        let login = logins
            .of(&self.credentials, &name.registry, &name.path)
            .await;
        let basic = token::basic(&login);
        let wanted = match challenge {
            Challenge::Basic => return Ok(basic.map_or(Granted::Nothing, Granted::Header)),
            Challenge::Bearer(wanted) => wanted,
        };
        let to = match &login {
            Login::IdentityToken(token) => {
                let (realm, form) = wanted.exchange(token);
                (realm, Some(form))
            }
            Login::Anonymous | Login::Basic { .. } => (wanted.address(), None),
        };
        let asked =
            throttle
                .transport
                .ask_realm(to, &answer.url, basic.as_ref(), self.limits.request);
        Ok(Granted::by(timed(took, asked).await?))
    }

    /// A token for the host that the registry hands its API over to, as anybody gets it there.
    async fn ask_elsewhere(
        &self,
        throttle: &Throttle,
        answer: &RegistryResponse,
        took: &mut Duration,
    ) -> Result<Granted, TransportError> {
        let challenge = repository_of(&answer.url)
            .and_then(|repository| Challenge::of(&answer.headers, repository));
        let Some(Challenge::Bearer(wanted)) = challenge else {
            return Ok(Granted::Nothing);
        };
        let to = (wanted.address(), None);
        let asked = throttle
            .transport
            .ask_realm(to, &answer.url, None, self.limits.request);
        Ok(Granted::by(timed(took, asked).await?))
    }

    fn keep(&self, name: &Name, authorization: Authorization) {
        let mut tokens = lock(&self.tokens);
        if tokens.len() >= MOST_TOKENS {
            tokens.clear();
        }
        tokens.insert(name.clone(), authorization);
    }
}

async fn timed<T>(took: &mut Duration, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let done = work.await;
    *took = took.saturating_add(began.elapsed());
    done
}
