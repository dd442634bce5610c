//! Repositories that were never signed, and baselines that are gone.

use super::*;

/// A repository that was seen and never signed.
fn never_signed() -> Value {
    json!({
        "version": 1, "repository": REPOSITORY, "generation": 1, "firstSeen": "2026-11-01T09:30:00Z",
        "lastSeen": "2026-11-22T00:00:00Z", "rank": "unsigned", "formats": [], "signers": [],
    })
}

#[test]
fn accepts_a_repository_that_was_never_signed() {
    let baseline = read(&never_signed()).unwrap();
    assert!(!baseline.is_signed());
    let mut json = never_signed();
    json["established"] = "2026-11-02T09:30:00Z".into();
    assert!(read(&json).is_err(), "nothing can be established");
    for rank in ["key", "keyless", "unverifiable"] {
        let mut json = never_signed();
        json["rank"] = rank.into();
        assert!(read(&json).is_err(), "{rank} without signers");
    }
    assert!(read(&example()).unwrap().is_signed());
    let retired = changed(|json| json["signers"].as_array_mut().unwrap().truncate(2)).unwrap();
    let mut only_retired = retired.clone();
    only_retired.signers.remove(0);
    assert_eq!(only_retired.known().count(), 0);
    assert!(only_retired.is_signed(), "a retired signer signed it too");
}

#[test]
fn what_is_named_and_gone_is_lost() {
    let usable = |json: &Value| Lookup::Usable(Box::new(read(json).unwrap()));
    let why = || Err("reading it failed".to_owned());
    for lookup in [Lookup::Absent, usable(&never_signed())] {
        assert!(lookup.could_be_lost());
        assert_eq!(lookup.clone().held_against_names(Ok(true)), Lookup::Lost);
        assert_eq!(lookup.clone().held_against_names(Ok(false)), lookup);
        let unread = lookup.held_against_names(why());
        assert!(matches!(unread, Lookup::Unusable(_)));
    }
    for lookup in [
        usable(&example()),
        Lookup::Unusable("x".to_owned()),
        Lookup::Unread,
        Lookup::Lost,
    ] {
        assert!(!lookup.could_be_lost());
        for names in [Ok(true), Ok(false), why()] {
            assert_eq!(lookup.clone().held_against_names(names), lookup);
        }
    }
}
