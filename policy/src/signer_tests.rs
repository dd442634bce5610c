#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::pem;
use rstest::rstest;
use std::collections::BTreeSet;
use std::path::Path;

fn keyless(caller: Option<(&str, &str)>) -> Signer {
    Signer::Keyless(Keyless {
        issuer: "https://i.example".to_owned(),
        subject: "me@example".to_owned(),
        caller: caller.map(|(s, o)| Caller {
            source_id: s.to_owned(),
            owner_id: o.to_owned(),
        }),
    })
}

#[test]
fn canonical_form_is_lines() {
    assert_eq!(
        keyless(None).canonical(),
        "keyless\nhttps://i.example\nme@example"
    );
    assert_eq!(
        keyless(Some(("12", ""))).canonical(),
        "keyless\nhttps://i.example\nme@example\n12\n"
    );
}

#[test]
fn the_caller_is_part_of_who_signed() {
    assert_ne!(keyless(None).id(), keyless(Some(("", ""))).id());
    assert_ne!(
        keyless(Some(("1", "2"))).id(),
        keyless(Some(("2", "1"))).id()
    );
}

#[test]
fn ids_are_whole() {
    let id = keyless(None).id();
    assert_eq!(id.as_str().len(), 64);
    assert_eq!(id.short().len(), 12);
    assert!(id.short().parse::<SignerId>().is_err());
    assert_eq!(id.as_str().parse::<SignerId>(), Ok(id));
}

fn provenance(source_id: &str, owner_id: &str, old: &str) -> Provenance {
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Provenance {
        source_id: text(source_id),
        owner_id: text(owner_id),
        workflow_repository: text(old),
        ..Provenance::default()
    }
}

#[rstest]
#[case::numbers("12", "34", "acme/api", ("12", "34"), true)]
#[case::source_alone("12", "", "acme/api", ("12", ""), true)]
#[case::owner_alone("", "34", "acme/api", ("", "34"), true)]
#[case::name_where_both_are_missing("", "", "acme/api", ("acme/api", ""), false)]
#[case::nothing("", "", "", ("", ""), false)]
fn a_caller_is_named_by_numbers_or_by_its_name(
    #[case] source_id: &str,
    #[case] owner_id: &str,
    #[case] old: &str,
    #[case] caller: (&str, &str),
    #[case] ids: bool,
) {
    let called = Caller::of(&provenance(source_id, owner_id, old));
    assert_eq!(
        (called.source_id.as_str(), called.owner_id.as_str()),
        caller
    );
    assert_eq!(called.has_ids(), ids);
}

/// Certificates of the real Fulcio, where they are there: who calls a workflow is part of who signed, in every
/// generation of certificates.
#[test]
#[cfg_attr(not(recordings), ignore = "needs the recordings beside the project")]
fn the_callers_of_real_certificates_are_told() {
    let folder = Path::new(env!("RECORDINGS"));
    let index = std::fs::read_to_string(folder.join("INDEX.tsv")).unwrap();
    let (mut own, mut by_number, mut by_name) = (0, 0, BTreeSet::new());
    for line in index.lines().filter(|line| line.starts_with("certs/")) {
        let file = line.split('\t').next().unwrap();
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let Ok(leaf) = pem::decode("CERTIFICATE", &text).map(Leaf::from_der) else {
            continue;
        };
        let Ok(leaf) = leaf else { continue };
        let provenance = leaf.provenance().clone();
        let Signer::Keyless(signer) = Signer::of_leaf(&leaf) else {
            panic!("expected a keyless signer");
        };
        let Some(repository) = &provenance.workflow_repository else {
            continue;
        };
        let home = format!("https://github.com/{repository}/");
        match signer.caller {
            None => {
                assert!(leaf.san().starts_with(&home), "{file}");
                own += 1;
            }
            Some(caller) if caller.has_ids() => {
                assert!(!leaf.san().starts_with(&home), "{file}");
                assert_eq!(Some(caller.source_id), provenance.source_id, "{file}");
                assert_eq!(Some(caller.owner_id), provenance.owner_id, "{file}");
                by_number += 1;
            }
            Some(caller) => {
                assert!(!leaf.san().starts_with(&home), "{file}");
                assert_eq!(provenance.builder, None, "{file}");
                assert_eq!(caller.source_id, *repository, "{file}");
                by_name.insert(caller.source_id);
            }
        }
    }
    assert!(own >= 20 && by_number >= 5 && by_name.len() >= 2);
}
