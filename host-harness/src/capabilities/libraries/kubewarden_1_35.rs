//! Kubewarden 1.35, and 1.36 before its release: sigstore 0.13, oci-client 0.17.
//!
//! Signatures are looked for under the `.sig` tag alone, and what goes wrong there is told, apart from whether the tag is
//! absent or could not be fetched.

use oci_client as oci;
use sigstore as sigstore_rs;

use sigstore_rs::cosign::{Client, CosignCapabilities as _, SignatureLayer};
use sigstore_rs::errors::SigstoreError;
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

/// The signature layers of an image whose digest and `.sig` tag are known.
async fn signature_layers(
    client: &mut Client,
    auth: &Auth,
    _image: &OciReference,
    digest: &str,
    signatures: &OciReference,
) -> Result<Vec<SignatureLayer>, SigstoreError> {
    client
        .trusted_signature_layers(auth, digest, signatures)
        .await
}
