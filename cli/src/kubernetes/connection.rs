//! The connection: a client, and how often and how long it tries.
//!
//! Invariant: what goes on in here runs on the program's runtime, and is waited for on threads that are not the runtime's.

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use continuity_registry::runtime::{self, TaskLost};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tracing::debug;

use super::error::ClusterError;
use super::question::Question;

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(30);
/// For how long a watch may be silent: servers send a bookmark about once a minute.
const WATCH: Duration = Duration::from_secs(150);
const CONNECT: Duration = Duration::from_secs(10);
/// How often a server that is busy is asked.
const ATTEMPTS: u32 = 5;
/// How often one that cannot be reached is.
const ATTEMPTS_TO_REACH: u32 = 2;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause that a server gets.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A cluster, through its API server. Copies share one connection.
#[derive(Clone)]
pub struct Cluster(Arc<Connection>);

struct Connection {
    client: Client,
    /// For answers that go on: nothing may come for minutes.
    watching: Client,
    name: String,
    server: String,
}

impl Cluster {
    /// Connects by the kubeconfig's context of this name; without one, by its current context, or in a pod by the pod's
    /// service account. Nothing is asked yet.
    ///
    /// # Errors
    /// When there is no such configuration, or it cannot be used.
    pub fn connect(context: Option<&str>) -> Result<Self, ClusterError> {
        let options = options(context);
        let config = async move {
            Ok(match options.context {
                Some(_) => Config::from_kubeconfig(&options).await?,
                None => Config::infer().await?,
            })
        };
        Self::by(context, config)
    }

    /// Connects by a context of this kubeconfig, or by its current one.
    ///
    /// # Errors
    /// As [`Cluster::connect`].
    pub fn by_kubeconfig(path: &Path, context: Option<&str>) -> Result<Self, ClusterError> {
        let (options, path) = (options(context), path.to_owned());
        let config = async move {
            let kubeconfig = Kubeconfig::read_from(path)?;
            Ok(Config::from_custom_kubeconfig(kubeconfig, &options).await?)
        };
        Self::by(context, config)
    }

    fn by(
        context: Option<&str>,
        config: impl Future<Output = anyhow::Result<Config>> + Send + 'static,
    ) -> Result<Self, ClusterError> {
        let unusable = |source| unusable(context, &source);
        runtime::start().map_err(|error| unusable(error.into()))?;
        let (client, watching, server) = runtime::wait(async move {
            let mut config = config.await?;
            config.connect_timeout = Some(CONNECT);
            config.read_timeout = Some(ATTEMPT);
            config.write_timeout = Some(ATTEMPT);
            // Attempts and pauses are bounded here.
            config.default_retry = false;
            let server = config.cluster_url.to_string();
            let mut watching = config.clone();
            watching.read_timeout = Some(WATCH);
            // A kubeconfig may name a program that logs in, which is waited for there and then.
            let made = tokio::task::spawn_blocking(|| {
                anyhow::Ok((Client::try_from(config)?, Client::try_from(watching)?))
            });
            let (client, watching) = made.await??;
            anyhow::Ok((client, watching, server))
        })
        .map_err(|lost| unusable(lost.into()))?
        .map_err(unusable)?;
        Ok(Self(Arc::new(Connection {
            client,
            watching,
            server,
            name: match context {
                Some(context) => format!("kubernetes:{context}"),
                None => "kubernetes".to_owned(),
            },
        })))
    }

    /// For messages: `kubernetes:prod`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The API server's address: two contexts may be of the same cluster.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.0.server
    }

    /// The client for watches, which go on.
    pub(crate) fn watching(&self) -> Client {
        self.0.watching.clone()
    }

    /// Asks once, and waits for the answer no longer than `limit`.
    pub(crate) fn ask_once<T, Answer>(
        &self,
        question: &Question,
        limit: Duration,
        request: impl FnOnce(Client) -> Answer + Send + 'static,
    ) -> Result<T, ClusterError>
    where
        T: Send + 'static,
        Answer: Future<Output = kube::Result<T>> + Send + 'static,
    {
        let answer = request(self.0.client.clone());
        let attempt = async move {
            match tokio::time::timeout(limit, answer).await {
                Ok(answer) => answer,
                Err(elapsed) => Err(kube::Error::Service(elapsed.into())),
            }
        };
        self.answered(question, runtime::wait(attempt))
    }

    fn answered<T>(
        &self,
        question: &Question,
        answer: Result<kube::Result<T>, TaskLost>,
    ) -> Result<T, ClusterError> {
        answer
            .map_err(|lost| ClusterError::Failed {
                what: format!("cannot {question}: the request was lost"),
                source: Some(lost.into()),
            })?
            .map_err(|error| ClusterError::new(error, question, self.name()))
    }

    /// Asks, again where the server is busy, and waits for the answer.
    pub(crate) fn ask<T, Answer>(
        &self,
        question: &Question,
        request: impl Fn(Client) -> Answer + Send + 'static,
    ) -> Result<T, ClusterError>
    where
        T: Send + 'static,
        Answer: Future<Output = kube::Result<T>> + Send,
    {
        let client = self.0.client.clone();
        let attempts = async move {
            let mut attempt = 1;
            loop {
                let error = match tokio::time::timeout(ATTEMPT, request(client.clone())).await {
                    Ok(Ok(answer)) => return Ok(answer),
                    Ok(Err(error)) => error,
                    Err(elapsed) => kube::Error::Service(elapsed.into()),
                };
                let Some(pause) = pause(&error, attempt) else {
                    return Err(error);
                };
                debug!(?error, ?pause, "the API server is asked again");
                tokio::time::sleep(pause).await;
                attempt += 1;
            }
        };
        self.answered(question, runtime::wait(attempts))
    }
}

fn unusable(context: Option<&str>, source: &anyhow::Error) -> ClusterError {
    ClusterError::Failed {
        what: match context {
            Some(context) => format!(
                "cannot connect by the context `{context}` of the kubeconfig; \
                 `kubectl config get-contexts` lists those that there are"
            ),
            None => "cannot connect to a cluster; set KUBECONFIG, or name a context \
                     (kubernetes:CONTEXT)"
                .to_owned(),
        },
        // Its own causes are in its text already.
        source: Some(anyhow::anyhow!("{source}")),
    }
}

fn options(context: Option<&str>) -> KubeConfigOptions {
    KubeConfigOptions {
        context: context.map(str::to_owned),
        ..KubeConfigOptions::default()
    }
}

/// How long to wait before attempt `attempt` is repeated, if it is.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever else fails, now or in a later client, would fail again"
)]
fn pause(error: &kube::Error, attempt: u32) -> Option<Duration> {
    let (most, asked_for) = match error {
        kube::Error::Api(status) if matches!(status.code, 429 | 500 | 502 | 503 | 504) => {
            let seconds = status
                .details
                .as_ref()
                .map_or(0, |it| it.retry_after_seconds);
            (ATTEMPTS, Duration::from_secs(u64::from(seconds)))
        }
        kube::Error::HyperError(_) | kube::Error::Service(_) => (ATTEMPTS_TO_REACH, Duration::ZERO),
        _ => return None,
    };
    let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
    (attempt < most).then(|| doubled.max(asked_for).min(LONGEST_PAUSE))
}

impl fmt::Debug for Cluster {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Cluster")
            .field(&self.name())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::core::Status;
    use kube::core::response::StatusDetails;
    use rstest::rstest;

    fn busy(code: u16, retry_after_seconds: u32) -> kube::Error {
        let details = StatusDetails {
            name: String::new(),
            group: String::new(),
            kind: String::new(),
            uid: String::new(),
            causes: Vec::new(),
            retry_after_seconds,
        };
        kube::Error::Api(
            Status {
                code,
                details: Some(details),
                ..Status::default()
            }
            .boxed(),
        )
    }

    #[rstest]
    #[case::throttled(busy(429, 3), 1, Some(Duration::from_secs(3)))]
    #[case::asks_for_too_much(busy(503, 4_000), 1, Some(LONGEST_PAUSE))]
    #[case::says_nothing(busy(500, 0), 3, Some(Duration::from_millis(800)))]
    #[case::often_enough(busy(503, 1), ATTEMPTS, None)]
    #[case::conflict(busy(409, 1), 1, None)]
    #[case::refused(busy(403, 1), 1, None)]
    #[case::unreachable(kube::Error::Service("refused".into()), 1, Some(FIRST_PAUSE))]
    #[case::still_unreachable(kube::Error::Service("refused".into()), 2, None)]
    fn asks_again_within_bounds(
        #[case] error: kube::Error,
        #[case] attempt: u32,
        #[case] expected: Option<Duration>,
    ) {
        assert_eq!(pause(&error, attempt), expected);
    }
}
