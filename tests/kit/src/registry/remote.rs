//! Pushing to a registry over HTTP: the embedded one, or any other that is open to everybody.
//!
//! Invariant: a helper returns only when the registry has accepted what was pushed. All of them block,
//! and none of them needs a runtime.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use ureq::{
    Agent, Body,
    http::{Response, header},
};

use crate::sigstore::digest_of;

/// A registry and a client for it.
#[derive(Clone, Debug)]
pub struct Remote {
    base_url: String,
    agent: Agent,
}

impl Remote {
    /// The registry at `base_url`, for example `http://127.0.0.1:5000`.
    #[must_use]
    pub fn new(base_url: &str) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            // Long enough for anything but a registry that will never answer.
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .new_agent();
        Self {
            base_url: base_url.trim_end_matches('/').to_owned(),
            agent,
        }
    }

    /// `http://…`, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Host and port, as image references spell them.
    #[must_use]
    pub fn host(&self) -> &str {
        self.base_url
            .split_once("://")
            .map_or(self.base_url.as_str(), |(_, host)| host)
    }

    /// The full name of a repository here: `HOST/REPOSITORY`.
    #[must_use]
    pub fn name(&self, repository: &str) -> String {
        format!("{}/{repository}", self.host())
    }

    /// The reference of an image here: `HOST/REPOSITORY:TAG` or `HOST/REPOSITORY@DIGEST`.
    #[must_use]
    pub fn image(&self, repository: &str, reference: &str) -> String {
        let separator = if reference.contains(':') { '@' } else { ':' };
        format!("{}/{repository}{separator}{reference}", self.host())
    }

    /// Pushes a manifest, which may be any bytes, and returns its digest.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub fn push_manifest(
        &self,
        repository: &str,
        reference: &str,
        bytes: &[u8],
        media_type: &str,
    ) -> Result<String> {
        let url = format!("{}/v2/{repository}/manifests/{reference}", self.base_url);
        let response = self
            .agent
            .put(&url)
            .header(header::CONTENT_TYPE, media_type)
            .send(bytes)
            .with_context(|| format!("cannot push {url}"))?;
        expect(response, 201, &url)?;
        Ok(digest_of(bytes))
    }

    /// Pushes a blob and returns its digest.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub fn push_blob(&self, repository: &str, bytes: &[u8]) -> Result<String> {
        let digest = digest_of(bytes);
        let url = format!("{}/v2/{repository}/blobs/uploads/", self.base_url);
        let response = self
            .agent
            .post(&url)
            .send_empty()
            .with_context(|| format!("cannot push to {url}"))?;
        let location = self.location(expect(response, 202, &url)?)?;
        // One chunk, then the end: the one way that every registry in use takes.
        let response = self
            .agent
            .patch(&location)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .send(bytes)
            .with_context(|| format!("cannot push to {location}"))?;
        let location = self.location(expect(response, 202, &location)?)?;
        let separator = if location.contains('?') { '&' } else { '?' };
        let location = format!("{location}{separator}digest={digest}");
        let response = self
            .agent
            .put(&location)
            .send_empty()
            .with_context(|| format!("cannot push to {location}"))?;
        expect(response, 201, &location)?;
        Ok(digest)
    }

    /// A manifest's bytes, or nothing where there is none.
    ///
    /// # Errors
    /// When the registry answers anything but 200 and 404.
    pub fn manifest(&self, repository: &str, reference: &str) -> Result<Option<Vec<u8>>> {
        let url = format!("{}/v2/{repository}/manifests/{reference}", self.base_url);
        let accept = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
                      application/vnd.docker.distribution.manifest.list.v2+json, \
                      application/vnd.docker.distribution.manifest.v2+json";
        let response = self
            .agent
            .get(&url)
            .header(header::ACCEPT, accept)
            .call()
            .with_context(|| format!("cannot get {url}"))?;
        if response.status().as_u16() == 404 {
            return Ok(None);
        }
        let mut response = expect(response, 200, &url)?;
        Ok(Some(response.body_mut().read_to_vec()?))
    }

    /// Deletes a tag, or a manifest by its digest. Other registries than the embedded one delete by
    /// digest only, and only where that is enabled.
    ///
    /// # Errors
    /// When there is no such manifest, or the registry refuses.
    pub fn delete(&self, repository: &str, reference: &str) -> Result<()> {
        let url = format!("{}/v2/{repository}/manifests/{reference}", self.base_url);
        let response = self
            .agent
            .delete(&url)
            .call()
            .with_context(|| format!("cannot delete {url}"))?;
        expect(response, 202, &url).map(drop)
    }

    /// Some registries answer with a path, some with a whole address.
    fn location(&self, response: Response<Body>) -> Result<String> {
        let location = response
            .headers()
            .get(header::LOCATION)
            .and_then(|value| value.to_str().ok())
            .context("expected a location for the upload")?;
        Ok(if location.starts_with('/') {
            format!("{}{location}", self.base_url)
        } else {
            location.to_owned()
        })
    }
}

fn expect(mut response: Response<Body>, status: u16, url: &str) -> Result<Response<Body>> {
    let got = response.status().as_u16();
    if got != status {
        let body = response.body_mut().read_to_string().unwrap_or_default();
        bail!("{url}: expected status {status}, got {got}: {body}");
    }
    ensure!(response.status().is_success(), "{url}: expected success");
    Ok(response)
}
