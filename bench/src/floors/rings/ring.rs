//! A ring of records of one size in shared memory, with one who writes and one who reads. There are never more records in
//! it than fit: whoever writes keeps count of what was answered.

use super::memory::Memory;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Records in a ring.
pub(super) const RECORDS: usize = 128;
/// Each number on a cache line of its own.
const LINE: usize = 64;
const PUBLISHED: usize = 0;
const ASLEEP: usize = LINE;
const FIRST: usize = 2 * LINE;

/// Where a ring lies.
#[derive(Clone, Debug)]
struct Place {
    memory: Arc<Memory>,
    begin: usize,
    record_bytes: usize,
}

impl Place {
    fn record(&self, number: u64) -> usize {
        self.begin + FIRST + (number as usize % RECORDS) * self.record_bytes.next_multiple_of(LINE)
    }
}

/// Bytes of a ring with records of this size.
fn ring_bytes(record_bytes: usize) -> usize {
    FIRST + RECORDS * record_bytes.next_multiple_of(LINE)
}

/// How much memory two rings need, and how large their records are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    pub(super) job_bytes: usize,
    pub(super) reply_bytes: usize,
}

impl Form {
    pub(super) fn bytes(self) -> usize {
        ring_bytes(self.job_bytes) + ring_bytes(self.reply_bytes)
    }

    fn jobs(self, memory: &Arc<Memory>) -> Place {
        Place { memory: memory.clone(), begin: 0, record_bytes: self.job_bytes }
    }

    fn replies(self, memory: &Arc<Memory>) -> Place {
        Place { memory: memory.clone(), begin: ring_bytes(self.job_bytes), record_bytes: self.reply_bytes }
    }

    /// Both rings, for the side of the caller. Each memory has one caller and one worker.
    pub(super) fn caller(self, memory: Memory) -> (Writer, Reader) {
        let memory = Arc::new(memory);
        (Writer { place: self.jobs(&memory), published: 0 }, Reader { place: self.replies(&memory), read: 0 })
    }

    /// Both rings, for the side of the worker.
    pub(super) fn worker(self, memory: Memory) -> (Writer, Reader) {
        let memory = Arc::new(memory);
        (Writer { place: self.replies(&memory), published: 0 }, Reader { place: self.jobs(&memory), read: 0 })
    }
}

/// What whoever has written is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Reads {
    ByItself,
    /// The other side sleeps: it is to be woken.
    OnceWoken,
}

pub(super) struct Writer {
    place: Place,
    published: u64,
}

impl Writer {
    pub(super) fn write(&mut self, record: &[u8]) -> Reads {
        assert!(record.len() <= self.place.record_bytes);
        // SAFETY: the other side reads what is published only, and has read the record that was here: so many never fit.
        unsafe { self.place.memory.write(self.place.record(self.published), record) };
        self.published += 1;
        self.place.memory.number(self.place.begin + PUBLISHED).store(self.published, Ordering::SeqCst);
        let asleep = self.place.memory.flag(self.place.begin + ASLEEP);
        if asleep.load(Ordering::SeqCst) != 0 && asleep.swap(0, Ordering::SeqCst) != 0 {
            Reads::OnceWoken
        } else {
            Reads::ByItself
        }
    }
}

pub(super) struct Reader {
    place: Place,
    read: u64,
}

impl Reader {
    /// The next record, for as long as no other is asked for.
    pub(super) fn next(&mut self) -> Option<&[u8]> {
        if !self.has_more() {
            return None;
        }
        let at = self.place.record(self.read);
        self.read += 1;
        // SAFETY: it is published, and written again only once it was answered, which its borrower does afterwards.
        Some(unsafe { self.place.memory.read(at, self.place.record_bytes) })
    }

    pub(super) fn has_more(&self) -> bool {
        self.place.memory.number(self.place.begin + PUBLISHED).load(Ordering::SeqCst) != self.read
    }

    /// It will sleep, and looks once more before it does.
    pub(super) fn announce_sleep(&self) {
        self.place.memory.flag(self.place.begin + ASLEEP).store(1, Ordering::SeqCst);
    }

    pub(super) fn awake(&self) {
        self.place.memory.flag(self.place.begin + ASLEEP).store(0, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_side_writes_the_other_reads_in_order() {
        let form = Form { job_bytes: 3, reply_bytes: 100 };
        let (memory, _file, path) = Memory::create(form.bytes()).expect("there is memory");
        let (mut jobs, mut replies) = form.caller(memory);
        let (mut answers, mut taken) =
            form.worker(Memory::open(&path, form.bytes()).expect("it was created"));
        for round in 0..=u8::MAX {
            assert_eq!(jobs.write(&[round; 3]), Reads::ByItself);
            assert_eq!(jobs.write(&[round.wrapping_add(1); 3]), Reads::ByItself);
            assert_eq!(taken.next(), Some(&[round; 3][..]));
            assert_eq!(taken.next(), Some(&[round.wrapping_add(1); 3][..]));
            assert_eq!(taken.next(), None);
            assert_eq!(answers.write(&[round; 100]), Reads::ByItself);
            assert_eq!(replies.next(), Some(&[round; 100][..]));
        }
    }

    #[test]
    fn only_who_sleeps_is_woken_and_once() {
        let form = Form { job_bytes: 8, reply_bytes: 8 };
        let (memory, _file, path) = Memory::create(form.bytes()).expect("there is memory");
        let (mut jobs, _replies) = form.caller(memory);
        let (_answers, taken) = form.worker(Memory::open(&path, form.bytes()).expect("it was created"));
        taken.announce_sleep();
        assert_eq!([(); 2].map(|()| jobs.write(&[0; 8])), [Reads::OnceWoken, Reads::ByItself]);
        taken.announce_sleep();
        taken.awake();
        assert_eq!(jobs.write(&[0; 8]), Reads::ByItself);
    }
}
