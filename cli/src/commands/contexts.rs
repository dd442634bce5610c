//! Contexts of the kubeconfig: whether two are of one cluster, and how people are told of one.

use crate::kubernetes::{Cluster, current_context};

/// Whether two contexts are of different clusters, by the addresses of their API servers. What cannot be told is taken for
/// another one.
pub(super) fn is_another_cluster(one: Option<&str>, other: Option<&str>) -> bool {
    if one == other {
        return false;
    }
    match (Cluster::connect(one), Cluster::connect(other)) {
        (Ok(one), Ok(other)) => one.server() != other.server(),
        (Ok(_) | Err(_), _) => true,
    }
}

/// As texts name it.
pub(super) fn name(context: Option<&str>) -> String {
    match context {
        Some(context) => format!("kubernetes:{context}"),
        None => match current_context() {
            Some(context) => format!("the current context, {context}"),
            None => "the cluster that this runs in".to_owned(),
        },
    }
}
