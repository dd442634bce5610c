//! Kubewarden 1.36 and later: sigstore 0.14, oci-client 0.18.
//!
//! Signatures are looked for under the `.sig` tag and among the referrers, and what goes wrong in either is only logged:
//! a signature that is absent, wrong or out of reach makes one text.

#![expect(
    clippy::duplicate_mod,
    reason = "what both generations do is compiled once for the libraries of each"
)]

use oci_client_0_18 as oci;
use sigstore_0_14 as sigstore_rs;

use sigstore_rs::cosign::{Client, CosignCapabilities as _, SignatureLayer};
use sigstore_rs::errors::Result;
use sigstore_rs::registry::{Auth, OciReference};

#[path = "client_config.rs"]
mod client_config;
#[path = "constraint.rs"]
mod constraint;
#[path = "registry.rs"]
mod registry;
#[path = "trust_root.rs"]
mod trust_root;
#[path = "verifier.rs"]
mod verifier;

pub(super) use registry::Registry;
pub(super) use verifier::Verifier;

/// The signature layers of an image, which this library triangulates once more by itself.
async fn signature_layers(
    client: &mut Client,
    auth: &Auth,
    image: &OciReference,
    _digest: &str,
    _signatures: &OciReference,
) -> Result<Vec<SignatureLayer>> {
    client.trusted_signature_layers(auth, image).await
}
