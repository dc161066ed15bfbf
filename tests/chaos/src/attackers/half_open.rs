//! Connections that do not speak ZeroMQ: silent ones, those that stop in the middle of the greeting, those that say
//! something else.

use crate::roles::Site;
use powerhose_harness::Draws;
use std::io::{self, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::thread;

/// A ZMTP 3 greeting with the mechanism NULL: 64 bytes.
const GREETING: [u8; 64] = {
    let mut greeting = [0; 64];
    greeting[0] = 0xff;
    greeting[8] = 1;
    greeting[9] = 0x7f;
    greeting[10] = 3;
    greeting[12] = b'N';
    greeting[13] = b'U';
    greeting[14] = b'L';
    greeting[15] = b'L';
    greeting
};

pub(crate) fn half_open(site: &Site, mut random: Draws) {
    let mut open: Vec<Box<dyn Write>> = Vec::new();
    for _ in 0..random.between(10, 60) {
        let Ok(mut stream) = connect(site, &mut random) else { continue };
        // A connection that is cut while it speaks is as good as any.
        let _ = stream.write_all(&speech(&mut random));
        if random.below(3) > 0 {
            open.push(stream);
        }
    }
    thread::sleep(random.millis(200, 5000));
}

fn connect(site: &Site, random: &mut Draws) -> io::Result<Box<dyn Write>> {
    let path = site.ipc.trim_start_matches("ipc://");
    let address = site.tcp.trim_start_matches("tcp://");
    Ok(match random.below(2) {
        0 => Box::new(UnixStream::connect(path)?),
        _ => Box::new(TcpStream::connect(address)?),
    })
}

fn speech(random: &mut Draws) -> Vec<u8> {
    match random.below(6) {
        0 => Vec::new(),
        1 => GREETING[..random.between(1, 63) as usize].to_vec(),
        2 => GREETING.to_vec(),
        3 => {
            // A greeting, and then a command whose length nobody can have.
            let mut bytes = GREETING.to_vec();
            bytes.extend([0x06, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
            bytes
        }
        4 => b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        _ => random.bytes(300),
    }
}
