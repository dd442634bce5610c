//! What this user may do, by the API server's own word: asked before it matters.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Api;
use kube::api::PostParams;

use super::{Cluster, ClusterError, Question};

/// Something that a command needs to be allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Permission {
    group: &'static str,
    question: Question,
}

impl Permission {
    /// `verb` on all config maps of a namespace.
    pub(crate) fn for_baselines(verb: &'static str, namespace: &str) -> Self {
        let question = Question {
            verb,
            ..Question::list("configmaps", Some(namespace))
        };
        Self {
            group: "",
            question,
        }
    }

    /// To list these in all namespaces.
    pub(crate) fn for_inventory(group: &'static str, resource: &'static str) -> Self {
        Self {
            group,
            question: Question::list(resource, None),
        }
    }
}

impl std::fmt::Display for Permission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.question.fmt(f)
    }
}

impl Cluster {
    /// Whether the user may do that; if not, what grants it (SelfSubjectAccessReview, authorization.k8s.io/v1).
    ///
    /// # Errors
    /// When the API server does not say.
    pub(crate) fn may(&self, permission: &Permission) -> Result<Result<(), String>, ClusterError> {
        let Permission { group, question } = permission;
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(ResourceAttributes {
                    group: Some((*group).to_owned()),
                    resource: Some(question.resource.to_owned()),
                    verb: Some(question.verb.to_owned()),
                    namespace: question.namespace.clone(),
                    ..ResourceAttributes::default()
                }),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let asked = Question {
            verb: "create",
            resource: "selfsubjectaccessreviews",
            namespace: None,
            name: None,
        };
        let answer = self.ask(&asked, move |client| {
            let (api, review) = (Api::all(client), review.clone());
            async move { api.create(&PostParams::default(), &review).await }
        })?;
        if answer.status.is_some_and(|status| status.allowed) {
            return Ok(Ok(()));
        }
        Ok(Err(question.grant("")))
    }
}
