//! Taking `/v2/<name>/…` apart, for repository names of any depth.

/// What a path of the distribution API asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `/v2/`.
    Version,
    /// `/v2/<name>/manifests/<reference>`.
    Manifest {
        repository: String,
        reference: String,
    },
    /// `/v2/<name>/blobs/<digest>`.
    Blob { repository: String, digest: String },
    /// `/v2/<name>/blobs/uploads/`.
    NewUpload { repository: String },
    /// The location that the store gave for an upload.
    Upload,
    /// `/v2/<name>/referrers/<digest>`, which this registry has only where it is switched on.
    Referrers { repository: String, digest: String },
    /// `/v2/<name>/tags/list`.
    Tags { repository: String },
    /// Anything else.
    Unknown,
}

/// The store knows repositories of two components; all blobs live in this one.
pub(super) const STORE: &str = "/v2/shared/store";

impl Route {
    pub(super) fn of(path: &str) -> Self {
        let Some(rest) = path.strip_prefix("/v2") else {
            return Self::Unknown;
        };
        if rest.is_empty() || rest == "/" {
            return Self::Version;
        }
        if path
            .strip_prefix(STORE)
            .is_some_and(|upload| upload.starts_with("/uploads/"))
        {
            return Self::Upload;
        }
        let rest = rest.trim_start_matches('/');
        if let Some(repository) = rest
            .strip_suffix("/blobs/uploads/")
            .or_else(|| rest.strip_suffix("/blobs/uploads"))
        {
            return Self::NewUpload {
                repository: repository.to_owned(),
            };
        }
        if let Some((repository, reference)) = rest.rsplit_once("/manifests/") {
            return Self::Manifest {
                repository: repository.to_owned(),
                reference: reference.to_owned(),
            };
        }
        if let Some((repository, digest)) = rest.rsplit_once("/blobs/") {
            return Self::Blob {
                repository: repository.to_owned(),
                digest: digest.to_owned(),
            };
        }
        if let Some((repository, digest)) = rest.rsplit_once("/referrers/") {
            return Self::Referrers {
                repository: repository.to_owned(),
                digest: digest.to_owned(),
            };
        }
        if let Some(repository) = rest.strip_suffix("/tags/list") {
            return Self::Tags {
                repository: repository.to_owned(),
            };
        }
        Self::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_names_of_any_depth() {
        let manifest = |repository: &str, reference: &str| Route::Manifest {
            repository: repository.to_owned(),
            reference: reference.to_owned(),
        };
        assert_eq!(Route::of("/v2/web/manifests/v1"), manifest("web", "v1"));
        assert_eq!(
            Route::of("/v2/acme/team/api/manifests/sha256:00"),
            manifest("acme/team/api", "sha256:00")
        );
        assert_eq!(
            Route::of("/v2/acme/manifests/manifests/v1"),
            manifest("acme/manifests", "v1")
        );
        assert_eq!(
            Route::of("/v2/acme/api/blobs/uploads/"),
            Route::NewUpload {
                repository: "acme/api".to_owned()
            }
        );
        assert_eq!(
            Route::of("/v2/acme/api/blobs/sha256:00"),
            Route::Blob {
                repository: "acme/api".to_owned(),
                digest: "sha256:00".to_owned()
            }
        );
        assert_eq!(Route::of("/v2/shared/store/uploads/1"), Route::Upload);
        assert_eq!(Route::of("/v2/"), Route::Version);
        assert_eq!(
            Route::of("/v2/acme/api/referrers/sha256:00"),
            Route::Referrers {
                repository: "acme/api".to_owned(),
                digest: "sha256:00".to_owned()
            }
        );
        assert_eq!(
            Route::of("/v2/acme/api/tags/list"),
            Route::Tags {
                repository: "acme/api".to_owned()
            }
        );
        assert_eq!(Route::of("/v2/_catalog"), Route::Unknown);
    }
}
