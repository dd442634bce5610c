//! Long lists, page by page.
//!
//! Invariant: a list is whole or an error. Where the server forgot the place in it, it is begun anew.

use kube::api::{ListParams, ObjectList};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;

use super::connection::Cluster;
use super::error::ClusterError;
use super::question::Question;

/// How many objects one page has.
const PAGE: u32 = 500;
/// How often a list is begun.
const BEGINNINGS: u32 = 3;

impl Cluster {
    /// Hands each page of a list to `take`. A list that had to be begun anew hands objects over twice, after `again`.
    pub(crate) fn pages<K>(
        &self,
        question: &Question,
        api: impl Fn(kube::Client) -> Api<K> + Clone + Send + 'static,
        mut again: impl FnMut(),
        mut take: impl FnMut(Vec<K>),
    ) -> Result<(), ClusterError>
    where
        K: Resource + Clone + DeserializeOwned + std::fmt::Debug + Send + 'static,
    {
        for _ in 1..BEGINNINGS {
            match self.pages_once(question, &api, &mut take) {
                Err(ClusterError::Expired { .. }) => again(),
                other => return other,
            }
        }
        self.pages_once(question, &api, &mut take)
    }

    fn pages_once<K>(
        &self,
        question: &Question,
        api: &(impl Fn(kube::Client) -> Api<K> + Clone + Send + 'static),
        take: &mut impl FnMut(Vec<K>),
    ) -> Result<(), ClusterError>
    where
        K: Resource + Clone + DeserializeOwned + std::fmt::Debug + Send + 'static,
    {
        let mut token: Option<String> = None;
        loop {
            let mut parameters = ListParams::default().limit(PAGE);
            if let Some(token) = &token {
                parameters = parameters.continue_token(token);
            }
            let api = api.clone();
            let page: ObjectList<K> = self.ask(question, move |client| {
                let (api, parameters) = (api(client), parameters.clone());
                async move { api.list(&parameters).await }
            })?;
            take(page.items);
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                next @ Some(_) => token = next,
                None => return Ok(()),
            }
        }
    }
}
