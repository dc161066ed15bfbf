//! Connections: how many there may be, and how long each may take to say what it wants.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

/// Files beside connections that may be open: the database's, those to issuers and workers.
const OTHER_FILES: u64 = 512;
/// How long to wait when the system gives no more connections.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// What one address can bear.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Connections at once; more wait in the system's queue, until one of them ends.
    pub(super) connections_max: u32,
    /// How long the head of a request may take, and how long a connection may be idle between two.
    pub(super) head_timeout: Duration,
}

impl Bounds {
    /// Lets the process open the files that connections to two addresses are.
    pub(super) fn make_room(self) {
        let wanted = 2 * u64::from(self.connections_max) + OTHER_FILES;
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        if current.is_none_or(|current| current >= wanted) {
            return;
        }
        let limit = maximum.map_or(wanted, |maximum| maximum.min(wanted));
        let set = setrlimit(Resource::Nofile, Rlimit { current: Some(limit), maximum });
        if set.is_err() || limit < wanted {
            tracing::warn!(wanted, limit, "too few files may be open for all connections");
        }
    }
}

/// Answers until something is heard of `stopped`, and then what is under way.
pub(super) async fn answer(
    listener: TcpListener,
    routes: Router,
    bounds: Bounds,
    mut stopped: watch::Receiver<()>,
) {
    let places = Arc::new(Semaphore::new(bounds.connections_max as usize));
    let routes = TowerToHyperService::new(routes);
    let connections = stopped.clone();
    let accept_all = async {
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let serving = serve(stream, peer, routes.clone(), bounds, connections.clone());
                    tokio::spawn(async move {
                        serving.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::debug!(%error, "a connection was not accepted");
                    tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                }
            }
        }
    };
    tokio::select! {
        () = accept_all => {}
        // An error is how the sender's end shows, and that is the sign to stop.
        _ = stopped.changed() => {}
    }
    drop(listener);
    // All places are free when all connections have ended.
    let _all = places.acquire_many(bounds.connections_max).await;
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    routes: TowerToHyperService<Router>,
    bounds: Bounds,
    mut stopped: watch::Receiver<()>,
) {
    // An answer is written in one piece: nothing follows that it could wait for.
    drop(stream.set_nodelay(true));
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        routes.call(request)
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(bounds.head_timeout);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}
