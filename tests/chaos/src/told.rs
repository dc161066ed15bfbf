//! What the processes of a run tell each other: a line of JSON on standard output for each thing that happened, a word on
//! standard input for each order.

use crate::clock::Moment;
use crate::work::Act;
use crossbeam_channel::{Sender, unbounded};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::thread;

/// Something that a process has to say.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Told {
    /// It is there, and does its work.
    Ready,
    /// A worker registered.
    Registered { worker: u64, pid: u32, at: Moment },
    /// A worker is gone; how the master noticed.
    Gone { worker: u64, pid: u32, cause: String, at: Moment },
    /// A job was lost.
    Lost(Lost),
    /// A promise broke.
    Wrong(String),
    /// It gave back to the system what memory it could.
    Trimmed,
    /// All jobs so far, after the load was held.
    Held(Tally),
}

/// A job that was lost.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Lost {
    pub(crate) key: u64,
    pub(crate) act: Act,
    pub(crate) cause: LostWith,
    pub(crate) worker: Option<u64>,
    pub(crate) attempts: u32,
    pub(crate) once: bool,
    pub(crate) submitted: Moment,
    pub(crate) ended: Moment,
}

/// What it was lost with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LostWith {
    Worker,
    Status(i32),
    Signal(i32),
    Master,
}

/// What became of the jobs of a process.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) submitted: u64,
    /// By end: `done`, `failed refused`, `lost worker`, …
    pub(crate) ends: BTreeMap<String, u64>,
    /// Jobs that had not ended long after their deadline.
    pub(crate) unaccounted: u64,
    /// Those among them, in words, up to a few.
    pub(crate) unaccounted_jobs: Vec<String>,
    /// How long after their deadline jobs ended that did, in microseconds.
    pub(crate) late_by_us: Vec<u64>,
    /// Those among them that ended later than is promised.
    pub(crate) beyond: Vec<TooLate>,
    /// How late a sleeping thread of the same process woke, in microseconds: the median, the 99th percentile, the most.
    pub(crate) canary_us: [u64; 3],
}

/// A job that ended too late.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TooLate {
    pub(crate) job: String,
    pub(crate) end: String,
    pub(crate) deadline: Moment,
    pub(crate) ended: Moment,
    /// How late a canary woke at that time.
    pub(crate) canary_us: u64,
}

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Submit jobs.
    Go,
    /// Submit no more jobs; tell when all have ended.
    Hold,
    /// Submit a job that does this.
    Poison(Act),
    /// Give memory back to the system.
    Trim,
}

/// Says things on standard output, from a thread of its own: a thread that has something to say never waits for the reader.
#[derive(Clone)]
pub(crate) struct Teller(Sender<Told>);

impl Teller {
    pub(crate) fn start() -> Teller {
        let (sender, said) = unbounded::<Told>();
        thread::spawn(move || {
            for told in said {
                let Ok(mut line) = serde_json::to_string(&told) else { continue };
                line.push('\n');
                let mut output = io::stdout().lock();
                if output.write_all(line.as_bytes()).and_then(|()| output.flush()).is_err() {
                    // Nobody listens any longer; this process is about to end too.
                    break;
                }
            }
        });
        Teller(sender)
    }

    pub(crate) fn tell(&self, told: Told) {
        // The other end lives as long as the process has a reader.
        let _ = self.0.send(told);
    }
}
