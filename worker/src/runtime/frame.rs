//! One frame of a message: bytes that came from a socket or go to it, moved wherever that is cheaper than a copy.

use bytes::Bytes;
use std::ffi::c_void;
use std::ops::Deref;
use std::ptr;
use zmq::Message;

/// Up to so many bytes a copy is cheaper than the bookkeeping that moving needs.
const COPIED_BYTES_MAX: usize = 4096;

/// Bytes that stay where they are.
#[derive(Debug)]
pub(crate) enum Frame {
    /// Where libzmq put them.
    Received(Message),
    /// Where the local socket put them.
    Local(Bytes),
    /// Where a handler or the machine put them.
    Made(Vec<u8>),
}

impl Frame {
    /// Its bytes, moved.
    pub(super) fn into_bytes(self) -> Bytes {
        match self {
            Frame::Received(message) => Bytes::copy_from_slice(&message),
            Frame::Local(bytes) => bytes,
            Frame::Made(bytes) => bytes.into(),
        }
    }

    /// Hands it to libzmq. An interrupting signal cannot lose it, as it would in [`zmq::Socket::send`], which drops
    /// the message with the error.
    pub(super) fn send(self, socket: &mut zmq::Socket, flags: i32) -> zmq::Result<()> {
        match self {
            Frame::Made(bytes) if bytes.len() > COPIED_BYTES_MAX => {
                send_moved(socket, bytes.into_boxed_slice(), flags)
            }
            frame => retry_interrupted(|| socket.send(&frame[..], flags)),
        }
    }
}

impl Deref for Frame {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Frame::Received(message) => message,
            Frame::Local(bytes) => bytes,
            Frame::Made(bytes) => bytes,
        }
    }
}

impl From<Vec<u8>> for Frame {
    fn from(bytes: Vec<u8>) -> Frame {
        Frame::Made(bytes)
    }
}

/// ZeroMQ's calls do not resume by themselves after a signal.
pub(super) fn retry_interrupted<T>(mut call: impl FnMut() -> zmq::Result<T>) -> zmq::Result<T> {
    loop {
        match call() {
            Err(zmq::Error::EINTR) => {}
            result => return result,
        }
    }
}

fn send_moved(socket: &mut zmq::Socket, bytes: Box<[u8]>, flags: i32) -> zmq::Result<()> {
    let length = bytes.len();
    let data = Box::into_raw(bytes);
    let mut frame = zmq_sys::zmq_msg_t::default();
    // SAFETY: `frame` is for libzmq to write to; `data` and `length` are one allocation, which libzmq owns from here on
    // and gives to `free_bytes` once, from whatever thread.
    let made = unsafe {
        zmq_sys::zmq_msg_init_data(
            &mut frame,
            data.cast(),
            length,
            Some(free_bytes),
            ptr::without_provenance_mut(length),
        )
    };
    if made != 0 {
        let error = last_error();
        // SAFETY: libzmq refused it, so it is still ours.
        drop(unsafe { Box::from_raw(data) });
        return Err(error);
    }
    let sent = retry_interrupted(|| {
        // SAFETY: `frame` was initialized above and not sent yet; `socket` lives.
        match unsafe { zmq_sys::zmq_msg_send(&mut frame, socket.as_mut_ptr(), flags) } {
            -1 => Err(last_error()),
            _ => Ok(()),
        }
    });
    if sent.is_err() {
        // SAFETY: `frame` is initialized and still ours; closing it frees the bytes. It fails for an invalid one only.
        unsafe { zmq_sys::zmq_msg_close(&mut frame) };
    }
    sent
}

/// What libzmq calls when it no longer needs the bytes.
///
/// # Safety
/// `data` came from a `Box<[u8]>` of the length that `length` spells, and nobody else frees it.
unsafe extern "C" fn free_bytes(data: *mut c_void, length: *mut c_void) {
    // SAFETY: as the caller promises.
    drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(data.cast::<u8>(), length.addr())) });
}

fn last_error() -> zmq::Error {
    // SAFETY: it only reads the calling thread's error number.
    zmq::Error::from_raw(unsafe { zmq_sys::zmq_errno() })
}
