//! Each field of the settings: what it is, its default, an example, and a value that is none.

/// One field. Values are JSON, which is YAML too.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    /// Such as `pins[].anyOf[].issuer`.
    pub(crate) path: &'static str,
    pub(crate) text: &'static str,
    pub(crate) shape: &'static str,
    /// A value, or words; empty: the field has to be there.
    pub(crate) default: &'static str,
    /// Empty: there is no value that is accepted and says something.
    pub(crate) example: &'static str,
    /// A value that is refused.
    pub(crate) bad: &'static str,
}

/// The objects in the settings, each with the fields that it needs.
pub(crate) const OBJECTS: &[(&str, &str)] = &[
    ("baseline", "{}"),
    ("enforce[]", "{}"),
    (
        "pins[]",
        r#"{"repositories": ["ghcr.io/acme/**"], "anyOf": [{"issuer": "https://accounts.google.com", "subject": "dev@acme.example"}]}"#,
    ),
    (
        "pins[].anyOf[]",
        r#"{"issuer": "https://accounts.google.com", "subject": "dev@acme.example"}"#,
    ),
    (
        "exceptions[]",
        r#"{"repository": "docker.io/acme/legacy", "accepts": "unsigned", "reason": "TICKET-12", "expires": "2027-03-31"}"#,
    ),
    (
        "aliases[]",
        r#"{"from": "mirror.corp.example/ghcr/**", "to": "ghcr.io/**"}"#,
    ),
    (
        "mirrors[]",
        r#"{"for": "docker.io/**", "fetchFrom": "mirror.corp.example/hub/**"}"#,
    ),
    (
        "refPatterns[]",
        r#"{"repositories": ["ghcr.io/acme/**"], "fold": "refs/heads/release-*"}"#,
    ),
    (
        "trustControl",
        r#"{"image": "ghcr.io/acme/control@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "issuer": "https://accounts.google.com", "subject": "dev@acme.example"}"#,
    ),
    ("guard", "{}"),
    ("guard.learners", "{}"),
    ("guard.approvers", "{}"),
];

macro_rules! fields {
    ($($path:literal: $text:literal, $shape:literal, $default:literal, $example:literal, $bad:literal;)*) => {
        /// Every field, in the order of the page.
        pub(crate) const FIELDS: &[Field] = &[$(Field {
            path: $path, text: $text, shape: $shape, default: $default, example: $example, bad: $bad,
        }),*];
    };
}

fields! {
    "baseline": "Where baselines are, and when they count.", "an object", r#"{}"#, r#"{"namespace": "signature-continuity"}"#, "[]";
    "baseline.namespace": "The namespace of the ConfigMaps. Never Kubewarden's own: policies never see requests there.", "the name of a namespace", r#""signature-continuity""#, r#""continuity""#, r#""kubewarden""#;
    "baseline.establishAfter": "How long after the first proof a baseline is established. The policy does not use it: `continuity learn --policy` reads it.", "a duration from 0s to 365d", r#""24h""#, r#""7d""#, r#""a day""#;
    "enforce": "Where drift rejects. Empty or absent: nowhere, everything is audited.", "a list of objects; an image is in an enforced scope where one of them applies", "[]", r#"[{"namespaces": ["prod"]}]"#, "null";
    "enforce[].namespaces": "In these namespaces.", "a list of globs with at least one", "all that the policy is asked about", r#"["prod", "prod-*"]"#, "[]";
    "enforce[].repositories": "For images of these repositories, by their own name or their alias's.", "a list of globs with at least one", "all", r#"["ghcr.io/acme/**"]"#, r#"["nginx"]"#;
    "enforce[].onUndetermined": "Here instead of the settings' `onUndetermined`.", "`deny` or `admit`", "what `onUndetermined` says", r#""admit""#, r#""warn""#;
    "unenforced": "What drift does outside of enforced scopes: a warning, and with `report` also a rejection for the audit scanner, so that its reports show it.", "`warn` or `report`", r#""warn""#, r#""report""#, r#""deny""#;
    "onUndetermined": "What becomes of an image of which an outage hides what it carries, where its repository has an established baseline. Only outages are ever admitted.", "`deny` or `admit`", r#""deny""#, r#""admit""#, r#""warn""#;
    "provenance": "What is done with builds of a kind never seen. This version does nothing about them, with `warn` either; `deny` is refused, since it would protect nobody.", "`off` or `warn`", r#""warn""#, r#""off""#, r#""deny""#;
    "pins": "Signers that are known from the first image on, and of which one has to have signed. Pins that match the same name unite.", "a list of objects", "[]", r#"[{"repositories": ["ghcr.io/acme/**"], "anyOf": [{"issuer": "https://accounts.google.com", "subject": "*@acme.example"}]}]"#, "{}";
    "pins[].repositories": "Which repositories.", "a list of globs with at least one", "", r#"["ghcr.io/acme/**"]"#, r#"["ghcr.io/acme/api:v1"]"#;
    "pins[].anyOf": "By whom: any of them is enough.", "a list of objects with at least one: `issuer` and `subject`, or `publicKey`", "", r#"[{"issuer": "https://accounts.google.com", "subject": "dev@acme.example"}]"#, "[]";
    "pins[].anyOf[].issuer": "The OIDC issuer, in full.", "a text without wildcards", "none, but with `publicKey`", r#""https://token.actions.githubusercontent.com""#, r#""https://*""#;
    "pins[].anyOf[].subject": "The subject. A release tag in it means all release tags. `@{commit}` means any commit; `@*` would mean every branch too.", "a glob of subjects", "none, but with `publicKey`", r#""https://github.com/acme/*/.github/workflows/release.yml@{commit}""#, r#""release.yml@""#;
    "pins[].anyOf[].sourceId": "The number of the repository that calls a reusable workflow (Fulcio's .15), or its `owner/name` for certificates of before 2023. A signer with a caller is pinned only with `sourceId`, `ownerId` or both.", "a text", "none", r#""12""#, "12";
    "pins[].anyOf[].ownerId": "The number of that repository's owner (Fulcio's .17).", "a text", "none", r#""34""#, r#"" ""#;
    "pins[].anyOf[].publicKey": "A key instead of an identity.", "one PEM block `PUBLIC KEY`: P-256, P-384, Ed25519, RSA of 2048 to 4096 bits", "none", r#""-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAET8ZdKPbeXpiys5SpYvqFUHbZA43V\nYpXjHcUox4OhHskaKONOlHXRJp+zlGxnau+MJFPt8qmR4UNRjoNZ243Zzg==\n-----END PUBLIC KEY-----""#, r#""x""#;
    "exceptions": "Drift that somebody has accepted. An expired exception is void, and warned about from 14 days ahead.", "a list of objects, each with `repository` or `image`", "[]", r#"[{"repository": "docker.io/acme/legacy", "accepts": "unsigned", "reason": "TICKET-12", "expires": "2027-03-31"}]"#, "{}";
    "exceptions[].repository": "For every image of a repository.", "a repository", "none, but with `image`", r#""docker.io/acme/legacy""#, r#""docker.io/acme/legacy:v1""#;
    "exceptions[].image": "For one image.", "a reference with its digest", "none, but with `repository`", r#""docker.io/acme/legacy@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855""#, r#""docker.io/acme/legacy:v1""#;
    "exceptions[].accepts": "The drift's fingerprint, as `continuity explain IMAGE` shows it. `invalid` and `downgrade:unverifiable` can be accepted for one image only.", "`unsigned`, `signer:<64 hex>`, `downgrade:key:<64 hex>`, `pin:…`, `invalid`, `downgrade:unverifiable`", "", r#""unsigned""#, r#""invalid""#;
    "exceptions[].reason": "Why.", "1 to 500 characters", "", r#""publisher stopped signing, TICKET-12""#, r#"" ""#;
    "exceptions[].expires": "The last day on which it counts, in UTC.", "a date", "", r#""2027-03-31""#, r#""31.3.2027""#;
    "aliases": "Repositories that are the same. The first that matches counts, and what it makes is not looked up again; it is normalised like any name.", "a list of objects", "[]", r#"[{"from": "mirror.corp.example/ghcr/**", "to": "ghcr.io/**"}]"#, "{}";
    "aliases[].from": "The name in images.", "a glob of repositories", "", r#""mirror.corp.example/ghcr/**""#, r#""mirror""#;
    "aliases[].to": "The name that baselines are kept by.", "a glob of repositories with the same wildcards in the same order", "", r#""ghcr.io/**""#, r#""ghcr.io/*/x""#;
    "mirrors": "Where to ask instead. The first that matches the name in the image counts; aliases are not looked at.", "a list of objects", "[]", r#"[{"for": "docker.io/**", "fetchFrom": "mirror.corp.example/hub/**"}]"#, "{}";
    "mirrors[].for": "The name in images.", "a glob of repositories", "", r#""docker.io/**""#, r#""nginx""#;
    "mirrors[].fetchFrom": "The name that registries are asked by.", "a glob of repositories with the same wildcards in the same order", "", r#""mirror.corp.example/hub/**""#, r#""mirror.corp.example/hub""#;
    "refPatterns": "Refs that are the same when signers are compared. Release tags of GitHub and GitLab always are.", "a list of objects", "[]", r#"[{"repositories": ["ghcr.io/acme/**"], "fold": "refs/heads/release-*"}]"#, "{}";
    "refPatterns[].repositories": "For signers of these repositories, by the name that baselines are kept by.", "a list of globs with at least one", "", r#"["ghcr.io/acme/**"]"#, "[]";
    "refPatterns[].fold": "`commit` is every commit, as workflows have it that are pinned by commit; only for signers whose caller is known by number, since forks share commits.", "`commit`, or a glob of refs with a wildcard", "", r#""commit""#, r#""refs/heads/main""#;
    "certificateAuthorities": "Who may issue signing certificates.", "a list of texts, each a chain of PEM blocks `CERTIFICATE`, intermediates first, root last", "the public-good Fulcio's chains", "[]", r#"["x"]"#;
    "trustControl": "A signature that is known to be good: when it cannot be proven either, the cause is `trust-root`.", "an object", "none", r#"{"image": "ghcr.io/acme/control@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "issuer": "https://accounts.google.com", "subject": "dev@acme.example"}"#, "{}";
    "trustControl.image": "The image.", "a reference with its digest", "", r#""ghcr.io/acme/control@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855""#, r#""ghcr.io/acme/control:v1""#;
    "trustControl.issuer": "The OIDC issuer of its signer.", "a text without wildcards", "", r#""https://accounts.google.com""#, r#""""#;
    "trustControl.subject": "The subject of its signer; no pattern.", "a text", "", r#""dev@acme.example""#, r#""""#;
    "absentMessages": "Further words of registries for \"no such tag\".", "a list of at most 32 texts of at most 200 characters", "[]", r#"["no such artifact"]"#, r#"[" "]"#;
    "maxImages": "The most images of one request that are judged; the others are undetermined.", "a whole number from 1 to 1024", "64", "128", "0";
    "budget": "The time that host calls of one request may take.", "a duration from 50ms to 30s", r#""800ms""#, r#""2500ms""#, r#""1m""#;
    "observeNew": "Whether registries are asked about images whose repository has neither a baseline nor a pin.", "`true` or `false`", "false", "true", r#""yes""#;
    "modifyImagesWithDigest": "Whether images get their digest. This version modifies none, and refuses `true`.", "`false`", "false", "false", "true";
    "guard": "Who may write baselines. This version does not watch that and refuses the field; RBAC has to.", "an object", "{}", "", "{}";
    "guard.learners": "Those that may extend what is known.", "an object", r#"{"users": ["system:serviceaccount:signature-continuity:continuity-learner"]}"#, "", "null";
    "guard.learners.users": "User names, in full.", "a list of texts", "the learner's service account", "", r#"[""]"#;
    "guard.learners.groups": "Group names, in full; none that everybody is in.", "a list of texts", "[]", "", r#"["system:authenticated"]"#;
    "guard.approvers": "Those that may also approve and retire.", "an object", r#"{"groups": ["platform-admins"]}"#, "", "null";
    "guard.approvers.users": "User names, in full.", "a list of texts", "[]", "", r#"[""]"#;
    "guard.approvers.groups": "Group names, in full; none that everybody is in.", "a list of texts", "`platform-admins`", "", r#"["system:authenticated"]"#;
}
