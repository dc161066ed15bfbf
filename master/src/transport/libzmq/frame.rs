//! Frames in and out of ZeroMQ sockets: small ones are copied, large ones move.

use bytes::Bytes;
use std::ffi::c_void;
use std::os::raw::c_int;

/// Up to here a copy costs less than the bookkeeping of a shared buffer.
const COPY_MAX: usize = 2048;

/// A frame as it was received.
pub(crate) struct Frame(zmq::Message);

impl AsRef<[u8]> for Frame {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Frame {
    /// Its bytes, to be kept: copied if that is cheap, else the frame itself is kept.
    pub(crate) fn into_bytes(self) -> Bytes {
        if self.0.len() <= COPY_MAX { Bytes::copy_from_slice(&self.0) } else { Bytes::from_owner(self) }
    }

    /// Whether another frame of the same message follows.
    pub(crate) fn has_more(&self) -> bool {
        self.0.get_more()
    }

    /// The file descriptor of the connection it came through. Not known of a routing id's frame.
    pub(crate) fn descriptor(&mut self) -> Option<i32> {
        self.0.gets("__fd")?.parse().ok()
    }
}

/// Whether something can be read. A socket's descriptor does not tell of what came while something was sent.
pub(crate) fn is_there(socket: &zmq::Socket) -> bool {
    socket.get_events().is_ok_and(|events| events.contains(zmq::POLLIN))
}

/// The next frame, if one is there. Interrupted calls are repeated; the crate does not do it.
pub(crate) fn receive(socket: &zmq::Socket) -> Option<Frame> {
    loop {
        match socket.recv_msg(zmq::DONTWAIT) {
            Ok(message) => return Some(Frame(message)),
            Err(zmq::Error::EINTR) => {}
            Err(_) => return None,
        }
    }
}

/// Whether more frames of the same message follow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum More {
    Follow,
    Last,
}

/// Hands a frame over, without ever waiting. A large one is not copied: the socket keeps a reference.
pub(crate) fn send(socket: &mut zmq::Socket, bytes: &Bytes, more: More) -> zmq::Result<()> {
    if bytes.len() <= COPY_MAX {
        return send_copy(socket, bytes, more);
    }
    let flags = flags(more);
    let keeper = Box::new(bytes.clone());
    let data = keeper.as_ptr() as *mut c_void;
    let length = keeper.len();
    let hint = Box::into_raw(keeper).cast::<c_void>();
    // SAFETY: `message` is initialized by zmq_msg_init_data before any other use. The data lives in a `Bytes` that
    // `hint` owns, whose buffer never moves and is never written; `release` frees it exactly once: libzmq calls it when
    // the last copy of the message is gone, or zmq_msg_close does if sending failed.
    unsafe {
        let mut message = std::mem::zeroed::<zmq_sys::zmq_msg_t>();
        if zmq_sys::zmq_msg_init_data(&mut message, data, length, Some(release), hint) != 0 {
            drop(Box::from_raw(hint.cast::<Bytes>()));
            return Err(zmq::Error::ENOMEM);
        }
        loop {
            if zmq_sys::zmq_msg_send(&mut message, socket.as_mut_ptr(), flags) >= 0 {
                return Ok(());
            }
            let error = zmq::Error::from_raw(zmq_sys::zmq_errno());
            if error != zmq::Error::EINTR {
                zmq_sys::zmq_msg_close(&mut message);
                return Err(error);
            }
        }
    }
}

/// Hands a small frame over, without ever waiting.
pub(crate) fn send_copy(socket: &zmq::Socket, bytes: &[u8], more: More) -> zmq::Result<()> {
    loop {
        match socket.send(bytes, flags(more)) {
            Err(zmq::Error::EINTR) => {}
            sent => return sent,
        }
    }
}

fn flags(more: More) -> c_int {
    match more {
        More::Follow => zmq::DONTWAIT | zmq::SNDMORE,
        More::Last => zmq::DONTWAIT,
    }
}

/// Called by libzmq, on any of its threads.
unsafe extern "C" fn release(_data: *mut c_void, hint: *mut c_void) {
    // SAFETY: `hint` came from Box::into_raw in `send`, and libzmq calls this once.
    drop(unsafe { Box::from_raw(hint.cast::<Bytes>()) });
}
