//! Ending early, and in order.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use continuity_registry::runtime;
use tokio::signal::unix::{SignalKind, signal};

use crate::output;

/// Lets the images that were begun finish, and begins no further ones.
pub(super) fn stop_when_interrupted(stop: &'static AtomicBool) -> anyhow::Result<()> {
    runtime::start().context("no thread can be started")?;
    // Waited for here, so that none is missed from now on. A cluster ends a pod with SIGTERM.
    let (mut interrupted, mut terminated) = runtime::wait(async {
        std::io::Result::Ok((
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        ))
    })?
    .context("signals cannot be waited for")?;
    runtime::spawn(async move {
        loop {
            let told = tokio::select! {
                told = interrupted.recv() => told,
                told = terminated.recv() => told,
            };
            if told.is_none() {
                return;
            }
            if stop.swap(true, Ordering::Relaxed) {
                std::process::exit(1);
            }
            output::note("ending after the images that were begun; once more ends at once");
        }
    })
    .context("no thread can be started")
}
