//! Peers that speak byte by byte what PROTOCOL.md says of shared memory, and can break any word of it. They write the memory as a
//! file, not as memory.

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use std::fs::File;
use std::io::{IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

/// Bytes of the whole, of what stands in front of the rings, and of a ring.
pub(crate) const BYTES: u64 = FRONT_BYTES + 2 * RING_BYTES;
pub(crate) const FRONT_BYTES: u64 = 4096;
pub(crate) const RING_BYTES: u64 = 256 << 10;
/// Where who connects has its writing position, and its ring.
pub(crate) const TAIL: u64 = 512;
/// Where it has its reading position.
pub(crate) const HEAD: u64 = 128;
pub(crate) const RING: u64 = FRONT_BYTES + RING_BYTES;
/// A record of bytes.
pub(crate) const BYTES_RECORD: u64 = 1 << 32;
/// Whatever a test waits for comes in much less.
const SOON: Duration = Duration::from_secs(20);

/// Who connects.
pub(crate) struct Stranger {
    pub(crate) stream: UnixStream,
    pub(crate) memory: File,
}

impl Stranger {
    /// Connects, and is sent memory; a router has to work meanwhile.
    pub(crate) fn connect(path: &Path, mut work: impl FnMut()) -> Stranger {
        let mut stream = UnixStream::connect(path).expect("somebody listens");
        stream.write_all(&opening(b"DEALER")).expect("somebody listens");
        let mut come = Vec::new();
        let memory = loop {
            work();
            let (bytes, memory) = receive(&stream);
            come.extend(bytes);
            if let Some(memory) = memory {
                break memory;
            }
        };
        let ready = opening(b"ROUTER");
        assert!(ready.starts_with(&come[..11]) && come.ends_with(&ready[64..]), "{come:?}");
        Stranger { stream, memory: memory.into() }
    }

    /// It uses the memory.
    pub(crate) fn takes_it(mut self) -> Stranger {
        self.stream.write_all(b"\x04\x08\x06MEMORY\x01").expect("somebody listens");
        self
    }

    /// Writes a word.
    pub(crate) fn put(&self, place: u64, word: u64) {
        self.memory.write_all_at(&word.to_ne_bytes(), place).expect("it has so many bytes");
    }

    pub(crate) fn word(&self, place: u64) -> u64 {
        let mut word = [0; 8];
        self.memory.read_exact_at(&mut word, place).expect("it has so many bytes");
        u64::from_ne_bytes(word)
    }

    /// Writes a record at the begin of its ring, and gives the position behind it.
    pub(crate) fn write(&self, bytes: &[u8]) -> u64 {
        self.put(RING, BYTES_RECORD | bytes.len() as u64);
        self.memory.write_all_at(bytes, RING + 8).expect("it has so many bytes");
        1 + bytes.len().div_ceil(8) as u64
    }

    /// Wakes the other end, whether it sleeps or not.
    pub(crate) fn wake(&mut self) {
        // It may have ended the connection already.
        let _ = self.stream.write_all(&[0]);
    }
}

/// Who listens, and sends this as memory with its READY. Gives the connection, and what the other end answers.
pub(crate) fn offer(
    listener: &UnixListener,
    memory: Option<impl AsFd>,
    mut work: impl FnMut(),
) -> (UnixStream, u8) {
    let (mut stream, _) = listener.accept().expect("somebody connects");
    stream.set_read_timeout(Some(SOON)).expect("an option");
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    let memories: Vec<_> = memory.iter().map(AsFd::as_fd).collect();
    if !memories.is_empty() {
        assert!(beside.push(SendAncillaryMessage::ScmRights(&memories)));
    }
    sendmsg(&stream, &[IoSlice::new(&opening(b"ROUTER"))], &mut beside, SendFlags::empty())
        .expect("somebody connects");
    let mut said = vec![0; opening(b"DEALER").len() + 10];
    work();
    stream.read_exact(&mut said).expect("an answer");
    assert!(said.starts_with(&opening(b"DEALER")));
    assert!(said[said.len() - 10..].starts_with(b"\x04\x08\x06MEMORY"), "{said:?}");
    (stream, said[said.len() - 1])
}

/// A memfd of so many bytes.
pub(crate) fn memfd(bytes: u64, seals: SealFlags) -> OwnedFd {
    let memory = memfd_create(c"test", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).expect("memory");
    rustix::fs::ftruncate(&memory, bytes).expect("memory");
    fcntl_add_seals(&memory, seals).expect("memory");
    memory
}

/// Greeting and READY with the offer.
fn opening(kind: &[u8; 6]) -> Vec<u8> {
    let mut bytes = vec![0; 64];
    bytes[0] = 0xff;
    bytes[9..12].copy_from_slice(&[0x7f, 3, 1]);
    bytes[12..16].copy_from_slice(b"NULL");
    let ready = [
        b"\x05READY\x0bSocket-Type\0\0\0\x06",
        &kind[..],
        b"\x08Identity\0\0\0\0\x12X-Powerhose-Memory\0\0\0\x011",
    ]
    .concat();
    bytes.extend([4, ready.len() as u8]);
    bytes.extend(ready);
    bytes
}

fn receive(stream: &UnixStream) -> (Vec<u8>, Option<OwnedFd>) {
    let mut bytes = [0; 1024];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let read = match recvmsg(stream, &mut [IoSliceMut::new(&mut bytes)], &mut beside, flags) {
        Ok(come) => come.bytes,
        Err(rustix::io::Errno::AGAIN) => 0,
        Err(error) => panic!("{error}"),
    };
    let memory = beside.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    (bytes[..read].to_vec(), memory)
}
