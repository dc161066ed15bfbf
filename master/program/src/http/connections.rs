//! Connections: how many there may be, and how long each may take.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::net::TcpListener;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

/// Connections at once.
const CONNECTIONS_MAX: usize = 64;
/// How long the head of a request may take, and how long a connection may be idle between two.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection may live; then it ends after the answer that is under way.
const LIFE: Duration = Duration::from_secs(300);
/// How long that answer may take.
const LAST_ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// Connections too many that are told so at once; others are just closed.
const REFUSALS_MAX: usize = 64;
/// How long a connection too many is held, so that it can read why.
const REFUSAL_WITHIN: Duration = Duration::from_secs(1);
/// How long to wait when the system gives no more connections.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\n\
    retry-after: 1\r\nconnection: close\r\n\r\ntoo many connections are open; try again later\n";

/// Answers until the other end of `stopped` is dropped.
pub(super) async fn accept(listener: TcpListener, router: Router, stopped: oneshot::Receiver<()>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return warn!(%error, "no status over HTTP"),
    };
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let refusals = Arc::new(Semaphore::new(REFUSALS_MAX));
    let mut stopped = pin!(stopped);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stopped => return,
        };
        match (accepted, places.clone().try_acquire_owned()) {
            (Ok((stream, _)), Ok(place)) => {
                let router = router.clone();
                tokio::spawn(async move {
                    serve(stream, router).await;
                    drop(place);
                });
            }
            (Ok((stream, _)), Err(_)) => refuse(stream, &refusals),
            (Err(error), _) => {
                debug!(%error, "a connection was not accepted");
                sleep(ACCEPT_AGAIN_AFTER).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, router: Router) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_header_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    let ended = match timeout(LIFE, connection.as_mut()).await {
        Ok(ended) => ended,
        Err(_) => {
            connection.as_mut().graceful_shutdown();
            timeout(LAST_ANSWER_WITHIN, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        debug!(%error, "a connection ended");
    }
}

/// Says that there is no room.
fn refuse(mut stream: TcpStream, refusals: &Arc<Semaphore>) {
    debug!(connections_max = CONNECTIONS_MAX, "a connection too many");
    let Ok(refusal) = refusals.clone().try_acquire_owned() else { return };
    tokio::spawn(timeout(REFUSAL_WITHIN, async move {
        stream.write_all(REFUSAL).await?;
        stream.shutdown().await?;
        // Closed with unread bytes, the connection would be reset, and the refusal lost with it.
        let mut unread = [0; 1024];
        while stream.read(&mut unread).await? > 0 {}
        drop(refusal);
        std::io::Result::Ok(())
    }));
}
