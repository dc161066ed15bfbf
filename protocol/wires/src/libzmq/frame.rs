//! Frames in and out of ZeroMQ sockets: small ones are copied, large ones move.

use bytes::{Bytes, BytesMut};
use std::ffi::c_void;
use std::os::raw::c_int;

/// Up to here a copy costs less than the bookkeeping of a shared buffer.
const COPY_MAX: usize = 2048;

/// Bytes of small frames that share an allocation.
const SMALL_FRAMES: usize = 16 * 1024;

/// A frame as it was received.
pub(super) struct Frame(zmq::Message);

impl AsRef<[u8]> for Frame {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Frame {
    /// Its bytes, to be kept: copied to the common memory of small frames if that is cheap, else the frame itself is kept.
    pub(super) fn into_bytes(self, small: &mut BytesMut) -> Bytes {
        if self.0.len() > COPY_MAX {
            return Bytes::from_owner(self);
        }
        if small.capacity() < self.0.len() {
            small.reserve(SMALL_FRAMES);
        }
        small.extend_from_slice(&self.0);
        small.split().freeze()
    }

    /// Whether another frame of the same message follows.
    pub(super) fn has_more(&self) -> bool {
        self.0.get_more()
    }

    /// The file descriptor of the connection it came through. Not known of a routing id's frame.
    pub(super) fn descriptor(&mut self) -> Option<i32> {
        self.0.gets("__fd")?.parse().ok()
    }
}

/// What a socket would let happen. Its descriptor does not tell of what came while something was sent.
pub(super) fn events(socket: &zmq::Socket) -> zmq::PollEvents {
    loop {
        match socket.get_events() {
            Err(zmq::Error::EINTR) => {}
            events => return events.unwrap_or(zmq::PollEvents::empty()),
        }
    }
}

/// The next frame, if one is there. Interrupted calls are repeated; the crate does not do it.
pub(super) fn receive(socket: &zmq::Socket) -> Option<Frame> {
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
pub(super) enum More {
    Follow,
    Last,
}

/// The rest of a message whose first frame is there: its frames are put behind those in `payloads`, at most `frames_max`;
/// what comes beyond them is read and dropped.
pub(super) fn receive_rest(
    socket: &zmq::Socket,
    first: &Frame,
    frames_max: usize,
    small: &mut BytesMut,
    payloads: &mut Vec<Bytes>,
) {
    let (mut more, mut left) = (first.has_more(), frames_max);
    while more {
        // The frames of a message come together.
        let Some(frame) = receive(socket) else { return };
        more = frame.has_more();
        if left > 0 {
            left -= 1;
            payloads.push(frame.into_bytes(small));
        }
    }
}

/// Hands the frames over that stand behind a message's first.
pub(super) fn send_all(socket: &mut zmq::Socket, header: &[u8], payloads: &[Bytes]) -> zmq::Result<()> {
    let more = |last| if last { More::Last } else { More::Follow };
    send_copy(socket, header, more(payloads.is_empty()))?;
    for (place, payload) in payloads.iter().enumerate() {
        send(socket, payload, more(place + 1 == payloads.len()))?;
    }
    Ok(())
}

/// Hands a frame over, without ever waiting. A large one is not copied: the socket keeps a reference.
pub(super) fn send(socket: &mut zmq::Socket, bytes: &Bytes, more: More) -> zmq::Result<()> {
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
pub(super) fn send_copy(socket: &zmq::Socket, bytes: &[u8], more: More) -> zmq::Result<()> {
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
