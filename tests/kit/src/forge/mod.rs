//! Ready-made forgeries: what somebody who can push to the victim's repository, and perhaps holds a key
//! that has leaked, puts beside an image of their own so that it looks like the victim's.
//!
//! Invariant: every forgery claims the victim (its certificate or its key stands in the layers, or in
//! an entry), and none of them is a proof that the victim signed the attacker's digest.
//! Direction of failure: a forgery that cannot be assembled is an error.

mod keyed;
mod keyless;
mod scene;
mod stolen;
mod stories;

use anyhow::Result;

use crate::sigstore::SignatureLayer;
pub use scene::{Scene, Victim};

/// What the attacker did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Forgery {
    /// Made a certificate with the victim's names, under the authority's name, and signed it with its own key.
    SelfMadeCertificate,
    /// Made an authority with the same names as the victim's, and a leaf with the victim's.
    OtherAuthority,
    /// Made a whole Sigstore of their own.
    OtherSigstore,
    /// Copied the victim's layer from another digest, untouched.
    CopiedLayer,
    /// Put the victim's signature, certificate and log entry beside an own payload.
    CopiedParts,
    /// Put the victim's certificate and log entry beside an own payload and an own signature.
    CopiedCertificateAndEntry,
    /// The same, with the log entry of another release of the victim's.
    EntryOfOtherRelease,
    /// Signed with an own key, had that logged honestly, and put the victim's certificate beside it.
    OwnEntryVictimCertificate,
    /// Signed keyless as themselves, and put the victim's certificate in place of their own.
    SwappedCertificate,
    /// Had a log that checks nothing enter an own signature under the victim's certificate.
    UncheckedEntry,
    /// Had a log of their own enter an own signature under the victim's certificate.
    EntryByOtherLog,
    /// The same, with the trusted log's id written into the entry.
    EntryUnderFalseLogId,
    /// Changed the body of the victim's log entry to name an own payload and an own signature.
    EditedEntryBody,
    /// Put a self-made certificate in a block tagged `X509 CERTIFICATE` before the victim's.
    TwoBlocks,
    /// Put a self-made certificate in a block tagged `CERTIFICATE` before the victim's.
    OwnCertificateFirst,
    /// Put a self-made certificate in a block tagged `CERTIFICATE` after the victim's.
    OwnCertificateLast,
    /// Put the victim's certificate after a self-made one, in the same block.
    TrailingCertificate,
    /// Holds the victim's leaf key, and had the signature logged after the leaf had expired.
    StolenKeyLateEntry,
    /// The same, with the time in the log entry changed to lie inside the leaf's validity.
    StolenKeyEditedTime,
    /// Holds the victim's leaf key, and copied the log entry that the victim got in time.
    StolenKeyCopiedEntry,
    /// Holds the victim's leaf key, and uses an entry of something else that was logged in time.
    StolenKeyForeignEntry,
    /// The same, beside the victim's own layer with its own entry.
    StolenKeyBesideVictim,
    /// The same, with the layer that cannot stand before the victim's own and after it.
    StolenKeyBetweenVictims,
    /// Holds the victim's leaf key, and has no log entry.
    StolenKeyNoEntry,
    /// Holds the victim's leaf key, and put something unreadable in place of a log entry.
    StolenKeyGarbledEntry,
    /// Copied the victim's key-based layer from another digest, untouched.
    KeyCopiedLayer,
    /// Put the victim's key-based signature and its log entry beside an own payload.
    KeyCopiedParts,
    /// Signed with an own key, beside the victim's log entry, whose body names the victim's key.
    KeyCopiedEntry,
    /// Had a log that checks nothing enter an own signature under the victim's key.
    KeyUncheckedEntry,
}

impl Forgery {
    /// Every forgery.
    pub const ALL: [Self; 29] = [
        Self::SelfMadeCertificate,
        Self::OtherAuthority,
        Self::OtherSigstore,
        Self::CopiedLayer,
        Self::CopiedParts,
        Self::CopiedCertificateAndEntry,
        Self::EntryOfOtherRelease,
        Self::OwnEntryVictimCertificate,
        Self::SwappedCertificate,
        Self::UncheckedEntry,
        Self::EntryByOtherLog,
        Self::EntryUnderFalseLogId,
        Self::EditedEntryBody,
        Self::TwoBlocks,
        Self::OwnCertificateFirst,
        Self::OwnCertificateLast,
        Self::TrailingCertificate,
        Self::StolenKeyLateEntry,
        Self::StolenKeyEditedTime,
        Self::StolenKeyCopiedEntry,
        Self::StolenKeyForeignEntry,
        Self::StolenKeyBesideVictim,
        Self::StolenKeyBetweenVictims,
        Self::StolenKeyNoEntry,
        Self::StolenKeyGarbledEntry,
        Self::KeyCopiedLayer,
        Self::KeyCopiedParts,
        Self::KeyCopiedEntry,
        Self::KeyUncheckedEntry,
    ];

    /// Every forgery.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &Self::ALL
    }

    /// A name for files and tests.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.told().0
    }

    /// What the attacker did, as the end of a sentence that begins "The attacker …".
    #[must_use]
    pub fn story(self) -> &'static str {
        self.told().1
    }

    /// Whether the victim's long-lived key is imitated, in place of its workflow's identity.
    #[must_use]
    pub fn is_key_based(self) -> bool {
        matches!(
            self,
            Self::KeyCopiedLayer
                | Self::KeyCopiedParts
                | Self::KeyCopiedEntry
                | Self::KeyUncheckedEntry
        )
    }

    /// The layers to push beside the attacker's image.
    ///
    /// # Errors
    /// When a part cannot be made.
    pub fn layers(self, scene: &Scene<'_>) -> Result<Vec<SignatureLayer>> {
        let layer = match self {
            Self::SelfMadeCertificate => keyless::self_made_certificate(scene)?,
            Self::OtherAuthority => keyless::other_authority(scene)?,
            Self::OtherSigstore => keyless::other_sigstore(scene)?,
            Self::CopiedLayer => scene.victim.release()?.layer()?,
            Self::CopiedParts => keyless::copied_parts(scene)?,
            Self::CopiedCertificateAndEntry => keyless::copied_certificate_and_entry(scene)?,
            Self::EntryOfOtherRelease => keyless::entry_of_other_release(scene)?,
            Self::OwnEntryVictimCertificate => keyless::own_entry_victim_certificate(scene)?,
            Self::SwappedCertificate => keyless::swapped_certificate(scene)?,
            Self::UncheckedEntry => keyless::unchecked_entry(scene)?,
            Self::EntryByOtherLog => keyless::entry_by_other_log(scene, false)?,
            Self::EntryUnderFalseLogId => keyless::entry_by_other_log(scene, true)?,
            Self::EditedEntryBody => keyless::edited_entry_body(scene)?,
            Self::TwoBlocks => keyless::two_blocks(scene, "X509 CERTIFICATE", true)?,
            Self::OwnCertificateFirst => keyless::two_blocks(scene, "CERTIFICATE", true)?,
            Self::OwnCertificateLast => keyless::two_blocks(scene, "CERTIFICATE", false)?,
            Self::TrailingCertificate => keyless::trailing_certificate(scene)?,
            Self::StolenKeyLateEntry => stolen::late_entry(scene)?,
            Self::StolenKeyEditedTime => stolen::edited_time(scene)?,
            Self::StolenKeyCopiedEntry => stolen::copied_entry(scene)?,
            Self::StolenKeyForeignEntry => stolen::foreign_entry(scene)?,
            Self::StolenKeyBesideVictim => {
                return Ok(vec![
                    stolen::foreign_entry(scene)?,
                    scene.victim.release()?.layer()?,
                ]);
            }
            Self::StolenKeyBetweenVictims => {
                let victim = scene.victim.release()?.layer()?;
                return Ok(vec![victim.clone(), stolen::foreign_entry(scene)?, victim]);
            }
            Self::StolenKeyNoEntry => stolen::no_entry(scene)?,
            Self::StolenKeyGarbledEntry => stolen::garbled_entry(scene)?,
            Self::KeyCopiedLayer => scene.victim.keyed_release()?.layer()?,
            Self::KeyCopiedParts => keyed::copied_parts(scene)?,
            Self::KeyCopiedEntry => keyed::copied_entry(scene)?,
            Self::KeyUncheckedEntry => keyed::unchecked_entry(scene)?,
        };
        Ok(vec![layer])
    }
}
