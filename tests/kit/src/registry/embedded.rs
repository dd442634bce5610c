//! The registry's life: a thread with a runtime of its own, so that blocking and asynchronous tests can
//! use it alike.
//!
//! Invariant: while it is stopped nobody else gets its port, so that connections are refused and not
//! answered by a stranger.

use std::{
    net::{Ipv4Addr, SocketAddr},
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use anyhow::{Context, Result, anyhow};
use axum::Router;
use container_registry::{
    ContainerRegistry,
    auth::{Anonymous, Permissions},
};
use tempfile::TempDir;
use tokio::{net::TcpSocket, sync::oneshot};

use super::{Fault, FaultRule, Remote, Seen, front, shelf::Shelf};

/// A registry on a free port of 127.0.0.1, open to everybody. It ends when it is dropped.
///
/// It is a [`Remote`], whose helpers push to it.
#[derive(Debug)]
pub struct Registry {
    address: SocketAddr,
    remote: Remote,
    shelf: Arc<Shelf>,
    router: Router,
    state: Mutex<State>,
    _blobs: TempDir,
}

#[derive(Debug)]
enum State {
    Running(Server),
    /// The socket is bound and does not listen: it keeps the port and refuses connections.
    Stopped(TcpSocket),
    Broken,
}

#[derive(Debug)]
struct Server {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Registry {
    /// Starts a registry.
    ///
    /// # Errors
    /// When there is no port, no thread or no temporary directory to be had.
    pub fn start() -> Result<Self> {
        let blobs = tempfile::tempdir().context("cannot make a directory for blobs")?;
        let store = ContainerRegistry::builder()
            .storage(blobs.path())
            .auth_provider(Arc::new(Anonymous::new(
                Permissions::ReadWrite,
                Permissions::ReadWrite,
            )))
            .build()
            .context("cannot prepare the blob store")?;
        let shelf = Arc::new(Shelf::default());
        let router = front::router(Arc::clone(&shelf), store.make_router());
        let socket = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = socket
            .local_addr()
            .context("a bound socket has an address")?;
        let server = serve(socket, router.clone())?;
        Ok(Self {
            address,
            remote: Remote::new(&format!("http://{address}")),
            shelf,
            router,
            state: Mutex::new(State::Running(server)),
            _blobs: blobs,
        })
    }

    /// From now on connections are refused; established ones end. What was pushed is kept.
    ///
    /// # Errors
    /// When the port cannot be held.
    pub fn stop(&self) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Running(server) = std::mem::replace(&mut *state, State::Broken) {
            server.stop()?;
        }
        *state = State::Stopped(bind(self.address)?);
        Ok(())
    }

    /// Serves again on the same port, with what was there before.
    ///
    /// # Errors
    /// When the port or a thread cannot be had.
    pub fn restart(&self) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let socket = match std::mem::replace(&mut *state, State::Broken) {
            State::Running(server) => {
                server.stop()?;
                bind(self.address)?
            }
            State::Stopped(socket) => socket,
            State::Broken => bind(self.address)?,
        };
        *state = State::Running(serve(socket, self.router.clone())?);
        Ok(())
    }

    /// Serves the referrers API, with so many on a page; or no longer, as from the start.
    pub fn serve_referrers(&self, page: Option<usize>) {
        self.shelf.serve_referrers(page);
    }

    /// Adds a fault; the first that matches strikes.
    pub fn fault(&self, rule: FaultRule) {
        self.shelf.add_fault(rule);
    }

    /// Every read of every repository gets `fault`.
    pub fn fault_everywhere(&self, fault: Fault) {
        self.fault(FaultRule::new("*", "*", fault));
    }

    /// Takes all faults away.
    pub fn clear_faults(&self) {
        self.shelf.clear_faults();
    }

    /// Every request so far, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.shelf.seen()
    }

    /// How many requests so far are like this.
    pub fn count(&self, like: impl Fn(&Seen) -> bool) -> usize {
        self.shelf.seen().iter().filter(|seen| like(seen)).count()
    }

    /// Starts counting anew.
    pub fn forget_requests(&self) {
        self.shelf.forget_seen();
    }
}

impl Deref for Registry {
    type Target = Remote;

    fn deref(&self) -> &Remote {
        &self.remote
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Running(server) = std::mem::replace(&mut *state, State::Broken) {
            // Nobody is left to be told.
            let _ = server.stop();
        }
    }
}

impl Server {
    /// Returns when the listener and all connections are closed.
    fn stop(self) -> Result<()> {
        // The other end is gone only if the thread has ended, which is what we want.
        let _ = self.stop.send(());
        self.thread
            .join()
            .map_err(|_| anyhow!("the registry's thread panicked"))
    }
}

fn bind(address: SocketAddr) -> Result<TcpSocket> {
    let socket = TcpSocket::new_v4().context("cannot make a socket")?;
    // The port's closed connections may linger for a minute.
    socket
        .set_reuseaddr(true)
        .context("cannot set up the socket")?;
    socket
        .bind(address)
        .with_context(|| format!("cannot bind {address}"))?;
    Ok(socket)
}

fn serve(socket: TcpSocket, router: Router) -> Result<Server> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot make a runtime")?;
    let listener = {
        let _context = runtime.enter();
        socket.listen(1024).context("cannot listen")?
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let thread = std::thread::Builder::new()
        .name("registry".to_owned())
        .spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    _ = axum::serve(listener, router) => {}
                    _ = stopped => {}
                }
            });
            // Dropping the runtime here closes every connection.
        })
        .context("cannot make a thread")?;
    Ok(Server { stop, thread })
}
