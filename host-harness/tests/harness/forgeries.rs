//! Every forgery of the kit, held natively against what the module's host says of it.

use chrono::TimeDelta;
use continuity_registry::{Credentials, Sources, TrustSource};
use continuity_testkit::{Forgery, Scene, Victim};
use host_harness::capabilities::{HostGeneration, HostOptions};
use signature_continuity::baseline::Lookup;
use signature_continuity::calls::Calls;
use signature_continuity::known::Known;
use signature_continuity::observe::{ImageContext, observe};
use signature_continuity::posture::Posture;
use signature_continuity::reference::ImageReference;
use signature_continuity::settings::Settings;

use crate::native::NativeHost;

use crate::lab::{Lab, NAME, now, signed_at, workflow};

/// What the module would see on a host of this generation.
fn as_the_module(lab: &Lab, settings: &Settings, generation: HostGeneration) -> Posture {
    let capabilities = HostOptions::new()
        .sources(Sources::insecure([lab.registry.host()]))
        .credentials(Credentials::from_file("/nowhere"))
        .trust(TrustSource::parse(lab.sigstore.trusted_root_json().as_bytes()).unwrap())
        .generation(generation)
        .without_caches()
        .start()
        .unwrap();
    let host = NativeHost::new(&capabilities).at(now);
    let reference: ImageReference = lab.image().parse().unwrap();
    let names = settings.names(reference.repository());
    let known = Known::new(settings, &names, None, &[]);
    let image = ImageContext {
        reference: &reference,
        repository: reference.repository(),
        lookup: &Lookup::Absent,
        known: &known,
        thorough: true,
    };
    observe(&Calls::new(&host, TimeDelta::hours(1)), settings, &image)
        .unwrap()
        .posture
}

#[test]
fn no_forgery_is_signed_and_none_looks_better_than_to_the_module() {
    let lab = Lab::new();
    let releases: Vec<String> = ["one", "two"]
        .iter()
        .map(|seed| lab.registry.push_image(NAME, seed, seed).unwrap())
        .collect();
    let releases: Vec<&str> = releases.iter().map(String::as_str).collect();
    let first = signed_at() - TimeDelta::days(20);
    let victim = Victim::new(
        &lab.sigstore,
        &lab.repository,
        &workflow(),
        &releases,
        first,
    )
    .unwrap();
    let scene = Scene {
        sigstore: &lab.sigstore,
        victim: &victim,
        digest: &lab.digest,
        at: signed_at(),
    };
    let settings = lab.settings(&[&victim.key]);
    for forgery in Forgery::all() {
        let layers = forgery.layers(&scene).unwrap();
        lab.registry
            .push_signature(NAME, &lab.digest, &layers)
            .unwrap();
        for settings in [&settings, &lab.settings(&[])] {
            let seen = lab.see_image(&lab.image(), settings);
            let native = seen.observation.posture;
            let name = forgery.name();
            assert!(seen.signatures.is_empty(), "{name}: {seen:?}");
            // In these nothing contradicts itself: only a verification can tell, and its no is no evidence.
            let only_verification_tells =
                ["copied-layer", "key-copied-layer", "stolen-key-edited-time"];
            let expected = match native {
                Posture::Invalid | Posture::Unverifiable => true,
                Posture::Unknown => only_verification_tells.contains(&name),
                Posture::Signed | Posture::Unsigned => false,
            };
            assert!(
                expected,
                "{name}: {native}, {:?}",
                seen.observation.problems
            );
            for generation in HostGeneration::ALL {
                let module = as_the_module(&lab, settings, generation);
                assert!(
                    native == Posture::Invalid || module == native,
                    "{name}: {native} natively, {module} to the module on host {generation}"
                );
            }
        }
    }
    // The victim's own release is what it was.
    lab.registry
        .push_signature(
            NAME,
            releases[0],
            &[victim.release().unwrap().layer().unwrap()],
        )
        .unwrap();
    let own = lab.see_image(&lab.registry.image(NAME, releases[0]), &settings);
    assert_eq!(own.observation.posture, Posture::Signed);
}
