//! Gives back what a guard has seen of its parent's memory when it was forked. Otherwise it would keep a copy of each page that
//! the parent changes later.

use rustix::fs::{Mode, OFlags, open};
use rustix::mm::{Advice, madvise};

/// Smaller parts may be the data of libraries, which are needed for the next system call.
const BYTES_MIN: usize = 256 << 10;
const READ_BYTES: usize = 4096;

/// Large parts of memory that belong to no file read as zeros from now on, and take no room, but for the stack that we stand
/// on, the thread's own data, and the variables of programs and libraries: the C library's, where it is linked into the program, or
/// those of AddressSanitizer, which watches system calls. Only for a process that will use nothing of it any more.
pub(super) fn memory() {
    let on_the_stack = 0_u8;
    // SAFETY: tells where it is.
    let of_the_thread = unsafe { libc::__errno_location() } as usize;
    let keep = [(&raw const on_the_stack) as usize, of_the_thread];
    let Ok(maps) = open(c"/proc/self/maps", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()) else { return };
    let mut line = Line::default();
    // A file's variables that begin as zeros stand right behind it.
    let mut file_end = 0;
    let mut part = [0; READ_BYTES];
    while let Ok(read @ 1..) = rustix::io::read(&maps, &mut part[..]) {
        for byte in part.iter().take(read) {
            if *byte != b'\n' {
                line.take(*byte);
                continue;
            }
            let Line { start, end, .. } = line;
            let needed = start == file_end || keep.iter().any(|address| (start..end).contains(address));
            if line.has_file {
                file_end = end;
            }
            if line.is_memory_only() && !needed && end.saturating_sub(start) >= BYTES_MIN {
                // SAFETY: this process has no other thread, and uses nothing of it any more.
                let _ = unsafe { madvise(start as *mut _, end - start, Advice::LinuxDontNeed) };
            }
            line = Line::default();
        }
    }
}

/// A line of `maps`, read byte by byte: `start-end rw-p offset device inode path`.
#[derive(Clone, Copy, Default)]
struct Line {
    field: usize,
    start: usize,
    end: usize,
    /// So many of "r", "w", "p" were there.
    rights: u8,
    /// The inode has a digit that is not 0.
    has_file: bool,
}

impl Line {
    fn take(&mut self, byte: u8) {
        match (self.field, byte) {
            (0, b'-') | (1..=5, b' ') => self.field += 1,
            (0, digit) => self.start = self.start << 4 | hexadecimal(digit),
            (1, digit) => self.end = self.end << 4 | hexadecimal(digit),
            (2, b'r' | b'w' | b'p') => self.rights += 1,
            (5, b'1'..=b'9') => self.has_file = true,
            _ => {}
        }
    }

    fn is_memory_only(&self) -> bool {
        self.rights == 3 && !self.has_file
    }
}

fn hexadecimal(digit: u8) -> usize {
    usize::from(match digit {
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'0') & 15,
    })
}

#[cfg(test)]
mod tests {
    use super::Line;

    fn read(text: &str) -> Line {
        let mut line = Line::default();
        text.bytes().for_each(|byte| line.take(byte));
        line
    }

    #[test]
    fn what_belongs_to_no_file_is_told_from_what_does() {
        let heap = read("55d0a3c00000-55d0a3e21000 rw-p 00000000 00:00 0                          [heap]");
        assert_eq!((heap.start, heap.end), (0x55d0_a3c0_0000, 0x55d0_a3e2_1000));
        assert!(heap.is_memory_only());
        assert!(read("7f0000000000-7f0000200000 rw-p 00000000 00:00 0 ").is_memory_only());
        assert!(!read("7f0000000000-7f0000200000 r--p 00000000 00:00 0 ").is_memory_only());
        assert!(!read("7f0000000000-7f0000200000 rw-s 00000000 00:01 0 ").is_memory_only());
        assert!(!read("7f0000000000-7f0000200000 rw-p 00001000 fe:00 1027 /lib/x").is_memory_only());
    }
}
