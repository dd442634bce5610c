//! Writers of one cluster, killed and at once, on a real API server.

use continuity_cli::store::KubernetesBaselines;

use super::api_server::api_server;
use crate::writers::{self, Race};

fn race<'a>(
    namespace: &'a str,
    repositories: usize,
    kubeconfig: &'a std::path::Path,
) -> (Race<'a>, KubernetesBaselines) {
    api_server().create_namespace(namespace);
    let race = Race {
        writer: "e2e::kubernetes_races::writer",
        store: "kubernetes:admin".to_owned(),
        namespace,
        kubeconfig: Some(kubeconfig),
        repositories,
    };
    let store = KubernetesBaselines::new(api_server().cluster("admin"), namespace);
    (race, store)
}

#[test]
#[ignore = "a process that the other tests start"]
fn writer() {
    writers::write_as_told();
}

#[test]
fn killed_at_any_point_nothing_is_lost_or_half_written() {
    let kubeconfig = api_server().kubeconfig();
    let (race, store) = race("killed", 10, &kubeconfig);
    assert!(race.killed(40, &store).len() >= 40);
    race.once_more(&store);
}

#[test]
fn of_writers_at_once_nobody_writes_over_anybody() {
    let kubeconfig = api_server().kubeconfig();
    let (race, store) = race("at-once", 50, &kubeconfig);
    race.at_once(4, 1, &store);
}
