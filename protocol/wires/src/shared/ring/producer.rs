//! The writing side of a ring.

use super::{AtomicU64, BYTES, Memory, Ordering, Place, SKIP, Torn, WORD, Wake, put_flag, take_flag};
use std::io::IoSlice;

/// Bytes that one record has at most, so that the reader can begin before all of a large message is there.
const RECORD_BYTES_MAX: usize = 64 << 10;
/// Words at the begin of a ring that are used again and again as long as the reader keeps up: few, and warm.
const LOW_WORDS: u64 = 1024;

/// See the module.
#[derive(Debug)]
pub(crate) struct Producer<M> {
    memory: M,
    place: Place,
    tail: u64,
    /// As far as is known.
    head: u64,
}

impl<M: Memory> Producer<M> {
    /// Of a ring that is new: all its memory is zero.
    pub(crate) fn new(memory: M, place: Place) -> Producer<M> {
        debug_assert!(place.words.is_power_of_two());
        Producer { memory, place, tail: 0, head: 0 }
    }

    /// Writes as much of the pieces as one record and the room hold, and publishes it. How many bytes those are: none if it is
    /// full.
    ///
    /// # Errors
    /// The reader's position is none.
    pub(crate) fn write(&mut self, pieces: &[IoSlice<'_>]) -> Result<usize, Torn> {
        let bytes = pieces.iter().map(|piece| piece.len()).sum::<usize>().min(RECORD_BYTES_MAX);
        if bytes == 0 {
            return Ok(0);
        }
        let needed = 1 + bytes.div_ceil(WORD) as u64;
        self.begin_again(needed)?;
        if self.free() < needed {
            self.look()?;
        }
        let free = self.free();
        if free < 2 {
            return Ok(0);
        }
        let bytes = bytes.min((free - 1) as usize * WORD);
        self.put(self.tail, BYTES, bytes as u32);
        let mut writer = Writer {
            words: self.memory.words(),
            place: self.place,
            at: self.tail + 1,
            rest: [0; WORD],
            filled: 0,
        };
        let mut left = bytes;
        for piece in pieces {
            let piece = &piece[..piece.len().min(left)];
            writer.push(piece);
            left -= piece.len();
        }
        self.tail = writer.finish();
        self.publish();
        Ok(bytes)
    }

    /// Whether the reader is to be woken for what was written.
    pub(crate) fn wake(&self) -> Wake {
        take_flag(&self.memory.words()[self.place.sleeps])
    }

    /// Says that it waits for room, and looks once more. Whether it has to wait.
    ///
    /// # Errors
    /// The reader's position is none.
    pub(crate) fn wait_for_room(&mut self) -> Result<bool, Torn> {
        put_flag(&self.memory.words()[self.place.waits]);
        self.look()?;
        Ok(self.free() < self.place.size() / 2)
    }

    /// Whether it does not wait for room, or the reader has been about to wake it.
    pub(crate) fn may_write(&self) -> bool {
        self.memory.words()[self.place.waits].load(Ordering::Acquire) == 0
    }

    /// Goes to the begin of the ring if all has been read and the record fits in there. It looks only where the record would go
    /// over the border of a part as large as the low one: to look costs more than to write.
    fn begin_again(&mut self, needed: u64) -> Result<(), Torn> {
        let offset = self.place.offset(self.tail);
        let stays = offset / LOW_WORDS == (offset + needed) / LOW_WORDS;
        if stays || needed > offset {
            return Ok(());
        }
        self.look()?;
        if self.head == self.tail {
            self.put(self.tail, SKIP, 0);
            self.tail += self.place.size() - offset;
        }
        Ok(())
    }

    fn put(&self, position: u64, kind: u32, bytes: u32) {
        let header = u64::from(kind) << 32 | u64::from(bytes);
        self.place.from(self.memory.words(), position)[0].store(header, Ordering::Relaxed);
    }

    fn publish(&self) {
        self.memory.words()[self.place.tail].store(self.tail, Ordering::Release);
    }

    fn free(&self) -> u64 {
        self.place.size() - (self.tail - self.head)
    }

    /// How far the reader is.
    fn look(&mut self) -> Result<(), Torn> {
        let head = self.memory.words()[self.place.head].load(Ordering::Acquire);
        if head < self.head || head > self.tail {
            return Err(Torn::Head);
        }
        self.head = head;
        Ok(())
    }
}

/// Puts bytes into words, one after the other.
struct Writer<'a> {
    words: &'a [AtomicU64],
    place: Place,
    at: u64,
    /// Bytes of a word that is not full.
    rest: [u8; WORD],
    filled: usize,
}

impl Writer<'_> {
    fn push(&mut self, mut bytes: &[u8]) {
        if self.filled > 0 {
            let more = bytes.len().min(WORD - self.filled);
            self.rest[self.filled..self.filled + more].copy_from_slice(&bytes[..more]);
            self.filled += more;
            bytes = &bytes[more..];
            if self.filled < WORD {
                return;
            }
            self.put_rest();
        }
        let (mut whole, rest) = bytes.as_chunks::<WORD>();
        while !whole.is_empty() {
            let room = self.place.from(self.words, self.at);
            let count = whole.len().min(room.len());
            for (word, bytes) in room.iter().zip(&whole[..count]) {
                word.store(u64::from_ne_bytes(*bytes), Ordering::Relaxed);
            }
            self.at += count as u64;
            whole = &whole[count..];
        }
        self.rest[..rest.len()].copy_from_slice(rest);
        self.filled = rest.len();
    }

    fn put_rest(&mut self) {
        self.place.from(self.words, self.at)[0].store(u64::from_ne_bytes(self.rest), Ordering::Relaxed);
        self.at += 1;
        self.filled = 0;
    }

    /// The position behind all.
    fn finish(mut self) -> u64 {
        if self.filled > 0 {
            self.rest[self.filled..].fill(0);
            self.put_rest();
        }
        self.at
    }
}
