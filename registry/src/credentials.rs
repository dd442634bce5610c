//! Registry credentials, from docker's configuration.
//!
//! Invariant: credentials go to the registry that they are for and are never printed. Without usable ones the registry
//! is asked anonymously, as the host does.

use std::path::PathBuf;

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

    /// The credentials for one registry, as docker finds them.
    #[must_use]
    pub fn login(&self, registry: &str) -> Login {
        let found = match &self.file {
            None => docker_credential::get_credential(registry),
            Some(path) => match std::fs::File::open(path) {
                Ok(file) => docker_credential::get_credential_from_reader(
                    std::io::BufReader::new(file),
                    registry,
                ),
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "no registry credentials");
                    return Login::Anonymous;
                }
            },
        };
        match found {
            Ok(DockerCredential::UsernamePassword(user, password)) => {
                Login::Basic { user, password }
            }
            Ok(DockerCredential::IdentityToken(_)) => {
                tracing::warn!(
                    registry,
                    "identity tokens are not supported; asking anonymously"
                );
                Login::Anonymous
            }
            Err(CredentialRetrievalError::HelperFailure { helper, .. }) => {
                tracing::warn!(
                    registry,
                    helper,
                    "the credential helper failed; asking anonymously"
                );
                Login::Anonymous
            }
            Err(error) => {
                tracing::debug!(registry, %error, "no credentials; asking anonymously");
                Login::Anonymous
            }
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
    fn asks_anonymously_where_the_file_is_missing_or_broken() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.json");
        assert!(Credentials::from_file(&path).login("r.example") == Login::Anonymous);
        std::fs::write(&path, "{").unwrap();
        assert!(Credentials::from_file(&path).login("r.example") == Login::Anonymous);
    }
}
