//! A process of this very program in another role. Its standard input is a pipe or a socket that ends with this process,
//! however that ends; every role ends with its standard input.

use anyhow::Context;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{self, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

/// Ended when it is dropped.
pub(crate) struct Child {
    process: process::Child,
    input: Option<ChildStdin>,
    output: Option<BufReader<ChildStdout>>,
}

impl Child {
    /// Starts this program in the role that these arguments name.
    pub(crate) fn start(role: &[&str]) -> anyhow::Result<Child> {
        Child::with_input(role, Stdio::piped())
    }

    /// The same, with a standard input of the caller's choice.
    pub(crate) fn with_input(role: &[&str], input: impl Into<Stdio>) -> anyhow::Result<Child> {
        let program = std::env::current_exe().context("this program has no path")?;
        let mut process = Command::new(program)
            .args(role)
            .stdin(input)
            .stdout(Stdio::piped())
            // An interrupt from the terminal is for this process only; the others end with it.
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start the role {role:?}"))?;
        let input = process.stdin.take();
        let output = process.stdout.take().map(BufReader::new);
        Ok(Child { process, input, output })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Sends it a line.
    pub(crate) fn tell(&mut self, line: &str) -> anyhow::Result<()> {
        let input = self.input.as_mut().context("its input is not ours to write")?;
        writeln!(input, "{line}").context("a process of this benchmark has ended")
    }

    /// The next line that it writes.
    pub(crate) fn answer(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        let output = self.output.as_mut().context("its output is a pipe")?;
        let read =
            output.read_line(&mut line).context("cannot read what a process of this benchmark says")?;
        anyhow::ensure!(read > 0, "a process of this benchmark ended before it was ready");
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody else to wait for it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Ends this process when its standard input does. For roles that do not read it otherwise.
pub(crate) fn end_with_parent() {
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin().lock().by_ref(), &mut io::sink());
        process::exit(0);
    });
}
