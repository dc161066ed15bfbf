//! What came out, for people and for programs.

use crate::conductor::Outcome;
use crate::judge::{Judgement, Share, Spread};
use crate::options::Options;
use crate::told::TooLate;
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::Duration;

/// At most so many lines about one kind of trouble.
const LINES_MAX: usize = 20;

/// A run and what is to be said of it.
pub(crate) struct Report<'a> {
    pub(crate) options: &'a Options,
    pub(crate) outcome: &'a Outcome,
    pub(crate) judgement: Judgement,
}

impl Report<'_> {
    /// Whether every promise was kept.
    pub(crate) fn is_good(&self) -> bool {
        self.troubles().iter().all(|(_, all)| all.is_empty())
    }

    /// Everything that must be empty, by name.
    fn troubles(&self) -> Vec<(&'static str, Vec<String>)> {
        let (outcome, judgement) = (self.outcome, &self.judgement);
        let nothing_done = (!outcome.tally.ends.contains_key("done")).then(|| "no job was done".to_owned());
        let missing = outcome.missing.iter().map(|fault| format!("{fault} never came"));
        let languages = self.options.foreign.languages().into_iter();
        let idle = languages.filter(|language| !judgement.shares.contains_key(language));
        let idle = idle.map(|language| format!("no worker in {language} ran a job"));
        vec![
            ("wrong", judgement.wrong.clone()),
            ("late", outcome.tally.beyond.iter().map(|late| self.late(late)).collect()),
            ("unaccounted", outcome.tally.unaccounted_jobs.clone()),
            ("lost without cause", judgement.lost_without_cause.clone()),
            ("workers lost without cause", judgement.workers_without_cause.clone()),
            ("not settled", outcome.unsettled.clone()),
            ("not covered", missing.chain(nothing_done).chain(idle).collect()),
        ]
    }

    fn late(&self, late: &TooLate) -> String {
        let TooLate { job, end, deadline, ended, canary_us } = late;
        let (by, at) = (ended.since(*deadline), ended.since(self.outcome.facts.begun));
        let canary = Duration::from_micros(*canary_us);
        format!("{job}: {end} {by:.1?} after its deadline, at {at:.3?}; a canary was {canary:.1?} late")
    }

    /// Jobs that were accepted: all but the rejected.
    fn accepted(&self) -> u64 {
        let tally = &self.outcome.tally;
        tally.submitted - tally.ends.get("rejected").copied().unwrap_or(0)
    }

    fn late_by(&self) -> Spread {
        let late = &self.outcome.tally.late_by_us;
        Spread::new(late.iter().map(|late| Duration::from_micros(*late)).collect())
    }

    pub(crate) fn text(&self) -> String {
        // Writing to a string cannot fail.
        let mut text = String::new();
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let (options, outcome, judgement) = (self.options, self.outcome, &self.judgement);
        let (length, mode) = (options.length().as_secs(), options.mode);
        writeln!(text, "seed {}, {length} s, {mode} master, {} workers", options.seed, options.workers)?;
        writeln!(text, "\nfaults")?;
        for (fault, count) in &outcome.facts.applied {
            writeln!(text, "  {fault:<28} {count:>8}", fault = fault.to_string())?;
        }
        writeln!(text, "\njobs\n  {:<28} {:>8}", "accepted", self.accepted())?;
        for (end, count) in &outcome.tally.ends {
            writeln!(text, "  {end:<28} {count:>8}")?;
        }
        writeln!(text, "  {:<28} {:>8}, of one job at most {}", "runs", judgement.runs, judgement.runs_max)?;
        self.write_shares(text)?;
        self.write_times(text)?;
        let (before, after) = (outcome.before, outcome.after);
        writeln!(text, "\nmaster's process               before    after")?;
        writeln!(text, "  {:<24} {:>12} {:>8}", "memory, KiB", before.bytes / 1024, after.bytes / 1024)?;
        writeln!(text, "  {:<24} {:>12} {:>8}", "open files", before.files, after.files)?;
        writeln!(text, "  {:<24} {:>12} {:>8}", "workers registered", options.workers, outcome.workers)?;
        self.write_troubles(text)
    }

    /// Nothing where all workers are in Rust.
    fn write_shares(&self, text: &mut String) -> std::fmt::Result {
        if self.options.foreign.is_empty() {
            return Ok(());
        }
        writeln!(text, "\nworkers                            runs  processes")?;
        for (language, Share { runs, processes }) in &self.judgement.shares {
            writeln!(text, "  {language:<28} {runs:>8} {:>10}", processes.len())?;
        }
        Ok(())
    }

    fn write_times(&self, text: &mut String) -> std::fmt::Result {
        let canary = self.outcome.tally.canary_us.map(Duration::from_micros);
        writeln!(text, "\ntimes                             count       p50       p99       max")?;
        for (name, spread) in self.spreads() {
            let (count, p50, p99, max) = (spread.count(), spread.at(500), spread.at(990), spread.max());
            writeln!(text, "  {name:<29} {count:>7} {} {} {}", Millis(p50), Millis(p99), Millis(max))?;
        }
        let [p50, p99, max] = canary.map(Millis);
        writeln!(text, "  {:<28} {:>8} {p50} {p99} {max}", "a canary woke late by", "")
    }

    fn spreads(&self) -> [(&'static str, Spread); 5] {
        [
            ("a killed worker was noticed", self.judgement.noticed.clone()),
            ("of that, until it had ended", self.judgement.ended.clone()),
            ("and then until it was noticed", self.judgement.noticed_after_end.clone()),
            ("its job began elsewhere", self.judgement.redispatched.clone()),
            ("ended after the deadline by", self.late_by()),
        ]
    }

    fn write_troubles(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text)?;
        for (name, all) in self.troubles() {
            writeln!(text, "{name}: {}", all.len())?;
            for one in all.iter().take(LINES_MAX) {
                writeln!(text, "  {one}")?;
            }
        }
        let verdict = if self.is_good() { "Every promise was kept." } else { "PROMISES WERE BROKEN." };
        writeln!(text, "{verdict} This run again: {}", self.options.command())
    }

    pub(crate) fn json(&self) -> Value {
        let (options, outcome, judgement) = (self.options, self.outcome, &self.judgement);
        let named = |spread: Spread| {
            let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
            let (p50, p99, max) = (spread.at(500), spread.at(990), spread.max());
            json!({
                "count": spread.count(),
                "p50_ms": milliseconds(p50),
                "p99_ms": milliseconds(p99),
                "max_ms": milliseconds(max),
            })
        };
        let times: serde_json::Map<String, Value> =
            self.spreads().into_iter().map(|(name, spread)| (name.to_owned(), named(spread))).collect();
        let troubles: serde_json::Map<String, Value> =
            self.troubles().into_iter().map(|(name, all)| (name.to_owned(), json!(all))).collect();
        let faults: serde_json::Map<String, Value> =
            outcome.facts.applied.iter().map(|(fault, count)| (fault.to_string(), json!(count))).collect();
        let runs_by_language: serde_json::Map<String, Value> = judgement
            .shares
            .iter()
            .map(|(language, share)| (language.to_string(), json!(share.runs)))
            .collect();
        json!({
            "command": options.command(),
            "good": self.is_good(),
            "faults": faults,
            "accepted": self.accepted(),
            "ends": outcome.tally.ends,
            "unaccounted": outcome.tally.unaccounted,
            "runs": judgement.runs,
            "runs_by_language": runs_by_language,
            "times": times,
            "canary_us": outcome.tally.canary_us,
            "memory_bytes": [outcome.before.bytes, outcome.after.bytes],
            "open_files": [outcome.before.files, outcome.after.files],
            "workers": outcome.workers,
            "troubles": troubles,
        })
    }
}

/// A time as milliseconds in a table.
#[derive(Clone, Copy)]
struct Millis(Duration);

impl std::fmt::Display for Millis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:>6.1} ms", self.0.as_secs_f64() * 1e3)
    }
}
