//! From an HTTP request to its answer: `/validate/{policy}`, `/audit/{policy}`, and `/readiness` on a port of its own.
//!
//! Invariant: a body is never read beyond its bound, requests are judged on as many threads as there are workers, and each
//! holds its turn until the policy has ended, also where its client has gone. What is no answer of a policy has an error
//! status, with one sentence.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, Request, StatusCode};
use serde_json::json;
use signature_continuity::clean::clean;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::Instrument as _;

use super::review::ReceivedReview;
use super::served::{Origin, ServedPolicy};
use crate::admission::Response;
use crate::capabilities::Capabilities;

/// What an answer's body is.
pub(crate) type Body = Full<Bytes>;
type Answer = hyper::Response<Body>;

/// policy-server's bound of a request.
const LARGEST: usize = 2 << 20;
/// So much of a larger one is read and thrown away, so that its client is there to hear why.
const THROWN_AWAY: usize = 8 << 20;
const BODY: Duration = Duration::from_secs(30);
/// As much of a name as a sentence shows.
const SHOWN: usize = 253;

/// The policies, and what they ask.
pub(crate) struct Policies {
    /// By id.
    pub(crate) policies: BTreeMap<String, ServedPolicy>,
    /// Answers what they ask.
    pub(crate) host: Arc<dyn Capabilities>,
    /// In this namespace everything is admitted unseen.
    pub(crate) always_accepted: Option<String>,
}

/// Answers HTTP requests.
#[derive(Clone)]
pub(crate) struct Routes {
    policies: Arc<Policies>,
    workers: Arc<Semaphore>,
}

/// Why a request gets no answer of a policy.
struct Refused {
    status: StatusCode,
    message: String,
}

impl Refused {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }
}

impl Routes {
    /// For so many requests at once.
    pub(crate) fn new(policies: Policies, workers: usize) -> Self {
        Self {
            policies: Arc::new(policies),
            workers: Arc::new(Semaphore::new(workers)),
        }
    }

    /// The answer to a request.
    pub(crate) async fn answer(self, request: Request<Incoming>) -> Answer {
        let path = request.uri().path().to_owned();
        let result = match path.strip_prefix('/').and_then(|it| it.split_once('/')) {
            Some(("validate", id)) => self.review(id, Origin::Validate, request).await,
            Some(("audit", id)) => self.review(id, Origin::Audit, request).await,
            Some(_) | None => Err(Refused::new(
                StatusCode::NOT_FOUND,
                "expected /validate/POLICY or /audit/POLICY",
            )),
        };
        result.unwrap_or_else(|Refused { status, message }| {
            let path = clean(&path, SHOWN);
            tracing::warn!(path, status = status.as_u16(), message, "refused");
            let body = json!({"message": message, "status": status.as_u16()});
            let mut answer = json_answer(status, body.to_string());
            if status == StatusCode::METHOD_NOT_ALLOWED {
                answer
                    .headers_mut()
                    .insert(ALLOW, HeaderValue::from_static("POST"));
            }
            answer
        })
    }

    async fn review(
        self,
        id: &str,
        origin: Origin,
        request: Request<Incoming>,
    ) -> Result<Answer, Refused> {
        if request.method() != Method::POST {
            let message = "AdmissionReviews are sent by POST";
            return Err(Refused::new(StatusCode::METHOD_NOT_ALLOWED, message));
        }
        if !self.policies.policies.contains_key(id) {
            let message = format!("there is no policy `{}` here", clean(id, SHOWN));
            return Err(Refused::new(StatusCode::NOT_FOUND, message));
        }
        if !is_json(request.headers()) {
            return Err(Refused::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "expected the content type application/json",
            ));
        }
        let body = timeout(BODY, body(request))
            .await
            .map_err(|_| Refused::new(StatusCode::REQUEST_TIMEOUT, "the request did not end"))??;
        let received = ReceivedReview::parse(&body)
            .map_err(|error| Refused::new(error.status(), clean(&error.to_string(), 1000)))?;
        let span = tracing::info_span!(
            "review",
            policy = id,
            origin = ?origin,
            uid = %clean(received.review.uid(), 64),
            request = %received.summary,
        );
        let response = self.judge(id.to_owned(), origin, received).instrument(span);
        let review = json!({
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "response": response.await?,
        });
        Ok(json_answer(StatusCode::OK, review.to_string()))
    }

    async fn judge(
        self,
        id: String,
        origin: Origin,
        received: ReceivedReview,
    ) -> Result<Response, Refused> {
        let started = Instant::now();
        let lost = || Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong");
        let turn = Arc::clone(&self.workers).acquire_owned().await;
        let turn = turn.map_err(|_| lost())?;
        let span = tracing::Span::current();
        let judged = tokio::task::spawn_blocking(move || {
            let response = span.in_scope(|| self.policies.answer(&id, origin, &received));
            drop(turn);
            response
        });
        let response = judged.await.ok().flatten().ok_or_else(lost)?;
        let code = response.status.as_ref().and_then(|status| status.code);
        let milliseconds = started.elapsed().as_millis();
        tracing::info!(
            allowed = response.allowed,
            code,
            milliseconds,
            "policy evaluated"
        );
        Ok(response)
    }
}

impl Policies {
    fn answer(&self, id: &str, origin: Origin, received: &ReceivedReview) -> Option<Response> {
        let review = &received.review;
        if received.namespace.is_some() && received.namespace == self.always_accepted {
            return Some(Response {
                uid: review.uid().to_owned(),
                allowed: true,
                ..Response::default()
            });
        }
        let policy = self.policies.get(id)?;
        Some(policy.answer(review, origin, Arc::clone(&self.host)))
    }
}

/// What a request brings along.
async fn body(request: Request<Incoming>) -> Result<Vec<u8>, Refused> {
    let too_large = || {
        let message = format!("the request is larger than {LARGEST} bytes");
        Refused::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    };
    let declared = request.headers().get(CONTENT_LENGTH);
    let declared: Option<usize> = declared.and_then(|it| it.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length| length > THROWN_AWAY) {
        return Err(too_large());
    }
    let mut incoming = request.into_body();
    let mut bytes = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = incoming.frame().await {
        let frame =
            frame.map_err(|_| Refused::new(StatusCode::BAD_REQUEST, "the request broke off"))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        if length > THROWN_AWAY {
            return Err(too_large());
        }
        if length <= LARGEST {
            bytes.extend_from_slice(&data);
        }
    }
    if length > LARGEST {
        return Err(too_large());
    }
    Ok(bytes)
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let media_type = value
        .and_then(|it| it.split(';').next())
        .unwrap_or_default();
    let media_type = media_type.trim().to_ascii_lowercase();
    media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

fn json_answer(status: StatusCode, body: String) -> Answer {
    let mut answer = hyper::Response::new(Full::from(body));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// The probe's port: whether there is somebody at all.
pub(crate) async fn readiness(request: Request<Incoming>) -> Answer {
    let mut answer = hyper::Response::new(Body::default());
    if request.uri().path() != "/readiness" {
        *answer.status_mut() = StatusCode::NOT_FOUND;
    } else if request.method() != Method::GET && request.method() != Method::HEAD {
        *answer.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    }
    answer
}
