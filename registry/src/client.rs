//! A registry client for reading what was pushed, by whomever: digests, manifests, blobs, referrers, tags.
//!
//! Invariant: bytes are what their digest says, or an error; nothing is read beyond a bound; errors are classified, and
//! only a 404 to the question itself is "absent". Methods block, and may be called from any thread.

mod attempt;
mod authorization;
mod image_time;
mod limits;
mod listing;
mod registry;
mod repository;
mod taken;
mod throttle;
mod token;
mod transport;

use std::sync::Arc;

use signature_continuity::digest::Digest;
use signature_continuity::host::Place;
use signature_continuity::host_error::{HostError, Outage};
use tokio::time::{Instant, timeout_at};

use crate::{Credentials, Sources, runtime};
use image_time::ImageTime;
use registry::{Name, RegistryClient};
use repository::{RepositoryClient, checked_tag};

pub use limits::RequestLimits;
pub use listing::{Listing, Referrer, Tags, platforms};
pub use taken::hosts_take;

/// All registries, read through one client. Clones share everything but their time.
#[derive(Debug, Clone)]
pub struct Registries {
    client: Arc<RegistryClient>,
    /// The time that one image has, where it asks for one.
    image: Option<Arc<ImageTime>>,
    /// Words of registries for "no such tag", besides the status that says so.
    absent_messages: Arc<[String]>,
}

impl Registries {
    /// A client; nothing is asked yet.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(
        sources: Sources,
        credentials: Credentials,
        limits: RequestLimits,
    ) -> std::io::Result<Self> {
        runtime::start()?;
        Ok(Self {
            client: Arc::new(RegistryClient::new(sources, credentials, limits)),
            image: None,
            absent_messages: Arc::default(),
        })
    }

    /// The same client for one image, which has so much time ([`RequestLimits::image`]). After it nothing is answered.
    /// A registry that refuses a manifest in one of `absent_messages` says that there is none.
    #[must_use]
    pub fn for_one_image(&self, absent_messages: &[String]) -> Self {
        Self {
            image: Some(Arc::new(ImageTime::new(self.client.limits.image))),
            absent_messages: absent_messages.into(),
            ..self.clone()
        }
    }

    /// The registries that did not answer and are not asked again in this run.
    #[must_use]
    pub fn given_up(&self) -> Vec<String> {
        self.client.given_up()
    }

    /// Why the registry of the repository `name` was not reached, the last time that it was not: in one clause.
    #[must_use]
    pub fn cause(&self, name: &str) -> Option<String> {
        self.client.cause(&Name::parse(name).ok()?)
    }

    /// The digest of `name:tag`.
    ///
    /// # Errors
    /// [`HostError::Absent`] only when the registry says so.
    pub fn digest(&self, name: &str, tag: &str) -> Result<Digest, HostError> {
        let repository = self.repository(name)?;
        let path = format!("manifests/{}", checked_tag(tag)?);
        self.wait(repository, move |repository| async move {
            repository.digest(&path).await
        })
    }

    /// The bytes of a manifest or index, as they are served.
    ///
    /// # Errors
    /// [`HostError::Absent`] only when the registry says so; [`HostError::Unusable`] when they are not what the digest
    /// says, or too many.
    pub fn manifest(&self, name: &str, place: &Place<'_>) -> Result<Vec<u8>, HostError> {
        let repository = self.repository(name)?;
        let (digest, reference) = match place {
            Place::Digest(digest) => (Some((*digest).clone()), digest.as_str()),
            Place::Tag(tag) => (None, checked_tag(tag)?),
        };
        let path = format!("manifests/{reference}");
        self.wait(repository, move |repository| async move {
            repository.manifest(&path, digest.as_ref()).await
        })
    }

    /// The bytes of a blob of at most `largest` bytes.
    ///
    /// # Errors
    /// As [`Self::manifest`].
    pub fn blob(&self, name: &str, digest: &Digest, largest: usize) -> Result<Vec<u8>, HostError> {
        let repository = self.repository(name)?;
        let digest = digest.clone();
        self.wait(repository, move |repository| async move {
            repository.blob(&digest, largest).await
        })
    }

    /// What refers to an image, by the referrers API (OCI distribution spec 1.1); `None` where the registry has none.
    ///
    /// # Errors
    /// When the registry did not answer.
    pub fn referrers(&self, name: &str, digest: &Digest) -> Result<Option<Listing>, HostError> {
        let repository = self.repository(name)?;
        let path = format!("referrers/{digest}");
        self.wait(repository, move |repository| async move {
            repository.referrers(path).await
        })
    }

    /// What refers to an image, by the tag that stands in for the referrers API; `None` where there is none.
    ///
    /// # Errors
    /// When the registry did not answer.
    pub fn referrers_tag(&self, name: &str, digest: &Digest) -> Result<Option<Listing>, HostError> {
        match self.manifest(name, &Place::Tag(&digest.referrers_tag())) {
            Ok(json) => Ok(Some(Listing::from_index(&json))),
            Err(HostError::Absent) => Ok(None),
            Err(HostError::Unusable) => Ok(Some(Listing::unreadable())),
            Err(error) => Err(error),
        }
    }

    /// The first `most` tags of a repository, in the registry's order, and whether there are more.
    ///
    /// # Errors
    /// When the registry did not answer, or with something that is no list.
    pub fn tags(&self, name: &str, most: usize) -> Result<Tags, HostError> {
        let repository = self.repository(name)?;
        self.wait(repository, move |repository| async move {
            repository.tags(most).await
        })
    }

    fn repository(&self, name: &str) -> Result<RepositoryClient, HostError> {
        Ok(RepositoryClient {
            name: Name::parse(name)?,
            client: Arc::clone(&self.client),
            image: self.image.clone(),
            absent_messages: Arc::clone(&self.absent_messages),
        })
    }

    /// Runs `work` to its end, or to that of the run's time, on the runtime. If it panics that is no answer.
    fn wait<T: Send + 'static, F>(
        &self,
        repository: RepositoryClient,
        work: impl FnOnce(RepositoryClient) -> F,
    ) -> Result<T, HostError>
    where
        F: Future<Output = Result<T, HostError>> + Send + 'static,
    {
        let work = work(repository);
        let end = self.client.end;
        let answer = runtime::wait(async move {
            match end {
                None => work.await,
                Some(end) if end <= Instant::now() => Err(HostError::Outage(Outage::Unreachable)),
                Some(end) => timeout_at(end, work)
                    .await
                    .unwrap_or(Err(HostError::Outage(Outage::Unreachable))),
            }
        });
        answer.unwrap_or(Err(HostError::Answer))
    }
}
