//! Listening: accept connections until told to stop, then let those that are at work finish.

mod listener;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

pub use listener::{BindError, Listener, Place};
pub use tls::{Certificate, TlsError};

use crate::door::Door;
use crate::extract::Peer;
use listener::Stream;

/// How long a client may take for the headers of a request, or for a TLS handshake.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long requests may take once the server is told to stop.
const LAST_CALL: Duration = Duration::from_secs(20);

/// How long to wait after the system has refused a connection for want of resources.
const BREATH: Duration = Duration::from_millis(50);

/// Tells servers to stop. Dropping it tells them, too.
pub struct Stop(watch::Sender<()>);

/// What servers wait for while they serve.
#[derive(Clone)]
pub struct Stopped(watch::Receiver<()>);

/// A pair of both ends.
#[must_use]
pub fn stop() -> (Stop, Stopped) {
    let (sender, receiver) = watch::channel(());
    (Stop(sender), Stopped(receiver))
}

impl Stop {
    /// Tells all servers to stop.
    pub fn now(&self) {
        self.0.send_replace(());
    }
}

impl Stopped {
    /// Waits until it is told.
    pub async fn wait(&mut self) {
        // An error means that nobody is left who could tell, which says the same.
        let _ = self.0.changed().await;
    }
}

/// Answers connections until told to stop.
pub async fn serve(
    listener: Listener,
    door: Door,
    certificate: Option<Certificate>,
    stopped: Stopped,
) {
    let server = Arc::new(Server {
        door,
        builder: builder(),
        acceptor: certificate.map(Certificate::into_acceptor),
    });
    let graceful = GracefulShutdown::new();
    let mut told = stopped.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = told.wait() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let watcher = graceful.watcher();
                let server = server.clone();
                tokio::spawn(async move { server.connection(stream, peer, watcher).await });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(LAST_CALL, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests have taken too long to wait for them");
    }
}

struct Server {
    door: Door,
    builder: Builder<TokioExecutor>,
    acceptor: Option<TlsAcceptor>,
}

type Watcher = hyper_util::server::graceful::Watcher;

impl Server {
    async fn connection(&self, stream: Stream, peer: Option<SocketAddr>, watcher: Watcher) {
        match (&self.acceptor, stream) {
            (None, Stream::Tcp(stream)) => self.speak(stream, peer, watcher).await,
            (None, Stream::Unix(stream)) => self.speak(stream, peer, watcher).await,
            (Some(acceptor), Stream::Tcp(stream)) => {
                self.speak_secretly(acceptor, stream, (peer, watcher)).await;
            }
            (Some(acceptor), Stream::Unix(stream)) => {
                self.speak_secretly(acceptor, stream, (peer, watcher)).await;
            }
        }
    }

    async fn speak_secretly<S>(
        &self,
        acceptor: &TlsAcceptor,
        stream: S,
        (peer, watcher): (Option<SocketAddr>, Watcher),
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        match tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => self.speak(stream, peer, watcher).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    async fn speak<S>(&self, stream: S, peer: Option<SocketAddr>, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let door = self
            .door
            .clone()
            .map_request(move |request: Request<Incoming>| {
                let mut request = request.map(Body::new);
                if let Some(peer) = peer {
                    request.extensions_mut().insert(Peer(peer));
                }
                request
            });
        let connection = self
            .builder
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(door));
        // Clients go away when they like; that is nothing to report.
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(error = %error, "a connection broke");
        }
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(PATIENCE));
    builder
}
