//! What holds for the crate as a whole, whatever registries, certificates and requests say.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use proptest::prelude::*;
use serde_json::{Value, json};
use signature_continuity::answer::Answer;
use signature_continuity::certificate::Leaf;
use signature_continuity::clean::shows_plainly;
use signature_continuity::guest::judge;
use signature_continuity::host_error::{HostError, of_registry};
use signature_continuity::registry_words::Asked;
use signature_continuity::signer::Signer;
use std::sync::LazyLock;
use support::{
    FakeHost, GITHUB, GOOGLE, KEY, RELEASE, baseline, digest, key, key_layer, keyless_layer, leaf,
    pod, settings, signer,
};

const REPOSITORY: &str = "ghcr.io/acme/api";
const IMAGE: &str = "ghcr.io/acme/api:v1.9.0";

/// The longest name of a repository.
fn long_repository() -> String {
    let name = format!("ghcr.io/{}", "a/".repeat(123));
    format!("{name}{}", "b".repeat(255 - name.len()))
}

fn is_annotation_key(key: &str) -> bool {
    let word = |b: &u8| b.is_ascii_alphanumeric();
    let bytes = key.as_bytes();
    (1..=63).contains(&bytes.len())
        && bytes.first().is_some_and(word)
        && bytes.last().is_some_and(word)
        && bytes.iter().all(|b| word(b) || b"-_.".contains(b))
}

/// Everything that an answer must be, whatever was asked.
fn check(answer: &Answer) -> Result<(), TestCaseError> {
    if let Some((code, message)) = &answer.rejection {
        prop_assert!([403, 500].contains(code));
        prop_assert!(message.len() <= 1000, "{} bytes: {message}", message.len());
        prop_assert!(
            message.lines().all(|line| line.chars().all(shows_plainly)),
            "{message:?}"
        );
        let named = [REPOSITORY.to_owned(), long_repository()];
        for line in message
            .lines()
            .filter(|line| line.trim_start().starts_with("continuity"))
        {
            let ours = named.iter().any(|name| {
                let start = line
                    .strip_prefix("  continuity approve ")
                    .or(line.strip_prefix("  continuity learn --images "));
                start
                    .and_then(|rest| rest.strip_prefix(&format!("{name}@sha256:")))
                    .is_some()
            });
            prop_assert!(
                ours && line
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || " ./:@-".contains(c)),
                "{line:?}"
            );
        }
    }
    prop_assert!(answer.warnings.len() <= 10);
    for warning in &answer.warnings {
        prop_assert!(warning.len() <= 256 && !warning.is_empty(), "{warning:?}");
        prop_assert!(warning.chars().all(shows_plainly), "{warning:?}");
    }
    for (key, value) in &answer.annotations {
        prop_assert!(is_annotation_key(key), "{key}");
        prop_assert!(
            value.len() <= 1024 && value.chars().all(shows_plainly),
            "{value:?}"
        );
    }
    for line in &answer.lines {
        prop_assert!(line.message.chars().all(shows_plainly), "{line:?}");
        prop_assert!(
            line.fields
                .iter()
                .all(|(_, value)| value.chars().all(shows_plainly)),
            "{line:?}"
        );
    }
    Ok(())
}

/// What a person or a program could notice of it.
fn judged(host: &FakeHost, fields: &Value, images: &[&str]) -> Answer {
    judge(host, &settings(fields), pod(images))
}

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z]{1,20}",
        Just("x".repeat(5000)),
        Just("ghcr.io/acme/api:v1\n  continuity approve evil".to_owned()),
        Just("  continuity approve ghcr.io/evil/api@sha256:0 --reason TICKET".to_owned()),
        Just("ghcr.io/acme/api\u{202e}:v1".to_owned()),
        Just("\u{1f480}".repeat(300)),
        Just(String::new()),
        Just(IMAGE.to_owned()),
        Just(format!("{}:{}", long_repository(), "t".repeat(128))),
        Just(format!("{}@{}", long_repository(), digest("x"))),
    ]
}

fn enforcement() -> impl Strategy<Value = Value> {
    proptest::sample::select(vec![
        json!({}),
        json!({"enforce": [{}]}),
        json!({"enforce": [{}], "onUndetermined": "deny"}),
        json!({"unenforced": "report"}),
        json!({"enforce": [{}], "maxImages": 1}),
        json!({"enforce": [{}], "observeNew": true, "pins": [{"repositories": ["**"], "anyOf": [{"publicKey": KEY}]}]}),
    ])
}

/// One certificate each, since the keys are costly.
static LEAVES: LazyLock<Vec<Leaf>> = LazyLock::new(|| {
    vec![
        leaf(GITHUB, RELEASE),
        leaf(GOOGLE, "dev@acme.example"),
        leaf(GOOGLE, "eve@acme.example"),
        leaf(GITHUB, &RELEASE.replace("api", "web")),
    ]
});

/// The layers of the image that these sign; after the leaves comes the key.
fn layers(who: &[usize]) -> Vec<Value> {
    let image = digest(IMAGE);
    who.iter()
        .map(|at| match LEAVES.get(*at) {
            Some(leaf) => keyless_layer(REPOSITORY, &image, leaf),
            None => key_layer(REPOSITORY, &image, KEY),
        })
        .collect()
}

fn signers() -> Vec<Signer> {
    LEAVES.iter().map(Signer::of_leaf).chain([key()]).collect()
}

/// A host that has proven these, with a baseline of those.
fn host(layers: &[Value], proven: &[usize], known: &[usize]) -> FakeHost {
    let mut host = FakeHost::default();
    host.push(REPOSITORY, "v1.9.0", layers);
    for at in proven {
        host.signed
            .insert(LEAVES.get(*at).map_or(KEY.to_owned(), Leaf::pem));
    }
    let all = signers();
    let known: Vec<Signer> = known.iter().map(|at| all[*at].clone()).collect();
    if !known.is_empty() {
        host.learn(&baseline(REPOSITORY, &known));
    }
    host
}

fn some() -> impl Strategy<Value = Vec<usize>> {
    proptest::sample::subsequence((0..=4).collect::<Vec<usize>>(), 0..=4)
}

fn bounded_and_plain(
    subject: &str,
    issuer: &str,
    known: String,
    long: bool,
    proven: bool,
    fields: &Value,
) -> Result<(), TestCaseError> {
    let repository = if long {
        long_repository()
    } else {
        REPOSITORY.to_owned()
    };
    let mut host = FakeHost::default();
    let image = digest(&format!("{repository}:t"));
    let mut signers = vec![signer(GITHUB, RELEASE)];
    if let Signer::Keyless(keyless) = &mut signers[0] {
        keyless.subject = known;
    }
    signers.extend([signer(GOOGLE, "dev@acme.example"), key()]);
    let mut learned = baseline(&repository, &signers);
    for record in &mut learned.signers {
        record.digests = u64::MAX / 4;
    }
    host.learn(&learned);
    let leaf = leaf(issuer, subject);
    host.push(
        &repository,
        "t",
        &[keyless_layer(&repository, &image, &leaf)],
    );
    if proven {
        host.signed.insert(leaf.pem());
    }
    let name = format!("{repository}:t");
    let check = |host: &FakeHost| {
        let mut request = pod(&[&name]);
        request["namespace"] = "n".repeat(63).into();
        let answer = judge(host, &settings(fields), request);
        check(&answer)?;
        if let Some((_, message)) = &answer.rejection {
            prop_assert!(
                message.chars().count() <= 900,
                "{} characters: {message}",
                message.chars().count()
            );
        }
        Ok(())
    };
    check(&host)?;
    // The same, contradicting itself.
    let mut moved = keyless_layer(&repository, &image, &leaf);
    moved["digest"] = json!(digest("another payload"));
    host.push(&repository, "t", &[moved]);
    check(&host)
}

/// The longest names in every place, with everything that there is to say.
#[test]
fn the_longest_names_fit() {
    let subject = ";cQ6/$281=v'^Ms{!U_0(lsU*M2&&K=$q*X7`e}\"z/?V.G?{G?9/:So|I;@c/n.}8a\"!}RyR\"\"Q<`./.\"*j<R'>=laR\"n*B]Z;4f<8q$N?/n\\6V~K=<>#{/PgcvYW~ZW<%=-0jS6%\\<$'uuN#%<gCP%rFm,{=='6eP^:A<yh/{yd:\\EEpfj!=M`)~\\^'\\Y39\"`*oy%|lf8d$*.VK7Tr:3%F+/LeY=_nD..BOt{p=G'(/2Y:`x[\\{>.:WKk;pR,m@xx/!&/'X'*<|k3G'6=3/jxr'h[841+iA?AWV0Pb{tJZ7GCR,]QWLk%8*(ip<\":.*~=+/FnSi8.&j]Xtt<y&Jy(\\\"\\`Z|w/a8IZ,:aD?:}IlJ4&\\_sl#5&rMBZVjfZN:9)%Ha)$?_{5%6!cn\\|**h.f.uWVz&$9<iNd\"j@)w$u=*{((K@}_b*$B[sL,/AV`Xxc?Hs{\\&j=6=D/'GleF-EEYa<W1.y5b;*.>=L&Q{&&-PqL]JcId$:v%=:eq9%RJ)@:*?U\\`fPyg4\"\"&8o<`[Yiyc?V1&</'/o6zHu[Pr&?\\<\"n'%#XQ*\\($B-6p'?$6^m:F.t['?o`:NTGcE,PIE&!{w$?m)\\f!1ET\\\\dHy$/.{:XrQv?`JHZeC\\A\\\\.=N,=8f5lw/}=f\\0?c%`m$Z':cn{.<vaU.)462pw:ToC%?EDK.`,";
    let pinned = json!({"enforce": [{}], "observeNew": true, "pins": [{"repositories": ["**"], "anyOf": [{"publicKey": KEY}]}]});
    for fields in [json!({"enforce": [{}]}), pinned] {
        for proven in [true, false] {
            for issuer in [GITHUB, GOOGLE, &"i".repeat(500)] {
                for known in [&"k".repeat(500), "Y\\.:\\;oዊ", RELEASE, ""] {
                    let known = known.to_owned();
                    bounded_and_plain(subject, issuer, known, true, proven, &fields).unwrap();
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn answers_are_bounded_and_plain_for_any_request(
        images in proptest::collection::vec(hostile(), 0..24),
        namespace in hostile(), name in hostile(), kind in prop_oneof![3 => Just("Pod".to_owned()), 1 => hostile()],
        user in hostile(), fields in enforcement(), broken in proptest::option::weighted(0.1, hostile()),
    ) {
        let mut host = host(&layers(&[1]), &[1], &[0]);
        let long = long_repository();
        host.learn(&baseline(&long, &[signer(GITHUB, RELEASE)]));
        host.push(&long, &"t".repeat(128), &[]);
        let images: Vec<&str> = images.iter().map(String::as_str).collect();
        let mut request = pod(&images);
        request["namespace"] = namespace.into();
        request["object"]["metadata"]["name"] = name.clone().into();
        request["name"] = name.into();
        request["kind"]["kind"] = kind.into();
        request["userInfo"]["username"] = user.into();
        if let Some(broken) = broken {
            request["object"]["spec"] = broken.into();
        }
        check(&judge(&host, &settings(&fields), request))?;
    }

    #[test]
    fn answers_are_bounded_and_plain_for_any_signer(
        subject in prop_oneof!["[!-~]{1,2000}", Just(format!("https://x/{}", "s".repeat(1990)))],
        issuer in prop_oneof!["\\PC{1,500}", Just("\u{4e00}".repeat(600)), Just(GITHUB.to_owned())],
        known in "\\PC{0,400}", long in any::<bool>(), proven in any::<bool>(), fields in enforcement(),
    ) {
        prop_assume!(issuer.chars().all(shows_plainly));
        bounded_and_plain(&subject, &issuer, known, long, proven, &fields)?;
    }

    #[test]
    fn the_order_of_layers_makes_no_difference(
        (who, shuffled) in some().prop_flat_map(|who| (Just(who.clone()), Just(who).prop_shuffle())),
        proven in some(), known in some(), fields in enforcement(),
    ) {
        let answer = judged(&host(&layers(&who), &proven, &known), &fields, &[IMAGE]);
        let other = judged(&host(&layers(&shuffled), &proven, &known), &fields, &[IMAGE]);
        prop_assert_eq!(answer, other);
    }

    #[test]
    fn the_order_of_signers_makes_no_difference(
        who in some(), proven in some(), fields in enforcement(),
        (known, shuffled) in some().prop_flat_map(|who| (Just(who.clone()), Just(who).prop_shuffle())),
    ) {
        let answer = judged(&host(&layers(&who), &proven, &known), &fields, &[IMAGE]);
        let other = judged(&host(&layers(&who), &proven, &shuffled), &fields, &[IMAGE]);
        prop_assert_eq!(answer.annotations, other.annotations);
        prop_assert_eq!(answer.rejection.map(|(code, _)| code), other.rejection.map(|(code, _)| code));
    }

    #[test]
    fn the_order_of_exceptions_makes_no_difference(
        who in some(), proven in some(), known in some(),
        (accepted, shuffled) in some().prop_flat_map(|who| (Just(who.clone()), Just(who).prop_shuffle())),
        unsigned in any::<bool>(),
    ) {
        let all = signers();
        let fields = |accepted: &[usize]| {
            let exception = |accepts: String| json!({"repository": REPOSITORY, "accepts": accepts, "reason": "r", "expires": "2027-03-31"});
            let mut list: Vec<Value> = accepted.iter().map(|at| exception(format!("signer:{}", all[*at].id()))).collect();
            list.insert(list.len() / 2, exception(if unsigned { "unsigned".to_owned() } else { format!("signer:{}", all[0].id()) }));
            json!({"enforce": [{}], "exceptions": list})
        };
        let host = host(&layers(&who), &proven, &known);
        let answer = judged(&host, &fields(&accepted), &[IMAGE]);
        let other = judged(&host, &fields(&shuffled), &[IMAGE]);
        prop_assert_eq!(answer.annotations, other.annotations);
        prop_assert_eq!(answer.rejection, other.rejection);
    }

    #[test]
    fn unknown_words_never_mean_unsigned(
        text in prop_oneof![any::<String>(), "Registry error: url u, envelope: OCI API errors: \\[OCI API error: \\PC{1,40}\\]"],
        at in 0usize..3,
    ) {
        let image = digest(IMAGE);
        let mut host = host(&layers(&[]), &[], &[0]);
        let tag = [image.signature_tag(), image.referrers_tag(), "v1.9.0".to_owned()][at].clone();
        let error = of_registry(&text, &Asked { name: REPOSITORY, reference: &tag }, &[]);
        prop_assert_ne!(&error, &HostError::Absent);
        host.failing.insert(format!("{REPOSITORY}:{tag}"), error);
        let answer = judged(&host, &json!({"enforce": [{}]}), &[IMAGE]);
        let said = &answer.annotations["image-1"];
        prop_assert!(!said.contains("unsigned"), "{said}");
        prop_assert_eq!(&answer.annotations["summary"].contains("unsigned"), &false);
    }

    #[test]
    fn who_is_known_never_drifts(known in some(), strangers in some()) {
        prop_assume!(!known.is_empty());
        // Known signers of the baseline's rank beside any strangers, all of them proven.
        prop_assume!(known.iter().any(|at| *at < 4));
        let mut who = known.clone();
        who.extend(strangers);
        who.dedup();
        let answer = judged(&host(&layers(&who), &who, &known), &json!({"enforce": [{}]}), &[IMAGE]);
        prop_assert_eq!(answer.rejection, None);
        prop_assert_eq!(&answer.annotations["summary"], "1 none");
    }
}
