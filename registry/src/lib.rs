//! What every program of this project needs of registries: how they are reached ([`Sources`]), credentials for them
//! ([`Credentials`]), the Sigstore trust root that signatures are held against ([`TrustSource`]), and a client that reads
//! what was pushed ([`Registries`]).
//!
//! Invariant: what cannot be had is an error that says why; nothing here turns "no answer" into "not there".

pub mod cause;
mod client;
mod credentials;
pub mod runtime;
mod sources;
mod trust;

pub use client::{Listing, Referrer, Registries, RequestLimits, Tags, hosts_take, platforms};
pub use credentials::{Credentials, Login};
pub use sources::{Authority, Proxies, Sources, SourcesError};
pub use trust::issuance::{CertificateChainError, Issuance, issuance};
pub use trust::material::{TrustMaterial, TrustRoot};
pub use trust::{GivenRoot, TrustConfigError, TrustSource, TrustedRootError};
