#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::decision::{Code, Decision};
use crate::posture::Posture;
use crate::testing::{
    NAMESPACE, REPOSITORY, digest, established, google, keyless, now, proven, release, settings,
    signer_of,
};
use serde_json::json;
use std::cell::Cell;

const HERE: Surroundings<'_> = Surroundings {
    namespace: NAMESPACE,
    template: false,
    audit: false,
};

fn facts(observation: Observation) -> Facts {
    let repository: Repository = REPOSITORY.parse().unwrap();
    Facts {
        names: repository.into(),
        lookup: Lookup::Usable(Box::new(established(&[signer_of(&release("v1"))]))),
        observation,
    }
}

fn observed(posture: Posture) -> Observation {
    let image = digest("the image");
    let mut observation = Observation::unknown(Some(image.clone()), Cause::Answer, None);
    observation.posture = posture;
    observation.unknown = None;
    if posture == Posture::Signed {
        let stranger = keyless(&google("dev@acme.example"), &image);
        observation.proven = vec![proven(&stranger, &image)];
    }
    observation
}

#[test]
fn the_same_image_is_judged_for_any_place() {
    let settings =
        settings(json!({"enforce": [{"namespaces": [NAMESPACE]}], "unenforced": "report"}));
    let judgement = Judgement::new(
        &settings,
        facts(observed(Posture::Unsigned)),
        &HERE,
        now(),
        || false,
    );
    let in_place = |namespace, template, audit| {
        let place = Surroundings {
            namespace,
            template,
            audit,
        };
        judgement.ruling_in(&place).rejection()
    };
    assert_eq!(judgement.ruling_in(&HERE), judgement.ruling);
    assert_eq!(in_place(NAMESPACE, false, false), Some(Code::Forbidden));
    assert_eq!(in_place(NAMESPACE, true, false), None);
    assert_eq!(in_place("elsewhere", false, false), None);
    assert_eq!(in_place("elsewhere", false, true), Some(Code::Forbidden));
    assert_eq!(judgement.drift(), Some(&Drift::Unsigned));
    assert!(!judgement.is_cold());
}

#[test]
fn the_control_is_asked_only_where_it_could_tell() {
    let settings = settings(json!({"enforce": [{}]}));
    let asked = Cell::new(0);
    let judged = |observation, fails| {
        let control = || {
            asked.set(asked.get() + 1);
            fails
        };
        Judgement::new(&settings, facts(observation), &HERE, now(), control)
    };
    for posture in [Posture::Unsigned, Posture::Signed, Posture::Unknown] {
        judged(observed(posture), true);
    }
    assert_eq!(asked.get(), 0);
    let mut foreign = observed(Posture::Unverifiable);
    foreign.problems = vec![crate::proof::Problem::ForeignAuthority];
    let judgement = judged(foreign.clone(), true);
    assert_eq!(asked.get(), 1);
    assert_eq!(judgement.observation.posture, Posture::Unknown);
    assert_eq!(judgement.ruling.decision, Decision::Reject(Code::TryAgain));
    let judgement = judged(foreign, false);
    assert_eq!(judgement.drift(), Some(&Drift::Downgrade(None)));
}

#[test]
fn exceptions_are_those_of_the_image_and_of_today() {
    let with = |expires: &str, of: &str| {
        settings(
            json!({"exceptions": [{"image": format!("{REPOSITORY}@{}", digest(of)),
            "accepts": "unsigned", "reason": "T-1", "expires": expires}]}),
        )
    };
    let judged = |settings: &Settings| {
        let facts = facts(observed(Posture::Unsigned));
        let judgement = Judgement::new(settings, facts, &HERE, now(), || false);
        (judgement.drift().is_none(), judgement.ageing.len())
    };
    assert_eq!(judged(&with("2027-03-01", "the image")), (true, 0));
    assert_eq!(judged(&with("2026-03-10", "the image")), (true, 1));
    assert_eq!(judged(&with("2026-02-28", "the image")), (false, 1));
    assert_eq!(judged(&with("2027-03-01", "another")), (false, 0));
    let settings = with("2027-03-01", "another");
    let repository = REPOSITORY.parse::<Repository>().unwrap().into();
    // Before a tag is resolved any digest may be meant.
    assert_eq!(
        exceptions_in_force(&settings, &repository, None, now()).len(),
        1
    );
    let digest = digest("the image");
    let of_image = exceptions_in_force(&settings, &repository, Some(&digest), now());
    assert_eq!(of_image.len(), 0);
}
