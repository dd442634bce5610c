//! Where something is pushed to, and by whom: credentials are those that `docker login`, `cosign login` or
//! `helm registry login` left.
//!
//! Invariant: a registry is spoken to with TLS unless somebody asked for less, and what cannot be read of the credentials
//! is no reason to go on as nobody.

use std::future::Future;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use docker_credential::{CredentialRetrievalError, DockerCredential};
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};

#[derive(Debug, Args)]
pub(crate) struct Destination {
    /// Where to: a registry, a repository and a tag.
    reference: String,

    /// Speak HTTP without TLS; for a registry on this machine.
    #[arg(long)]
    plain_http: bool,
}

impl Destination {
    pub(crate) fn client(&self) -> Client {
        Client::new(ClientConfig {
            protocol: if self.plain_http {
                ClientProtocol::Http
            } else {
                ClientProtocol::Https
            },
            ..ClientConfig::default()
        })
    }

    /// With a tag that is written out: what is published is never `latest` by accident.
    pub(crate) fn reference(&self) -> anyhow::Result<Reference> {
        let text = &self.reference;
        let reference: Option<Reference> = text.parse().ok();
        let reference = reference.filter(|reference| {
            reference.digest().is_none()
                && reference
                    .tag()
                    .is_some_and(|tag| text.ends_with(&format!(":{tag}")))
        });
        reference
            .with_context(|| format!("expected a registry, a repository and a tag, got `{text}`"))
    }

    pub(crate) fn wait<T>(
        &self,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(work)
    }
}

/// Nobody's, where none are kept for this registry.
pub(crate) fn credentials(registry: &str) -> anyhow::Result<RegistryAuth> {
    if !logins().is_some_and(|file| file.exists()) {
        return Ok(RegistryAuth::Anonymous);
    }
    match docker_credential::get_credential(registry) {
        Ok(DockerCredential::UsernamePassword(user, password)) => {
            Ok(RegistryAuth::Basic(user, password))
        }
        Ok(DockerCredential::IdentityToken(_)) => {
            bail!(
                "the credentials for {registry} are an identity token: log in with a name and a token"
            )
        }
        Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(RegistryAuth::Anonymous),
        Err(error) => {
            Err(error).with_context(|| format!("cannot read the credentials for {registry}"))
        }
    }
}

/// Where logins are kept; nowhere, where nobody has a home.
fn logins() -> Option<PathBuf> {
    let directory = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let home = || std::env::home_dir().map(|home| home.join(".docker"));
    Some(directory.or_else(home)?.join("config.json"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn parsed(text: &str) -> anyhow::Result<Reference> {
        let destination = Destination {
            reference: text.to_owned(),
            plain_http: false,
        };
        destination.reference()
    }

    #[rstest]
    #[case("ghcr.io/acme/api:v1.0.0", "ghcr.io", "acme/api")]
    #[case("127.0.0.1:5000/api:v1", "127.0.0.1:5000", "api")]
    fn reads_where_to(#[case] text: &str, #[case] registry: &str, #[case] repository: &str) {
        let reference = parsed(text).unwrap();
        assert_eq!(
            (reference.registry(), reference.repository()),
            (registry, repository)
        );
    }

    #[rstest]
    #[case("ghcr.io/acme/api")]
    #[case("127.0.0.1:5000/api")]
    #[case(
        "ghcr.io/acme/api@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )]
    #[case("registry://ghcr.io/acme/api:v1")]
    #[case("")]
    fn rejects_what_names_no_tag(#[case] text: &str) {
        let said = parsed(text).unwrap_err().to_string();
        assert_eq!(
            said,
            format!("expected a registry, a repository and a tag, got `{text}`")
        );
    }
}
