//! What a message makes its reader hold is bounded, whatever the message claims.

use powerhose_protocol::limits::HEADER_FRAME_BYTES_MAX;
use powerhose_protocol::{Kind, decode};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::{Duration, Instant};

/// Reading may hold this much more than the frame itself.
const HELD_BYTES_MAX: usize = 32 << 20;
/// Generous: unoptimized and on a busy machine.
const READING_MAX: Duration = Duration::from_secs(10);

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, which counts what each thread holds.
struct Counting;

fn took(bytes: usize) {
    HELD.set(HELD.get().wrapping_add(bytes));
    PEAK.set(PEAK.get().max(HELD.get()));
}

// SAFETY: every call goes on to the system's allocator unchanged. The counters are thread-locals that need neither
// allocation nor a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.set(HELD.get().saturating_sub(layout.size()));
        // SAFETY: the caller keeps the contract of `dealloc`, and `pointer` came from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Reads it, and checks what that took.
#[track_caller]
fn assert_cheap(about: &str, frame: &[u8]) {
    assert!(frame.len() <= HEADER_FRAME_BYTES_MAX, "{about}");
    HELD.set(0);
    PEAK.set(0);
    let started = Instant::now();
    let _ = decode(frame, 0);
    let (peak, took) = (PEAK.get(), started.elapsed());
    assert!(peak <= HELD_BYTES_MAX, "{about}: {peak} bytes held");
    assert!(took < READING_MAX, "{about}: {took:?}");
}

/// A header frame of the greatest length: `start`, then `unit` over and over.
fn filled(start: &[u8], unit: &[u8]) -> Vec<u8> {
    let mut frame = start.to_vec();
    while frame.len() + unit.len() <= HEADER_FRAME_BYTES_MAX {
        frame.extend_from_slice(unit);
    }
    frame
}

/// Bytes that claim a great length where a field should stand.
const CLAIMS: [&[u8]; 6] = [
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xdb\xff\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\xc9\xff\xff\xff\xff\x01",
    b"\xdc\xff\xff",
];

#[test]
fn a_claimed_length_costs_nothing() {
    for kind in Kind::ALL {
        for claim in CLAIMS {
            for fields_before in 0..10 {
                let mut frame = vec![0x9F, *kind as u8];
                frame.extend(std::iter::repeat_n(1, fields_before));
                frame.extend(claim);
                assert_cheap(kind.word(), &frame);
                frame.extend([0x91; 100]);
                assert_cheap(kind.word(), &frame);
            }
        }
    }
}

#[test]
fn a_full_frame_of_the_smallest_entries_is_held_only_up_to_the_bound() {
    let count = (HEADER_FRAME_BYTES_MAX as u32).to_be_bytes();
    let array = |start: &[u8]| [start, &[0xDD], &count].concat();
    let map = |start: &[u8]| [start, &[0xDF], &count].concat();
    let call = b"\x96\x01\xa1a\x01\x00\xc0\x80".as_slice();
    let job = b"\x96\x01\x01\xa1a\x01\x00\x80".as_slice();
    let reply = b"\x97\x01\x01\x00\x00\xa0\xa0\x80".as_slice();
    let outcome = b"\x9b\x01\x00\xc3\x01\xc0\x00\x00\xa0\xa0\xc0\x80".as_slice();
    for (about, start, entry) in [
        ("EXECUTE", array(b"\x93\x14\x01"), call),
        ("JOBS", array(b"\x94\x0c\x01\x01"), job),
        ("REPLIES", array(b"\x93\x0d\x01"), reply),
        ("OUTCOMES", array(b"\x93\x15\x01"), outcome),
        ("CANCEL", array(b"\x93\x0e\x01"), b"\x92\x01\x01"),
        ("ABANDON", array(b"\x93\x16\x01"), b"\x01"),
        ("REGISTER", array(b"\x98\x0a\x01"), b"\x92\xa1a\x01"),
        ("REGISTERED", array(b"\x94\x0b\x01\x01"), b"\x92\xa1a\x80"),
        ("STATE, an array", array(b"\x94\x1f\x01\xa0"), b"\xc0"),
        ("STATE, a map", map(b"\x94\x1f\x01\xa0"), b"\xa0\xc0"),
        ("STATE, arrays", array(b"\x94\x1f\x01\xa0"), b"\x90"),
        ("elements of a later version", array(b"\x93\x06\x01"), b"\xc0"),
        ("no kind", array(b"\x92\x63"), b"\x91\xc0"),
    ] {
        assert_cheap(about, &filled(&start, entry));
    }
}

#[test]
fn headers_and_their_names_are_compared_in_bounded_time() {
    let count = 1024u32.to_be_bytes();
    let mut frame = [b"\x93\x14\x01\xdd".as_slice(), &count].concat();
    for _ in 0..1024 {
        frame.extend(b"\x96\x01\xa1a\x01\x00\xc0\xde\x00\x40");
        for place in 0..64u8 {
            frame.extend([0xA1, place, 0xC4, 0]);
        }
    }
    assert_cheap("EXECUTE with all headers", &frame);
}
