#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use proptest::prelude::*;
use rcgen::{
    CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    OtherNameValue, SanType, date_time_ymd,
};
use rstest::rstest;
use std::path::Path;

const ISSUER: &str = "https://token.actions.githubusercontent.com";
const WORKFLOW: &str = "https://github.com/acme/api/.github/workflows/release.yml@refs/tags/v1";

fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}

fn utf8(text: &str) -> Vec<u8> {
    der::Encode::to_der(&der::asn1::Utf8StringRef::new(text).unwrap()).unwrap()
}

fn extension(n: u64, content: Vec<u8>) -> CustomExtension {
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 57264, 1, n], content)
}

/// What Fulcio issues, so that each test changes one thing.
fn well_formed() -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.not_before = date_time_ymd(2026, 11, 1);
    params.not_after = date_time_ymd(2026, 11, 2);
    params.subject_alt_names = vec![uri(WORKFLOW)];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    params.custom_extensions = vec![extension(1, ISSUER.into()), extension(8, utf8(ISSUER))];
    params
}

fn issued(params: &CertificateParams) -> Vec<u8> {
    params
        .self_signed(&KeyPair::generate().unwrap())
        .unwrap()
        .der()
        .to_vec()
}

fn changed(change: impl FnOnce(&mut CertificateParams)) -> Result<Leaf, CertificateError> {
    let mut params = well_formed();
    change(&mut params);
    Leaf::from_der(issued(&params))
}

#[test]
fn accepts_a_well_formed_leaf() {
    let der = issued(&well_formed());
    let leaf = Leaf::from_annotation(&format!("\n{}\n", pem::encode(TAG, &der))).unwrap();
    assert_eq!((leaf.san(), leaf.issuer()), (WORKFLOW, ISSUER));
    assert_eq!(leaf.der(), der);
    assert_eq!(leaf.pem(), pem::encode(TAG, &der));
    assert_eq!(leaf.not_before().to_rfc3339(), "2026-11-01T00:00:00+00:00");
    let start = leaf.not_before().timestamp();
    assert!(leaf.valid_at(start) && leaf.valid_at(start + 86_400));
    assert!(!leaf.valid_at(start - 1) && !leaf.valid_at(start + 86_401));
    assert!(!leaf.valid_at(i64::MIN) && !leaf.valid_at(i64::MAX));
}

#[test]
fn accepts_people_and_either_form_of_the_issuer() {
    let leaf = changed(|p| {
        p.subject_alt_names = vec![SanType::Rfc822Name("dev@acme.example".try_into().unwrap())]
    });
    assert_eq!(leaf.unwrap().san(), "dev@acme.example");
    for (n, content) in [(1, ISSUER.into()), (8, utf8(ISSUER))] {
        let leaf = changed(|p| p.custom_extensions = vec![extension(n, content)]).unwrap();
        assert_eq!(leaf.issuer(), ISSUER);
    }
}

#[test]
fn reads_what_the_ca_attests_about_the_build() {
    let texts = [
        (9, "builder"),
        (11, "runner"),
        (12, "source"),
        (15, "15"),
        (16, "owner"),
        (17, "17"),
        (18, "config"),
        (20, "push"),
    ];
    let leaf = changed(|p| {
        p.custom_extensions
            .extend(texts.map(|(n, text)| extension(n, utf8(text))));
        p.custom_extensions.push(extension(5, b"acme/api".to_vec()));
    })
    .unwrap();
    let text = |text: &str| Some(text.to_owned());
    let expected = Provenance {
        builder: text("builder"),
        runner: text("runner"),
        source: text("source"),
        source_id: text("15"),
        owner: text("owner"),
        owner_id: text("17"),
        build_config: text("config"),
        trigger: text("push"),
        workflow_repository: text("acme/api"),
    };
    assert_eq!(*leaf.provenance(), expected);
}

#[rstest]
#[case::no_usage(|p: &mut CertificateParams| p.key_usages.clear(), "key usage digitalSignature")]
#[case::other_usage(|p: &mut CertificateParams| p.key_usages = vec![KeyUsagePurpose::KeyEncipherment], "key usage digitalSignature")]
#[case::no_purpose(|p: &mut CertificateParams| p.extended_key_usages.clear(), "extended key usage code signing")]
#[case::any_purpose(|p: &mut CertificateParams| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any], "extended key usage code signing")]
#[case::other_purpose(|p: &mut CertificateParams| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth], "extended key usage code signing")]
#[case::authority(|p: &mut CertificateParams| p.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained), "a leaf, got a certificate authority")]
fn rejects_other_usages(
    #[case] change: fn(&mut CertificateParams),
    #[case] expected: &'static str,
) {
    assert_eq!(
        changed(change).unwrap_err(),
        CertificateError::Usage(expected)
    );
}

#[rstest]
#[case::none(vec![], "0 names")]
#[case::two(vec![uri(WORKFLOW), uri(WORKFLOW)], "2 names")]
#[case::dns_beside(vec![uri(WORKFLOW), SanType::DnsName("acme.example".try_into().unwrap())], "2 names")]
#[case::dns(vec![SanType::DnsName("acme.example".try_into().unwrap())], "a DNS name")]
#[case::address(vec![SanType::IpAddress([127, 0, 0, 1].into())], "an IP address")]
#[case::other(vec![SanType::OtherName((vec![1, 3, 6, 1, 4, 1, 57264, 1, 7], OtherNameValue::Utf8String("a!b".to_owned())))], "an otherName")]
fn rejects_other_names(#[case] names: Vec<SanType>, #[case] got: &str) {
    let error = changed(|p| p.subject_alt_names = names).unwrap_err();
    assert_eq!(error, CertificateError::Names(got.to_owned()));
}

#[rstest]
#[case::line_feed(&format!("{WORKFLOW}\nsigned by: somebody"))]
#[case::escape("https://a.example/\u{1b}[2J")]
#[case::nul("https://a.example/\0")]
#[case::empty("")]
#[case::long(&format!("https://a.example/{}", "a".repeat(2048)))]
fn rejects_names_that_cannot_be_shown(#[case] name: &str) {
    let error = changed(|p| p.subject_alt_names = vec![uri(name)]).unwrap_err();
    assert_eq!(error, CertificateError::Text("subject alternative name"));
}

#[rstest]
#[case::none(vec![], CertificateError::Issuers(0))]
#[case::disagree(vec![extension(1, ISSUER.into()), extension(8, utf8("https://evil.example"))], CertificateError::Issuers(2))]
#[case::empty(vec![extension(1, vec![])], CertificateError::Text("issuer (.1)"))]
#[case::not_utf8(vec![extension(1, vec![0xff])], CertificateError::Text("issuer (.1)"))]
#[case::bare_text(vec![extension(8, ISSUER.into())], CertificateError::Text("a Fulcio extension"))]
#[case::trailing(vec![extension(8, [utf8(ISSUER), vec![0]].concat())], CertificateError::Text("a Fulcio extension"))]
#[case::invisible(vec![extension(8, utf8("https://a\u{202e}.example"))], CertificateError::Text("a Fulcio extension"))]
#[case::line_feed(vec![extension(1, b"https://a.example\nx".to_vec())], CertificateError::Text("issuer (.1)"))]
#[case::twice(vec![extension(1, ISSUER.into()), extension(1, ISSUER.into())], CertificateError::Extension("1.3.6.1.4.1.57264.1"))]
#[case::provenance_twice(vec![extension(1, ISSUER.into()), extension(15, utf8("1")), extension(15, utf8("2"))], CertificateError::Extension("1.3.6.1.4.1.57264.1"))]
#[case::old_repository_twice(vec![extension(1, ISSUER.into()), extension(5, b"a/b".to_vec()), extension(5, b"c/d".to_vec())], CertificateError::Extension("1.3.6.1.4.1.57264.1"))]
fn rejects_other_issuers_and_extensions(
    #[case] extensions: Vec<CustomExtension>,
    #[case] expected: CertificateError,
) {
    assert_eq!(
        changed(|p| p.custom_extensions = extensions).unwrap_err(),
        expected
    );
}

/// Readers differ in which of two they take.
#[rstest]
#[case::names(17, &[0x30, 0x06, 0x81, 0x04, b'a', b'@', b'b', b'c'])]
#[case::usage(15, &[0x03, 0x02, 0x07, 0x80])]
#[case::purposes(37, &[0x30, 0x0a, 0x06, 0x08, 0x2b, 6, 1, 5, 5, 7, 3, 3])]
fn rejects_a_standard_extension_twice(#[case] arc: u64, #[case] content: &[u8]) {
    let second = CustomExtension::from_oid_content(&[2, 5, 29, arc], content.to_vec());
    // Alone it is one that can be read.
    let alone = changed(|p| {
        p.subject_alt_names = vec![];
        p.custom_extensions.push(CustomExtension::from_oid_content(
            &[2, 5, 29, 17],
            vec![0x30, 0x06, 0x81, 0x04, b'a', b'@', b'b', b'c'],
        ));
    });
    assert_eq!(alone.unwrap().san(), "a@bc");
    let error = changed(|p| p.custom_extensions.push(second)).unwrap_err();
    assert!(matches!(error, CertificateError::Extension(_)), "{error:?}");
}

#[rstest]
#[case::trailing(|mut der: Vec<u8>| { der.push(0); der })]
#[case::second(|der: Vec<u8>| [der.clone(), der].concat())]
#[case::cut(|mut der: Vec<u8>| { der.pop(); der })]
#[case::empty(|_: Vec<u8>| Vec::new())]
fn rejects_anything_but_one_certificate(#[case] change: fn(Vec<u8>) -> Vec<u8>) {
    let der = change(issued(&well_formed()));
    assert!(matches!(
        Leaf::from_der(der).unwrap_err(),
        CertificateError::Der(_)
    ));
}

#[test]
fn rejects_huge_certificates_before_parsing() {
    let error = changed(|p| p.custom_extensions.push(extension(99, vec![0; LARGEST])));
    assert!(matches!(error.unwrap_err(), CertificateError::TooLarge(_)));
    let error = Leaf::from_der(vec![0x30; LARGEST + 1]);
    assert_eq!(error.unwrap_err(), CertificateError::TooLarge(LARGEST + 1));
}

#[test]
fn rejects_another_certificate_in_front_of_the_one() {
    let own = issued(&well_formed());
    let text = pem::encode("X509 CERTIFICATE", &own) + &pem::encode(TAG, &own);
    assert!(matches!(
        Leaf::from_annotation(&text).unwrap_err(),
        CertificateError::Pem(_)
    ));
}

/// Certificates of the real Fulcio and of others.
#[test]
#[cfg_attr(not(recordings), ignore = "needs the recordings beside the project")]
fn reads_real_certificates() {
    let folder = Path::new(env!("RECORDINGS"));
    let index = std::fs::read_to_string(folder.join("INDEX.tsv")).unwrap();
    let mut read = 0;
    for line in index.lines().filter(|line| line.starts_with("certs/")) {
        let columns: Vec<&str> = line.split('\t').collect();
        let fact = |name: &str| {
            columns[4]
                .split("; ")
                .find_map(|fact| fact.strip_prefix(name))
                .unwrap()
        };
        let (issuer, san) = (fact("issuer="), fact("san="));
        let text = std::fs::read_to_string(folder.join(columns[0])).unwrap();
        let facts = CertificateFacts::from_der(&pem::decode(TAG, &text).unwrap()).unwrap();

        let issuers = usize::from(issuer != "None") * fact("ext=").matches("(.").count();
        assert_eq!(
            facts.issuers,
            vec![issuer.to_owned(); issuers],
            "{}",
            columns[0]
        );
        let name = match san.split_once(':') {
            Some(("email", name)) => vec![AlternativeName::Email(name.to_owned())],
            Some(("URI", name)) => vec![AlternativeName::Uri(name.to_owned())],
            Some(_) => vec![AlternativeName::Other("an otherName")],
            None => vec![],
        };
        assert_eq!(facts.names, name, "{}", columns[0]);
        let (from, to) = fact("validity=").split_once("..").unwrap();
        assert_eq!(
            (facts.not_before, facts.not_after),
            (from.parse().unwrap(), to.parse().unwrap()),
            "{}",
            columns[0]
        );

        let san = san
            .strip_prefix("email:")
            .or_else(|| san.strip_prefix("URI:"));
        let read_as = Leaf::from_annotation(&text)
            .map(|leaf| (leaf.issuer().to_owned(), leaf.san().to_owned()));
        match san {
            // The one whose key usage is keyCertSign alone.
            _ if columns[0].ends_with("__2459ae75.pem") => {
                assert_eq!(
                    read_as,
                    Err(CertificateError::Usage("key usage digitalSignature"))
                );
            }
            Some(san) if issuer != "None" => {
                assert_eq!(
                    read_as,
                    Ok((issuer.to_owned(), san.to_owned())),
                    "{}",
                    columns[0]
                );
            }
            _ => assert!(read_as.is_err(), "{}", columns[0]),
        }
        read += 1;
    }
    assert!(
        read >= 80,
        "expected every certificate of the index, read {read}"
    );
}

proptest! {
    #[test]
    fn is_total_on_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Leaf::from_der(bytes).is_err());
    }

    #[test]
    fn is_total_on_any_text(text in any::<String>()) {
        prop_assert!(Leaf::from_annotation(&text).is_err());
    }
}

/// One changed byte: read or refused, never a panic; what is read is what the bytes say.
#[test]
fn is_total_on_nearly_good_certificates() {
    let good = issued(&well_formed());
    let mut refused = 0;
    for at in 0..good.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut der = good.clone();
            der[at] ^= change;
            match Leaf::from_der(der.clone()) {
                Ok(leaf) => assert_eq!(leaf.der(), der),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > good.len() / 2);
}
