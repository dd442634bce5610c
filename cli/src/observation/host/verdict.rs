//! What a failed verification means.
//!
//! Invariant: parts that contradict each other are told from what cannot be judged here, such as another trust root.
//! Texts of the library are not read, only its kinds of errors.

use signature_continuity::host::Unproven;
use signature_continuity::host_error::HostError;
use sigstore_verify::bundle::Error as Structure;
use sigstore_verify::{CertificateError, Error, TransparencyLogError};

/// In which way a signature was not proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Its parts contradict each other, or the digest.
    Contradiction(&'static str),
    /// The signature does not hold.
    WrongSignature,
    /// The log entry does not belong to the signature.
    OtherEntry,
    /// The log's own signature over an entry does not hold.
    LogSignature,
    /// It cannot be judged here.
    Unreadable(&'static str),
}

impl Verdict {
    pub(super) fn of(error: &Error) -> Self {
        use TransparencyLogError as Log;
        if let Error::TransparencyLog(error) = error {
            return if matches!(error, Log::InclusionProof(_)) {
                Self::Contradiction("the log entry is not in the tree that its proof names")
            } else if matches!(error, Log::EntryMismatch(_)) {
                Self::OtherEntry
            } else if matches!(error, Log::IntegratedTime(_)) {
                Self::Unreadable("the log entry is dated in the future, or outside the validity")
            } else if matches!(error, Log::InclusionPromise(_) | Log::Checkpoint(_)) {
                Self::LogSignature
            } else if matches!(error, Log::UnknownLog { .. }) {
                Self::Unreadable("the log is not of the trust root")
            } else {
                Self::Unreadable("the log entry cannot be read")
            };
        }
        if matches!(error, Error::SignatureInvalid(_)) {
            Self::WrongSignature
        } else if matches!(error, Error::ArtifactMismatch(_)) {
            Self::Contradiction("the signature is of something else")
        } else if matches!(
            error,
            Error::Bundle(Structure::CheckpointRootMismatch | Structure::LogIndexOutOfRange { .. })
        ) {
            Self::Contradiction("the parts of the inclusion proof contradict each other")
        } else if matches!(error, Error::Bundle(Structure::MissingInclusionProof(_))) {
            Self::Unreadable("there is no inclusion proof")
        } else if matches!(
            error,
            Error::Certificate(
                CertificateError::NotYetValid { .. } | CertificateError::Expired { .. }
            )
        ) {
            Self::Contradiction("the log entry is dated outside the certificate's validity")
        } else if matches!(error, Error::Certificate(_)) {
            Self::Unreadable("no authority of the trust root issued the certificate for that time")
        } else if matches!(error, Error::Timestamp(_)) {
            Self::Unreadable("no timestamp can be verified")
        } else {
            Self::Unreadable("it is of a kind that cannot be verified here")
        }
    }

    /// For a layer of a `.sig`, as the module's host has it: an entry whose signature does not hold is like none.
    pub(super) fn for_layer(&self) -> HostError {
        match self {
            Self::Contradiction(_) | Self::WrongSignature | Self::OtherEntry => HostError::Negative,
            Self::LogSignature | Self::Unreadable(_) => HostError::Negative,
        }
    }

    /// For a bundle, with whether its log is one of the trust root.
    pub(super) fn for_bundle(&self, log_is_known: bool) -> Unproven {
        match self {
            Self::Contradiction(what) => Unproven::Contradiction(what),
            Self::WrongSignature => Unproven::Contradiction("the signature is not the signer's"),
            Self::OtherEntry => Unproven::Contradiction("the log entry is of another signature"),
            Self::LogSignature if log_is_known => {
                Unproven::Contradiction("the log did not sign the entry as it is")
            }
            Self::LogSignature => unreadable("the log is not of the trust root"),
            Self::Unreadable(why) => unreadable(why),
        }
    }
}

/// A bundle that proves nothing.
pub(super) fn unreadable(why: &str) -> Unproven {
    Unproven::Unreadable(format!("a bundle: {why}"))
}
