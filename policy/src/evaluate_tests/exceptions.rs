//! Exceptions, before and after a tag is resolved.

use super::*;

#[test]
fn an_exception_for_one_digest_counts_for_a_tag_that_means_it() {
    let settings = settings(json!({"enforce": [{}], "exceptions": [
        {"image": at_digest("v3"), "accepts": format!("signer:{}", signer_of(&google("dev@acme.example")).id()),
         "reason": "T-1", "expires": "2026-03-02"}]}));
    for image in [at_tag("v3"), at_digest("v3")] {
        let result = evaluated_to(&learned_host(), &settings, &[&image]);
        assert_eq!(result, (vec!["-".to_owned()], None));
    }
}

#[test]
fn a_signer_excepted_for_one_digest_is_looked_for_first_under_its_tag_too() {
    let excepted = google("dev@acme.example");
    let accepts = format!("signer:{}", signer_of(&excepted).id());
    let calls_for = |image: &str, of: &str| {
        let host = learned_host();
        let both = [google("stranger@acme.example"), excepted.clone()];
        let layers = both.map(|who| keyless(&who, &digest("v3")).layer().unwrap());
        host.sign(REPOSITORY, &digest("v3"), &layers);
        let settings = settings(json!({"enforce": [{}], "exceptions": [
            {"image": at_digest(of), "accepts": &accepts, "reason": "T-1", "expires": "2026-03-02"}]}));
        let code = evaluated_to(&host, &settings, &[image]).1;
        let proofs = host.kinds().into_iter();
        (
            code,
            proofs.filter(|kind| kind.starts_with("verify")).count(),
        )
    };
    // He is known, so the stranger before him is not asked about.
    assert_eq!(calls_for(&at_digest("v3"), "v3"), (None, 1));
    assert_eq!(calls_for(&at_tag("v3"), "v3"), (None, 1));
    // For another digest he is a stranger himself.
    assert_eq!(calls_for(&at_tag("v3"), "v1"), (Some(403), 2));
}

#[test]
fn an_exception_that_ends_soon_or_has_ended_is_told() {
    for (expires, told) in [("2026-02-01", 1), ("2026-03-15", 1), ("2026-03-16", 0)] {
        let settings = settings(json!({"exceptions": [
            {"repository": REPOSITORY, "accepts": "unsigned", "reason": "T-1", "expires": expires}]}));
        let evaluation = evaluated(&learned_host(), &settings, &[&at_tag("v2")]);
        let finding = reports(&evaluation)[0].finding.as_ref().unwrap();
        assert_eq!(finding.ageing.len(), told, "{expires}");
    }
}
