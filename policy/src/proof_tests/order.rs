//! The order of layers makes no difference; known signers are asked about first.

use super::*;
use continuity_testkit::sigstore::BUNDLE;

fn permutations<T: Clone>(of: &[T; 3]) -> Vec<[T; 3]> {
    [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ]
    .iter()
    .map(|order| order.map(|at| of[at].clone()))
    .collect()
}

fn by_key(key: &SigningKey) -> SignatureLayer {
    let log = Some(sigstore().log());
    layer(&Signature::by_key(key, &payload(REPOSITORY), log, signed_at()).unwrap())
}

#[rstest]
#[case::all_good(|layers: [SignatureLayer; 3]| layers)]
#[case::one_unreadable(|[a, b, c]: [SignatureLayer; 3]| [a, b.with(CERTIFICATE, "x"), c])]
#[case::one_unreadable_entry(|[a, b, c]: [SignatureLayer; 3]| [a, b, c.with(BUNDLE, "x")])]
#[case::one_copied_entry(|[a, b, c]: [SignatureLayer; 3]| {
    let copied = a.annotations.value(BUNDLE).unwrap().to_owned();
    [a, b.with(BUNDLE, copied), c]
})]
#[case::one_wrong_signature(|[a, b, c]: [SignatureLayer; 3]| {
    let other = b.annotations.value(SIGNATURE).unwrap().to_owned();
    [a.with(SIGNATURE, other), b, c]
})]
fn the_order_of_layers_makes_no_difference(
    #[case] change: fn([SignatureLayer; 3]) -> [SignatureLayer; 3],
) {
    let key = new_key();
    let stranger = keyless(&google("dev@acme.example"), &digest("the image"));
    let layers = change([layer(&good()), layer(&stranger), by_key(&key)]);
    for known in [
        vec![],
        vec![signer_of(&release("v1"))],
        vec![key_signer(&key), signer_of(&release("v1"))],
    ] {
        let mut results = permutations(&layers).into_iter().map(|layers| {
            let stage = Stage::new(&known, &layers);
            (stage.prove(), stage.host.calls())
        });
        let first = results.next().unwrap();
        for other in results {
            assert_eq!(other, first);
        }
    }
}

#[test]
fn asks_about_known_signers_first_and_stops_when_it_is_enough() {
    let (known, stranger) = (release("v1"), google("dev@acme.example"));
    let strangers: Vec<SignatureLayer> = (0..20)
        .map(|at| {
            layer(&keyless(
                &google(&format!("{at}@evil.example")),
                &digest("the image"),
            ))
        })
        .collect();
    let mut layers = vec![layer(&keyless(&stranger, &digest("the image")))];
    layers.extend(strangers);
    layers.push(layer(&good()));
    let signer = signer_of(&known);
    let stage = Stage::new(std::slice::from_ref(&signer), &layers);
    let findings = stage.prove_until(|proven| *proven.signer() == signer);
    assert_eq!(signers(&findings), [&signer]);
    assert_eq!(stage.host.kinds(), ["issued-by", "verify-certificate"]);
}

#[test]
fn a_key_that_nobody_claims_is_asked_about_after_those_that_are() {
    // For several keys, since ids decide among equals.
    for _ in 0..8 {
        let known = [key_signer(&new_key()), signer_of(&release("v1"))];
        let stage = Stage::new(&known, &[layer(&good())]);
        let findings = stage.prove_until(|_| true);
        assert_eq!(signers(&findings), [&known[1]]);
        assert_eq!(stage.host.kinds(), ["issued-by", "verify-certificate"]);
    }
}

#[test]
fn two_leaves_of_one_signer_are_two_claims() {
    // One of them copied from another digest: the other still proves the signer.
    let copied = keyless(&release("v1"), &digest("an older image"));
    let known = [signer_of(&release("v1"))];
    for layers in [
        [layer(&copied), layer(&good())],
        [layer(&good()), layer(&copied)],
    ] {
        let stage = Stage::new(&known, &layers);
        assert_eq!(signers(&stage.prove()), [&known[0]]);
    }
}

fn copied_by(count: usize) -> Vec<SignatureLayer> {
    let copied = |at| {
        let who = google(&format!("{at}@evil.example"));
        layer(&keyless(&who, &digest("else")))
    };
    (0..count).map(copied).collect()
}

#[test]
fn strangers_cost_thirty_two_calls_at_most() {
    for (count, calls, interrupted) in [
        (16, 32, None),
        (17, 32, Some(Interruption::Spent)),
        (64, 32, Some(Interruption::Spent)),
    ] {
        let stage = Stage::new(&[], &copied_by(count));
        let findings = stage.prove();
        assert_eq!(findings.proven, []);
        assert_eq!(stage.host.calls().len(), calls);
        assert_eq!(findings.interrupted, interrupted, "{count}");
        assert_eq!(posture(&findings), Posture::Unknown);
    }
}

#[test]
fn the_learner_is_told_of_all_of_them() {
    let mut stage = Stage::new(&[], &copied_by(20));
    stage.extent = Extent::Everything;
    assert_eq!(stage.prove().interrupted, None);
    assert_eq!(stage.host.calls().len(), 40);
}

#[test]
fn a_known_signers_releases_elsewhere_cost_a_bounded_number_of_calls_too() {
    let copied: Vec<SignatureLayer> = (0..40)
        .map(|_| layer(&keyless(&release("v1"), &digest("else"))))
        .collect();
    let stage = Stage::new(&[signer_of(&release("v1"))], &copied);
    let findings = stage.prove();
    assert_eq!(findings.interrupted, Some(Interruption::Spent));
    assert_eq!(stage.host.calls().len(), 64);
}

#[test]
fn what_contradicts_itself_is_seen_however_much_there_is() {
    let mut layers = copied_by(40);
    let other = layers[1].annotations.value(SIGNATURE).unwrap().to_owned();
    for layer in layers.iter_mut().skip(20) {
        *layer = layer.clone().with(SIGNATURE, other.clone());
    }
    let findings = Stage::new(&[], &layers).prove();
    let contradicts = |problem: &Problem| matches!(problem, Problem::Contradiction(_));
    assert!(findings.problems.iter().any(contradicts), "{findings:?}");
}
