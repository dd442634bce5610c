//! Names of the forgeries, and their stories in a few words, for test output and for the demo.

use super::Forgery;

impl Forgery {
    /// Name and story.
    pub(super) fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::SelfMadeCertificate => (
                "self-made-certificate",
                "made a certificate with the victim's names and signed it with its own key",
            ),
            Self::OtherAuthority => (
                "other-authority",
                "made an authority with the same names, and a leaf with the victim's",
            ),
            Self::OtherSigstore => (
                "other-sigstore",
                "made a whole Sigstore of their own, with the same names",
            ),
            Self::CopiedLayer => (
                "copied-layer",
                "copied the victim's signature from another digest",
            ),
            Self::CopiedParts => (
                "copied-parts",
                "put the victim's signature, certificate and log entry beside an own payload",
            ),
            Self::CopiedCertificateAndEntry => (
                "copied-certificate-and-entry",
                "put the victim's certificate and log entry beside an own payload and signature",
            ),
            Self::EntryOfOtherRelease => (
                "entry-of-other-release",
                "put the victim's certificate and the log entry of another release beside an own payload and signature",
            ),
            Self::OwnEntryVictimCertificate => (
                "own-entry-victim-certificate",
                "signed and logged with an own key, under the victim's certificate",
            ),
            Self::SwappedCertificate => (
                "swapped-certificate",
                "signed keyless as themselves, then put the victim's certificate in place of their own",
            ),
            Self::UncheckedEntry => (
                "unchecked-entry",
                "had a careless log enter an own signature under the victim's certificate",
            ),
            Self::EntryByOtherLog => (
                "entry-by-other-log",
                "had a log of their own enter an own signature under the victim's certificate",
            ),
            Self::EntryUnderFalseLogId => (
                "entry-under-false-log-id",
                "wrote the trusted log's id into an entry of their own log",
            ),
            Self::EditedEntryBody => (
                "edited-entry-body",
                "rewrote the body of the victim's log entry",
            ),
            Self::TwoBlocks => (
                "two-blocks",
                "put a self-made certificate with another tag before the victim's",
            ),
            Self::OwnCertificateFirst => (
                "own-certificate-first",
                "put a self-made certificate before the victim's",
            ),
            Self::OwnCertificateLast => (
                "own-certificate-last",
                "put a self-made certificate after the victim's",
            ),
            Self::TrailingCertificate => (
                "trailing-certificate",
                "put the victim's certificate after a self-made one, in the same block",
            ),
            Self::StolenKeyLateEntry => (
                "stolen-key-late-entry",
                "signed with the victim's expired leaf key and had it logged now",
            ),
            Self::StolenKeyEditedTime => (
                "stolen-key-edited-time",
                "signed with the victim's expired leaf key and dated the log entry back",
            ),
            Self::StolenKeyCopiedEntry => (
                "stolen-key-copied-entry",
                "signed with the victim's expired leaf key and copied the victim's old log entry",
            ),
            Self::StolenKeyForeignEntry => (
                "stolen-key-foreign-entry",
                "signed with the victim's expired leaf key and used an old log entry of something else",
            ),
            Self::StolenKeyBesideVictim => (
                "stolen-key-beside-victim",
                "did the same and put the victim's own signature of another digest behind it",
            ),
            Self::StolenKeyBetweenVictims => (
                "stolen-key-between-victims",
                "did the same between two copies of the victim's own signature of another digest",
            ),
            Self::StolenKeyNoEntry => (
                "stolen-key-no-entry",
                "signed with the victim's expired leaf key, without a log entry",
            ),
            Self::StolenKeyGarbledEntry => (
                "stolen-key-garbled-entry",
                "signed with the victim's expired leaf key, with an unreadable log entry",
            ),
            Self::KeyCopiedLayer => (
                "key-copied-layer",
                "copied the victim's key-based signature from another digest",
            ),
            Self::KeyCopiedParts => (
                "key-copied-parts",
                "put the victim's key-based signature and log entry beside an own payload",
            ),
            Self::KeyCopiedEntry => (
                "key-copied-entry",
                "signed with an own key, beside a log entry that names the victim's key",
            ),
            Self::KeyUncheckedEntry => (
                "key-unchecked-entry",
                "had a careless log enter an own signature under the victim's key",
            ),
        }
    }
}
