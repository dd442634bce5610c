//! Whatever somebody who can push puts together from everything that was ever signed, without the known signer's own
//! signature on this very digest: it is refused.

use super::*;
use continuity_testkit::sigstore::{BUNDLE, CERTIFICATE, SIGNATURE};
use continuity_testkit::{Forgery, Scene, SignatureLayer, Victim};
use proptest::prelude::*;
use std::sync::LazyLock;

fn evil() -> Digest {
    digest("evil")
}

static VICTIM: LazyLock<Victim> = LazyLock::new(|| {
    let releases = [digest("one"), digest("two")];
    let names = [releases[0].as_str(), releases[1].as_str()];
    let begun = now() - TimeDelta::days(20);
    let sigstore = crate::testing::sigstore();
    Victim::new(sigstore, REPOSITORY, &release("v1"), &names, begun).unwrap()
});

/// All layers that an attacker has: those of the victim's other releases, forged ones and own ones.
static LAYERS: LazyLock<Vec<SignatureLayer>> = LazyLock::new(|| {
    let (evil, victim) = (evil(), &*VICTIM);
    let sigstore = crate::testing::sigstore();
    let scene = Scene {
        sigstore,
        victim,
        digest: evil.as_str(),
        at: now(),
    };
    let forged = Forgery::all().iter();
    let mut layers: Vec<_> = forged.flat_map(|f| f.layers(&scene).unwrap()).collect();
    for signature in victim.releases.iter().chain(&victim.keyed) {
        layers.push(signature.layer().unwrap());
    }
    for who in ["mallory@evil.example", "eve@evil.example"] {
        layers.push(keyless(&google(who), &evil).layer().unwrap());
    }
    layers
});

/// Which layers, and which annotation of which of them is taken from which other one.
type Made = (Vec<usize>, Vec<(usize, usize, usize)>);

fn made() -> impl Strategy<Value = Made> {
    let any = 0..LAYERS.len();
    (
        proptest::collection::vec(any.clone(), 1..6),
        proptest::collection::vec((any.clone(), any, 0usize..4), 0..4),
    )
}

fn layers((which, swaps): &Made) -> Vec<SignatureLayer> {
    let mut layers: Vec<SignatureLayer> = which.iter().map(|at| LAYERS[*at].clone()).collect();
    for (to, from, what) in swaps {
        let at = to % layers.len();
        let from = &LAYERS[*from];
        let key = [SIGNATURE, CERTIFICATE, BUNDLE, SIGNATURE][*what];
        let layer = layers[at].clone();
        layers[at] = match from.annotations.value(key) {
            _ if *what == 3 => layer.without(BUNDLE),
            Some(value) => layer.with(key, value.to_owned()),
            None => layer.without(key),
        };
    }
    layers
}

/// The known signers: the release workflow, and the key that the victim has signed with.
fn known_host(made: &[SignatureLayer]) -> FakeHost {
    let host = learned_host();
    let known = [
        signer_of(&release("v1")),
        crate::testing::key_signer(&VICTIM.key),
    ];
    host.learn(&established(&known));
    host.sign(REPOSITORY, &evil(), made);
    host.tag(REPOSITORY, "evil", &evil());
    host
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_but_the_known_signers_own_signature_is_admitted(
        made in made(), spent in proptest::option::of(0usize..12), failing in proptest::option::of(0usize..12),
        by_digest in any::<bool>(),
    ) {
        let host = known_host(&layers(&made));
        if let Some(at) = spent {
            host.before_call(at, |host| host.set_clock(now() + TimeDelta::seconds(5)));
        }
        if let Some(at) = failing {
            host.fail_nth(at, Failure::Error(HostError::Negative));
        }
        let image = if by_digest { format!("{REPOSITORY}@{}", evil()) } else { at_tag("evil") };
        let waiving = settings(json!({"enforce": [{}], "onUndetermined": "admit"}));
        let (drifts, code) = evaluated_to(&host, &waiving, &[&image]);
        prop_assert!(matches!(code, Some(403 | 500)), "{drifts:?} {code:?}");
    }

    #[test]
    fn whatever_lies_beside_it_the_known_signers_own_signature_is_good_or_tried_again(
        made in made(), at in 0usize..6,
    ) {
        let mut all = layers(&made);
        let good = keyless(&release("v1"), &evil()).layer().unwrap();
        all.insert(at.min(all.len()), good);
        let (drifts, code) = evaluated_to(&known_host(&all), &enforced(), &[&at_tag("evil")]);
        // An entry that could have stood in for the leaf's own is for nobody to tell from it.
        prop_assert!(code.is_none() || drifts == ["invalid"], "{drifts:?} {code:?}");
    }
}
