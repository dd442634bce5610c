//! The policy as it was given: whether its settings and its definition do what they say.

use chrono::Utc;
use signature_continuity::clean::clean;
use signature_continuity::settings::CertificateChain;

use super::trials::Trials;
use crate::commands::baseline_args::{BaselineArgs, Policy};
use crate::commands::registry_args::{CommandObserver, RegistryArgs};
use crate::definition::Resource;

/// What a denial's commands need besides what they say, and what it is called.
const VARIABLES: [&str; 6] = [
    "CONTINUITY_POLICY",
    "CONTINUITY_POLICY_NAME",
    "CONTINUITY_STORE",
    "CONTINUITY_SOURCES_PATH",
    "CONTINUITY_SIGSTORE_TRUST_CONFIG",
    "CONTINUITY_DOCKER_CONFIG_JSON_PATH",
];

/// Mode and access of the definition, and exceptions that end.
pub(super) fn try_policy(policy: &Policy, given: bool, trials: &mut Trials) {
    match (&policy.definition, given) {
        (_, false) => trials.doubtful(
            "settings",
            "no policy was given, so the default settings are tried; name yours with --policy",
        ),
        (None, true) => trials.right("settings", "can be read"),
        (Some(definition), true) => trials.right(
            "settings",
            &format!("of the policy {} can be read", definition.name),
        ),
    }
    if let Some(contradiction) = policy.contradiction() {
        trials.wrong("mode", &contradiction);
    }
    if let Some(definition) = &policy.definition {
        let config_map = Resource {
            api_version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
        };
        if definition.resources.contains(&config_map) {
            trials.right("access", "the definition lets the policy read ConfigMaps");
        } else {
            trials.wrong(
                "access",
                &format!(
                    "the policy {} cannot read any baseline: add contextAwareResources: [{{apiVersion: v1, kind: ConfigMap}}] to its spec",
                    clean(&definition.name, 253)
                ),
            );
        }
    }
    if let Some(definition) = &policy.definition
        && definition.policy_server.is_none()
    {
        trials.doubtful(
            "policy server",
            "the definition names no policyServer, so the one called default runs it; its account is the one that needs to read baselines",
        );
    }
    let now = Utc::now();
    for exception in &policy.settings.exceptions {
        if exception.is_expired(now) || exception.expires_soon(now) {
            let name = exception.scope.repository();
            let ended = if exception.is_expired(now) {
                "ended"
            } else {
                "ends"
            };
            trials.doubtful(
                "exception",
                &format!("that for {name} {ended} on {}", exception.expires),
            );
        }
    }
}

/// Whether what the trust root's authorities issue can be proven by the policy.
pub(super) fn try_authorities(
    observer: &CommandObserver,
    policy: &Policy,
    given: bool,
    trials: &mut Trials,
) {
    let missing = observer.missing_authorities(&policy.settings);
    if missing.is_empty() {
        trials.right(
            "authorities",
            "the settings have every certificate authority of the trust root that issues now",
        );
        return;
    }
    let what = if policy.settings.certificate_authorities.is_empty() {
        "the settings name no certificateAuthorities, so the policy takes those of the public-good Sigstore"
    } else {
        "the settings name certificateAuthorities"
    };
    let text = format!(
        "{what}, and the trust root has {} that they lack: the policy cannot prove what it signs; add what is below to the settings",
        crate::output::words::counted(
            missing.len(),
            "certificate authority",
            "certificate authorities"
        )
    );
    if given || observer.borrowed_authorities().is_none() {
        trials.wrong("authorities", &text);
    } else {
        trials.doubtful("authorities", &text);
    }
    let known = policy.settings.certificate_authorities.iter();
    trials.offer(as_settings(known.chain(&missing)));
}

fn as_settings<'a>(chains: impl Iterator<Item = &'a CertificateChain>) -> String {
    let mut text = "certificateAuthorities:".to_owned();
    for chain in chains {
        text.push_str("\n  - |");
        for line in chain.certificates().iter().flat_map(|pem| pem.lines()) {
            text.push_str(&format!("\n    {line}"));
        }
    }
    text
}

/// Whether the commands that a denial prints work when they are pasted: what was given here by flags has to be in the
/// environment there.
pub(super) fn try_environment(
    knowledge: &BaselineArgs,
    looking: &RegistryArgs,
    trials: &mut Trials,
) {
    let path = |path: &Option<std::path::PathBuf>| path.as_ref().map(|it| it.display().to_string());
    let [sources, trust, docker] = looking.source_paths();
    let given = [
        path(&knowledge.policy),
        knowledge.policy_name.clone(),
        knowledge.store.as_ref().map(ToString::to_string),
        sources,
        trust,
        docker,
    ];
    let mut set = Vec::new();
    let mut needed = Vec::new();
    for (name, value) in VARIABLES.iter().zip(given) {
        let Some(value) = value else { continue };
        if std::env::var(name).is_ok_and(|there| there == value) {
            set.push(*name);
        } else {
            needed.push(format!("export {name}={}", quoted(&value)));
        }
    }
    match (set.as_slice(), needed.as_slice()) {
        ([], []) => trials.right(
            "environment",
            "the commands that a denial prints need nothing beside them",
        ),
        (set, []) => trials.right(
            "environment",
            &format!("the commands that a denial prints find {}", set.join(", ")),
        ),
        (_, needed) => {
            trials.doubtful(
                "environment",
                "the commands that a denial prints need what is given here by flags; set what is below where they are pasted",
            );
            trials.offer(needed.join("\n"));
        }
    }
}

/// For a shell.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=@,+".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("policies.yaml", "policies.yaml")]
    #[case("dir:a b", "'dir:a b'")]
    #[case("it's", "'it'\\''s'")]
    #[case("", "''")]
    fn values_survive_a_shell(#[case] value: &str, #[case] expected: &str) {
        assert_eq!(quoted(value), expected);
    }

    #[test]
    fn authorities_are_offered_as_settings_have_them() {
        let chains = CertificateChain::public_good();
        let text = as_settings(chains.iter());
        let settings: serde_json::Value = yaml_serde::from_str(&text).unwrap_or_default();
        let parsed =
            signature_continuity::settings::Settings::parse(settings.to_string().as_bytes());
        assert_eq!(parsed.map(|it| it.certificate_authorities), Ok(chains));
    }
}
