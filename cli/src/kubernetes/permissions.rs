//! What this user may do, by the API server's own word: asked before it matters.

use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec, SubjectAccessReview,
    SubjectAccessReviewSpec,
};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::PostParams;
use kube::core::ClusterResourceScope;
use kube::{Api, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;

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

    fn attributes(&self) -> ResourceAttributes {
        ResourceAttributes {
            group: Some(self.group.to_owned()),
            resource: Some(self.question.resource.to_owned()),
            verb: Some(self.question.verb.to_owned()),
            namespace: self.question.namespace.clone(),
            ..ResourceAttributes::default()
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
    /// Asks whether a namespace is there: a list in one that is not is empty, and no error.
    ///
    /// # Errors
    /// When it is not, or this user may not see it.
    pub(crate) fn has_namespace(&self, name: &str) -> Result<(), ClusterError> {
        let question = Question {
            verb: "get",
            resource: "namespaces",
            namespace: Some(name.to_owned()),
            name: Some(name.to_owned()),
        };
        let name = name.to_owned();
        let asked = move |client| {
            let (api, name) = (Api::<Namespace>::all(client), name.clone());
            async move { api.get(&name).await }
        };
        self.ask(&question, asked).map(drop)
    }

    /// Whom the API server takes this user for (SelfSubjectReview, authentication.k8s.io/v1).
    ///
    /// # Errors
    /// When it does not say.
    pub(crate) fn user(&self) -> Result<String, ClusterError> {
        let asked = review_of("selfsubjectreviews");
        let answer = self.review(&asked, SelfSubjectReview::default())?;
        let user = answer.status.and_then(|status| status.user_info);
        user.and_then(|user| user.username)
            .filter(|name| !name.is_empty())
            .ok_or_else(|| ClusterError::Failed {
                what: format!("cannot {asked}: the API server does not say who this user is"),
                source: None,
            })
    }

    /// Whether a service account may do that; if not, what grants it (SubjectAccessReview, authorization.k8s.io/v1).
    ///
    /// # Errors
    /// When the API server does not say, or not to this user.
    pub(crate) fn account_may(
        &self,
        permission: &Permission,
        namespace: &str,
        account: &str,
    ) -> Result<Result<(), String>, ClusterError> {
        let question = &permission.question;
        let user = format!("system:serviceaccount:{namespace}:{account}");
        let review = SubjectAccessReview {
            spec: SubjectAccessReviewSpec {
                user: Some(user.clone()),
                groups: Some(vec![
                    "system:serviceaccounts".to_owned(),
                    format!("system:serviceaccounts:{namespace}"),
                    "system:authenticated".to_owned(),
                ]),
                resource_attributes: Some(permission.attributes()),
                ..SubjectAccessReviewSpec::default()
            },
            ..SubjectAccessReview::default()
        };
        let answer = self.review(&review_of("subjectaccessreviews"), review)?;
        if answer.status.is_some_and(|status| status.allowed) {
            return Ok(Ok(()));
        }
        let namespace_of_baselines = question.namespace.as_deref().unwrap_or("NAMESPACE");
        Ok(Err(format!(
            "`kubectl --namespace {namespace_of_baselines} create rolebinding continuity-reader-2 --role continuity-reader --serviceaccount {namespace}:{account}`, with the roles of deploy/base/roles.yaml"
        )))
    }

    /// Whether the user may do that; if not, what grants it (SelfSubjectAccessReview, authorization.k8s.io/v1).
    ///
    /// # Errors
    /// When the API server does not say.
    pub(crate) fn may(&self, permission: &Permission) -> Result<Result<(), String>, ClusterError> {
        let question = &permission.question;
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(permission.attributes()),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let answer = self.review(&review_of("selfsubjectaccessreviews"), review)?;
        if answer.status.is_some_and(|status| status.allowed) {
            return Ok(Ok(()));
        }
        Ok(Err(question.grant("")))
    }

    /// Has the API server fill a review in: nothing is kept of what is created so.
    fn review<R>(&self, asked: &Question, review: R) -> Result<R, ClusterError>
    where
        R: Resource<Scope = ClusterResourceScope, DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + Serialize
            + DeserializeOwned
            + Send
            + Sync
            + 'static,
    {
        self.ask(asked, move |client| {
            let (api, review) = (Api::all(client), review.clone());
            async move { api.create(&PostParams::default(), &review).await }
        })
    }
}

/// To create such a review.
fn review_of(resource: &'static str) -> Question {
    Question {
        verb: "create",
        resource,
        namespace: None,
        name: None,
    }
}
