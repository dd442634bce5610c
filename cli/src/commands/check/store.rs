//! Where baselines are: permissions, the namespace, and what is in it.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use signature_continuity::baseline::Baseline;
use signature_continuity::clean::clean;
use signature_continuity::settings::Settings;

use super::trials::{CheckStatus, Trials};
use crate::commands::learned::gone;
use crate::kubernetes::{Cluster, ClusterError, Permission};
use crate::output::cause::with_cause;
use crate::output::words::counted;
use crate::store::{LearnerState, Location, Store, lost};

/// The account that a policy server runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServiceAccount {
    namespace: String,
    name: String,
}

impl FromStr for ServiceAccount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = |part: &str| {
            (1..=253).contains(&part.len())
                && part
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.')
        };
        match text.split_once('/') {
            Some((namespace, name)) if named(namespace) && named(name) => Ok(Self {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            }),
            Some(_) | None => Err(
                "expected NAMESPACE/SERVICEACCOUNT, such as kubewarden/policy-server".to_owned(),
            ),
        }
    }
}

/// What `learn` and `inventory` need of the cluster that the baselines are in, as this user, and what the policy needs, as
/// its server.
pub(super) fn try_permissions(
    location: &Location,
    server: Option<&ServiceAccount>,
    settings: &Settings,
    trials: &mut Trials,
) {
    let context = match location {
        Location::Kubernetes(context) => context.as_deref(),
        Location::Directory(_) => {
            if server.is_some() {
                trials.doubtful(
                    "policy server",
                    "its account can only be asked about in a cluster; name one with --store kubernetes[:CONTEXT]",
                );
            }
            return;
        }
    };
    // The store says why it cannot be opened.
    let Ok(cluster) = Cluster::connect(context) else {
        return;
    };
    let namespace = &settings.baseline.namespace;
    match cluster.has_namespace(namespace) {
        Ok(()) => trials.right("namespace", &format!("{namespace} is there")),
        Err(ClusterError::Forbidden { .. }) => trials.doubtful(
            "namespace",
            &format!("this user may not see whether {namespace} is there"),
        ),
        Err(error) => trials.wrong("namespace", &with_cause(&error)),
    }
    let without_it = [
        (
            Permission::for_baselines("create", namespace),
            CheckStatus::Wrong,
            "nothing can be learned",
        ),
        (
            Permission::for_baselines("update", namespace),
            CheckStatus::Wrong,
            "nothing can be learned or approved",
        ),
        (
            Permission::for_inventory("", "pods"),
            CheckStatus::Wrong,
            "nobody knows what runs",
        ),
        (
            Permission::for_inventory("apps", "deployments"),
            CheckStatus::Doubtful,
            "those scaled to zero are not seen",
        ),
        (
            Permission::for_inventory("batch", "cronjobs"),
            CheckStatus::Doubtful,
            "those that do not run just now are not seen",
        ),
    ];
    for (permission, came, loss) in without_it {
        match cluster.may(&permission) {
            Ok(Ok(())) => trials.right("permission", &permission.to_string()),
            Ok(Err(grant)) => trials.note(
                came,
                "permission",
                &format!("this user may not {permission}: {loss}; {grant}"),
            ),
            Err(error) => trials.wrong("permission", &with_cause(&error)),
        }
    }
    try_server(&cluster, server, namespace, trials);
}

fn try_server(
    cluster: &Cluster,
    server: Option<&ServiceAccount>,
    namespace: &str,
    trials: &mut Trials,
) {
    let Some(ServiceAccount {
        namespace: of,
        name,
    }) = server
    else {
        trials.doubtful(
            "policy server",
            "whether it may read baselines was not tried; name its service account with --policy-server NAMESPACE/SERVICEACCOUNT",
        );
        return;
    };
    let permission = Permission::for_baselines("get", namespace);
    match cluster.account_may(&permission, of, name) {
        Ok(Ok(())) => trials.right("policy server", &format!("{of}/{name} may {permission}")),
        Ok(Err(grant)) => trials.wrong(
            "policy server",
            &format!(
                "{of}/{name} may not {permission}: every image is undetermined (baseline); {grant}"
            ),
        ),
        Err(ClusterError::Forbidden { .. }) => trials.doubtful(
            "policy server",
            "this user may not ask what other accounts may do (create subjectaccessreviews)",
        ),
        Err(error) => trials.wrong("policy server", &with_cause(&error)),
    }
}

/// What is in the store; the baselines that can be used.
pub(super) fn try_store(
    store: &dyn Store,
    now: DateTime<Utc>,
    trials: &mut Trials,
) -> Vec<Baseline> {
    let listed = match store.list() {
        Ok(listed) => listed,
        Err(error) => {
            trials.wrong(
                "store",
                &format!("{}: {}", store.name(), with_cause(&error)),
            );
            return Vec::new();
        }
    };
    trials.right(
        "store",
        &format!(
            "{}: {}",
            store.name(),
            counted(listed.len(), "baseline", "baselines")
        ),
    );
    let state = store.state();
    if let Ok(Some(state)) = &state {
        let lost = lost(state, &listed);
        if lost > 0 {
            trials.wrong(
                "baselines",
                &format!(
                    "{}: nothing new is learned until they are back; see continuity restore",
                    gone(lost)
                ),
            );
        }
    }
    let mut usable = Vec::new();
    for object in listed {
        match object.baseline {
            Ok(baseline) => usable.push(*baseline),
            Err(why) => trials.wrong(
                "baseline",
                &format!("{}: {}", object.name, clean(&why, 300)),
            ),
        }
    }
    match state {
        Ok(None) => trials.doubtful(
            "learner",
            "never came to its end here; run continuity learn",
        ),
        Ok(Some(state)) => try_learner(&state, now, trials),
        Err(error) => trials.wrong("learner", &with_cause(&error)),
    }
    usable
}

fn try_learner(state: &LearnerState, now: DateTime<Utc>, trials: &mut Trials) {
    let ended = format!("ended last on {}", state.state.last_run.format("%Y-%m-%d"));
    if state.state.is_gone(now) {
        trials.wrong("learner", &ended);
    } else {
        trials.right("learner", &ended);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::status::learning;
    use crate::inventory::Cursor;
    use chrono::TimeDelta;
    use rstest::rstest;
    use signature_continuity::baseline::State;
    use std::collections::BTreeMap;

    /// The policy warns by the same rule, and its tests have the same days.
    #[rstest]
    #[case::just_before(TimeDelta::days(7) - TimeDelta::seconds(1), false)]
    #[case::exactly(TimeDelta::days(7), false)]
    #[case::just_after(TimeDelta::days(7) + TimeDelta::seconds(1), true)]
    // A clock that runs ahead is no learner that is gone.
    #[case::in_the_future(TimeDelta::days(-1), false)]
    fn check_and_status_agree_when_the_learner_is_gone(
        #[case] ago: TimeDelta,
        #[case] expected: bool,
    ) {
        let now = Utc::now();
        let state = LearnerState {
            state: State {
                version: 1,
                last_run: now - ago,
                baselines: 0,
            },
            examined: BTreeMap::new(),
            found: None,
            cursor: Cursor::default(),
        };
        let mut trials = Trials::default();
        try_learner(&state, now, &mut trials);
        assert_eq!(
            trials.failures(),
            usize::from(expected),
            "{}",
            trials.text()
        );
        let remarks = learning(Some(&state), &[], now);
        let is_told = remarks
            .iter()
            .any(|it| it.contains("the learner ended last"));
        assert_eq!(is_told, expected, "{remarks:?}");
    }

    #[rstest]
    #[case("kubewarden/policy-server", true)]
    #[case("policy-server", false)]
    #[case("/a", false)]
    #[case("a/", false)]
    #[case("a/b c", false)]
    #[case("a/b/c", false)]
    fn an_account_is_a_namespace_and_a_name(#[case] text: &str, #[case] expected: bool) {
        assert_eq!(text.parse::<ServiceAccount>().is_ok(), expected);
    }
}
