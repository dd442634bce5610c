//! The trust root for native verification, and how old it is.
//!
//! Invariant: it comes from the same source as the host's. The public root is fetched through TUF; where that fails, the
//! root that the program was built with stands in, and that is said aloud with its age.

use chrono::{DateTime, Utc};
use signature_continuity::certificate::CertificateFacts;
use signature_continuity::clean::{SHOWN, clean};
use signature_continuity::pem;
use signature_continuity::settings::{CertificateChain, EXPIRES_SOON};
use sigstore_trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot, TufConfig};

use super::{PATIENCE, TrustSource, cache_directory};
use crate::runtime;

/// A trust root, and where it came from.
#[derive(Debug, Clone)]
pub struct TrustMaterial {
    /// The root itself; nothing where there is none to be had.
    pub root: Option<TrustedRoot>,
    name: String,
    as_of: Option<DateTime<Utc>>,
}

/// What signatures were held against, for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustRoot {
    /// For people: `the public-good instance`, or the file.
    pub name: String,
    /// When it was fetched or written, where that is known.
    pub as_of: Option<DateTime<Utc>>,
    /// When the first of its certificates or keys in use ends.
    pub expires: Option<DateTime<Utc>>,
}

impl TrustRoot {
    /// Whether the first of its parts in use has ended.
    #[must_use]
    pub fn has_ended(&self, now: DateTime<Utc>) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }

    /// Whether that is so soon that people are told.
    #[must_use]
    pub fn ends_soon(&self, now: DateTime<Utc>) -> bool {
        self.expires
            .is_some_and(|end| end > now && end - now <= EXPIRES_SOON)
    }
}

impl TrustSource {
    /// The material, fetched where it has to be. It waits for that, so it is not for asynchronous code.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn material(&self) -> std::io::Result<TrustMaterial> {
        match self {
            Self::Nothing => Ok(TrustMaterial {
                root: None,
                name: "no trust root".to_owned(),
                as_of: None,
            }),
            Self::Given(given) => {
                let (path, written) = given.file.clone().unzip();
                Ok(TrustMaterial {
                    root: Some(given.trusted_root.clone()),
                    name: path.map_or_else(
                        || "a given trust root".to_owned(),
                        |path| clean(&path.display().to_string(), SHOWN),
                    ),
                    as_of: written.flatten(),
                })
            }
            Self::PublicGood => {
                runtime::start()?;
                let fetched =
                    runtime::wait(fetch()).unwrap_or_else(|_| Err("the client failed".to_owned()));
                Ok(of_public_good(fetched, Utc::now()))
            }
        }
    }
}

fn of_public_good(fetched: Result<TrustedRoot, String>, now: DateTime<Utc>) -> TrustMaterial {
    match fetched {
        Ok(root) => TrustMaterial {
            root: Some(root),
            name: "the public-good instance".to_owned(),
            as_of: Some(now),
        },
        Err(reason) => {
            let root = TrustedRoot::from_json(SIGSTORE_PRODUCTION_TRUSTED_ROOT).ok();
            // It does not say when it was taken; its newest part is the earliest that it can be.
            let as_of = root.as_ref().and_then(newest_start);
            tracing::warn!(
                reason,
                newest_part_days = as_of.map(|as_of| (now - as_of).num_days()),
                "the public Sigstore trust root cannot be fetched: the one that this program was built with stands in; \
                 give one with --sigstore-trust-config"
            );
            TrustMaterial {
                root,
                name: "the public-good instance, as built in".to_owned(),
                as_of,
            }
        }
    }
}

async fn fetch() -> Result<TrustedRoot, String> {
    let config = || match cache_directory() {
        Some(directory) => TufConfig::production().with_cache_dir(directory),
        None => TufConfig::production().without_cache(),
    };
    let online = tokio::time::timeout(PATIENCE, TrustedRoot::from_tuf(config())).await;
    let reason = match online {
        Ok(Ok(root)) => return Ok(root),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
    };
    // What was fetched before is as good while its own expiry allows.
    match TrustedRoot::from_tuf(config().offline()).await {
        Ok(root) => Ok(root),
        Err(_) => Err(reason),
    }
}

impl TrustMaterial {
    /// For the inventory: its name, how old it is, and when the first part of it that is in use ends.
    #[must_use]
    pub fn describe(&self, now: DateTime<Utc>) -> TrustRoot {
        TrustRoot {
            name: self.name.clone(),
            as_of: self.as_of,
            expires: self.root.as_ref().and_then(|root| first_end(root, now)),
        }
    }

    /// The certificate authorities that are in use at `now`, or will be; without a time, all that ever were. As settings
    /// have them: intermediates first, root last. What is no such chain issues nothing that a policy could accept, and is
    /// left out.
    #[must_use]
    pub fn authorities(&self, now: Option<DateTime<Utc>>) -> Vec<CertificateChain> {
        let Some(root) = &self.root else {
            return Vec::new();
        };
        let now = now.map(|now| now.timestamp());
        root.certificate_authorities
            .iter()
            .filter(|authority| {
                let end = authority.valid_for.as_ref().and_then(|range| range.end);
                end.zip(now).is_none_or(|(end, now)| end.as_second() >= now)
            })
            .filter_map(|authority| {
                let blocks = authority.cert_chain.certificates.iter();
                let pem: String = blocks
                    .map(|certificate| pem::encode("CERTIFICATE", certificate.raw_bytes.as_bytes()))
                    .collect();
                CertificateChain::from_pem(&pem).ok()
            })
            .collect()
    }
}

/// Start and end in seconds.
type Window = (i64, Option<i64>);

fn windows(root: &TrustedRoot) -> Vec<Window> {
    let window = |range: &sigstore_types::TimeRange| {
        (
            range.start.as_second(),
            range.end.map(|end| end.as_second()),
        )
    };
    let authorities = root.certificate_authorities.iter().map(|authority| {
        let (start, end) = authority
            .valid_for
            .as_ref()
            .map_or((i64::MIN, None), window);
        // A chain ends with the first of its certificates.
        let certificates = authority.cert_chain.certificates.iter();
        let ends = certificates
            .filter_map(|certificate| {
                CertificateFacts::from_der(certificate.raw_bytes.as_bytes()).ok()
            })
            .map(|facts| facts.not_after.timestamp());
        (start, end.into_iter().chain(ends).min())
    });
    let logs = root
        .tlogs
        .iter()
        .filter_map(|log| log.public_key.valid_for.as_ref().map(window));
    authorities.chain(logs).collect()
}

/// The earliest end among what is in use: what ended before is kept for old signatures only.
fn first_end(root: &TrustedRoot, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let now = now.timestamp();
    windows(root)
        .into_iter()
        .filter(|(start, _)| *start <= now)
        .filter_map(|(_, end)| end.filter(|end| *end >= now))
        .min()
        .and_then(|end| DateTime::from_timestamp(end, 0))
}

fn newest_start(root: &TrustedRoot) -> Option<DateTime<Utc>> {
    windows(root)
        .into_iter()
        .map(|(start, _)| start)
        .filter(|start| *start > i64::MIN)
        .max()
        .and_then(|start| DateTime::from_timestamp(start, 0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_built_in_root_stands_in_and_says_its_age() {
        let now = DateTime::parse_from_rfc3339("2026-11-24T00:00:00Z")
            .unwrap()
            .to_utc();
        let material = of_public_good(Err("no network".to_owned()), now);
        assert!(material.root.is_some());
        let described = material.describe(now);
        assert_eq!(described.name, "the public-good instance, as built in");
        assert!(described.as_of.unwrap() < now);
        // The public root of 2021 ended; the chain in use is of 2022, for ten years.
        assert!(described.expires.unwrap() > now);
    }

    #[test]
    fn the_public_roots_authorities_are_those_of_the_settings_default() {
        let now = DateTime::parse_from_rfc3339("2026-11-24T00:00:00Z")
            .unwrap()
            .to_utc();
        let material = of_public_good(Err("no network".to_owned()), now);
        let known = CertificateChain::public_good();
        assert_eq!(material.authorities(None), known);
        // That of 2021 issues no more.
        assert_eq!(material.authorities(Some(now)), known.get(1..).unwrap());
        let nothing = TrustSource::Nothing.material().unwrap();
        assert!(nothing.authorities(None).is_empty());
    }

    #[test]
    fn an_end_is_told_two_weeks_ahead() {
        let now = Utc::now();
        let ending = |days| TrustRoot {
            expires: Some(now + chrono::TimeDelta::days(days)),
            ..TrustRoot::default()
        };
        assert!(ending(14).ends_soon(now) && !ending(14).has_ended(now));
        assert!(!ending(15).ends_soon(now));
        assert!(ending(-1).has_ended(now) && !ending(-1).ends_soon(now));
        assert!(!TrustRoot::default().has_ended(now));
    }

    #[test]
    fn nothing_in_use_has_no_end() {
        let material = TrustSource::Nothing.material().unwrap();
        assert!(material.root.is_none());
        assert_eq!(material.describe(Utc::now()).expires, None);
    }
}
