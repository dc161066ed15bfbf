//! Results on standard output, complaints on standard error. A reader who has left is no error: `powerhose status | head -1`
//! is fine.

use crate::exit::{Exit, Failure, Outcome};
use std::fmt::Display;
use std::io::{self, Write};

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

/// Says what is wrong. If standard error is closed, the exit status has to tell: `eprintln!` would panic, and exit with another.
pub(crate) fn complaint(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "powerhose: {text}");
}
