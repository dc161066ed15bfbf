//! The journal: every worker notes each run of a job before it begins, so that no death takes the note with it. It is a
//! named pipe with records of one size, which the system never mixes.

use crate::clock::Moment;
use crate::language::Language;
use crate::work::Act;
use anyhow::Context;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::pipe::fcntl_setpipe_size;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

const RECORD_BYTES: usize = 32;
/// Above what a job's act needs.
const LANGUAGE_SHIFT: u32 = 56;
/// Room for so many bytes that workers do not wait for a reader that is late.
const PIPE_BYTES: usize = 1 << 20;

/// One run of a job by a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) key: u64,
    pub(crate) attempt: u32,
    pub(crate) pid: u32,
    pub(crate) began: Moment,
    pub(crate) once: bool,
    pub(crate) act: Act,
    pub(crate) language: Language,
}

impl Run {
    fn to_bytes(self) -> [u8; RECORD_BYTES] {
        let flags =
            u64::from(self.once) | self.act.to_code() << 1 | self.language.to_code() << LANGUAGE_SHIFT;
        let who = u64::from(self.attempt) << 32 | u64::from(self.pid);
        let mut bytes = [0; RECORD_BYTES];
        for (place, word) in [self.key, who, self.began.0, flags].into_iter().enumerate() {
            bytes[place * 8..][..8].copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8; RECORD_BYTES]) -> Option<Run> {
        let word = |place: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[place * 8..][..8]);
            u64::from_le_bytes(word)
        };
        let (who, flags) = (word(1), word(3));
        Some(Run {
            key: word(0),
            attempt: (who >> 32) as u32,
            pid: who as u32,
            began: Moment(word(2)),
            once: flags & 1 != 0,
            act: Act::from_code(flags >> 1)?,
            language: Language::from_code(flags >> LANGUAGE_SHIFT)?,
        })
    }
}

/// A worker's end.
pub(crate) struct JournalWriter(File);

impl JournalWriter {
    pub(crate) fn open(path: &Path) -> anyhow::Result<JournalWriter> {
        let file = OpenOptions::new().write(true).open(path);
        file.map(JournalWriter).with_context(|| format!("cannot open {}", path.display()))
    }

    pub(crate) fn note(&mut self, run: Run) -> std::io::Result<()> {
        self.0.write_all(&run.to_bytes())
    }
}

/// The conductor's end.
pub(crate) struct JournalReader(File);

impl JournalReader {
    pub(crate) fn make(path: &Path) -> anyhow::Result<JournalReader> {
        mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)
            .with_context(|| format!("cannot make {}", path.display()))?;
        // Open for writing too: without any worker it does not end.
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        fcntl_setpipe_size(&file, PIPE_BYTES).context("cannot widen the journal")?;
        Ok(JournalReader(file))
    }

    /// Waits for the next run.
    pub(crate) fn next(&mut self) -> std::io::Result<Run> {
        let mut bytes = [0; RECORD_BYTES];
        self.0.read_exact(&mut bytes)?;
        Run::from_bytes(&bytes).ok_or_else(|| std::io::Error::other("the journal is broken"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_read_as_it_was_written() {
        let run = Run {
            key: 3 << 40 | 17,
            attempt: 2,
            pid: 4711,
            began: Moment(123_456_789_012),
            once: true,
            act: Act::Abort,
            language: Language::Cpp,
        };
        assert_eq!(Run::from_bytes(&run.to_bytes()), Some(run));
    }
}
