//! What the program is told: a word, a number, and fields.

use anyhow::{Context, bail};
use powerhose::Job;
use std::time::Duration;

pub(crate) struct Line<'a> {
    pub(crate) word: &'a str,
    pub(crate) id: &'a str,
    fields: Vec<(&'a str, &'a str)>,
}

impl Line<'_> {
    pub(crate) fn of(text: &str) -> anyhow::Result<Line<'_>> {
        let mut words = text.split(' ');
        let word = words.next().context("a line has a word")?;
        let id = words.next().context("a line has a number")?;
        let fields = words.map(|field| field.split_once('=').context("a field has a value"));
        Ok(Line { word, id, fields: fields.collect::<Result<_, _>>()? })
    }

    /// The job, with its payload.
    pub(crate) fn job(&self) -> anyhow::Result<Job> {
        self.jobs()?.pop().context("a job has a payload")
    }

    /// A job for each payload.
    pub(crate) fn jobs(&self) -> anyhow::Result<Vec<Job>> {
        let payloads = self.fields.iter().filter(|(name, _)| *name == "payload");
        payloads.map(|(_, payload)| self.with_options(Job::new(bytes(payload)?))).collect()
    }

    fn with_options(&self, mut job: Job) -> anyhow::Result<Job> {
        for (name, value) in &self.fields {
            job = match *name {
                "payload" => job,
                "pool" => job.pool(text(value)?),
                "timeout_ms" => job.timeout(Duration::from_millis(value.parse()?)),
                "run_timeout_ms" => job.run_timeout(Duration::from_millis(value.parse()?)),
                "once" => job.once(),
                "attempts_max" => job.attempts_max(value.parse()?),
                "header" => {
                    let (name, value) = value.split_once(':').context("a header is name:value")?;
                    job.header(text(name)?, bytes(value)?)
                }
                name => bail!("a job has no `{name}`"),
            };
        }
        Ok(job)
    }

    pub(crate) fn number(&self, name: &str) -> anyhow::Result<u64> {
        let found = self.fields.iter().find(|(found, _)| *found == name);
        Ok(found.with_context(|| format!("there is no `{name}`"))?.1.parse()?)
    }

    pub(crate) fn milliseconds(&self, name: &str) -> anyhow::Result<Duration> {
        self.number(name).map(Duration::from_millis)
    }
}

fn text(digits: &str) -> anyhow::Result<String> {
    Ok(String::from_utf8(bytes(digits)?)?)
}

fn bytes(digits: &str) -> anyhow::Result<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).context("no hexadecimal digit");
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| Ok((digit(pair[0])? << 4 | digit(pair[pair.len() - 1])?) as u8)).collect()
}
