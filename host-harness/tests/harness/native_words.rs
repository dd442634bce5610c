//! What registries say in place of a manifest means the same to the policy, by its hosts' texts, and natively.

use std::time::Duration;

use continuity_registry::{Credentials, Registries, RequestLimits, Sources, hosts_take};
use continuity_testkit::registry::{Fault, Registry, Words};
use host_harness::capabilities::HostGeneration;
use signature_continuity::digest::Digest;
use signature_continuity::host::Place;
use signature_continuity::host_error::{Asked, HostError, of_registry};

use crate::hosts::{digest_of as digest_call, manifest_of, message, options_for};

const NAME: &str = "acme/api";
const NO_SUCH_DIGEST: &str =
    "sha256:0000000000000000000000000000000000000000000000000000000000000000";
/// Words that are served as a manifest, and are none.
const SERVED: [Words; 3] = [Words::Page, Words::OtherJson, Words::SchemaOne];

fn client(registry: &Registry) -> Registries {
    let limits = RequestLimits {
        attempts: 1,
        backoff: Duration::from_millis(1),
        ..RequestLimits::default()
    };
    let sources = Sources::insecure([registry.host()]);
    Registries::start(sources, Credentials::from_file("/nowhere"), limits).unwrap()
}

#[test]
fn both_tools_say_the_same_of_each_registrys_words() {
    let digest: Digest = NO_SUCH_DIGEST.parse().unwrap();
    let mut meanings = Vec::new();
    for words in Words::ALL {
        let registry = Registry::start().unwrap();
        registry.fault_everywhere(Fault::Says(words));
        let name = registry.name(NAME);
        for generation in HostGeneration::ALL {
            let host = options_for(registry.host())
                .generation(generation)
                .start()
                .unwrap();
            for (reference, place) in [
                ("x", Place::Tag("x")),
                (NO_SUCH_DIGEST, Place::Digest(&digest)),
            ] {
                if SERVED.contains(&words) && reference != "x" {
                    continue;
                }
                let native = client(&registry).manifest(&name, &place);
                let native = native.and_then(|json| {
                    if hosts_take(&json) {
                        Ok(json)
                    } else {
                        Err(HostError::Unusable)
                    }
                });
                let image = registry.image(NAME, reference);
                let asked = Asked {
                    name: &name,
                    reference,
                };
                let text = message(&host, &manifest_of(&image));
                let expected = of_registry(&text, &asked, &[]);
                assert_eq!(
                    native.as_ref().unwrap_err(),
                    &expected,
                    "{words:?} for {reference}: {text}"
                );
                if !SERVED.contains(&words) && reference == "x" {
                    let text = message(&host, &digest_call(&image));
                    let by_tag = client(&registry).digest(&name, "x").unwrap_err();
                    assert_eq!(by_tag, of_registry(&text, &asked, &[]), "{words:?}: {text}");
                }
                meanings.push(expected);
            }
        }
    }
    // The table tells something.
    for meaning in [HostError::Absent, HostError::Answer, HostError::Unusable] {
        assert!(meanings.contains(&meaning), "{meaning:?}");
    }
    assert!(meanings.iter().any(|it| matches!(it, HostError::Outage(_))));
}
