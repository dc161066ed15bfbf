//! A process of this very program in another role: it is told what to do on its standard input, tells what happened on its
//! standard output, and logs to a file.

use crate::told::{Order, Told};
use anyhow::Context;
use crossbeam_channel::Sender;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};

/// Killed when it is dropped.
pub(crate) struct Child {
    process: std::process::Child,
    input: ChildStdin,
    reader: Option<JoinHandle<()>>,
    log: PathBuf,
}

/// Where a child's lines go, each with the child's name.
pub(crate) type Inbox = Sender<(u32, Told)>;

impl Child {
    /// Starts this program in the role that these arguments name. To be called on the main thread: the process ends with
    /// the thread that started it.
    pub(crate) fn start(folder: &Path, arguments: &[String], inbox: Inbox) -> anyhow::Result<Child> {
        let role = arguments.first().map_or("", String::as_str);
        let program = std::env::current_exe().context("this program has no path")?;
        let log = unused_log(folder, role);
        let mut process = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).with_context(|| format!("cannot make {}", log.display()))?)
            .spawn()
            .with_context(|| format!("cannot start the role {role}"))?;
        let input = process.stdin.take().context("its input is a pipe")?;
        let output = BufReader::new(process.stdout.take().context("its output is a pipe")?);
        let pid = process.id();
        let reader = thread::spawn(move || {
            let mut told =
                output.lines().map_while(Result::ok).filter_map(|line| serde_json::from_str(&line).ok());
            while told.next().is_some_and(|told| inbox.send((pid, told)).is_ok()) {}
        });
        Ok(Child { process, input, reader: Some(reader), log })
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Gives an order.
    pub(crate) fn order(&mut self, order: Order) -> anyhow::Result<()> {
        let line = serde_json::to_string(&order)?;
        writeln!(self.input, "{line}").context("a process of this run has ended, and should not have")
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().ok().flatten()
    }

    /// SIGKILL, and waits until it is gone and all that it told has been read.
    pub(crate) fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Those that it started hold its output open for a moment longer: nobody waits for the reader.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn unused_log(folder: &Path, role: &str) -> PathBuf {
    let named = |number: u32| folder.join(format!("{role}-{number}.log"));
    (0..).map(named).find(|path| !path.exists()).unwrap_or_else(|| named(0))
}
