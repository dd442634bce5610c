//! Who a certificate is said to belong to, and what its authority says about the build.
//!
//! Invariant: an [`Identity`] says exactly what it holds; the conveniences fill in what the public
//! authority writes for the same kind of signer today, so that tests meet realistic certificates.

/// GitHub Actions' token issuer.
pub const GITHUB: &str = "https://token.actions.githubusercontent.com";
/// Google's token issuer.
pub const GOOGLE: &str = "https://accounts.google.com";

/// A subject alternative name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectName {
    /// A URI, as workflows have.
    Uri(String),
    /// An e-mail address, as people have.
    Email(String),
    /// A DNS name, which no signer has.
    Dns(String),
}

/// The names and extensions of a leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Subject alternative names; a real leaf has one.
    pub names: Vec<SubjectName>,
    /// The issuer as a raw string (.1).
    pub raw_issuer: Option<String>,
    /// The issuer as a DER string (.8).
    pub issuer: Option<String>,
    /// Further extensions by the last number of their object identifier, 1.3.6.1.4.1.57264.1.N, all
    /// written as DER strings.
    pub extensions: Vec<(u64, String)>,
    /// The early extensions (.2 to .6), written raw.
    pub raw_extensions: Vec<(u64, String)>,
}

impl Identity {
    /// The least that a leaf of the public authority carries: a name and both spellings of the issuer.
    #[must_use]
    pub fn new(issuer: &str, name: SubjectName) -> Self {
        Self {
            names: vec![name],
            raw_issuer: Some(issuer.to_owned()),
            issuer: Some(issuer.to_owned()),
            extensions: Vec::new(),
            raw_extensions: Vec::new(),
        }
    }

    /// Somebody who signed in with a Google account.
    #[must_use]
    pub fn google(email: &str) -> Self {
        Self::new(GOOGLE, SubjectName::Email(email.to_owned()))
    }

    /// A workflow of a GitHub repository that signs for itself: `repository` is `owner/name`,
    /// `workflow` a file name, `git_ref` for example `refs/tags/v1.2.3`.
    #[must_use]
    pub fn github(repository: &str, workflow: &str, git_ref: &str) -> Self {
        Self::workflow(repository, workflow, git_ref, repository, git_ref)
    }

    /// A public reusable workflow at `workflow_ref`, called by the repository `caller` at `caller_ref`.
    #[must_use]
    pub fn reusable(
        workflow_repository: &str,
        workflow: &str,
        workflow_ref: &str,
        caller: &str,
        caller_ref: &str,
    ) -> Self {
        Self::workflow(
            workflow_repository,
            workflow,
            workflow_ref,
            caller,
            caller_ref,
        )
    }

    /// The same identity with extension `number` set to `value`.
    #[must_use]
    pub fn with_extension(mut self, number: u64, value: &str) -> Self {
        self = self.without_extension(number);
        match number {
            1 => self.raw_issuer = Some(value.to_owned()),
            8 => self.issuer = Some(value.to_owned()),
            2..=6 => self.raw_extensions.push((number, value.to_owned())),
            _ => self.extensions.push((number, value.to_owned())),
        }
        self
    }

    /// The same identity without extension `number`.
    #[must_use]
    pub fn without_extension(mut self, number: u64) -> Self {
        match number {
            1 => self.raw_issuer = None,
            8 => self.issuer = None,
            _ => {
                self.extensions.retain(|(own, _)| *own != number);
                self.raw_extensions.retain(|(own, _)| *own != number);
            }
        }
        self
    }

    /// The same identity with another name in place of its own.
    #[must_use]
    pub fn with_name(mut self, name: SubjectName) -> Self {
        self.names = vec![name];
        self
    }

    /// The first name's text.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.names.first().map(|name| match name {
            SubjectName::Uri(text) | SubjectName::Email(text) | SubjectName::Dns(text) => {
                text.as_str()
            }
        })
    }

    fn workflow(
        builder: &str,
        workflow: &str,
        builder_ref: &str,
        source: &str,
        source_ref: &str,
    ) -> Self {
        let builder_uri =
            format!("https://github.com/{builder}/.github/workflows/{workflow}@{builder_ref}");
        let config_uri =
            format!("https://github.com/{source}/.github/workflows/{workflow}@{source_ref}");
        let owner = source.split('/').next().unwrap_or(source);
        let commit = commit_of(source, source_ref);
        let mut identity = Self::new(GITHUB, SubjectName::Uri(builder_uri.clone()));
        identity.raw_extensions = [
            (2, "push"),
            (3, &commit),
            (4, "Release"),
            (5, source),
            (6, source_ref),
        ]
        .map(|(number, value)| (number, value.to_owned()))
        .to_vec();
        identity.extensions = vec![
            (9, builder_uri),
            (10, commit_of(builder, builder_ref)),
            (11, "github-hosted".to_owned()),
            (12, format!("https://github.com/{source}")),
            (13, commit.clone()),
            (14, source_ref.to_owned()),
            (15, numeric_id(source)),
            (16, format!("https://github.com/{owner}")),
            (17, numeric_id(owner)),
            (18, config_uri),
            (19, commit),
            (20, "push".to_owned()),
            (
                21,
                format!(
                    "https://github.com/{source}/actions/runs/{}/attempts/1",
                    numeric_id(source_ref)
                ),
            ),
            (22, "public".to_owned()),
        ];
        identity
    }
}

/// A number that stays the same for the same name, as GitHub's numeric ids do.
fn numeric_id(name: &str) -> String {
    let sum = name.bytes().fold(7_u64, |sum, byte| {
        (sum * 31 + u64::from(byte)) % 900_000_000
    });
    (100_000_000 + sum).to_string()
}

/// A commit that stays the same for the same repository and reference.
fn commit_of(repository: &str, git_ref: &str) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(format!("{repository}@{git_ref}")))
        .chars()
        .take(40)
        .collect()
}
