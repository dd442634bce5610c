//! What the watcher shows over HTTP: `/`, `/inventory.json`, `/metrics`, `/healthz`, `/readyz`. Read-only.
//!
//! Invariant: nothing can be asked of it that changes anything, and no request makes it ask a registry. Who does not lead
//! passes questions about images on to who does, at the address that the Lease names, and only `/` and `/inventory.json`; an answer
//! that is passed on is not passed on again. A page is made at most once in [`FRESH`], however often it is asked for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use continuity_registry::runtime;
use signature_continuity::clean::{SHOWN as LONGEST, clean};
use tokio::sync::Semaphore;

use super::page;
use super::shared::Shared;
use crate::inventory::metrics as inventory_metrics;
use crate::inventory::page::content_security_policy;

/// For how long what was made is served.
const FRESH: Duration = Duration::from_secs(2);
/// How long the leader may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many answers are made or passed on at once.
const MOST_AT_ONCE: usize = 16;
const PASSED_ON: &str = "x-continuity-passed-on";
const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
/// Prometheus reads it, and says so (OpenMetrics 1.0).
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is made of the inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Page,
    Json,
    Metrics,
}

type Made = Bytes;
/// What was made last, and when.
type Kept = Mutex<Option<(Instant, Made)>>;

#[derive(Clone)]
struct Served {
    shared: Arc<Shared>,
    made: Arc<[Kept; 3]>,
    client: reqwest::Client,
    at_once: Arc<Semaphore>,
}

/// Serves from now on.
///
/// # Errors
/// When the address cannot be listened on.
pub(super) fn serve(shared: &Arc<Shared>) -> anyhow::Result<()> {
    let listen = shared.options.listen;
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .context("no HTTP client can be made")?;
    let served = Served {
        shared: Arc::clone(shared),
        made: Arc::default(),
        client,
        at_once: Arc::new(Semaphore::new(MOST_AT_ONCE)),
    };
    let listener = std::net::TcpListener::bind(listen).with_context(|| {
        format!("cannot listen on {listen}; name another address with --listen")
    })?;
    listener.set_nonblocking(true)?;
    let router = Router::new()
        .route("/", get(shown::<0>))
        .route("/inventory.json", get(shown::<1>))
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .fallback(nothing)
        .with_state(served);
    runtime::spawn(async move {
        match tokio::net::TcpListener::from_std(listener) {
            Ok(listener) => {
                if let Err(error) = axum::serve(listener, router).await {
                    tracing::error!(%error, "nothing is served any more");
                }
            }
            Err(error) => tracing::error!(%error, "nothing is served"),
        }
    })?;
    Ok(())
}

async fn nothing() -> Response {
    let known = "there is /, /inventory.json, /metrics, /healthz and /readyz\n";
    answer(StatusCode::NOT_FOUND, TEXT, known.to_owned())
}

/// Whether it goes on: not whether registries or the API server do, since a new start would mend neither.
async fn healthz() -> Response {
    answer(StatusCode::OK, TEXT, "ok\n".to_owned())
}

/// Whether it knows what there is, and could lead.
async fn readyz(State(served): State<Served>) -> Response {
    let shared = &served.shared;
    let missing = shared.objects().missing();
    let mut why = shared.troubles.all();
    if let Some(trouble) = shared.leadership.trouble() {
        why.push(trouble);
    }
    if missing.is_empty() && shared.leadership.leader().is_some() {
        return answer(StatusCode::OK, TEXT, "ok\n".to_owned());
    }
    if !missing.is_empty() {
        why.push(format!("not listed yet: {}", missing.join(", ")));
    }
    if shared.leadership.leader().is_none() {
        why.push("nobody leads yet".to_owned());
    }
    answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, why.join("\n") + "\n")
}

/// This replica's own figures, whoever leads.
async fn metrics(State(served): State<Served>) -> Response {
    let Ok(_room) = served.at_once.try_acquire() else {
        return busy();
    };
    match served.made(Form::Metrics).await {
        Some(made) => headed(StatusCode::OK, METRICS, Body::from(made)),
        None => answer(
            StatusCode::INTERNAL_SERVER_ERROR,
            TEXT,
            "no figures\n".to_owned(),
        ),
    }
}

async fn shown<const FORM: usize>(State(served): State<Served>, request: Request) -> Response {
    let (form, kind, path) = match FORM {
        0 => (Form::Page, HTML, "/"),
        _ => (Form::Json, JSON, "/inventory.json"),
    };
    let Ok(_room) = served.at_once.try_acquire() else {
        return busy();
    };
    if !served.shared.leadership.holds() {
        let passed_on = request.headers().contains_key(PASSED_ON);
        return served.of_the_leader(path, kind, passed_on).await;
    }
    match served.made(form).await {
        Some(made) => headed(StatusCode::OK, kind, Body::from(made)),
        None => answer(
            StatusCode::INTERNAL_SERVER_ERROR,
            TEXT,
            "the page cannot be made\n".to_owned(),
        ),
    }
}

impl Served {
    /// What is made of the inventory, no older than [`FRESH`].
    async fn made(&self, form: Form) -> Option<Made> {
        let served = self.clone();
        let made = tokio::task::spawn_blocking(move || {
            let at = match form {
                Form::Page => 0,
                Form::Json => 1,
                Form::Metrics => 2,
            };
            let place = served.made.get(at)?;
            let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((since, made)) = place.as_ref()
                && since.elapsed() < FRESH
            {
                return Some(made.clone());
            }
            let made = Made::from(served.shared.make(form)?);
            *place = Some((Instant::now(), made.clone()));
            Some(made)
        });
        made.await.ok().flatten()
    }

    async fn of_the_leader(&self, path: &str, kind: &'static str, passed_on: bool) -> Response {
        let Some(leader) = self.shared.leadership.leader() else {
            let none = "nobody leads just now; try again in a few seconds\n";
            return answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, none.to_owned());
        };
        let instead = format!("{} leads: ask it\n", leader.name);
        let address = leader.address.filter(|_| !passed_on);
        let address = address.and_then(|address| address.parse::<std::net::SocketAddr>().ok());
        let Some(address) = address else {
            return answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, instead);
        };
        let asked = self
            .client
            .get(format!("http://{address}{path}"))
            .header(PASSED_ON, "1");
        let body = match asked.send().await {
            Ok(response) if response.status() == reqwest::StatusCode::OK => {
                Some(Body::from_stream(response.bytes_stream()))
            }
            Ok(_) | Err(_) => None,
        };
        match body {
            Some(body) => headed(StatusCode::OK, kind, body),
            None => answer(
                StatusCode::SERVICE_UNAVAILABLE,
                TEXT,
                format!(
                    "{} leads, and does not answer at {}\n",
                    leader.name,
                    clean(&address.to_string(), LONGEST)
                ),
            ),
        }
    }
}

impl Shared {
    fn make(&self, form: Form) -> Option<String> {
        let inventory = self.inventory();
        let changes = self.board.changes();
        match form {
            Form::Page => page::page(&inventory, &changes).ok(),
            Form::Json => page::json(&inventory, &changes).ok(),
            Form::Metrics => {
                let leads = self.leadership.holds();
                let mut text = self.metrics.text(leads, self.schedule.length());
                // Of the images only who leads knows anything.
                if leads && self.board.last_pass().is_some() {
                    text.push_str(&inventory_metrics::text(&inventory));
                }
                text.push_str("# EOF\n");
                Some(text)
            }
        }
    }
}

fn busy() -> Response {
    let busy = "many ask at once; try again in a second\n";
    answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, busy.to_owned())
}

fn answer(status: StatusCode, kind: &'static str, text: String) -> Response {
    headed(status, kind, Body::from(text))
}

fn headed(status: StatusCode, kind: &'static str, body: Body) -> Response {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    // Whatever a page that is passed on says: only this program's own script runs.
    if let Ok(policy) = HeaderValue::try_from(content_security_policy("'self'")) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
