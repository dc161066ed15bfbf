//! The lines between a test and a client program: words, and fields `name=value`. Bytes and texts are in hexadecimal digits, so
//! that no language needs more than that to read them. `src/bin/commands-client` says which lines there are.

use crate::support::job::{Job, Time};
use std::fmt::Write;

/// A line of a client program, taken apart.
pub(super) struct Line<'a> {
    /// What came of a call.
    pub(super) word: &'a str,
    fields: Vec<(&'a str, &'a str)>,
}

impl Line<'_> {
    #[track_caller]
    pub(super) fn of(text: &str) -> Line<'_> {
        let mut words = text.split(' ');
        let (Some(_call), Some(word)) = (words.next(), words.next()) else {
            panic!("a client program printed {text:?}")
        };
        let fields =
            words.map(|field| field.split_once('=').unwrap_or_else(|| panic!("{field:?} in {text:?}")));
        Line { word, fields: fields.collect() }
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find_map(|(found, value)| (*found == name).then_some(*value))
    }

    pub(super) fn bytes(&self, name: &str) -> Vec<u8> {
        self.field(name).map(unhex).unwrap_or_default()
    }

    pub(super) fn text(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).expect("texts are UTF-8")
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.field(name).map(|digits| digits.parse().expect("a number"))
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.number(name) == Some(1)
    }

    /// Each `header=name:value`.
    pub(super) fn headers(&self) -> Vec<(String, Vec<u8>)> {
        let headers = self.fields.iter().filter(|(name, _)| *name == "header").map(|(_, header)| {
            let (name, value) = header.split_once(':').expect("name:value");
            (String::from_utf8(unhex(name)).expect("names are UTF-8"), unhex(value))
        });
        headers.collect()
    }
}

/// The fields of a job, each with a space before it.
pub(super) fn fields(job: &Job) -> String {
    let mut line = String::new();
    if let Some(pool) = &job.pool {
        field(&mut line, "pool", pool.as_bytes());
    }
    match job.time {
        Some(Time::Whole(timeout)) => number(&mut line, "timeout_ms", timeout.as_millis()),
        Some(Time::Run(timeout)) => number(&mut line, "run_timeout_ms", timeout.as_millis()),
        None => {}
    }
    if job.once {
        number(&mut line, "once", 1);
    }
    if let Some(attempts) = job.attempts_max {
        number(&mut line, "attempts_max", attempts.into());
    }
    for (name, value) in &job.headers {
        field(&mut line, "header", name.as_bytes());
        line.push(':');
        hex(&mut line, value);
    }
    line
}

pub(super) fn field(line: &mut String, name: &str, value: &[u8]) {
    line.push(' ');
    line.push_str(name);
    line.push('=');
    hex(line, value);
}

fn number(line: &mut String, name: &str, value: u128) {
    write!(line, " {name}={value}").expect("a string takes it");
}

fn hex(line: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    line.reserve(bytes.len() * 2);
    for byte in bytes {
        line.push(DIGITS[usize::from(byte >> 4)].into());
        line.push(DIGITS[usize::from(byte & 15)].into());
    }
}

fn unhex(digits: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("a hexadecimal digit") as u8;
    digits.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
