//! The HTTP face: faults first, then manifests from the shelf, and blobs from the store.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{Method, Response, Uri, header},
};
use tower::ServiceExt as _;

use super::{
    Fault, Resource, Seen,
    faults::Answer,
    path::{Route, STORE},
    shelf::{Shelf, Stored},
};
use crate::sigstore::digest_of;

const DIGEST_HEADER: &str = "docker-content-digest";
/// Far above what any test pushes as a manifest, so that huge ones can be pushed too.
const LARGEST_MANIFEST: usize = 256 << 20;

#[derive(Clone)]
struct Front {
    shelf: Arc<Shelf>,
    store: Router,
}

/// The registry as one router.
pub(super) fn router(shelf: Arc<Shelf>, store: Router) -> Router {
    Router::new()
        .fallback(answer)
        .with_state(Front { shelf, store })
}

async fn answer(State(front): State<Front>, request: Request) -> Response<Body> {
    let route = Route::of(request.uri().path());
    let (resource, repository, reference) = match &route {
        Route::Version => (Resource::Version, "", ""),
        Route::Manifest {
            repository,
            reference,
        } => (Resource::Manifest, repository.as_str(), reference.as_str()),
        Route::Blob { repository, digest } => {
            (Resource::Blob, repository.as_str(), digest.as_str())
        }
        Route::NewUpload { repository } => (Resource::Blob, repository.as_str(), ""),
        Route::Upload => (Resource::Blob, "", ""),
        Route::Referrers { repository, digest } => {
            (Resource::Referrers, repository.as_str(), digest.as_str())
        }
        Route::Tags { repository } => (Resource::Tags, repository.as_str(), ""),
        Route::Unknown => (Resource::Other, "", ""),
    };
    let seen = Seen {
        method: request.method().to_string(),
        resource,
        repository: repository.to_owned(),
        reference: reference.to_owned(),
        status: None,
    };
    let is_read = seen.is_read();
    let at = front.shelf.begin(seen);
    let fault = match resource {
        Resource::Manifest | Resource::Blob if is_read => front.shelf.strike(repository, reference),
        Resource::Referrers => front
            .shelf
            .strike(repository, &format!("referrers/{reference}")),
        Resource::Tags => front.shelf.strike(repository, "tags/list"),
        Resource::Manifest | Resource::Blob | Resource::Version | Resource::Other => None,
    };
    if let Some(Fault::Hang(duration)) = &fault {
        tokio::time::sleep(*duration).await;
    }
    let response = match fault.and_then(|fault| fault.answer(repository, reference)) {
        Some(answer) => respond(&answer, None),
        None => front.truth(&route, request).await,
    };
    front.shelf.end(at, response.status().as_u16());
    response
}

impl Front {
    async fn truth(&self, route: &Route, request: Request) -> Response<Body> {
        match route {
            Route::Version => respond(&Answer::new(200, "application/json", b"{}".to_vec()), None),
            Route::Manifest {
                repository,
                reference,
            } => self.manifest(repository, reference, request).await,
            Route::Blob { digest, .. } => {
                self.stored(&format!("{STORE}/blobs/{digest}"), request)
                    .await
            }
            Route::NewUpload { .. } => {
                self.stored(&format!("{STORE}/blobs/uploads/"), request)
                    .await
            }
            Route::Upload => {
                let uri = request.uri().to_string();
                self.stored(&uri, request).await
            }
            Route::Referrers { repository, digest } => {
                let page = query(request.uri(), "page").unwrap_or_default();
                let answer = self.shelf.referrers(repository, digest, page);
                respond(&answer.unwrap_or_else(unsupported), None)
            }
            Route::Tags { repository } => {
                let most = query(request.uri(), "n").unwrap_or(usize::MAX);
                let from = query(request.uri(), "from").unwrap_or_default();
                respond(&self.shelf.tags(repository, from, most), None)
            }
            Route::Unknown => respond(&unsupported(), None),
        }
    }

    async fn manifest(
        &self,
        repository: &str,
        reference: &str,
        request: Request,
    ) -> Response<Body> {
        let method = request.method().clone();
        if method == Method::PUT {
            let media_type = request
                .headers()
                .get(header::CONTENT_TYPE)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
                .to_owned();
            let Ok(bytes) = to_bytes(request.into_body(), LARGEST_MANIFEST).await else {
                return respond(
                    &Answer::oci(413, "SIZE_INVALID", "manifest too large"),
                    None,
                );
            };
            let digest = self.shelf.put(
                repository,
                reference,
                Stored {
                    media_type,
                    bytes: bytes.to_vec(),
                },
            );
            return respond(&empty(201), Some(&digest));
        }
        if method == Method::DELETE {
            return respond(
                &if self.shelf.remove(repository, reference) {
                    empty(202)
                } else {
                    absent()
                },
                None,
            );
        }
        match self.shelf.manifest(repository, reference) {
            Some(Stored { media_type, bytes }) => {
                let digest = digest_of(&bytes);
                respond(&Answer::new(200, &media_type, bytes), Some(&digest))
            }
            None => respond(&absent(), None),
        }
    }

    async fn stored(&self, uri: &str, mut request: Request) -> Response<Body> {
        let Ok(uri) = uri.parse::<Uri>() else {
            return respond(&Answer::oci(400, "DIGEST_INVALID", "not a digest"), None);
        };
        *request.uri_mut() = uri;
        match self.store.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// What a registry says to what it does not have.
fn unsupported() -> Answer {
    Answer::oci(404, "UNSUPPORTED", "404 page not found")
}

/// A number in the query.
fn query(uri: &Uri, key: &str) -> Option<usize> {
    uri.query()?
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| *name == key)
        .and_then(|(_, value)| value.parse().ok())
}

/// What distribution says for an absent tag, be the repository there or not.
fn absent() -> Answer {
    Answer::oci(404, "MANIFEST_UNKNOWN", "manifest unknown")
}

fn empty(status: u16) -> Answer {
    Answer::new(status, "text/plain", Vec::new())
}

/// The server leaves the body of an answer to HEAD out by itself and keeps its length.
fn respond(answer: &Answer, digest: Option<&str>) -> Response<Body> {
    let mut builder = Response::builder()
        .status(answer.status)
        .header("docker-distribution-api-version", "registry/2.0")
        .header(header::CONTENT_LENGTH, answer.body.len());
    if !answer.content_type.is_empty() {
        builder = builder.header(header::CONTENT_TYPE, &answer.content_type);
    }
    for (header, value) in &answer.headers {
        builder = builder.header(*header, value);
    }
    if let Some(digest) = digest {
        builder = builder.header(DIGEST_HEADER, digest);
    }
    builder
        .body(Body::from(answer.body.clone()))
        .unwrap_or_default()
}
