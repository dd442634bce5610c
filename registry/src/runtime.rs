//! The one asynchronous runtime of a program, for code that waits for its answers.
//!
//! Invariant: whoever waits is on a thread of his own, never on one of the runtime's: it has few, and a task that waits
//! for another would keep it from running. What blocks inside a task goes to `spawn_blocking`. The runtime is never shut
//! down: a request that nobody waits for any more ends with the process. A task that panics is lost, and whoever waits for
//! it is told.

use std::future::Future;
use std::sync::{OnceLock, mpsc};

use tokio::runtime::{Builder, Runtime};

/// How many threads it has: they wait, they do not compute.
const THREADS: usize = 2;

static RUNTIME: OnceLock<Runtime> = OnceLock::new();

/// The task ended without an answer, because it panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the task ended without an answer")]
pub struct TaskLost;

/// Starts the runtime where it does not run yet.
///
/// # Errors
/// When no thread can be started.
pub fn start() -> std::io::Result<()> {
    runtime().map(|_| ())
}

/// Runs `future` to its end and waits for it; not for asynchronous code.
///
/// # Errors
/// When it panicked, or no thread can be started.
pub fn wait<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> Result<T, TaskLost> {
    let (sender, receiver) = mpsc::sync_channel(1);
    runtime().map_err(|_| TaskLost)?.spawn(async move {
        // Nobody is left to be told.
        let _ = sender.send(future.await);
    });
    receiver.recv().map_err(|_| TaskLost)
}

/// Runs `future` beside whoever calls, for as long as the process lasts.
///
/// # Errors
/// When no thread can be started.
pub fn spawn(future: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
    runtime()?.spawn(future);
    Ok(())
}

fn runtime() -> std::io::Result<&'static Runtime> {
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("continuity-io")
        .enable_all()
        .build()?;
    // Where two threads start it at once, one of them is thrown away before it did anything.
    if let Err(second) = RUNTIME.set(runtime) {
        second.shutdown_background();
    }
    RUNTIME
        .get()
        .ok_or_else(|| std::io::Error::other("the runtime did not start"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "tests")]

    use super::*;

    #[test]
    fn waits_and_tells_who_is_lost() {
        assert_eq!(wait(async { 7 }), Ok(7));
        assert_eq!(wait(async { panic!("lost") }), Err::<(), _>(TaskLost));
    }

    /// Whatever goes on beside, as many as there are threads and more: none of them holds up who waits.
    #[test]
    fn what_goes_on_beside_keeps_nobody_waiting() {
        let (sender, receiver) = mpsc::channel();
        for n in 0..THREADS * 4 {
            let sender = sender.clone();
            spawn(async move {
                let _ = sender.send(n);
                std::future::pending::<()>().await;
            })
            .ok();
        }
        assert_eq!(wait(async { 7 }), Ok(7));
        let mut begun: Vec<usize> = receiver.iter().take(THREADS * 4).collect();
        begun.sort_unstable();
        assert_eq!(begun, (0..THREADS * 4).collect::<Vec<_>>());
    }

    /// From the threads of another runtime, as a test's, it can be waited for too.
    #[test]
    fn whoever_has_a_runtime_of_his_own_can_wait() {
        let other = Builder::new_current_thread().build().ok();
        let waited = other.map(|other| other.block_on(async { wait(async { 7 }) }));
        assert_eq!(waited, Some(Ok(7)));
    }
}
