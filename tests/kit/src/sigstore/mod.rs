//! The signing side: everything that stands between an identity and the bytes in a registry.
//!
//! Invariant: each part (key, certificate, payload, log entry, layer, manifest) is a value of its own
//! with public fields, so that a test can replace one and leave the others as they were.
//! Direction of failure: a part that cannot be made is an error.

mod annotations;
mod armor;
mod asn1;
mod authority;
mod bundle;
mod digest;
mod entry;
mod flaw;
mod identity;
mod inclusion;
mod key_source;
mod keys;
mod layer;
mod leaf;
mod log;
mod manifest;
mod payload;
mod private;
mod signer;
mod trust_root;
mod unusual_keys;

pub use annotations::{Annotations, BUNDLE, CERTIFICATE, CHAIN, SIGNATURE};
pub use armor::{armor, armor_with_carriage_returns, dearmor};
pub use authority::CertificateAuthority;
pub use bundle::{
    BUNDLE_MEDIA_TYPE, Bundle, EMPTY_MEDIA_TYPE, Referrer, SIGN_PREDICATE, bundle_index,
};
pub use digest::{Descriptor, digest_of, fallback_tag, signature_tag};
pub use entry::EntryBody;
pub use flaw::LeafFlaw;
pub use identity::{GITHUB, GOOGLE, Identity, SubjectName};
pub use inclusion::inclusion_proof;
pub use key_source::KeySource;
pub use keys::{KeyKind, SigningKey};
pub use layer::{SIMPLE_SIGNING_MEDIA_TYPE, SignatureLayer};
pub use leaf::{Leaf, LeafRequest};
pub use log::{EntryPayload, LogEntry, TransparencyLog, canonical_entry};
pub use manifest::{IMAGE_MANIFEST_MEDIA_TYPE, SignatureManifest};
pub use payload::SimpleSigning;
pub use private::PrivateSigstore;
pub use signer::{Signature, Signer};
pub use unusual_keys::UnusualKey;
