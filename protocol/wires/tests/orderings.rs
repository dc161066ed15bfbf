//! Rings under every order in which two threads and their processors' buffers can do things (loom): what is written is read whole,
//! and nobody sleeps who should have been woken. Taking either fence away, or either last look before a sleep, makes these fail.

/// Loom's atomics in the place of the system's.
mod atomic {
    pub(crate) use loom::sync::atomic::{AtomicU64, Ordering, fence};
}

#[expect(unreachable_pub, reason = "what is public in the library is not in a test")]
#[path = "../src/shared/ring/mod.rs"]
mod ring;

use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use ring::{Consumer, Memory, Place, Producer, Wake};
use std::io::IoSlice;

const WORDS: usize = 4;
const PLACE: Place = Place { tail: 0, head: 1, sleeps: 2, waits: 3, begin: 4, words: WORDS };
/// Orders in which a thread is interrupted more often than this are left out: there are too many.
const INTERRUPTIONS_MAX: usize = 3;

impl Memory for Arc<Vec<atomic::AtomicU64>> {
    fn words(&self) -> &[atomic::AtomicU64] {
        self
    }
}

/// What the bytes over the socket do: one that comes before anybody waits is not lost.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    ringing: Condvar,
}

impl Bell {
    fn ring(&self) {
        *self.rung.lock().expect("nobody panics") = true;
        self.ringing.notify_one();
    }

    fn wait(&self) {
        let mut rung = self.rung.lock().expect("nobody panics");
        while !*rung {
            rung = self.ringing.wait(rung).expect("nobody panics");
        }
        *rung = false;
    }
}

/// Both ends of a ring, and what stands for the bytes over the socket: one wakes the reader, the other the writer.
fn explore(messages: &'static [&'static [u8]]) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(INTERRUPTIONS_MAX);
    model.check(move || {
        let memory = Arc::new((0..4 + WORDS).map(|_| atomic::AtomicU64::new(0)).collect::<Vec<_>>());
        let mut producer = Producer::new(memory.clone(), PLACE);
        let mut consumer = Consumer::new(memory, PLACE);
        let (reader, writer) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
        let (wakes_reader, wakes_writer) = (reader.clone(), writer.clone());
        let writing = thread::spawn(move || {
            for message in messages {
                let mut left = *message;
                while !left.is_empty() {
                    let written = producer.write(&[IoSlice::new(left)]).expect("nobody scribbles");
                    if written > 0 && producer.wake() == Wake::Needed {
                        wakes_reader.ring();
                    }
                    left = &left[written..];
                    let is_full = written == 0 && producer.wait_for_room().expect("nobody scribbles");
                    if is_full && !producer.may_write() {
                        writer.wait();
                    }
                }
            }
        });
        let all = messages.concat();
        let mut come = Vec::new();
        while come.len() < all.len() {
            let read = consumer.read(&mut come, usize::MAX).expect("nobody scribbles");
            if read > 0 && consumer.wake() == Wake::Needed {
                wakes_writer.ring();
            }
            if read == 0 {
                if !consumer.will_sleep() {
                    reader.wait();
                }
                consumer.awake();
            }
        }
        assert_eq!(come, all);
        writing.join().expect("it does not panic");
    });
}

#[test]
fn a_reader_that_sleeps_is_woken() {
    explore(&[b"1", b"2"]);
}

#[test]
fn a_writer_that_waits_for_room_is_woken() {
    explore(&[b"a message of more bytes than the ring has"]);
}
