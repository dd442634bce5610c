//! Why an API server did not do what it was asked.
//!
//! Invariant: only a server's own `NotFound` about that very resource is absent; a 404 of anything else in between is
//! not. Texts of the server are cleaned and cut.

use kube::core::Status;
use kube::core::response::reason;
use signature_continuity::clean::{SHOWN, clean};

use super::question::Question;
use crate::output::cause;

/// Why an API server did not answer with what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// There is no such object.
    #[error("cannot {question}: there is none")]
    Absent {
        /// What was asked.
        question: String,
    },
    /// There is nothing of that kind at this address: an older server, or something else than an API server.
    #[error("cannot {question}: {cluster} does not serve them")]
    Unserved {
        /// What was asked.
        question: String,
        /// By which name the cluster is known here.
        cluster: String,
    },
    /// It is there already, or it is another version by now.
    #[error("cannot {question}: somebody else was first")]
    Conflict {
        /// What was asked.
        question: String,
    },
    /// The place in a long list is no longer known: to be listed anew.
    #[error("cannot {question}: the list changed too often meanwhile; try again")]
    Expired {
        /// What was asked.
        question: String,
    },
    /// The account lacks a permission.
    #[error("{who} may not {question}: {grant}")]
    Forbidden {
        /// The account, cleaned.
        who: String,
        /// What was asked.
        question: String,
        /// What grants it.
        grant: String,
    },
    /// Anything else; says what to do.
    #[error("{what}")]
    Failed {
        /// What failed, and the way out.
        what: String,
        /// Why.
        #[source]
        source: Option<anyhow::Error>,
    },
}

impl ClusterError {
    /// From the client's error, for people.
    pub(crate) fn new(error: kube::Error, question: &Question, cluster: &str) -> Self {
        if let kube::Error::Api(status) = error {
            return Self::refused(&status, question, cluster);
        }
        let why = cause::cause(&error).unwrap_or_else(|| clean(&error.to_string(), SHOWN));
        Self::Failed {
            what: format!(
                "cannot {question}: the API server of {cluster} did not answer ({why}); see that `kubectl get --raw /readyz` does"
            ),
            source: Some(error.into()),
        }
    }

    fn refused(status: &Status, question: &Question, cluster: &str) -> Self {
        let said = clean(&status.message, SHOWN * 2);
        let failed = |what| Self::Failed { what, source: None };
        match (status.code, status.reason.as_str()) {
            (404, _) if is_about(status, "namespaces") => failed(format!(
                "cannot {question}: there is no such namespace; create it (`kubectl create namespace {}`)",
                question.namespace.as_deref().unwrap_or_default()
            )),
            (404, reason::NOT_FOUND) if is_about(status, question.resource) => Self::Absent {
                question: question.to_string(),
            },
            (404, _) => Self::Unserved {
                question: question.to_string(),
                cluster: cluster.to_owned(),
            },
            (409, _) | (_, reason::ALREADY_EXISTS) => Self::Conflict {
                question: question.to_string(),
            },
            (410, _) => Self::Expired {
                question: question.to_string(),
            },
            (401, _) => failed(format!(
                "cannot {question}: the API server of {cluster} does not accept these credentials; log in again, or name another context (kubernetes:CONTEXT)"
            )),
            // Admission refuses with the same code, but about the object and not about a verb.
            (403, _)
                if status
                    .message
                    .contains(&format!("cannot {} ", question.verb)) =>
            {
                let user = user_named(&status.message);
                Self::Forbidden {
                    who: clean(
                        if user.is_empty() {
                            "this account"
                        } else {
                            user
                        },
                        SHOWN,
                    ),
                    question: question.to_string(),
                    grant: format!("grant it: {}", question.grant(user)),
                }
            }
            (code, _) => failed(format!(
                "cannot {question}: the API server of {cluster} refused ({code}): {said}"
            )),
        }
    }
}

/// Which resource an answer is about; for a 404 of something to be created, the namespace that it was to be put into.
fn is_about(status: &Status, resource: &str) -> bool {
    status
        .details
        .as_ref()
        .is_some_and(|details| details.kind == resource)
}

/// From `configmaps is forbidden: User "ada" cannot list resource …`.
fn user_named(message: &str) -> &str {
    message
        .split_once("User \"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or("", |(user, _)| user)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn question() -> Question {
        Question::about_config_map("update", "ns", "a")
    }

    fn status(code: u16, reason: &str, message: &str) -> kube::Error {
        kube::Error::Api(
            Status {
                code,
                reason: reason.to_owned(),
                message: message.to_owned(),
                ..Status::default()
            }
            .boxed(),
        )
    }

    #[rstest]
    #[case::no_kind(
        404,
        "NotFound",
        "the server could not find the requested resource",
        "does not serve them"
    )]
    #[case::no_api_server(404, "Failed to parse error data", "<html>", "does not serve them")]
    #[case::conflict(
        409,
        "Conflict",
        "the object has been modified",
        "somebody else was first"
    )]
    #[case::race(409, "AlreadyExists", "exists", "somebody else was first")]
    #[case::credentials(
        401,
        "Unauthorized",
        "Unauthorized",
        "does not accept these credentials"
    )]
    #[case::role(
        403,
        "Forbidden",
        "configmaps \"a\" is forbidden: User \"ada\" cannot update resource \"configmaps\" in API group \"\" in the namespace \"ns\"",
        "ada may not update configmaps a in namespace ns: grant it: `kubectl --namespace ns create rolebinding"
    )]
    #[case::admission(
        403,
        "Forbidden",
        "admission webhook \"guard\" denied the request:\u{202e} no",
        "refused (403): admission webhook \"guard\" denied the request:? no"
    )]
    fn says_what_happened(
        #[case] code: u16,
        #[case] reason: &str,
        #[case] message: &str,
        #[case] expected: &str,
    ) {
        let error = ClusterError::new(status(code, reason, message), &question(), "kubernetes");
        let text = error.to_string();
        assert!(text.contains(expected), "{text}");
    }
}
