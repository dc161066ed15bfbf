//! How memory gets from who listens to who has connected: as a descriptor, beside the bytes of READY.

use rustix::cmsg_space;
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

/// Bytes that are read in one go as long as a descriptor may come with them: greeting and READY, and more.
const BYTES_AT_ONCE: usize = 1024;

/// Sends bytes, and a descriptor with them. How many bytes.
///
/// # Errors
/// Nothing was sent.
pub(crate) fn send_with(socket: BorrowedFd<'_>, bytes: &[u8], memory: BorrowedFd<'_>) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    let memories = [memory];
    if !beside.push(SendAncillaryMessage::ScmRights(&memories)) {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    loop {
        match sendmsg(socket, &[IoSlice::new(bytes)], &mut beside, flags) {
            Err(Errno::INTR) => {}
            sent => return Ok(sent?),
        }
    }
}

/// Reads bytes behind what is in `room`, and a descriptor, if one came with them. How many bytes, and whether there may be more.
///
/// # Errors
/// What the system says.
pub(crate) fn receive(
    socket: BorrowedFd<'_>,
    room: &mut Vec<u8>,
) -> rustix::io::Result<(usize, Option<OwnedFd>)> {
    let mut bytes = [0; BYTES_AT_ONCE];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let read = recvmsg(socket, &mut [IoSliceMut::new(&mut bytes)], &mut beside, flags)?.bytes;
    room.extend_from_slice(&bytes[..read]);
    let descriptor = beside.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    Ok((read, descriptor))
}
