//! The images of a cluster: those of its pods, and those that its workloads would run.
//!
//! Invariant: nothing is left out silently. Pods that cannot be listed are an error, any other kind a note; a workload's
//! own images are there whatever pods claim to belong to it. No more than one page of objects is held at a time.

mod gathered;
mod live;
mod object;
mod owners;
mod status;

use kube::Api;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind};

use super::Image;
use crate::kubernetes::{Cluster, ClusterError, Question};
use gathered::Gathered;
pub(crate) use live::{LiveObjects, kinds};
pub(crate) use object::ObjectImages;

/// A kind of object that has pods in it, or is one.
#[derive(Debug)]
pub(crate) struct Kind {
    group: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) resource: &'static str,
}

impl Kind {
    /// `apps/v1`
    pub(crate) fn api_version(&self) -> String {
        match self.group {
            "" => "v1".to_owned(),
            group => format!("{group}/v1"),
        }
    }

    /// As the API client names it.
    pub(crate) fn api_resource(&self) -> ApiResource {
        let kind = GroupVersionKind::gvk(self.group, "v1", self.kind);
        ApiResource::from_gvk_with_plural(&kind, self.resource)
    }
}

const fn kind(group: &'static str, kind: &'static str, resource: &'static str) -> Kind {
    Kind {
        group,
        kind,
        resource,
    }
}

/// Those that own what owns pods come first, then whatever else has images in it.
static WORKLOADS: [Kind; 7] = [
    kind("apps", "ReplicaSet", "replicasets"),
    kind("batch", "Job", "jobs"),
    kind("apps", "Deployment", "deployments"),
    kind("apps", "StatefulSet", "statefulsets"),
    kind("apps", "DaemonSet", "daemonsets"),
    kind("", "ReplicationController", "replicationcontrollers"),
    kind("batch", "CronJob", "cronjobs"),
];
static PODS: Kind = kind("", "Pod", "pods");

/// Every image of a cluster, or of one of its namespaces; and what could not be looked at, for people.
///
/// # Errors
/// When pods cannot be listed, or the API server cannot be asked.
pub fn cluster_images(
    cluster: &Cluster,
    namespace: Option<&str>,
) -> Result<(Vec<Image>, Vec<String>), ClusterError> {
    let mut gathered = Gathered::default();
    for kind in &WORKLOADS {
        match list(cluster, namespace, kind, |object| {
            gathered.add(&ObjectImages::of(kind.kind, object));
        }) {
            Ok(()) => {}
            Err(ClusterError::Unserved { .. }) => {
                gathered.note(format!("this API server has no {}", kind.resource));
            }
            Err(error @ ClusterError::Forbidden { .. }) => gathered.note(format!(
                "{} without pods are not in this inventory: {error}",
                kind.resource
            )),
            Err(
                error @ (ClusterError::Absent { .. }
                | ClusterError::Conflict { .. }
                | ClusterError::Expired { .. }
                | ClusterError::Failed { .. }),
            ) => return Err(error),
        }
    }
    list(cluster, namespace, &PODS, |object| {
        gathered.add(&ObjectImages::of(PODS.kind, object));
    })?;
    Ok(gathered.finish())
}

/// What is handed over twice, where a list is begun anew, changes nothing: images and places are sets.
fn list(
    cluster: &Cluster,
    namespace: Option<&str>,
    kind: &Kind,
    mut take: impl FnMut(&DynamicObject),
) -> Result<(), ClusterError> {
    let resource = kind.api_resource();
    let within = namespace.map(str::to_owned);
    cluster.pages(
        &Question::list(kind.resource, namespace),
        move |client| match &within {
            Some(namespace) => Api::namespaced_with(client, namespace, &resource),
            None => Api::all_with(client, &resource),
        },
        || {},
        |page: Vec<DynamicObject>| page.iter().for_each(&mut take),
    )
}
