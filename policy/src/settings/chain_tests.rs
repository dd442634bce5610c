#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use proptest::prelude::*;
use rstest::rstest;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::path::Path;
use std::time::Duration;

const INTERMEDIATE: &str = include_str!("fulcio/intermediate-2022.pem");
const ROOT_2022: &str = include_str!("fulcio/root-2022.pem");
/// 1.3.6.1.5.5.7.3.3, code signing, as webpki wants it.
const CODE_SIGNING: &[u8] = &[43, 6, 1, 5, 5, 7, 3, 3];

#[test]
fn the_built_in_chains_are_in_our_encoding_and_in_order() {
    let built_in = CertificateChain::public_good();
    assert_eq!(built_in.len(), 2);
    for chain in built_in {
        assert_eq!(
            CertificateChain::from_pem(&chain.certificates().concat()),
            Ok(chain)
        );
    }
}

#[test]
fn accepts_white_space_around_blocks_and_encodes_them_anew() {
    let text = format!(
        "\r\n{}\n\n  {}\n",
        INTERMEDIATE.replace('\n', "\r\n"),
        ROOT_2022.trim()
    );
    assert_eq!(
        CertificateChain::from_pem(&text).unwrap().certificates(),
        [INTERMEDIATE, ROOT_2022]
    );
}

#[rstest]
#[case::empty(String::new(), ChainError::Blocks)]
#[case::blank("\n ".to_owned(), ChainError::Blocks)]
#[case::too_many(ROOT_2022.repeat(9), ChainError::Blocks)]
#[case::too_long(format!("{ROOT_2022}{}", " ".repeat(LONGEST_TEXT)), ChainError::Blocks)]
#[case::reversed(format!("{ROOT_2022}{INTERMEDIATE}"), ChainError::Order(1))]
fn rejects_what_is_no_chain(#[case] text: String, #[case] error: ChainError) {
    assert_eq!(CertificateChain::from_pem(&text), Err(error));
}

#[rstest]
#[case::words_before(format!("hello\n{ROOT_2022}"), 1)]
#[case::words_between(format!("{INTERMEDIATE}hello\n{ROOT_2022}"), 2)]
#[case::words_after(format!("{INTERMEDIATE}{ROOT_2022}hello"), 3)]
#[case::other_tag(ROOT_2022.replace("CERTIFICATE", "X509 CERTIFICATE"), 1)]
#[case::half(ROOT_2022.replace("-----END CERTIFICATE-----", ""), 1)]
#[case::no_certificate(pem::encode(TAG, b"x"), 1)]
fn rejects_blocks_that_are_no_certificate(#[case] text: String, #[case] at: usize) {
    match CertificateChain::from_pem(&text) {
        Err(ChainError::Certificate { number, .. }) => assert_eq!(number, at),
        other => panic!("expected an error in certificate {at}, got {other:?}"),
    }
}

#[test]
fn rejects_leaves() {
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(Vec::new())
        .unwrap()
        .self_signed(&key)
        .unwrap();
    assert_eq!(
        CertificateChain::from_pem(&pem::encode(TAG, leaf.der())),
        Err(ChainError::NoAuthority(1))
    );
}

/// Whether `chain` trusts `leaf` at the start of its validity: what hosts are asked.
fn is_trusted(leaf: &[u8], chain: &CertificateChain) -> bool {
    let not_before = CertificateFacts::from_der(leaf)
        .unwrap()
        .not_before
        .timestamp();
    let leaf = CertificateDer::from(leaf);
    let time = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(not_before).unwrap()));
    let mut chain: Vec<CertificateDer<'_>> = chain
        .certificates()
        .iter()
        .map(|text| CertificateDer::from(pem::decode(TAG, text).unwrap()))
        .collect();
    let root = chain.pop().unwrap();
    let anchor = webpki::anchor_from_trusted_cert(&root).unwrap();
    let usage = webpki::KeyUsage::required_if_present(CODE_SIGNING);
    webpki::EndEntityCert::try_from(&leaf).is_ok_and(|leaf| {
        leaf.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &[anchor],
            &chain,
            time,
            usage,
            None,
            None,
        )
        .is_ok()
    })
}

/// Certificates of the real Fulcio and of others.
#[test]
#[cfg_attr(not(recordings), ignore = "needs the recordings beside the project")]
fn the_built_in_chains_trust_the_certificates_of_the_public_good_instance_and_no_others() {
    let folder = Path::new(env!("RECORDINGS"));
    let index = std::fs::read_to_string(folder.join("INDEX.tsv")).unwrap();
    let [old, new] = CertificateChain::public_good().try_into().unwrap();
    let (mut by_old, mut by_new, mut by_others) = (0, 0, 0);
    for line in index.lines().filter(|line| line.starts_with("certs/")) {
        let columns: Vec<&str> = line.split('\t').collect();
        let text = std::fs::read_to_string(folder.join(columns[0])).unwrap();
        let leaf = pem::decode(TAG, &text).unwrap();
        let trusted = [is_trusted(&leaf, &old), is_trusted(&leaf, &new)];
        assert_eq!(
            trusted.contains(&true),
            columns[4].contains("; ca=PROD("),
            "{}",
            columns[0]
        );
        match trusted {
            [true, true] => panic!("both chains issued {}", columns[0]),
            [true, false] => by_old += 1,
            [false, true] => by_new += 1,
            [false, false] => by_others += 1,
        }
    }
    assert!(
        by_old >= 1 && by_new >= 60 && by_others >= 10,
        "expected certificates of all kinds, got {by_old}, {by_new} and {by_others}"
    );
}

proptest! {
    #[test]
    fn is_total(text in "(-----(BEGIN|END) CERTIFICATE-----|[A-Za-z0-9+/=\n]){0,60}") {
        prop_assert!(CertificateChain::from_pem(&text).is_err());
    }
}
