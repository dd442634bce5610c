//! The library with which the policy's hosts verify, asked as they ask it.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(unreachable_pub, reason = "a test module")]

use continuity_testkit::{PrivateSigstore, Remote, sigstore::signature_tag};
use sigstore::{
    cosign::{
        Client, ClientBuilder, CosignCapabilities, SignatureLayer,
        verification_constraint::{
            CertSubjectUrlVerifier, CertificateVerifier, PublicKeyVerifier, VerificationConstraint,
        },
        verify_constraints,
    },
    registry::{Auth, ClientConfig, ClientProtocol, OciReference},
    trust::sigstore::SigstoreTrustRoot,
};

/// A client that trusts one Sigstore.
pub struct Verifier(Client);

impl Verifier {
    pub fn new(sigstore: &PrivateSigstore) -> Self {
        let json = sigstore.trusted_root_json();
        let root = SigstoreTrustRoot::from_trusted_root_json_unchecked(json.as_bytes()).unwrap();
        let config = ClientConfig {
            protocol: ClientProtocol::Http,
            ..ClientConfig::default()
        };
        let builder = ClientBuilder::default()
            .with_oci_client_config(config)
            .with_trust_repository(&root)
            .unwrap();
        Self(builder.build().unwrap())
    }

    /// The layers of `digest`'s signature that the library takes for usable.
    pub async fn layers(
        &mut self,
        registry: &Remote,
        repository: &str,
        digest: &str,
    ) -> Result<Vec<SignatureLayer>, String> {
        let image: OciReference = registry.image(repository, digest).parse().unwrap();
        let (tag, found) = self.0.triangulate(&image, &Auth::Anonymous).await.unwrap();
        assert_eq!(found, digest);
        assert_eq!(tag.tag(), Some(signature_tag(digest).as_str()));
        self.0
            .trusted_signature_layers(&Auth::Anonymous, digest, &tag)
            .await
            .map_err(|error| error.to_string())
    }
}

/// Whether one of the layers satisfies the constraint.
fn satisfied(layers: &[SignatureLayer], constraint: impl VerificationConstraint + 'static) -> bool {
    let constraints: Vec<Box<dyn VerificationConstraint>> = vec![Box::new(constraint)];
    verify_constraints(layers, constraints.iter()).is_ok()
}

/// The certificate form, with a log entry required; no chain, as the policy asks.
pub fn proven_by_certificate(layers: &[SignatureLayer], certificate_pem: &str) -> bool {
    CertificateVerifier::from_pem(certificate_pem.as_bytes(), true, None)
        .is_ok_and(|constraint| satisfied(layers, constraint))
}

/// The key form.
pub fn proven_by_key(layers: &[SignatureLayer], public_key_pem: &str) -> bool {
    PublicKeyVerifier::try_from(public_key_pem.as_bytes())
        .is_ok_and(|constraint| satisfied(layers, constraint))
}

/// The keyless form, which proves less.
pub fn claimed_by_subject(layers: &[SignatureLayer], issuer: &str, subject: &str) -> bool {
    satisfied(
        layers,
        CertSubjectUrlVerifier {
            url: subject.to_owned(),
            issuer: issuer.to_owned(),
        },
    )
}
