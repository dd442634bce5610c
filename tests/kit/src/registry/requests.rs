//! What the registry was asked, for tests that count calls.

/// What a request was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// The version check, `/v2/`.
    Version,
    /// A manifest, by tag or digest.
    Manifest,
    /// A blob, or the upload of one.
    Blob,
    /// What refers to an image.
    Referrers,
    /// The list of tags.
    Tags,
    /// Anything else.
    Other,
}

/// One request and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// `GET`, `HEAD`, `PUT` and so on.
    pub method: String,
    /// What it was about.
    pub resource: Resource,
    /// The repository; empty where there is none.
    pub repository: String,
    /// Tag or digest; empty where there is none.
    pub reference: String,
    /// The status that was answered; nothing while a request hangs or where the asker gave up.
    pub status: Option<u16>,
}

impl Seen {
    /// Whether the request asked for something, in place of pushing it.
    #[must_use]
    pub fn is_read(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD")
    }
}
