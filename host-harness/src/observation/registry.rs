//! A registry client for reading what was pushed, by whomever: digests, manifests, blobs, referrers, tags.
//!
//! Invariant: bytes are what their digest says, or an error; nothing is read beyond a bound; errors are classified, and
//! only a 404 to the question itself is "absent". Methods block, and may be called from any thread.

mod asker;
mod conversation;
mod gate;
mod limits;
mod listing;
mod token;
mod transport;

use std::sync::{Arc, mpsc};

use signature_continuity::digest::Digest;
use signature_continuity::host::Place;
use signature_continuity::host_error::{HostError, Outage};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, timeout_at};

use crate::capabilities::{Credentials, Sources};
use asker::{Asker, checked_tag};
use conversation::{Conversation, Name};

pub use limits::Limits;
pub use listing::{Listing, Referrer, platforms};

/// All registries, read through one client. Clones share everything but their time.
#[derive(Debug, Clone)]
pub struct Registry {
    threads: Arc<Threads>,
    conversation: Arc<Conversation>,
    /// Until when it asks.
    until: Option<Instant>,
}

#[derive(Debug)]
struct Threads {
    // Only taken when it is dropped.
    runtime: Option<Runtime>,
}

impl Registry {
    /// A client; nothing is asked yet.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(
        sources: Sources,
        credentials: Credentials,
        limits: Limits,
    ) -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("registries")
            .enable_all()
            .build()?;
        Ok(Self {
            threads: Arc::new(Threads {
                runtime: Some(runtime),
            }),
            conversation: Arc::new(Conversation::new(sources, credentials, limits)),
            until: None,
        })
    }

    /// The same client for one image, whose time ([`Limits::image`]) begins now. After it nothing is answered.
    #[must_use]
    pub fn for_one_image(&self) -> Self {
        Self {
            until: self.conversation.deadline(),
            ..self.clone()
        }
    }

    /// The registries that did not answer and are not asked again in this run.
    #[must_use]
    pub fn given_up(&self) -> Vec<String> {
        self.conversation.given_up()
    }

    /// The digest of `name:tag`.
    ///
    /// # Errors
    /// [`HostError::Absent`] only when the registry says so.
    pub fn digest(&self, name: &str, tag: &str) -> Result<Digest, HostError> {
        let asker = self.asker(name)?;
        let path = format!("manifests/{}", checked_tag(tag)?);
        self.wait(asker, move |asker| async move { asker.digest(&path).await })
    }

    /// The bytes of a manifest or index, as they are served.
    ///
    /// # Errors
    /// [`HostError::Absent`] only when the registry says so; [`HostError::Unusable`] when they are not what the digest
    /// says, or too many.
    pub fn manifest(&self, name: &str, place: &Place<'_>) -> Result<Vec<u8>, HostError> {
        let asker = self.asker(name)?;
        let (digest, reference) = match place {
            Place::Digest(digest) => (Some((*digest).clone()), digest.as_str()),
            Place::Tag(tag) => (None, checked_tag(tag)?),
        };
        let path = format!("manifests/{reference}");
        self.wait(asker, move |asker| async move {
            asker.manifest(&path, digest.as_ref()).await
        })
    }

    /// The bytes of a blob of at most `largest` bytes.
    ///
    /// # Errors
    /// As [`Self::manifest`].
    pub fn blob(&self, name: &str, digest: &Digest, largest: usize) -> Result<Vec<u8>, HostError> {
        let asker = self.asker(name)?;
        let digest = digest.clone();
        self.wait(asker, move |asker| async move {
            asker.blob(&digest, largest).await
        })
    }

    /// What refers to an image, by the referrers API (OCI distribution spec 1.1); `None` where the registry has none.
    ///
    /// # Errors
    /// When the registry did not answer.
    pub fn referrers(&self, name: &str, digest: &Digest) -> Result<Option<Listing>, HostError> {
        let asker = self.asker(name)?;
        let path = format!("referrers/{digest}");
        self.wait(
            asker,
            move |asker| async move { asker.referrers(path).await },
        )
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

    /// The first `most` tags of a repository, in the registry's order.
    ///
    /// # Errors
    /// When the registry did not answer, or with something that is no list.
    pub fn tags(&self, name: &str, most: usize) -> Result<Vec<String>, HostError> {
        let asker = self.asker(name)?;
        self.wait(asker, move |asker| async move { asker.tags(most).await })
    }

    fn asker(&self, name: &str) -> Result<Asker, HostError> {
        Ok(Asker {
            name: Name::parse(name)?,
            conversation: Arc::clone(&self.conversation),
        })
    }

    /// Runs `work` to its end, or to that of the image's time, on the runtime. If it panics that is no answer.
    fn wait<T: Send + 'static, F>(
        &self,
        asker: Asker,
        work: impl FnOnce(Asker) -> F,
    ) -> Result<T, HostError>
    where
        F: Future<Output = Result<T, HostError>> + Send + 'static,
    {
        let lost = HostError::Outage(Outage::Other);
        let Some(runtime) = &self.threads.runtime else {
            return Err(lost);
        };
        let work = work(asker);
        let until = self.until;
        let (sender, receiver) = mpsc::sync_channel(1);
        runtime.spawn(async move {
            let answer = match until {
                None => work.await,
                Some(until) if until <= Instant::now() => {
                    Err(HostError::Outage(Outage::Unreachable))
                }
                // The image's own loss: it may be large, or have waited for others.
                Some(until) => timeout_at(until, work)
                    .await
                    .unwrap_or(Err(HostError::Outage(Outage::Unreachable))),
            };
            // Nobody is left to be told.
            let _ = sender.send(answer);
        });
        receiver.recv().unwrap_or(Err(lost))
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Waiting for requests that are under way would hold up whoever drops this, and panic in async code.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
