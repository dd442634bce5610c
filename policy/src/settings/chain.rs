//! Chains of certificate authorities that may issue signing certificates.
//!
//! Invariant: each certificate of a chain is an authority and is issued, by name, by the next one; the last is the
//! anchor. What hosts are asked with is our own encoding of one certificate for each block. A chain in another order
//! would trust nothing, and every signature would look unproven: it is refused here instead.

use crate::certificate::{CertificateError, CertificateFacts};
use crate::pem;
use der::Decode;
use serde::Deserialize;
use x509_cert::Certificate;

const TAG: &str = "CERTIFICATE";
const END: &str = "-----END CERTIFICATE-----";
const LONGEST_CHAIN: usize = 8;
const LONGEST_TEXT: usize = 128 * 1024;

/// Intermediates first, root last.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct CertificateChain {
    certificates: Vec<String>,
}

/// Why a text is no chain of certificate authorities.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// None, or too many.
    #[error(
        "expected 1 to {LONGEST_CHAIN} PEM blocks CERTIFICATE in {LONGEST_TEXT} bytes at most, intermediates first, root last"
    )]
    Blocks,
    /// One of them.
    #[error("certificate {number} of the chain: {source}")]
    Certificate {
        /// Counted from 1.
        number: usize,
        /// What is wrong with it.
        source: CertificateError,
    },
    /// A leaf, or a very old root.
    #[error("certificate {0} of the chain: expected a certificate authority (basic constraints)")]
    NoAuthority(usize),
    /// The order, or a gap.
    #[error(
        "certificate {0} of the chain: expected to be issued by the next one; intermediates first, root last"
    )]
    Order(usize),
}

impl CertificateChain {
    /// From the PEM blocks of one chain, with only white space around them.
    ///
    /// # Errors
    /// When no signing certificate could be checked with it.
    pub fn from_pem(text: &str) -> Result<Self, ChainError> {
        let blocks: Vec<&str> = text
            .split_inclusive(END)
            .filter(|block| !block.trim().is_empty())
            .collect();
        if text.len() > LONGEST_TEXT || !(1..=LONGEST_CHAIN).contains(&blocks.len()) {
            return Err(ChainError::Blocks);
        }
        let mut certificates = Vec::new();
        let mut issuer = None;
        for (at, block) in blocks.into_iter().enumerate() {
            let problem = |source| ChainError::Certificate {
                number: at + 1,
                source,
            };
            let der = pem::decode(TAG, block).map_err(|error| problem(error.into()))?;
            let facts = CertificateFacts::from_der(&der).map_err(problem)?;
            if !facts.authority {
                return Err(ChainError::NoAuthority(at + 1));
            }
            let certificate = Certificate::from_der(&der)
                .map_err(|error| problem(CertificateError::Der(error.to_string())))?;
            let certificate = certificate.tbs_certificate();
            if issuer.is_some_and(|issuer| issuer != *certificate.subject()) {
                return Err(ChainError::Order(at));
            }
            issuer = Some(certificate.issuer().clone());
            certificates.push(pem::encode(TAG, &der));
        }
        Ok(Self { certificates })
    }

    /// PEM of each certificate, intermediates first, root last.
    #[must_use]
    pub fn certificates(&self) -> &[String] {
        &self.certificates
    }

    /// The chains of Sigstore's public-good Fulcio, as its TUF root names them: the root of 2021, which issued until
    /// 2022, and the intermediate of 2022 with its root.
    #[must_use]
    pub fn public_good() -> Vec<Self> {
        const ROOT_2021: &str = include_str!("fulcio/root-2021.pem");
        const INTERMEDIATE_2022: &str = include_str!("fulcio/intermediate-2022.pem");
        const ROOT_2022: &str = include_str!("fulcio/root-2022.pem");
        // Already in our encoding, so that nothing has to be parsed for every request; a test holds them to it.
        [&[ROOT_2021][..], &[INTERMEDIATE_2022, ROOT_2022][..]]
            .iter()
            .map(|chain| Self {
                certificates: chain.iter().map(|&pem| pem.to_owned()).collect(),
            })
            .collect()
    }
}

impl TryFrom<String> for CertificateChain {
    type Error = ChainError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::from_pem(&text)
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
