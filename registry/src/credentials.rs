//! Registry credentials, from docker's configuration.
//!
//! Invariant: credentials go to the registry, and the part of it, that they are for and are never printed. Without usable
//! ones the registry is asked anonymously, as the host does.

mod keys;

use std::fmt;
use std::path::{Path, PathBuf};

use docker_credential::{CredentialRetrievalError, DockerCredential};

/// Where credentials come from.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    file: Option<PathBuf>,
}

/// How to log in to one registry.
#[derive(Clone, PartialEq, Eq)]
pub enum Login {
    /// Without credentials.
    Anonymous,
    /// By name and password.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
    /// By a refresh token, which the registry's authorization server exchanges for another one.
    IdentityToken(String),
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Basic { .. } => "Basic",
            Self::IdentityToken(_) => "IdentityToken",
        })
    }
}

impl Credentials {
    /// Docker's own places: `$DOCKER_CONFIG/config.json`, or below the home directory.
    #[must_use]
    pub fn of_user() -> Self {
        Self { file: None }
    }

    /// A file like docker's `config.json`, or the directory that it is in.
    #[must_use]
    pub fn from_file(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self {
            file: Some(if path.is_dir() {
                path.join("config.json")
            } else {
                path
            }),
        }
    }

    /// The credentials for one registry, as docker and the module's host find them.
    #[must_use]
    pub fn login(&self, registry: &str) -> Login {
        self.login_by(registry)
    }

    /// The name in the configuration by which credentials for a repository are found, as kubelet finds them: the longest
    /// path that begins the repository's name; the registry, where no such path is there. What has the same name has the
    /// same credentials.
    pub(crate) fn name_for(&self, registry: &str, path: &str) -> String {
        let text = self.path().and_then(|path| std::fs::read(path).ok());
        text.and_then(|text| keys::longest(&text, registry, path))
            .unwrap_or_else(|| registry.to_owned())
    }

    /// The credentials under a name. Where it is a registry's, that registry's credential helper is asked.
    pub(crate) fn login_by(&self, name: &str) -> Login {
        let Some(path) = self.path() else {
            return Login::Anonymous;
        };
        let found = match std::fs::File::open(&path) {
            Ok(file) => {
                docker_credential::get_credential_from_reader(std::io::BufReader::new(file), name)
            }
            Err(error) => {
                self.tell_unreadable(&path, &error);
                return Login::Anonymous;
            }
        };
        match found {
            Ok(DockerCredential::UsernamePassword(user, password)) => {
                Login::Basic { user, password }
            }
            Ok(DockerCredential::IdentityToken(token)) => Login::IdentityToken(token),
            Err(CredentialRetrievalError::HelperFailure { helper, .. }) => {
                tracing::warn!(
                    registry = name,
                    helper,
                    "the credential helper failed; asking anonymously"
                );
                Login::Anonymous
            }
            Err(error) => {
                tracing::debug!(registry = name, %error, "no credentials; asking anonymously");
                Login::Anonymous
            }
        }
    }

    fn path(&self) -> Option<PathBuf> {
        self.file.clone().or_else(|| {
            let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".docker"));
            let directory = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
            Some(directory.or_else(home)?.join("config.json"))
        })
    }

    fn tell_unreadable(&self, path: &Path, error: &std::io::Error) {
        // That nobody ever logged in is no news; that a file is not there which somebody named is.
        if self.file.is_some() {
            tracing::warn!(path = %path.display(), %error, "no registry credentials");
        } else {
            tracing::debug!(path = %path.display(), %error, "no registry credentials");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn finds_the_login_of_a_registry_in_a_file_or_its_directory() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.json");
        std::fs::write(
            &path,
            r#"{"auths": {"r.example:5000": {"auth": "dXNlcjpwYXNz"}}}"#,
        )
        .unwrap();
        let expected = Login::Basic {
            user: "user".to_owned(),
            password: "pass".to_owned(),
        };
        for place in [path.as_path(), directory.path()] {
            let credentials = Credentials::from_file(place);
            assert!(credentials.login("r.example:5000") == expected);
            assert!(credentials.login("other.example") == Login::Anonymous);
        }
    }

    #[test]
    fn credentials_of_a_path_are_for_what_is_below_it() {
        let directory = tempfile::tempdir().unwrap();
        let auths = serde_json::json!({"auths": {
            "r.example": {"username": "all", "password": "p"},
            "r.example/acme": {"username": "acme", "password": "p"},
            "r.example/acme/private": {"identitytoken": "refresh"},
        }});
        std::fs::write(directory.path().join("config.json"), auths.to_string()).unwrap();
        let credentials = Credentials::from_file(directory.path());
        let of = |path: &str| credentials.login_by(&credentials.name_for("r.example", path));
        let by = |user: &str| Login::Basic {
            user: user.to_owned(),
            password: "p".to_owned(),
        };
        assert!(of("acme/api") == by("acme"));
        assert!(of("acmeevil/api") == by("all"));
        assert!(of("acme/private/x") == Login::IdentityToken("refresh".to_owned()));
        assert!(credentials.login("r.example") == by("all"));
    }

    #[test]
    fn asks_anonymously_where_the_file_is_missing_or_broken() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.json");
        assert!(Credentials::from_file(&path).login("r.example") == Login::Anonymous);
        std::fs::write(&path, "{").unwrap();
        assert!(Credentials::from_file(&path).login("r.example") == Login::Anonymous);
    }
}
