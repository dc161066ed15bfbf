//! What holds for every message, and for whatever else arrives instead of one.

mod arbitrary;

use arbitrary::{SECRET, message, message_of};
use powerhose_protocol::{Kind, decode};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

/// What damage does to a frame.
#[derive(Clone, Debug)]
enum Damage {
    Flip { at: Index, bits: u8 },
    Replace { at: Index, byte: u8 },
    Insert { at: Index, bytes: Vec<u8> },
    Remove { at: Index },
    CutOff { at: Index },
}

impl Damage {
    fn apply(&self, frame: &mut Vec<u8>) {
        if frame.is_empty() {
            return;
        }
        match self {
            Damage::Flip { at, bits } => *at.get_mut(frame) ^= bits,
            Damage::Replace { at, byte } => *at.get_mut(frame) = *byte,
            Damage::Insert { at, bytes } => {
                let at = at.index(frame.len());
                frame.splice(at..at, bytes.iter().copied());
            }
            Damage::Remove { at } => drop(frame.remove(at.index(frame.len()))),
            Damage::CutOff { at } => frame.truncate(at.index(frame.len())),
        }
    }
}

/// The first bytes of every form that MessagePack has, lengths that claim the most, and what is reserved.
const MARKERS: [u8; 20] = [
    0xC0, 0xC1, 0xC3, 0xC4, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCF, 0xD3, 0xD4, 0xD8, 0xD9, 0xDB, 0xDC, 0xDD,
    0xDE, 0xDF, 0xFF,
];

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    let long = proptest::sample::select(&MARKERS[..]).prop_map(|marker| vec![marker, 0xFF, 0xFF, 0xFF, 0xFF]);
    prop_oneof![
        (at(), 1..=255u8).prop_map(|(at, bits)| Damage::Flip { at, bits }),
        (at(), proptest::sample::select(&MARKERS[..])).prop_map(|(at, byte)| Damage::Replace { at, byte }),
        (at(), long).prop_map(|(at, bytes)| Damage::Insert { at, bytes }),
        at().prop_map(|at| Damage::Remove { at }),
        at().prop_map(|at| Damage::CutOff { at }),
    ]
}

/// One value of every form, as a later version might append it.
fn later_element() -> impl Strategy<Value = Vec<u8>> {
    proptest::sample::select(vec![
        vec![0xC0],
        vec![0xC2],
        vec![0xFF],
        vec![0xCB, 0, 0, 0, 0, 0, 0, 0, 0],
        vec![0xA2, b'o', b'k'],
        vec![0xC4, 1, 0],
        vec![0x92, 0x01, 0x91, 0xC0],
        vec![0x81, 0x01, 0x02],
        vec![0xD4, 0x05, 0x00],
        vec![0xC7, 0x03, 0xFF, 1, 2, 3],
    ])
}

/// The same message with another element at its end.
fn longer(header: &[u8]) -> Option<Vec<u8>> {
    let (length @ 0x90..0x9F, fields) = header.split_first()? else { return None };
    Some([&[length + 1], fields, &[0xC0]].concat())
}

#[test]
fn a_message_of_every_kind_is_read_as_it_was_written() {
    for kind in Kind::ALL {
        let mut runner = TestRunner::new(ProptestConfig::with_cases(64));
        let result = runner.run(&message_of(*kind), |message| {
            let header = message.encode();
            let read =
                decode(&header, message.payload_frames()).map_err(|e| TestCaseError::fail(e.to_string()))?;
            prop_assert_eq!(read.kind(), *kind);
            prop_assert_eq!(&read, &message);
            prop_assert_eq!(read.encode(), header);
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{kind}: {error}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_are_a_message_or_an_error(
        header in proptest::collection::vec(any::<u8>(), 0..200),
        payload_frames in 0..3usize,
    ) {
        let _ = decode(&header, payload_frames);
    }

    #[test]
    fn any_fields_of_any_kind_are_a_message_or_an_error(
        kind in proptest::sample::select(Kind::ALL),
        fields in proptest::collection::vec(later_element(), 0..12),
        payload_frames in 0..3usize,
    ) {
        let mut header = vec![0x91 + fields.len() as u8, kind as u8];
        header.extend(fields.concat());
        let _ = decode(&header, payload_frames);
    }

    #[test]
    fn a_damaged_message_is_another_message_or_an_error(
        message in message(),
        damages in proptest::collection::vec(damage(), 1..4),
        payload_frames in 0..6usize,
    ) {
        let mut header = message.encode();
        damages.iter().for_each(|damage| damage.apply(&mut header));
        for frames in [message.payload_frames(), payload_frames] {
            if let Ok(read) = decode(&header, frames) {
                let again = read.encode();
                let read_again = decode(&again, frames).map_err(|e| TestCaseError::fail(e.to_string()))?;
                // Compared as bytes: damage can make a NaN, which equals nothing.
                prop_assert_eq!(read_again.encode(), again);
            }
        }
    }

    /// The messages of every job are read in a way of their own as long as they are exactly as this version writes them.
    /// One that a later version made longer is not, and must say the same.
    #[test]
    fn what_is_read_the_short_way_is_read_alike_the_long_way(
        message in message(),
        damages in proptest::collection::vec(damage(), 0..3),
    ) {
        let mut header = message.encode();
        damages.iter().for_each(|damage| damage.apply(&mut header));
        if let (Ok(read), Some(longer)) = (decode(&header, message.payload_frames()), longer(&header)) {
            let read_longer =
                decode(&longer, message.payload_frames()).map_err(|e| TestCaseError::fail(e.to_string()))?;
            // Compared as bytes: damage can make a NaN, which equals nothing.
            prop_assert_eq!(read_longer.encode(), read.encode());
        }
    }

    #[test]
    fn an_error_repeats_nothing_of_the_message(
        message in message(),
        damages in proptest::collection::vec(damage(), 1..4),
        payload_frames in 0..6usize,
    ) {
        let mut header = message.encode();
        damages.iter().for_each(|damage| damage.apply(&mut header));
        if let Err(error) = decode(&header, payload_frames) {
            let told = format!("{error} {error:?}");
            prop_assert!(!told.contains(&SECRET[..4]), "{}", told);
            prop_assert!(told.len() < 400, "{}", told);
        }
    }

    #[test]
    fn elements_of_a_later_version_are_passed_over(message in message(), later in later_element()) {
        let mut header = message.encode();
        prop_assert_eq!(header[0] & 0xF0, 0x90, "every message of this version has fewer than 15 elements");
        header[0] += 1;
        header.extend(later);
        let read = decode(&header, message.payload_frames()).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(read, message);
    }

    #[test]
    fn a_message_without_its_last_element_or_byte_is_refused(message in message(), cut in any::<Index>()) {
        let header = message.encode();
        prop_assert!(decode(&header[..cut.index(header.len())], message.payload_frames()).is_err());
        let mut fewer = header.clone();
        fewer[0] -= 1;
        prop_assert!(decode(&fewer, message.payload_frames()).is_err());
    }

    #[test]
    fn a_message_with_more_or_fewer_payload_frames_is_refused(message in message(), frames in 0..6usize) {
        prop_assume!(frames != message.payload_frames());
        let error = decode(&message.encode(), frames).expect_err("a wrong number of frames");
        prop_assert_eq!(error.code(), "frame_count");
        prop_assert_eq!(error.kind_number(), message.kind() as u64);
    }
}
