//! The images of a cluster as they are now: what was listed, and what changed since.
//!
//! Invariant: an image that an object begins to name is told once, when it does; where it is named is told by the objects
//! that are there now. While a kind is listed anew, what was there before stays until the list is whole.

use std::collections::{BTreeMap, BTreeSet};

use super::gathered::{Gathered, image};
use super::object::ObjectImages;
use super::owners::{counts_with, is_between};
use super::status::Running;
use super::{Kind, PODS, WORKLOADS};
use crate::inventory::{Image, Place};
use signature_continuity::digest::Digest;
use signature_continuity::reference::Repository;

/// How many images of one object are kept: the rest is told, and seen by whoever lists the cluster.
const MOST_IMAGES: usize = 256;

/// Every kind that is looked at: those that own what owns pods first, pods last.
pub(crate) fn kinds() -> impl Iterator<Item = &'static Kind> {
    WORKLOADS.iter().chain(std::iter::once(&PODS))
}

/// The objects of a cluster, as far as they name images.
#[derive(Debug, Default)]
pub(crate) struct LiveObjects {
    by_kind: BTreeMap<&'static str, OfKind>,
}

#[derive(Debug, Default)]
struct OfKind {
    objects: BTreeMap<Place, ObjectImages>,
    /// While it is listed anew: what the list has so far.
    listed: Option<BTreeSet<Place>>,
    complete: bool,
}

impl LiveObjects {
    /// A kind begins to be listed.
    pub(crate) fn begin(&mut self, kind: &'static Kind) {
        self.by_kind.entry(kind.kind).or_default().listed = Some(BTreeSet::new());
    }

    /// The list of a kind is whole: what is not in it is gone.
    pub(crate) fn complete(&mut self, kind: &'static Kind) {
        let of_kind = self.by_kind.entry(kind.kind).or_default();
        if let Some(listed) = of_kind.listed.take() {
            of_kind.objects.retain(|place, _| listed.contains(place));
        }
        of_kind.complete = true;
    }

    /// An object is there, or is another one by now: the images that it did not name before.
    pub(crate) fn apply(&mut self, kind: &'static Kind, mut object: ObjectImages) -> Vec<Image> {
        let place = self.place_of(&object).clone();
        let of_kind = self.by_kind.entry(kind.kind).or_default();
        if let Some(listed) = &mut of_kind.listed {
            listed.insert(object.place.clone());
        }
        object.drop_what_is_too_much(MOST_IMAGES);
        object.drop_what_does_not_run_yet(of_kind.objects.get(&object.place));
        let before = of_kind.objects.insert(object.place.clone(), object.clone());
        let named = object.named_since(before.as_ref()).map(|named| {
            image(
                &named.spelled,
                named.digest().cloned(),
                named.running == Running::Unnamed,
                BTreeSet::from([place.clone()]),
            )
        });
        named.collect()
    }

    /// An object is gone.
    pub(crate) fn delete(&mut self, kind: &'static Kind, object: &ObjectImages) {
        if let Some(of_kind) = self.by_kind.get_mut(kind.kind) {
            of_kind.objects.remove(&object.place);
        }
    }

    /// The kinds of which it is not known yet what there is.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let complete = |kind: &&Kind| {
            let of_kind = self.by_kind.get(kind.kind);
            !of_kind.is_some_and(|of_kind| of_kind.complete)
        };
        kinds().filter(complete).map(|kind| kind.resource).collect()
    }

    /// Each distinct image once, with all places where it is named; and what is to be said besides.
    pub(crate) fn images(&self) -> (Vec<Image>, Vec<String>) {
        let mut gathered = Gathered::default();
        for kind in kinds() {
            let of_kind = self.by_kind.get(kind.kind).into_iter();
            for object in of_kind.flat_map(|of_kind| of_kind.objects.values()) {
                gathered.add(object);
            }
        }
        gathered.finish()
    }

    /// An image at all places where it is named just so now.
    pub(crate) fn everywhere(&self, image: &Image) -> Image {
        let mut everywhere = image.clone();
        everywhere.places.clear();
        for object in self
            .by_kind
            .values()
            .flat_map(|of_kind| of_kind.objects.values())
        {
            let is_named = object.named.iter().any(|named| {
                named.spelled == image.spelled && named.digest() == image.running.as_ref()
            });
            if is_named {
                everywhere.places.insert(self.place_of(object).clone());
            }
        }
        everywhere
    }

    /// The digests of a repository's images that run; `is_of_it` is asked by the names that objects spell.
    pub(crate) fn running(&self, is_of_it: impl Fn(&Repository) -> bool) -> BTreeSet<Digest> {
        let pods = self.by_kind.get(PODS.kind).into_iter();
        let pods = pods.flat_map(|pods| pods.objects.values());
        let named = pods.flat_map(|pod| &pod.named);
        let of_it = named.filter(|named| named.repository.as_ref().is_some_and(&is_of_it));
        of_it.filter_map(|named| named.digest().cloned()).collect()
    }

    /// The object that stands for a place, with its API version and `metadata.uid`: the one itself or, where that is of a
    /// kind that is not followed, one of those that it manages.
    pub(crate) fn identity(&self, place: &Place) -> Option<(Place, String, String)> {
        if let Some(kind) = kinds().find(|kind| kind.kind == place.kind) {
            let object = self.by_kind.get(kind.kind)?.objects.get(place)?;
            return Some((place.clone(), kind.api_version(), object.uid.clone()));
        }
        kinds().find_map(|kind| {
            let mut objects = self.by_kind.get(kind.kind)?.objects.values();
            let object = objects.find(|object| self.place_of(object) == place)?;
            Some((object.place.clone(), kind.api_version(), object.uid.clone()))
        })
    }

    /// Where an object counts: a ReplicaSet's pod with the ReplicaSet's Deployment.
    fn place_of<'o>(&'o self, object: &'o ObjectImages) -> &'o Place {
        let owner_of = |between: &Place| {
            let of_kind = self.by_kind.get(between.kind.as_str());
            let objects = of_kind.filter(|_| is_between(&between.kind));
            objects?.objects.get(between)?.owner.as_ref()
        };
        counts_with(&object.place, object.owner.as_ref(), owner_of)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use kube::api::DynamicObject;
    use serde_json::{Value, json};

    const ONE: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

    fn kind(name: &str) -> &'static Kind {
        kinds().find(|kind| kind.kind == name).unwrap()
    }

    fn read(name: &str, object: Value) -> ObjectImages {
        let object: DynamicObject = serde_json::from_value(object).unwrap();
        ObjectImages::of(name, &object)
    }

    fn deployment(image: &str) -> ObjectImages {
        read(
            "Deployment",
            json!({"metadata": {"name": "api", "namespace": "prod", "uid": "u-1"},
                   "spec": {"template": {"spec": {"containers": [{"name": "api", "image": image}]}}}}),
        )
    }

    fn replica_set() -> ObjectImages {
        let owner = json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": "api", "uid": "u-1", "controller": true}]);
        read(
            "ReplicaSet",
            json!({"metadata": {"name": "api-1", "namespace": "prod", "uid": "u-2", "ownerReferences": owner},
                   "spec": {"template": {"spec": {"containers": [{"name": "api", "image": "acme/api:v1"}]}}}}),
        )
    }

    fn pod(image_id: &str) -> ObjectImages {
        let owner = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "api-1", "uid": "u-2", "controller": true}]);
        read(
            "Pod",
            json!({"metadata": {"name": "api-1-x", "namespace": "prod", "uid": "u-3", "ownerReferences": owner},
                   "spec": {"containers": [{"name": "api", "image": "acme/api:v1"}]},
                   "status": {"phase": "Running", "containerStatuses": [{"name": "api", "imageID": image_id}]}}),
        )
    }

    #[test]
    fn an_image_is_told_when_it_is_named_and_not_again() {
        let mut objects = LiveObjects::default();
        let named = objects.apply(kind("Deployment"), deployment("acme/api:v1"));
        assert_eq!(named.len(), 1);
        assert_eq!(named[0].running, None);
        assert_eq!(
            objects.apply(kind("Deployment"), deployment("acme/api:v1")),
            []
        );
        let named = objects.apply(kind("Deployment"), deployment("acme/api:v2"));
        assert_eq!(named[0].spelled, "acme/api:v2");
    }

    #[test]
    fn an_object_that_somebody_changed_names_its_images_anew() {
        let mut objects = LiveObjects::default();
        let of_generation = |generation: i64| {
            read(
                "Deployment",
                json!({"metadata": {"name": "api", "namespace": "prod", "generation": generation},
                       "spec": {"template": {"spec": {"containers": [{"name": "api", "image": "acme/api:v1"}]}}}}),
            )
        };
        for (generation, named) in [(1, 1), (1, 0), (2, 1)] {
            let told = objects.apply(kind("Deployment"), of_generation(generation));
            assert_eq!(told.len(), named, "{generation}");
        }
    }

    #[test]
    fn a_pod_that_begins_to_run_is_news_and_counts_with_its_deployment() {
        let mut objects = LiveObjects::default();
        objects.apply(kind("ReplicaSet"), replica_set());
        assert_eq!(objects.apply(kind("Pod"), pod(""))[0].running, None);
        let named = objects.apply(kind("Pod"), pod(&format!("acme/api@{ONE}")));
        assert_eq!(named.len(), 1);
        assert_eq!(named[0].running.as_ref().unwrap().as_str(), ONE);
        let place = named[0].places.first().unwrap();
        assert_eq!(
            (place.kind.as_str(), place.name.as_str()),
            ("Deployment", "api")
        );
    }

    #[test]
    fn what_is_written_into_a_running_pod_does_not_run_yet() {
        const D: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";
        let mut objects = LiveObjects::default();
        objects.apply(kind("Pod"), pod(&format!("acme/api@{ONE}")));
        let patched = |image: &str| {
            read(
                "Pod",
                json!({"metadata": {"name": "api-1-x", "namespace": "prod", "uid": "u-3"},
                       "spec": {"containers": [{"name": "api", "image": image}]},
                       "status": {"phase": "Running", "containerStatuses": [{"name": "api", "imageID": format!("acme/api@{ONE}")}]}}),
            )
        };
        for image in [
            "internal.example/x:v1".to_owned(),
            format!("acme/other@{D}"),
        ] {
            let named = objects.apply(kind("Pod"), patched(&image));
            assert_eq!(named.len(), 1);
            assert_eq!(named[0].running, None, "{image}");
            // However often the object is told.
            assert_eq!(objects.apply(kind("Pod"), patched(&image)), []);
            objects.apply(kind("Pod"), pod(&format!("acme/api@{ONE}")));
        }
        // Once it is started, its own digest is reported.
        objects.apply(kind("Pod"), patched("acme/api:v2"));
        let started = read(
            "Pod",
            json!({"metadata": {"name": "api-1-x", "namespace": "prod", "uid": "u-3"},
                   "spec": {"containers": [{"name": "api", "image": "acme/api:v2"}]},
                   "status": {"phase": "Running", "containerStatuses": [{"name": "api", "imageID": format!("acme/api@{D}")}]}}),
        );
        let named = objects.apply(kind("Pod"), started);
        assert_eq!(named[0].running.as_ref().unwrap().as_str(), D);
    }

    #[test]
    fn of_an_object_with_very_many_images_some_are_kept_and_that_is_told() {
        let containers: Vec<Value> = (0..=MOST_IMAGES)
            .map(|n| json!({"name": format!("c{n}"), "image": format!("acme/r{n}:v1")}))
            .collect();
        let object = read(
            "Pod",
            json!({"metadata": {"name": "many", "namespace": "prod"}, "spec": {"containers": containers}}),
        );
        assert_eq!(object.named.len(), MOST_IMAGES + 1);
        let mut objects = LiveObjects::default();
        assert_eq!(objects.apply(kind("Pod"), object).len(), MOST_IMAGES);
        let (images, notes) = objects.images();
        assert_eq!(images.len(), MOST_IMAGES);
        assert!(
            notes.iter().any(|it| it.contains("names 257 images")),
            "{notes:?}"
        );
    }

    #[test]
    fn the_digests_of_a_repository_that_run_are_known() {
        let mut objects = LiveObjects::default();
        objects.apply(kind("Deployment"), deployment("acme/api:v2"));
        objects.apply(kind("Pod"), pod(&format!("acme/api@{ONE}")));
        let of = |name: &str| {
            let wanted: Repository = name.parse().unwrap();
            objects.running(|repository| *repository == wanted)
        };
        assert_eq!(of("docker.io/acme/api").len(), 1);
        assert_eq!(of("docker.io/acme/web").len(), 0);
    }

    #[test]
    fn what_a_new_list_lacks_is_gone_once_it_is_whole() {
        let mut objects = LiveObjects::default();
        let kind = kind("Deployment");
        objects.begin(kind);
        objects.apply(kind, deployment("acme/api:v1"));
        assert!(objects.missing().contains(&"deployments"));
        objects.complete(kind);
        assert!(!objects.missing().contains(&"deployments"));
        objects.begin(kind);
        assert_eq!(objects.images().0.len(), 1);
        objects.complete(kind);
        assert_eq!(objects.images().0.len(), 0);
    }

    #[test]
    fn what_runs_is_one_image_with_what_declares_it() {
        let mut objects = LiveObjects::default();
        objects.apply(kind("Deployment"), deployment("acme/api:v1"));
        objects.apply(kind("ReplicaSet"), replica_set());
        objects.apply(kind("Pod"), pod(&format!("acme/api@{ONE}")));
        let (images, _) = objects.images();
        assert_eq!(images.len(), 1, "{images:?}");
        let place = images[0].places.first().unwrap();
        let (_, version, uid) = objects.identity(place).unwrap();
        assert_eq!((version.as_str(), uid.as_str()), ("apps/v1", "u-1"));
        objects.delete(kind("Pod"), &pod(""));
        assert_eq!(objects.images().0[0].running, None);
    }
}
