//! An HTTPS server on loopback that answers as it is told and counts.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// What a request's path and query are answered with: everything of an HTTP answer.
type Answer = Box<dyn Fn(&str) -> String + Send>;

pub(super) struct Host {
    port: u16,
    root: Vec<u8>,
    answer: Arc<Mutex<Answer>>,
    asked: Arc<AtomicUsize>,
}

impl Host {
    /// Listens on a free port.
    pub(super) async fn start(answer: impl Fn(&str) -> String + Send + 'static) -> Self {
        let own = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
        let root = own.cert.pem().into_bytes();
        let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
        let settings = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let settings = settings.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let settings = settings.with_single_cert(vec![own.cert.der().clone()], key).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer: Arc<Mutex<Answer>> = Arc::new(Mutex::new(Box::new(answer)));
        let asked = Arc::new(AtomicUsize::new(0));
        let acceptor = TlsAcceptor::from(Arc::new(settings));
        tokio::spawn(serve(listener, acceptor, answer.clone(), asked.clone()));
        Self { port, root, answer, asked }
    }

    /// Host and port.
    pub(super) fn name(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// Its certificate as PEM.
    pub(super) fn root(&self) -> Vec<u8> {
        self.root.clone()
    }

    /// Answers otherwise from now on.
    pub(super) fn answer_with(&self, answer: impl Fn(&str) -> String + Send + 'static) {
        *self.answer.lock().unwrap() = Box::new(answer);
    }

    /// Requests so far.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    answer: Arc<Mutex<Answer>>,
    asked: Arc<AtomicUsize>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(talk(stream, acceptor.clone(), answer.clone(), asked.clone()));
    }
}

async fn talk(stream: TcpStream, acceptor: TlsAcceptor, answer: Arc<Mutex<Answer>>, asked: Arc<AtomicUsize>) {
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        request.push(byte);
    }
    asked.fetch_add(1, Ordering::SeqCst);
    let request = String::from_utf8(request).unwrap();
    let answer = (answer.lock().unwrap())(request.split(' ').nth(1).unwrap());
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// A good answer.
pub(super) fn json(body: &str) -> String {
    http("200 OK", "content-type: application/json; charset=utf-8\r\n", body)
}

/// Any answer.
pub(super) fn http(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}
