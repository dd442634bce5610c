//! What is asked of an API server, in the words of its permissions.
//!
//! Invariant: the command that a message offers grants what was refused, and no more than a role of `deploy/` has.

use std::fmt;

/// A request, as RBAC sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// `get`, `list`, `create`, `update`.
    pub(crate) verb: &'static str,
    /// `configmaps`, `pods`.
    pub(crate) resource: &'static str,
    /// The namespace; `None` is all of them.
    pub(crate) namespace: Option<String>,
    /// The object's name, where it is about one.
    pub(crate) name: Option<String>,
}

impl Question {
    pub(crate) fn list(resource: &'static str, namespace: Option<&str>) -> Self {
        Self {
            verb: "list",
            resource,
            namespace: namespace.map(str::to_owned),
            name: None,
        }
    }

    pub(crate) fn about_config_map(verb: &'static str, namespace: &str, name: &str) -> Self {
        Self {
            verb,
            resource: "configmaps",
            namespace: Some(namespace.to_owned()),
            name: Some(name.to_owned()),
        }
    }

    /// What grants it to `user`.
    pub(super) fn grant(&self, user: &str) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || ":@._-+".contains(c);
        let user = if !user.is_empty() && user.chars().all(plain) {
            user
        } else {
            "USER"
        };
        let binding = match (&self.namespace, self.resource, self.verb) {
            (Some(namespace), "configmaps", "get" | "list") => {
                format!(
                    "kubectl --namespace {namespace} create rolebinding continuity-viewer-2 --role continuity-viewer --user {user}"
                )
            }
            (Some(namespace), "configmaps", _) => format!(
                "kubectl --namespace {namespace} create rolebinding continuity-writer-2 --role continuity-writer --user {user}"
            ),
            (Some(namespace), _, _) => format!(
                "kubectl --namespace {namespace} create rolebinding continuity-inventory --clusterrole continuity-inventory --user {user}"
            ),
            (None, _, _) => format!(
                "kubectl create clusterrolebinding continuity-inventory-2 --clusterrole continuity-inventory --user {user}"
            ),
        };
        // The command ends where the quote does: it is to be pasted.
        format!("`{binding}`, with the roles of deploy/base/roles.yaml")
    }

    /// Where it is asked, for messages.
    fn place(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("in namespace {namespace}"),
            None => "in all namespaces".to_owned(),
        }
    }
}

impl fmt::Display for Question {
    /// `update configmaps continuity-state in namespace signature-continuity`
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.verb, self.resource)?;
        if let Some(name) = &self.name {
            write!(formatter, " {name}")?;
        }
        write!(formatter, " {}", self.place())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::read(
        Question::list("configmaps", Some("ns")),
        "ada",
        "--role continuity-viewer --user ada"
    )]
    #[case::write(
        Question::about_config_map("update", "ns", "a"),
        "system:serviceaccount:ci:job",
        "--namespace ns create rolebinding continuity-writer-2 --role continuity-writer --user system:serviceaccount:ci:job"
    )]
    #[case::cluster(
        Question::list("pods", None),
        "ada",
        "create clusterrolebinding continuity-inventory-2 --clusterrole continuity-inventory --user ada"
    )]
    #[case::hostile(Question::list("pods", Some("ns")), "a; rm -rf /", "--user USER")]
    fn names_what_grants_it(
        #[case] question: Question,
        #[case] user: &str,
        #[case] expected: &str,
    ) {
        let grant = question.grant(user);
        assert!(grant.contains(expected), "{grant}");
    }
}
