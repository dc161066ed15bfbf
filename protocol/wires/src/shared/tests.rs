//! What is written is read, whole and in its order, however it is cut; and nothing that the other side writes breaks more than what
//! this side reads.

use super::atomic::{AtomicU64, Ordering};
use super::ring::{BYTES, Consumer, Memory, Place, Producer, SKIP, Torn, WORD, Wake};
use proptest::prelude::*;
use std::io::IoSlice;
use std::sync::Arc;

const FRONT: usize = 4;
/// As large as a ring must be for its low part to be a part.
const WORDS: usize = 4096;
const PLACE: Place = Place { tail: 0, head: 1, sleeps: 2, waits: 3, begin: FRONT, words: WORDS };
const SMALL: Place = Place { words: 16, ..PLACE };

impl Memory for Arc<Vec<AtomicU64>> {
    fn words(&self) -> &[AtomicU64] {
        self
    }
}

type Heap = Arc<Vec<AtomicU64>>;

fn heap() -> Heap {
    Arc::new((0..FRONT + WORDS).map(|_| AtomicU64::new(0)).collect())
}

fn pair(place: Place) -> (Heap, Producer<Heap>, Consumer<Heap>) {
    let memory = heap();
    (memory.clone(), Producer::new(memory.clone(), place), Consumer::new(memory, place))
}

fn write(producer: &mut Producer<Heap>, bytes: &[u8]) -> usize {
    producer.write(&[IoSlice::new(bytes)]).expect("nobody scribbles")
}

fn read(consumer: &mut Consumer<Heap>, bytes_max: usize) -> Vec<u8> {
    let mut room = Vec::new();
    assert_eq!(consumer.read(&mut room, bytes_max), Ok(room.len()));
    room
}

#[test]
fn what_is_written_is_read() {
    let (_, mut producer, mut consumer) = pair(PLACE);
    assert_eq!(read(&mut consumer, 100), b"");
    assert_eq!(write(&mut producer, b"a message"), 9);
    assert_eq!(producer.write(&[IoSlice::new(b", "), IoSlice::new(b""), IoSlice::new(b"in pieces")]), Ok(11));
    assert!(consumer.has_more());
    assert_eq!(read(&mut consumer, 4), b"a me");
    assert_eq!(read(&mut consumer, 100), b"ssage, in pieces");
    assert!(!consumer.has_more());
}

#[test]
fn a_full_ring_takes_nothing_and_wakes_the_writer_once_half_of_it_is_free() {
    let (_, mut producer, mut consumer) = pair(SMALL);
    assert_eq!(write(&mut producer, &[1; 1000]), 15 * WORD);
    assert_eq!(write(&mut producer, &[1]), 0);
    assert_eq!(consumer.wake(), Wake::NotNeeded, "nobody waits");
    assert_eq!(producer.wait_for_room(), Ok(true));
    assert_eq!(read(&mut consumer, 2 * WORD).len(), 2 * WORD);
    assert_eq!(consumer.wake(), Wake::NotNeeded, "that is not worth its while");
    assert_eq!(read(&mut consumer, 1000).len(), 13 * WORD);
    assert_eq!(consumer.wake(), Wake::Needed);
    assert_eq!(consumer.wake(), Wake::NotNeeded, "once");
    assert_eq!(producer.wait_for_room(), Ok(false));
    assert_eq!(write(&mut producer, &[2; 5]), 5);
    assert_eq!(read(&mut consumer, 1000), [2; 5]);
}

#[test]
fn a_reader_is_woken_only_if_it_said_that_it_sleeps() {
    let (_, mut producer, mut consumer) = pair(SMALL);
    write(&mut producer, b"1");
    assert_eq!(producer.wake(), Wake::NotNeeded);
    assert!(consumer.will_sleep(), "something is there");
    assert!(!consumer.awake(), "nobody has woken it");
    assert_eq!(read(&mut consumer, 100), b"1");
    assert!(!consumer.will_sleep());
    write(&mut producer, b"2");
    assert_eq!(producer.wake(), Wake::Needed);
    assert_eq!(producer.wake(), Wake::NotNeeded);
    assert!(consumer.awake());
    assert_eq!(read(&mut consumer, 100), b"2");
}

#[test]
fn nothing_is_written_before_it_is_published() {
    let (memory, mut producer, mut consumer) = pair(SMALL);
    write(&mut producer, b"published");
    // The writer dies in the middle of the next record.
    memory[FRONT + 3].store(u64::from(BYTES) << 32 | 5, Ordering::Relaxed);
    assert_eq!(read(&mut consumer, 100), b"published");
    assert_eq!(read(&mut consumer, 100), b"");
}

#[test]
fn as_long_as_the_reader_keeps_up_a_small_part_is_used() {
    let (memory, mut producer, mut consumer) = pair(PLACE);
    for number in 0..10_000u32 {
        assert_eq!(write(&mut producer, &[number.to_ne_bytes(); 40].concat()), 160);
        assert_eq!(read(&mut consumer, 1000), [number.to_ne_bytes(); 40].concat());
    }
    let untouched = memory[FRONT + 1100..].iter().all(|word| word.load(Ordering::Relaxed) == 0);
    assert!(untouched);
}

#[test]
fn positions_and_records_that_cannot_be_are_told_by_name() {
    let torn = |scribble: &dyn Fn(&Heap)| {
        let (memory, mut producer, mut consumer) = pair(SMALL);
        write(&mut producer, b"12345678");
        assert_eq!(read(&mut consumer, 100), b"12345678");
        write(&mut producer, b"12345678");
        scribble(&memory);
        consumer.read(&mut Vec::new(), 100)
    };
    let header = |memory: &Heap, word: u64| memory[FRONT + 2].store(word, Ordering::Relaxed);
    assert_eq!(torn(&|memory| memory[0].store(2 + 17, Ordering::Relaxed)), Err(Torn::Tail));
    assert_eq!(torn(&|memory| memory[0].store(1, Ordering::Relaxed)), Err(Torn::Tail));
    assert_eq!(torn(&|memory| memory[0].store(u64::MAX, Ordering::Relaxed)), Err(Torn::Tail));
    assert_eq!(torn(&|memory| header(memory, 0)), Err(Torn::Record));
    assert_eq!(torn(&|memory| header(memory, u64::from(BYTES) << 32)), Err(Torn::Record), "no bytes");
    assert_eq!(torn(&|memory| header(memory, u64::from(BYTES) << 32 | 9)), Err(Torn::Record), "too many");
    assert_eq!(
        torn(&|memory| header(memory, u64::from(BYTES) << 32 | u64::from(u32::MAX))),
        Err(Torn::Record)
    );
    assert_eq!(torn(&|memory| header(memory, 7 << 32 | 8)), Err(Torn::Record), "no such kind");
    assert_eq!(torn(&|memory| header(memory, u64::from(SKIP) << 32)), Err(Torn::Record), "nothing is there");

    let (memory, mut producer, _) = pair(SMALL);
    write(&mut producer, &[0; 1000]);
    memory[1].store(17, Ordering::Relaxed);
    assert_eq!(producer.write(&[IoSlice::new(b"1")]), Err(Torn::Head), "nobody can have read so much");
    memory[1].store(5, Ordering::Relaxed);
    assert_eq!(producer.write(&[IoSlice::new(b"1")]), Ok(1));
    memory[1].store(4, Ordering::Relaxed);
    assert_eq!(producer.wait_for_room(), Err(Torn::Head), "nobody goes back");
}

#[derive(Clone, Debug)]
enum Step {
    Write {
        bytes: usize,
        pieces: usize,
    },
    Read {
        bytes_max: usize,
    },
    /// The other side, or anything else, writes a word.
    Scribble {
        word: usize,
        value: u64,
    },
}

fn honest() -> impl Strategy<Value = Step> {
    let bytes = prop_oneof![4 => 0..200usize, 1 => 0..40_000usize];
    prop_oneof![
        (bytes.clone(), 1..5usize).prop_map(|(bytes, pieces)| Step::Write { bytes, pieces }),
        bytes.prop_map(|bytes_max| Step::Read { bytes_max }),
    ]
}

fn hostile() -> impl Strategy<Value = Step> {
    let word = prop_oneof![0..FRONT, FRONT..FRONT + 40, 0..FRONT + WORDS];
    let value = prop_oneof![
        0..100u64,
        any::<u64>(),
        (0..4u64, 0..100u64).prop_map(|(kind, bytes)| kind << 32 | bytes),
        (0..8200u64),
    ];
    let scribble = (word, value).prop_map(|(word, value)| Step::Scribble { word, value });
    prop_oneof![2 => honest(), 1 => scribble]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 256 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_come_out_as_they_went_in(
        steps in proptest::collection::vec(honest(), 1..200),
        place in prop_oneof![Just(PLACE), Just(SMALL)],
    ) {
        let (_, mut producer, mut consumer) = pair(place);
        let (mut written, mut come) = (0usize, 0usize);
        for step in steps {
            match step {
                Step::Write { bytes, pieces } => {
                    let all: Vec<u8> = (written..written + bytes).map(|place| place as u8).collect();
                    let slices: Vec<_> =
                        all.chunks(bytes.div_ceil(pieces).max(1)).map(IoSlice::new).collect();
                    written += producer.write(&slices).expect("nobody scribbles");
                }
                Step::Read { bytes_max } => {
                    let read = read(&mut consumer, bytes_max);
                    prop_assert!(read.len() <= bytes_max);
                    prop_assert!(read.iter().enumerate().all(|(place, byte)| *byte == (come + place) as u8));
                    come += read.len();
                }
                Step::Scribble { .. } => unreachable!("nobody scribbles"),
            }
        }
        come += read(&mut consumer, usize::MAX).len();
        prop_assert_eq!(come, written);
    }

    #[test]
    fn whatever_is_scribbled_nothing_breaks(steps in proptest::collection::vec(hostile(), 1..200)) {
        let (memory, mut producer, mut consumer) = pair(PLACE);
        let mut room = Vec::new();
        for step in steps {
            match step {
                Step::Write { bytes, .. } => {
                    let all = vec![7; bytes];
                    if let Ok(written) = producer.write(&[IoSlice::new(&all)]) {
                        prop_assert!(written <= bytes);
                    }
                    let _ = (producer.wake(), producer.wait_for_room());
                }
                Step::Read { bytes_max } => {
                    room.clear();
                    let _ = consumer.read(&mut room, bytes_max);
                    prop_assert!(room.len() <= bytes_max.min(WORDS * WORD));
                    let _ = (consumer.wake(), consumer.will_sleep(), consumer.awake());
                }
                Step::Scribble { word, value } => memory[word].store(value, Ordering::Relaxed),
            }
        }
    }
}
