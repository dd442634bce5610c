//! `continuity watch`: the learner that stays in the cluster.
//!
//! From the outside in: [`run`] starts the threads, which share what is in [`shared`]. [`objects`] follows what the API server
//! says of pods and workloads, [`baselines`] what others decide, [`schedule`] says which image is looked at when, [`looks`] looks and learns, [`pass`] goes through everything now and then. One of several replicas leads
//! ([`leadership`]), and only who leads writes ([`fenced_store`]). What is known is shown: [`board`], [`server`], [`metrics`],
//! [`announcer`], [`reports`].
//!
//! Invariant: nothing is kept that cannot be found out again: whoever is killed loses nothing but time.

mod announcer;
mod baselines;
mod board;
mod fenced_store;
mod leadership;
mod looks;
mod metrics;
mod objects;
mod observers;
mod page;
mod pass;
mod queue;
mod reports;
mod run;
mod schedule;
mod server;
mod shared;
mod term;
mod troubles;

pub(crate) use observers::MakeObserver;
pub(crate) use run::{Watch, WatchOptions};
