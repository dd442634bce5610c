//! The questions that one repository is asked, and what their answers have to be.
//!
//! Invariant: bytes hash to the digest that was asked for and to the one that was served; lists say where they end early;
//! what a registry says in place of a manifest means what it means to the policy.

use std::sync::Arc;

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::Deserialize;
use signature_continuity::digest::Digest;
use signature_continuity::host::resolved;
use signature_continuity::host_error::{Asked, HostError};
use signature_continuity::registry_words::of_response;

use super::image_time::ImageTime;
use super::listing::{self, Listing, Tags};
use super::registry::{Name, RegistryClient};
use super::transport::{RegistryRequest, RegistryResponse};

/// The largest manifest that is read: registries take 4 MiB.
const LARGEST_MANIFEST: usize = 4 * 1024 * 1024;
/// The most pages of one list that are read.
const MOST_PAGES: usize = 32;
/// The largest list of tags that is read, all pages together: ten thousand tags of the longest kind and then some.
const LARGEST_LIST: usize = 4 * 1024 * 1024;
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
                         application/vnd.docker.distribution.manifest.v2+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

#[derive(Deserialize)]
struct TagsPage {
    tags: Option<Vec<String>>,
}

/// One repository, asked.
pub(super) struct RepositoryClient {
    pub(super) name: Name,
    pub(super) client: Arc<RegistryClient>,
    pub(super) image: Option<Arc<ImageTime>>,
    pub(super) absent_messages: Arc<[String]>,
}

impl RepositoryClient {
    pub(super) async fn digest(&self, path: &str) -> Result<Digest, HostError> {
        let head = self.ask(Method::HEAD, self.own(path), MANIFESTS, 0).await?;
        match head.status.as_u16() {
            200 => {
                if let Some(said) = said_digest(&head.headers) {
                    return resolved(said);
                }
            }
            401 | 429 | 500..=599 => return Err(of_status(&head)),
            // Some registries know no HEAD; and what is said in words is said to a GET.
            _ => {}
        }
        Ok(Digest::of(&self.manifest(path, None).await?))
    }

    pub(super) async fn manifest(
        &self,
        path: &str,
        digest: Option<&Digest>,
    ) -> Result<Vec<u8>, HostError> {
        let answer = self
            .ask(Method::GET, self.own(path), MANIFESTS, LARGEST_MANIFEST)
            .await?;
        if answer.status.as_u16() != 200 {
            return Err(self.refused(path, &answer));
        }
        let served = said_digest(&answer.headers).and_then(|said| said.parse::<Digest>().ok());
        let bytes = answer.body.ok_or(HostError::Unusable)?;
        let own = Digest::of(&bytes);
        let as_asked = digest.is_none_or(|digest| *digest == own);
        if as_asked && served.is_none_or(|served| served == own) {
            Ok(bytes)
        } else {
            Err(HostError::Unusable)
        }
    }

    pub(super) async fn blob(&self, digest: &Digest, largest: usize) -> Result<Vec<u8>, HostError> {
        let path = self.own(&format!("blobs/{digest}"));
        let answer = self.read(path, "*/*", largest).await?;
        let bytes = answer.body.ok_or(HostError::Unusable)?;
        if Digest::of(&bytes) == *digest {
            Ok(bytes)
        } else {
            Err(HostError::Unusable)
        }
    }

    pub(super) async fn referrers(&self, path: String) -> Result<Option<Listing>, HostError> {
        let mut listing = Listing::default();
        // All pages together, so that nobody's list costs more than one that comes in one page.
        let mut room = LARGEST_MANIFEST;
        let mut path = self.own(&path);
        for page in 0..MOST_PAGES {
            let answer = self.ask(Method::GET, path, INDEX, room).await?;
            match answer.status.as_u16() {
                200 => {}
                // How registries without the API answer.
                400 | 404 | 405 | 406 | 501 if page == 0 => return Ok(None),
                _ => return Err(of_status(&answer)),
            }
            // And those whose web pages answer to everything.
            if page == 0 && is_web_page(&answer.headers) {
                return Ok(None);
            }
            let Some(body) = answer.body else {
                listing.more = true;
                return Ok(Some(listing));
            };
            room = room.saturating_sub(body.len());
            listing.extend(Listing::from_index(&body));
            match listing::next_page(&answer.headers) {
                None => return Ok(Some(listing)),
                Some(_) if listing.is_full() || room == 0 => break,
                Some(next) => path = next_path(&answer.url, &next)?,
            }
        }
        listing.more = true;
        Ok(Some(listing))
    }

    pub(super) async fn tags(&self, most: usize) -> Result<Tags, HostError> {
        let mut tags = Tags::default();
        let mut room = LARGEST_LIST;
        let mut path = self.own(&format!("tags/list?n={}", most.min(1000)));
        for _ in 0..MOST_PAGES {
            let answer = self.read(path, "application/json", room).await?;
            let Some(body) = answer.body else {
                if tags.listed.is_empty() {
                    return Err(HostError::Unusable);
                }
                break;
            };
            room = room.saturating_sub(body.len());
            let page: TagsPage = serde_json::from_slice(&body).map_err(|_| HostError::Unusable)?;
            // What is no tag can be neither asked for nor shown.
            let mut page = page.tags.into_iter().flatten();
            let mut page = page.by_ref().filter(|tag| checked_tag(tag).is_ok());
            let places = most.saturating_sub(tags.listed.len());
            tags.listed.extend(page.by_ref().take(places));
            let is_cut = page.next().is_some();
            match listing::next_page(&answer.headers) {
                None if !is_cut => return Ok(tags),
                Some(next) if tags.listed.len() < most => path = next_path(&answer.url, &next)?,
                Some(_) | None => break,
            }
        }
        tags.more = true;
        Ok(tags)
    }

    /// GET, where anything but 200 is an error.
    async fn read(
        &self,
        path: String,
        accept: &'static str,
        largest: usize,
    ) -> Result<RegistryResponse, HostError> {
        let answer = self.ask(Method::GET, path, accept, largest).await?;
        if answer.status.as_u16() == 200 {
            Ok(answer)
        } else {
            Err(of_status(&answer))
        }
    }

    async fn ask(
        &self,
        method: Method,
        path: String,
        accept: &'static str,
        largest: usize,
    ) -> Result<RegistryResponse, HostError> {
        let request = RegistryRequest {
            method,
            path,
            accept,
            largest,
        };
        let image = self.image.as_deref();
        self.client.ask(&self.name, &request, image).await
    }

    /// What a registry means that does not serve a manifest: by the policy's own table of words.
    fn refused(&self, path: &str, answer: &RegistryResponse) -> HostError {
        let name = format!("{}/{}", self.name.registry, self.name.path);
        let asked = Asked {
            name: &name,
            reference: path.strip_prefix("manifests/").unwrap_or(path),
        };
        let said = answer.body.as_deref().unwrap_or_default();
        of_response(answer.status.as_u16(), said, &asked, &self.absent_messages)
    }

    fn own(&self, path: &str) -> String {
        format!("v2/{}/{path}", self.name.path)
    }
}

/// A tag that is one: anything else would be another place in the registry.
pub(super) fn checked_tag(tag: &str) -> Result<&str, HostError> {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let fits = tag.len() <= 128
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|b| word(b) || b == b'.' || b == b'-');
    if fits {
        Ok(tag)
    } else {
        Err(HostError::BadReference)
    }
}

/// What a status means where nothing is read of what is said besides.
fn of_status(answer: &RegistryResponse) -> HostError {
    let asked = Asked {
        name: "",
        reference: "",
    };
    of_response(answer.status.as_u16(), &[], &asked, &[])
}

/// What the registry says is the digest of what it serves.
fn said_digest(headers: &HeaderMap) -> Option<&str> {
    headers.get("docker-content-digest")?.to_str().ok()
}

fn is_web_page(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim_start().starts_with("text/html"))
}

/// The next page's address; whether it is the registry's own is looked at when it is asked.
fn next_path(page: &url::Url, next: &str) -> Result<String, HostError> {
    let url = page.join(next).map_err(|_| HostError::Answer)?;
    Ok(url.to_string())
}
