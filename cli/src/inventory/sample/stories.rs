//! Inventories: one image of each sort, hostile texts, and very many.

use super::{
    KEY, Signs, baseline, found, image, judged, now, observed, reference, release, seen, signer_of,
    trust_root,
};
use crate::inventory::{Entry, Found, IfEnforced, Image, Inventory, LeftOut, Place, order};
use crate::observation::{Note, ObservedImage, SignedRepository};
use continuity_testkit::Identity;
use signature_continuity::baseline::{Lookup, Origin};
use signature_continuity::clean::{SHOWN, clean};
use signature_continuity::decision::Code;
use signature_continuity::drift::Assessment;
use signature_continuity::host_error::Outage;
use signature_continuity::observe::Observation;
use signature_continuity::posture::Cause;
use signature_continuity::public_key::PublicKey;
use signature_continuity::reference::ImageReference;
use signature_continuity::signer::Signer;
use std::collections::BTreeSet;

fn entry(image: Image, found: Found) -> Entry {
    Entry {
        image,
        enforced: found.enforced,
        found: Ok(Box::new(found)),
    }
}

fn of(mut entries: Vec<Entry>, notes: Vec<String>) -> Inventory {
    order::sort(&mut entries);
    Inventory {
        taken: now(),
        entries,
        trust_root: trust_root(),
        notes,
        seconds: 3.25,
        left_out: LeftOut {
            unreached: 3,
            ..LeftOut::default()
        },
    }
}

/// One image of each sort.
#[must_use]
pub fn inventory() -> Inventory {
    let forbidden = IfEnforced::Reject(Code::Forbidden);
    let unsigned = |reference: &ImageReference| observed(reference, &Signs::Cosign2(&[]));
    let history = Origin::History;
    let api = reference("ghcr.io/acme/api:v1.9");
    let stranger = [Identity::google("dev@acme.example")];
    let web = reference("docker.io/acme/web:2.1");
    let db = reference("quay.io/acme/db:15");
    let jobs = reference("ghcr.io/acme/jobs:v3");
    let old =
        reference("registry.acme.example:5000/legacy/billing/reconciliation-worker:2024.11.3");
    let cache = reference("docker.io/acme/cache:7");
    let fresh = reference("docker.io/library/busybox:1.36");
    let broken = "ghcr.io/Acme/UPPER:v1";
    let key = Signer::Key(PublicKey::from_pem(KEY).unwrap());
    let approved = Origin::Approved {
        by: "ada".to_owned(),
        reason: "TICKET-1".to_owned(),
    };
    let entries = vec![
        entry(
            image(api.clone(), &["prod/api", "prod/worker", "stage/api"]),
            found(
                &api,
                baseline(&api, signer_of(&release("api")), 263 * 24, history.clone()),
                observed(&api, &Signs::Cosign2(&stranger)),
                forbidden,
                true,
            ),
        ),
        entry(
            image(web.clone(), &["web/front"]),
            found(
                &web,
                baseline(&web, signer_of(&release("web")), 6, Origin::Observed),
                unsigned(&web),
                IfEnforced::NotEstablished,
                true,
            ),
        ),
        entry(
            image(db.clone(), &["prod/db"]),
            found(
                &db,
                baseline(&db, key.clone(), 91 * 24, approved),
                Observation::unknown(
                    db.digest().cloned(),
                    Cause::Outage,
                    Some(Outage::RateLimit),
                ),
                IfEnforced::Admit,
                true,
            ),
        ),
        entry(
            image(jobs.clone(), &["ops/nightly"]),
            found(
                &jobs,
                baseline(&jobs, signer_of(&release("jobs")), 40 * 24, Origin::Observed),
                observed(&jobs, &Signs::Both(&release("jobs"))),
                IfEnforced::Admit,
                false,
            ),
        ),
        entry(
            image(old.clone(), &["legacy/billing"]),
            found(
                &old,
                baseline(&old, signer_of(&release("billing")), 400 * 24, history),
                observed(&old, &Signs::Key),
                forbidden,
                false,
            ),
        ),
        entry(
            image(cache.clone(), &["prod/cache"]),
            accepted(found(
                &cache,
                baseline(&cache, key, 12 * 24, Origin::Observed),
                unsigned(&cache),
                IfEnforced::Admit,
                true,
            )),
        ),
        entry(
            image(fresh.clone(), &["kube-system/debug"]),
            found(&fresh, Lookup::Absent, unsigned(&fresh), IfEnforced::Admit, false),
        ),
        admitted_drift(),
        Entry {
            image: Image {
                spelled: broken.to_owned(),
                reference: broken.parse(),
                running: None,
                hidden: false,
                places: image(fresh, &["stage/typo"]).places,
            },
            found: Err("the reference does not parse: expected path components of lower-case letters, digits and separators . _ __ -".to_owned()),
            enforced: true,
        },
    ];
    of(
        entries,
        vec!["2 objects without images: 1 ConfigMap, 1 Service".to_owned()],
    )
}

/// Its drift is accepted by an exception.
fn accepted(mut found: Found) -> Found {
    let Assessment { drifts, .. } = found.assessment;
    found.assessment = Assessment {
        drifts: Vec::new(),
        accepted: drifts,
    };
    found.learner = found.assessment.clone();
    found
}

/// A downgrade that settings admit.
fn admitted_drift() -> Entry {
    let tools = reference("ghcr.io/acme/tools:nightly");
    let observation = observed(&tools, &Signs::Key);
    let lookup = baseline(
        &tools,
        signer_of(&release("tools")),
        30 * 24,
        Origin::Observed,
    );
    let found = found(&tools, lookup, observation, IfEnforced::Admit, false);
    entry(image(tools, &["dev/tools"]), found)
}

/// A publisher's first release with cosign 3: the learner proves whom the policy's host does not see.
#[must_use]
pub fn bundled() -> Inventory {
    let api = reference("ghcr.io/acme/api:v2.0");
    let signed = observed(&api, &Signs::Bundle(&release("api")));
    let seen = ObservedImage {
        as_policy: Observation {
            bundles_read: false,
            ..observed(&api, &Signs::Cosign2(&[]))
        },
        notes: vec![Note::NoReferrersApi],
        ..seen(signed)
    };
    let lookup = baseline(&api, signer_of(&release("api")), 263 * 24, Origin::History);
    let image = image(api.clone(), &["prod/api"]);
    of(vec![entry(image, judged(&api, lookup, seen))], Vec::new())
}

/// Texts that want to be more than text.
pub const HOSTILE: [&str; 6] = [
    "</script><img src=x onerror=\"document.title='ran'\">",
    "<svg/onload=document.title='ran'>\"'`",
    "abc\u{202e}fdp.exe\u{2066}\u{200b}\u{1b}[31m\u{7}",
    "{{constructor.constructor('document.title=1')()}}${document.title='ran'}<%= 1 %>",
    "<!--<script>document.title='ran'</script>-->\u{2028}]]>&lt;b&gt;",
    "javascript:document.title='ran'//https://evil.example/x.png",
];

/// Hostile texts wherever somebody else writes one.
#[must_use]
pub fn hostile() -> Inventory {
    let mut entries: Vec<Entry> = HOSTILE
        .iter()
        .map(|text| Entry {
            image: Image {
                spelled: (*text).to_owned(),
                reference: text.parse(),
                running: None,
                hidden: false,
                places: BTreeSet::from([Place {
                    namespace: (*text).to_owned(),
                    kind: (*text).to_owned(),
                    name: text.repeat(20),
                }]),
            },
            found: Err((*text).to_owned()),
            enforced: true,
        })
        .collect();
    let api = reference("ghcr.io/acme/api:v1.9");
    let attacker = [Identity::google(
        "\"><img/src=x/onerror=document.title='ran'>@evil.example",
    )];
    let mut signed = found(
        &api,
        Lookup::Unusable(HOSTILE.concat()),
        observed(&api, &Signs::Cosign2(&attacker)),
        IfEnforced::Reject(Code::TryAgain),
        true,
    );
    for signature in &mut signed.seen.signatures {
        signature.signed_repository = SignedRepository::Elsewhere(clean(&HOSTILE.concat(), SHOWN));
    }
    entries.push(entry(image(api, &["</td>/<script>"]), signed));
    let mut inventory = of(entries, HOSTILE.map(str::to_owned).to_vec());
    inventory.trust_root.name = HOSTILE.concat();
    inventory
}

/// Very many images.
#[must_use]
pub fn many(images: usize) -> Inventory {
    let of_one = inventory().entries;
    let entries = of_one.iter().cycle().take(images).enumerate();
    let entries = entries.map(|(number, entry)| {
        let mut entry = entry.clone();
        entry.image.places = BTreeSet::from([Place {
            namespace: format!("team-{}", number % 40),
            kind: "Deployment".to_owned(),
            name: format!("workload-{number}"),
        }]);
        entry
    });
    of(entries.collect(), Vec::new())
}
