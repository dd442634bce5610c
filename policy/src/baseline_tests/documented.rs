//! That the documentation of the stored format names every field, and none that is not there.

use super::*;
use std::collections::BTreeSet;

const DOCUMENTATION: &str = include_str!("../../../docs/baseline-json.md");

/// A baseline in which nothing is left out.
fn full() -> Value {
    let mut json = example();
    let caller = Signer::Keyless(Keyless {
        issuer: ISSUER.to_owned(),
        subject: "https://github.com/acme/shared/.github/workflows/sign.yml@refs/tags/*".to_owned(),
        caller: Some(Caller {
            source_id: "1".to_owned(),
            owner_id: "2".to_owned(),
        }),
    });
    let Signer::Keyless(called) = &caller else {
        panic!("{caller:?}");
    };
    let times = json!({"firstSeen": "2026-11-01T09:30:00Z", "lastSeen": "2026-11-22T00:00:00Z"});
    let mut introduced = json!({
        "id": caller.id(), "issuer": ISSUER, "subject": called.subject, "sourceId": "1", "ownerId": "2",
        "origin": "introduced", "introducedBy": keyless(SUBJECT).id(), "alone": false, "digests": 1,
    });
    for (name, time) in times.as_object().unwrap() {
        introduced[name] = time.clone();
    }
    json["signers"].as_array_mut().unwrap().push(introduced);
    json["candidates"][0]["publicKey"] = json!(KEY);
    json["verified"][0]["of"] = json!(digest(9));
    json["unsignedUntil"] = json!("2026-10-31T00:00:00Z");
    json["revived"] = json!([{
        "id": keyless(SUBJECT).id(), "at": "2026-11-21T00:00:00Z", "by": "ada", "reason": "TICKET-3",
        "retired": {"at": "2026-11-20T00:00:00Z", "by": "jane", "reason": "left"},
    }]);
    json
}

fn fields(value: &Value, within: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let path = format!("{within}{name}");
                fields(value, &format!("{path}."), found);
                found.insert(path);
            }
        }
        Value::Array(values) => {
            for value in values {
                fields(value, within, found);
            }
        }
        _ => {}
    }
}

#[test]
fn every_field_is_described_and_no_other() {
    // Through the type and back: a field that it does not have would be gone.
    let baseline = read(&full()).unwrap();
    assert_eq!(serde_json::to_value(&baseline).unwrap(), full());
    // Every field of the type is there: a new one is a line here that does not compile.
    let Baseline {
        version: _,
        repository: _,
        generation: _,
        first_seen: _,
        last_seen: _,
        established: Some(_),
        unsigned_until: Some(_),
        rank: _,
        formats: _,
        signers: _,
        candidates: _,
        provenance: _,
        log: Some(_),
        verified: _,
        tolerated: _,
        allowed: _,
        revived: _,
    } = &baseline
    else {
        panic!("{baseline:?}");
    };

    let mut found = BTreeSet::new();
    fields(&full(), "", &mut found);
    let described: BTreeSet<String> = DOCUMENTATION
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split_once(" | "))
        .flat_map(|(names, _)| {
            names
                .split(", ")
                .map(|name| name.trim_matches('`').to_owned())
        })
        .collect();
    assert_eq!(described, found);
}
