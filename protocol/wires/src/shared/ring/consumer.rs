//! The reading side of a ring.

use super::{BYTES, Memory, Ordering, Place, SKIP, Torn, WORD, Wake, put_flag, take_flag};

/// Words that are copied out together.
const BLOCK_WORDS: usize = 64;
/// While much is read, room is made as soon as it is such a part of the ring: the writer goes on meanwhile.
const FREED_PARTS: u64 = 8;

/// See the module.
#[derive(Debug)]
pub(crate) struct Consumer<M> {
    memory: M,
    place: Place,
    head: u64,
    /// As far as is known.
    tail: u64,
    /// Of the record at which it is: bytes that it has, and that were taken. `head` is behind its first word then.
    record: usize,
    taken: usize,
}

impl<M: Memory> Consumer<M> {
    /// Of a ring that is new: all its memory is zero.
    pub(crate) fn new(memory: M, place: Place) -> Consumer<M> {
        debug_assert!(place.words.is_power_of_two());
        Consumer { memory, place, head: 0, tail: 0, record: 0, taken: 0 }
    }

    /// Puts at most so many bytes of those that were written behind what is in `room`, and makes room in the ring. How many bytes
    /// those are: fewer only if no more is there.
    ///
    /// # Errors
    /// The writer wrote what cannot be.
    pub(crate) fn read(&mut self, room: &mut Vec<u8>, bytes_max: usize) -> Result<usize, Torn> {
        let mut read = 0;
        let mut freed = self.freed();
        // What comes meanwhile is for the next time: who writes as fast as this reads keeps nobody here.
        self.look()?;
        while read < bytes_max && (self.taken < self.record || self.begin_record()?) {
            let bytes = (self.record - self.taken).min(bytes_max - read);
            self.copy_out(bytes, room);
            read += bytes;
            self.taken += bytes;
            if self.taken == self.record {
                self.head += self.record.div_ceil(WORD) as u64;
                (self.record, self.taken) = (0, 0);
            }
            if self.freed() - freed >= self.place.size() / FREED_PARTS {
                freed = self.free();
            }
        }
        if read > 0 {
            self.free();
        }
        Ok(read)
    }

    /// Whether the writer is to be woken: it waits for room, and so much has become free that it is worth its while.
    pub(crate) fn wake(&self) -> Wake {
        if self.tail - self.head > self.place.size() / 2 {
            return Wake::NotNeeded;
        }
        take_flag(&self.memory.words()[self.place.waits])
    }

    /// Whether something is there.
    pub(crate) fn has_more(&self) -> bool {
        self.taken < self.record || self.memory.words()[self.place.tail].load(Ordering::Acquire) != self.head
    }

    /// Says that it will sleep, and looks once more. Whether something is there.
    pub(crate) fn will_sleep(&self) -> bool {
        put_flag(&self.memory.words()[self.place.sleeps]);
        self.has_more()
    }

    /// It is awake. Whether the writer has been about to wake it.
    pub(crate) fn awake(&self) -> bool {
        self.memory.words()[self.place.sleeps].swap(0, Ordering::AcqRel) == 0
    }

    /// Goes to the next record, if one is there.
    fn begin_record(&mut self) -> Result<bool, Torn> {
        if self.head == self.tail {
            return Ok(false);
        }
        let (mut kind, mut bytes) = self.header()?;
        if kind == SKIP && bytes == 0 {
            self.head += self.place.size() - self.place.offset(self.head);
            (kind, bytes) = self.header()?;
        }
        // Its own word is there, too.
        let is_whole = (bytes.div_ceil(WORD) as u64) < self.tail - self.head;
        if kind != BYTES || bytes == 0 || !is_whole {
            return Err(Torn::Record);
        }
        self.head += 1;
        (self.record, self.taken) = (bytes, 0);
        Ok(true)
    }

    /// What the first word of a record says: what it is, and its bytes.
    fn header(&self) -> Result<(u32, usize), Torn> {
        if self.head >= self.tail {
            return Err(Torn::Record);
        }
        let header = self.place.from(self.memory.words(), self.head)[0].load(Ordering::Relaxed);
        Ok(((header >> 32) as u32, header as u32 as usize))
    }

    /// How far the writer is.
    fn look(&mut self) -> Result<(), Torn> {
        let tail = self.memory.words()[self.place.tail].load(Ordering::Acquire);
        if tail < self.tail || tail - self.freed() > self.place.size() {
            return Err(Torn::Tail);
        }
        self.tail = tail;
        Ok(())
    }

    /// Before this position nothing is needed any more.
    fn freed(&self) -> u64 {
        self.head + (self.taken / WORD) as u64
    }

    /// Lets the writer have what is not needed any more.
    fn free(&self) -> u64 {
        let freed = self.freed();
        self.memory.words()[self.place.head].store(freed, Ordering::Release);
        freed
    }

    /// Copies so many bytes of the record, which has them.
    fn copy_out(&self, bytes: usize, room: &mut Vec<u8>) {
        let (mut at, end) = (self.taken, self.taken + bytes);
        while at < end {
            let words = self.place.from(self.memory.words(), self.head + (at / WORD) as u64);
            let count = words.len().min(end.div_ceil(WORD) - at / WORD).min(BLOCK_WORDS);
            let mut block = [[0; WORD]; BLOCK_WORDS];
            for (bytes, word) in block.iter_mut().zip(&words[..count]) {
                *bytes = word.load(Ordering::Relaxed).to_ne_bytes();
            }
            let there = &block[..count].as_flattened()[at % WORD..];
            let there = &there[..there.len().min(end - at)];
            room.extend_from_slice(there);
            at += there.len();
        }
    }
}
