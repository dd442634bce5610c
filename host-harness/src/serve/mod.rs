//! Answers AdmissionReviews over TLS as Kubewarden's policy-server does, so that a Kubernetes API server can call the policy
//! where there is no Kubewarden.
//!
//! [`entries`] says which policies there are, [`served`] answers for one of them, [`routes`] finds the one that a request is
//! for, [`listener`] takes connections, and [`webhook`] writes what an API server needs to know.
//!
//! Invariant: routes, bounds, modes and answers are policy-server's. It fails closed: whatever is not an answer of the
//! policy is an error status, and the webhook's `failurePolicy` decides. It is for trying and testing: nothing here is
//! tuned, measured or watched as what guards a cluster has to be.

mod entries;
mod identity;
mod listener;
mod review;
mod routes;
mod served;
mod webhook;

pub(crate) use entries::Entry;
pub(crate) use identity::ServerIdentity;
pub(crate) use listener::{Listener, stopped_by_signal};
pub(crate) use routes::{Policies, Routes, readiness};
pub(crate) use served::ServedPolicy;
pub(crate) use webhook::{ServerAddress, url_authority, webhook_configurations};
