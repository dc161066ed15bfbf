//! Answers on its standard input, a socket, one call after the other.

use crate::work::{HmacChain, Work, spin, sum};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

pub(super) fn play(work: Work, bytes: usize) -> anyhow::Result<()> {
    let mut stream = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let chain = HmacChain::new();
    let mut payload = vec![0; bytes];
    // An error is the end of the other side.
    while stream.read_exact(&mut payload).is_ok() {
        let written = match work {
            Work::Echo | Work::EchoLarge => stream.write_all(&payload),
            Work::Sum => stream.write_all(&sum(&payload)),
            Work::Hmac => stream.write_all(&chain.run(&payload)),
            Work::Spin => {
                spin(&payload);
                Ok(())
            }
        };
        if written.is_err() {
            break;
        }
    }
    Ok(())
}
