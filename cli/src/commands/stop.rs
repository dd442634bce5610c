//! Ending early, and in order.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::output;

/// Lets the images that were begun finish, and begins no further ones.
pub(super) fn stop_when_interrupted(stop: &'static AtomicBool) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no thread can be started")?;
    // A cluster ends a pod with SIGTERM.
    let mut terminated = {
        let _inside = runtime.enter();
        signal(SignalKind::terminate()).context("signals cannot be waited for")?
    };
    std::thread::spawn(move || {
        runtime.block_on(async {
            loop {
                let told = tokio::select! {
                    told = tokio::signal::ctrl_c() => told.is_ok(),
                    told = terminated.recv() => told.is_some(),
                };
                if !told {
                    return;
                }
                if stop.swap(true, Ordering::Relaxed) {
                    std::process::exit(1);
                }
                output::note("ending after the images that were begun; once more ends at once");
            }
        });
    });
    Ok(())
}
