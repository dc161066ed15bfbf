//! A client that costs next to nothing: requests written once, answers read as far as they have to be.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const LIFE: &str = "GET /__lbheartbeat__ HTTP/1.1\r\nHost: x\r\n\r\n";

/// Requests without a pause over connections that stay.
pub(crate) struct Load<'a> {
    pub(crate) address: &'a str,
    pub(crate) request: &'a str,
    pub(crate) connections: usize,
    pub(crate) during: Duration,
}

/// What became of a load.
pub(crate) struct Tally {
    pub(crate) answers: u64,
    pub(crate) a_second: f64,
}

impl Load<'_> {
    pub(crate) async fn run(&self) -> Tally {
        let mut tasks = JoinSet::new();
        let begin = Instant::now();
        let end = begin + self.during;
        for _ in 0..self.connections {
            let (address, request) = (self.address.to_owned(), self.request.to_owned());
            tasks.spawn(async move {
                let mut connection = Connection::open(&address).await;
                let mut answers = 0_u64;
                while Instant::now() < end {
                    connection.ask(&request).await;
                    answers += 1;
                }
                answers
            });
        }
        let answers: u64 = tasks.join_all().await.into_iter().sum();
        Tally { answers, a_second: answers as f64 / begin.elapsed().as_secs_f64() }
    }
}

/// Makes the user's record, and wakes everything up.
pub(crate) async fn warm_up(address: &str, request: &str) {
    let mut connection = Connection::open(address).await;
    for _ in 0..50 {
        connection.ask(request).await;
    }
}

/// How long the server takes to say that it lives, a request every two milliseconds, on this thread, which does nothing
/// else.
pub(crate) fn latencies(address: &str, during: Duration) -> Vec<Duration> {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let begin = Instant::now();
    let (mut found, mut answer) = (Vec::new(), [0; 1024]);
    while begin.elapsed() < during {
        std::thread::sleep(Duration::from_millis(2));
        let asked = Instant::now();
        stream.write_all(LIFE.as_bytes()).unwrap();
        // The server writes it in one piece.
        let length = stream.read(&mut answer).unwrap();
        found.push(asked.elapsed());
        assert!(answer[..length].starts_with(b"HTTP/1.1 200") && answer[..length].ends_with(b"{}"));
    }
    found
}

struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    async fn open(address: &str) -> Connection {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Connection { stream, read: Vec::new() }
    }

    /// One request, one answer, which has to be a 200.
    async fn ask(&mut self, request: &str) {
        self.stream.write_all(request.as_bytes()).await.unwrap();
        self.read.clear();
        loop {
            assert!(self.stream.read_buf(&mut self.read).await.unwrap() > 0, "the server hung up");
            let Some(head) = self.read.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let text = std::str::from_utf8(&self.read[..head]).unwrap();
            assert!(text.starts_with("HTTP/1.1 200"), "{}", String::from_utf8_lossy(&self.read));
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.unwrap().parse().unwrap();
            if self.read.len() >= head + 4 + length {
                return;
            }
        }
    }
}
