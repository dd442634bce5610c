//! Takes connections, with TLS or without, and ends in order.
//!
//! Invariant: everything that a client can hold is bounded: connections, the handshake, the head of a request. A broken
//! connection ends itself alone. Told to stop, it takes no further connection and lets requests that are under way finish,
//! for a while.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::routes::Body;

/// One API server keeps a few; what is beyond waits in the queue of the system.
const CONNECTIONS: u16 = 512;
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Also how long a connection may be idle: longer than API servers keep one, so that they end it.
const HEAD: Duration = Duration::from_secs(120);
/// How long requests that are under way may take once it was told to stop.
const GRACE: Duration = Duration::from_secs(10);
/// After an error of the system, like too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// A port that is listened on.
pub(crate) struct Listener {
    tcp: TcpListener,
    tls: Option<TlsAcceptor>,
}

impl Listener {
    /// Listens.
    pub(crate) async fn bind(
        address: SocketAddr,
        tls: Option<TlsAcceptor>,
    ) -> anyhow::Result<Self> {
        let tcp = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}"))?;
        Ok(Self { tcp, tls })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Answers until it is told to stop, and then what is under way.
    pub(crate) async fn serve<H, F>(self, handler: H, mut stop: watch::Receiver<bool>)
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Body>> + Send,
    {
        let free = Arc::new(Semaphore::new(usize::from(CONNECTIONS)));
        let stopped = stop.clone();
        let accept = async {
            loop {
                let Ok(permit) = Arc::clone(&free).acquire_owned().await else {
                    return;
                };
                let stream = match self.tcp.accept().await {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be taken");
                        sleep(PAUSE).await;
                        continue;
                    }
                };
                let (tls, handler, stopped) = (self.tls.clone(), handler.clone(), stopped.clone());
                tokio::spawn(async move {
                    if let Err(error) = connection(stream, tls, handler, stopped).await {
                        tracing::debug!(%error, "a connection ended early");
                    }
                    drop(permit);
                });
            }
        };
        tokio::select! {
            () = accept => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
        drop(self.tcp);
        let all_ended = free.acquire_many(u32::from(CONNECTIONS));
        if timeout(GRACE, all_ended).await.is_err() {
            tracing::warn!("requests were still under way, and are cut off");
        }
    }
}

async fn connection<H, F>(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    handler: H,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<()>
where
    H: Fn(Request<Incoming>) -> F + Send,
    F: Future<Output = Response<Body>> + Send,
{
    stream.set_nodelay(true)?;
    match tls {
        None => speak(stream, handler, stop).await,
        Some(tls) => {
            let stream = timeout(HANDSHAKE, tls.accept(stream))
                .await
                .context("no TLS handshake in time")?
                .context("the TLS handshake failed")?;
            speak(stream, handler, stop).await
        }
    }
}

async fn speak<S, H, F>(
    stream: S,
    handler: H,
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    H: Fn(Request<Incoming>) -> F + Send,
    F: Future<Output = Response<Body>> + Send,
{
    let service = service_fn(|request| {
        let answer = handler(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return Ok(ended?),
        _ = stop.wait_for(|stop| *stop) => {}
    }
    connection.as_mut().graceful_shutdown();
    Ok(connection.await?)
}

/// Becomes true once the process is told to end.
pub(crate) fn stopped_by_signal() -> anyhow::Result<watch::Receiver<bool>> {
    let mut terminated = signal(SignalKind::terminate()).context("signals cannot be waited for")?;
    let mut interrupted =
        signal(SignalKind::interrupt()).context("signals cannot be waited for")?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
        // Nobody listens any more.
        let _ = sender.send(true);
    });
    Ok(receiver)
}
