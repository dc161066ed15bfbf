//! Signals, as what they ask for. A signal of the terminal is an order only if a process sent it; if the system did, the
//! terminal means what it always means by it.

use super::Happening;
use crossbeam_channel::Sender;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGTTIN, SIGTTOU};
use signal_hook::low_level::emulate_default_handler;
use signal_hook_registry::register_sigaction;
use std::fs::{File, read_to_string};
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Instant;

const CAUGHT: [i32; 5] = [SIGTERM, SIGINT, SIGHUP, SIGTTIN, SIGTTOU];

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGTERM, SIGINT, the terminal is closed: end; the second time at once.
    End,
    /// SIGHUP: replace all workers.
    Replace,
    /// SIGTTIN: one worker more.
    More,
    /// SIGTTOU: one worker fewer.
    Fewer,
}

/// Who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    System,
    /// The first process of our session: a shell that is about to end sends SIGHUP to its jobs.
    Shell,
    Process,
}

/// What the handler writes for the thread to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    End,
    Replace,
    More,
    Fewer,
    /// The terminal is closed.
    Closed,
    /// The terminal is closed, or somebody at it wants all workers replaced.
    ClosedOrReplace,
}

const WORDS: [Word; 6] =
    [Word::End, Word::Replace, Word::More, Word::Fewer, Word::Closed, Word::ClosedOrReplace];

/// What the terminal was to us when we began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Terminal {
    None,
    Ours,
    /// It was ours, and we were started to outlive it (`nohup`).
    Outlived,
}

/// From now on signals are happenings, for as long as the process lives.
pub(super) fn watch(happenings: Sender<Happening>) -> io::Result<()> {
    let terminal = Terminal::at_start();
    debug_assert!(WORDS.iter().enumerate().all(|(place, word)| *word as usize == place));
    let (mut reader, writer) = UnixStream::pair()?;
    writer.set_nonblocking(true)?;
    let session = session();
    for signal in CAUGHT {
        let writer = writer.try_clone()?;
        let caught = move |info: &libc::siginfo_t| {
            let origin = origin(info, session);
            // An order that finds the pipe full comes behind thousands like it.
            let _ = match word(signal, origin) {
                Some(word) => rustix::io::write(&writer, &[word as u8]).map_err(io::Error::from).map(drop),
                None => emulate_default_handler(signal),
            };
        };
        // SAFETY: what runs in the handler makes system calls only: it neither allocates nor takes a lock.
        unsafe { register_sigaction(signal, caught) }?;
    }
    let listen = move || {
        let mut word = [0];
        while reader.read_exact(&mut word).is_ok() {
            let word = WORDS[usize::from(word[0])];
            let Some(asked) = terminal.meaning(word, has_terminal) else { continue };
            if happenings.send(Happening::Signal(asked, Instant::now())).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(listen).map(drop)
}

/// The first process of our session; none if a namespace hides it from us.
fn session() -> Option<i32> {
    // SAFETY: a system call that takes a number. (rustix takes the 0 of a hidden one for impossible.)
    Some(unsafe { libc::getsid(0) }).filter(|session| *session > 0)
}

fn origin(info: &libc::siginfo_t, session: Option<i32>) -> Origin {
    // What processes send has a code of 0 or below.
    if info.si_code > 0 {
        return Origin::System;
    }
    // SAFETY: the code says that a process sent it, so this field is filled.
    let sender = unsafe { info.si_pid() };
    if Some(sender) == session { Origin::Shell } else { Origin::Process }
}

/// What a signal says; nothing if what the system does by default is meant. For the handler: pure.
fn word(signal: i32, origin: Origin) -> Option<Word> {
    match (signal, origin) {
        // We write or read at a terminal that is not ours at the moment: stopped until it is.
        (SIGTTIN | SIGTTOU, Origin::System) => None,
        (SIGTTIN, Origin::Shell | Origin::Process) => Some(Word::More),
        (SIGTTOU, Origin::Shell | Origin::Process) => Some(Word::Fewer),
        (SIGHUP, Origin::System) => Some(Word::Closed),
        (SIGHUP, Origin::Shell) => Some(Word::ClosedOrReplace),
        (SIGHUP, Origin::Process) => Some(Word::Replace),
        _ => Some(Word::End),
    }
}

fn has_terminal() -> bool {
    File::open("/dev/tty").is_ok()
}

/// Whether SIGHUP is ignored, as `nohup` has it.
fn ignores_hangup() -> bool {
    let status = read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    ignored & 1 << (SIGHUP - 1) != 0
}

impl Terminal {
    fn at_start() -> Terminal {
        match has_terminal() {
            false => Terminal::None,
            true if ignores_hangup() => Terminal::Outlived,
            true => Terminal::Ours,
        }
    }

    fn meaning(self, word: Word, has_terminal: impl Fn() -> bool) -> Option<Signal> {
        match (word, self) {
            (Word::End, _) => Some(Signal::End),
            (Word::Replace, _) => Some(Signal::Replace),
            (Word::More, _) => Some(Signal::More),
            (Word::Fewer, _) => Some(Signal::Fewer),
            (Word::Closed, Terminal::Outlived) => None,
            (Word::Closed, Terminal::None | Terminal::Ours) => Some(Signal::End),
            (Word::ClosedOrReplace, Terminal::Ours) if !has_terminal() => Some(Signal::End),
            (Word::ClosedOrReplace, Terminal::Outlived) if !has_terminal() => None,
            (Word::ClosedOrReplace, _) => Some(Signal::Replace),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_of_the_terminal_is_an_order_only_from_a_process() {
        assert_eq!(word(SIGTTOU, Origin::System), None);
        assert_eq!(word(SIGTTIN, Origin::System), None);
        assert_eq!(word(SIGTTOU, Origin::Process), Some(Word::Fewer));
        assert_eq!(word(SIGTTIN, Origin::Shell), Some(Word::More));
        for origin in [Origin::System, Origin::Shell, Origin::Process] {
            assert_eq!(word(SIGINT, origin), Some(Word::End), "also from the keyboard");
        }
    }

    #[test]
    fn a_hangup_ends_where_the_terminal_is_closed_and_replaces_where_it_is_an_order() {
        let closed = |terminal: Terminal, word| terminal.meaning(word, || false);
        let open = |terminal: Terminal, word| terminal.meaning(word, || true);
        assert_eq!(word(SIGHUP, Origin::Process), Some(Word::Replace));
        for terminal in [Terminal::None, Terminal::Ours, Terminal::Outlived] {
            assert_eq!(
                closed(terminal, Word::Replace),
                Some(Signal::Replace),
                "of a service, or after a logout"
            );
            assert_eq!(open(terminal, Word::ClosedOrReplace), Some(Signal::Replace), "kill -HUP %1");
        }
        assert_eq!(closed(Terminal::Ours, Word::Closed), Some(Signal::End));
        assert_eq!(closed(Terminal::Ours, Word::ClosedOrReplace), Some(Signal::End), "the shell goes too");
        assert_eq!(closed(Terminal::Outlived, Word::Closed), None);
        assert_eq!(closed(Terminal::Outlived, Word::ClosedOrReplace), None);
    }
}
