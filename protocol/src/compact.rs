//! The messages of every job, JOBS, REPLIES, EXECUTE and OUTCOMES, without the detours of a general reader and writer:
//! they are most of what a master reads and writes.
//!
//! Reading here takes only what is exactly as this version writes it. All else, longer arrays of later versions
//! or nonsense, gives nothing, and the codec reads it again and says what is wrong. Both write the same bytes.

use crate::fields::{Bin, Named, WriteFields};
use crate::limits::{ENTRIES_MAX, SETTINGS_MAX};
use crate::{JobId, Kind, Value};

/// The markers of MessagePack that occur here.
mod marker {
    pub(super) const NIL: u8 = 0xc0;
    pub(super) const FALSE: u8 = 0xc2;
    pub(super) const TRUE: u8 = 0xc3;
    pub(super) const BIN8: u8 = 0xc4;
    pub(super) const U8: u8 = 0xcc;
    pub(super) const STR8: u8 = 0xd9;
    pub(super) const ARRAY16: u8 = 0xdc;
    pub(super) const MAP16: u8 = 0xde;
    pub(super) const FIXMAP: u8 = 0x80;
    pub(super) const FIXARRAY: u8 = 0x90;
    pub(super) const FIXSTR: u8 = 0xa0;
    /// The greatest number that is its own marker.
    pub(super) const FIXINT_MAX: u8 = 0x7f;
}

/// A value that reads and writes itself.
pub(crate) trait Compact<'a>: Sized {
    /// Reads it, if it stands next.
    fn take(reader: &mut Reader<'a>) -> Option<Self>;
    /// Appends it.
    fn put(&self, buffer: &mut Vec<u8>);
}

/// A message or an entry: the elements of an array.
pub(crate) trait CompactFields<'a>: Sized {
    /// Reads them, all that there are.
    fn take_fields(reader: &mut Reader<'a>) -> Option<Self>;
    /// Appends them.
    fn put_fields(&self, buffer: &mut Vec<u8>);
}

/// Reads the fields behind a kind, if the array has exactly those.
pub(crate) fn take_message<'a, T: CompactFields<'a> + WriteFields>(
    reader: &mut Reader<'a>,
    length: usize,
) -> Option<T> {
    if length != T::COUNT + 1 {
        return None;
    }
    T::take_fields(reader)
}

/// Appends a whole header frame.
pub(crate) fn put_message<'a, T: CompactFields<'a> + WriteFields>(
    buffer: &mut Vec<u8>,
    kind: Kind,
    fields: &T,
) {
    put_array_length(buffer, T::COUNT + 1);
    buffer.push(kind as u8);
    fields.put_fields(buffer);
}

/// What is left to read.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    /// Whether everything was read.
    pub(crate) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn array_length(&mut self) -> Option<usize> {
        self.length(marker::FIXARRAY, 0x0f, marker::ARRAY16)
    }

    fn map_length(&mut self) -> Option<usize> {
        self.length(marker::FIXMAP, 0x0f, marker::MAP16)
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    fn big_endian<const BYTES: usize>(&mut self) -> Option<[u8; BYTES]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    #[inline]
    pub(crate) fn number(&mut self) -> Option<u64> {
        const U16: u8 = marker::U8 + 1;
        const U32: u8 = marker::U8 + 2;
        const U64: u8 = marker::U8 + 3;
        Some(match self.byte()? {
            number @ 0..=marker::FIXINT_MAX => number.into(),
            marker::U8 => self.byte()?.into(),
            U16 => u16::from_be_bytes(self.big_endian()?).into(),
            U32 => u32::from_be_bytes(self.big_endian()?).into(),
            U64 => u64::from_be_bytes(self.big_endian()?),
            _ => return None,
        })
    }

    /// A length within its marker, or in the two bytes behind it. Messages with more are none of every job.
    fn length(&mut self, fixed: u8, fixed_max: u8, in_two_bytes: u8) -> Option<usize> {
        match self.byte()? {
            found if found == in_two_bytes => Some(u16::from_be_bytes(self.big_endian()?).into()),
            found if found & !fixed_max == fixed => Some((found & fixed_max).into()),
            _ => None,
        }
    }

    /// str and bin have lengths of one, two or four bytes, with markers in a row.
    fn long_length(&mut self, found: u8, in_one_byte: u8) -> Option<usize> {
        match found.checked_sub(in_one_byte)? {
            0 => Some(self.byte()?.into()),
            1 => Some(u16::from_be_bytes(self.big_endian()?).into()),
            2 => usize::try_from(u32::from_be_bytes(self.big_endian()?)).ok(),
            _ => None,
        }
    }
}

#[inline]
fn put_number(buffer: &mut Vec<u8>, number: u64) {
    if let Ok(small) = u8::try_from(number) {
        if small > marker::FIXINT_MAX {
            buffer.push(marker::U8);
        }
        buffer.push(small);
    } else if let Ok(number) = u16::try_from(number) {
        buffer.push(marker::U8 + 1);
        buffer.extend_from_slice(&number.to_be_bytes());
    } else if let Ok(number) = u32::try_from(number) {
        buffer.push(marker::U8 + 2);
        buffer.extend_from_slice(&number.to_be_bytes());
    } else {
        buffer.push(marker::U8 + 3);
        buffer.extend_from_slice(&number.to_be_bytes());
    }
}

/// An array's or a map's.
#[inline]
fn put_length(buffer: &mut Vec<u8>, length: usize, fixed: u8, in_two_bytes: u8) {
    if length <= 0x0f {
        buffer.push(fixed | length as u8);
    } else if let Ok(length) = u16::try_from(length) {
        buffer.push(in_two_bytes);
        buffer.extend_from_slice(&length.to_be_bytes());
    } else {
        buffer.push(in_two_bytes + 1);
        // Entries and headers are bounded far below.
        buffer.extend_from_slice(&(length as u32).to_be_bytes());
    }
}

pub(crate) fn put_array_length(buffer: &mut Vec<u8>, length: usize) {
    put_length(buffer, length, marker::FIXARRAY, marker::ARRAY16);
}

fn put_long_length(buffer: &mut Vec<u8>, length: usize, in_one_byte: u8) {
    if let Ok(length) = u8::try_from(length) {
        buffer.extend_from_slice(&[in_one_byte, length]);
    } else if let Ok(length) = u16::try_from(length) {
        buffer.push(in_one_byte + 1);
        buffer.extend_from_slice(&length.to_be_bytes());
    } else {
        buffer.push(in_one_byte + 2);
        // A header frame is bounded far below.
        buffer.extend_from_slice(&(length as u32).to_be_bytes());
    }
}

impl<'a> Compact<'a> for u64 {
    fn take(reader: &mut Reader<'a>) -> Option<u64> {
        reader.number()
    }

    fn put(&self, buffer: &mut Vec<u8>) {
        put_number(buffer, *self);
    }
}

impl<'a> Compact<'a> for bool {
    fn take(reader: &mut Reader<'a>) -> Option<bool> {
        match reader.byte()? {
            marker::FALSE => Some(false),
            marker::TRUE => Some(true),
            _ => None,
        }
    }

    fn put(&self, buffer: &mut Vec<u8>) {
        buffer.push(if *self { marker::TRUE } else { marker::FALSE });
    }
}

impl<'a> Compact<'a> for JobId {
    fn take(reader: &mut Reader<'a>) -> Option<JobId> {
        reader.number().map(JobId::from_wire)
    }

    fn put(&self, buffer: &mut Vec<u8>) {
        put_number(buffer, self.to_wire());
    }
}

impl<'a> Compact<'a> for &'a str {
    #[inline]
    fn take(reader: &mut Reader<'a>) -> Option<&'a str> {
        let length = match reader.byte()? {
            found if found & 0xe0 == marker::FIXSTR => usize::from(found & 0x1f),
            found => reader.long_length(found, marker::STR8)?,
        };
        // Most texts are those of jobs that were done.
        if length == 0 {
            return Some("");
        }
        std::str::from_utf8(reader.bytes(length)?).ok()
    }

    fn put(&self, buffer: &mut Vec<u8>) {
        if self.len() <= 0x1f {
            buffer.push(marker::FIXSTR | self.len() as u8);
        } else {
            put_long_length(buffer, self.len(), marker::STR8);
        }
        buffer.extend_from_slice(self.as_bytes());
    }
}

impl<'a> Compact<'a> for Bin<'a> {
    fn take(reader: &mut Reader<'a>) -> Option<Bin<'a>> {
        let found = reader.byte()?;
        let length = reader.long_length(found, marker::BIN8)?;
        reader.bytes(length).map(Bin)
    }

    fn put(&self, buffer: &mut Vec<u8>) {
        put_long_length(buffer, self.0.len(), marker::BIN8);
        buffer.extend_from_slice(self.0);
    }
}

impl<'a, T: Compact<'a>> Compact<'a> for Option<T> {
    fn take(reader: &mut Reader<'a>) -> Option<Option<T>> {
        if reader.0.first() == Some(&marker::NIL) {
            reader.byte()?;
            return Some(None);
        }
        T::take(reader).map(Some)
    }

    fn put(&self, buffer: &mut Vec<u8>) {
        match self {
            Some(value) => value.put(buffer),
            None => buffer.push(marker::NIL),
        }
    }
}

impl<'a, T: Compact<'a>> Compact<'a> for Vec<T> {
    fn take(reader: &mut Reader<'a>) -> Option<Vec<T>> {
        let length = reader.array_length().filter(|length| *length <= ENTRIES_MAX)?;
        // An entry has at least a byte: what is claimed beyond the frame is not there.
        let mut entries = Vec::with_capacity(length.min(reader.0.len()));
        for _ in 0..length {
            entries.push(T::take(reader)?);
        }
        Some(entries)
    }

    fn put(&self, buffer: &mut Vec<u8>) {
        put_array_length(buffer, self.len());
        self.iter().for_each(|entry| entry.put(buffer));
    }
}

impl<'a, V: Compact<'a>> Compact<'a> for Named<'a, V> {
    #[inline]
    fn take(reader: &mut Reader<'a>) -> Option<Named<'a, V>> {
        let length = reader.map_length().filter(|length| *length <= SETTINGS_MAX)?;
        if length == 0 {
            return Some(Named::default());
        }
        let mut entries = Vec::new();
        for _ in 0..length {
            entries.push((<&str>::take(reader)?, V::take(reader)?));
        }
        Some(Named(entries))
    }

    fn put(&self, buffer: &mut Vec<u8>) {
        put_length(buffer, self.0.len(), marker::FIXMAP, marker::MAP16);
        for (name, value) in &self.0 {
            name.put(buffer);
            value.put(buffer);
        }
    }
}

/// No message of every job has one.
impl<'a> Compact<'a> for Value {
    fn take(_: &mut Reader<'a>) -> Option<Value> {
        None
    }

    fn put(&self, buffer: &mut Vec<u8>) {
        rmp_serde::encode::write(buffer, self).expect("a value can always be written to memory");
    }
}
