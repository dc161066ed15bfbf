//! Results on standard output, complaints on standard error. A reader who has left is no error: `powerhose status | head -1`
//! is fine.

use crate::exit::{Exit, Failure, Outcome};
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// Prints this text, and a line's end if it has none.
pub(crate) fn text(text: &str) -> Outcome {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    bytes(format!("{text}{end}").as_bytes())
}

/// Prints these bytes.
pub(crate) fn bytes(bytes: &[u8]) -> Outcome {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(Exit::Fine),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Fine),
        Err(error) => Err(Failure::system("write to standard output", error)),
    }
}

/// Prints a reply: as it is, but a prompt behind it begins a line of its own.
pub(crate) fn reply(reply: &[u8]) -> Outcome {
    let unfinished = !reply.is_empty() && !reply.ends_with(b"\n");
    match unfinished && io::stdout().is_terminal() {
        true => bytes(&[reply, b"\n"].concat()),
        false => bytes(reply),
    }
}

/// Says what is wrong. If standard error is closed, the exit status has to tell: `eprintln!` would panic, and exit with another.
pub(crate) fn complaint(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "powerhose: {text}");
}
