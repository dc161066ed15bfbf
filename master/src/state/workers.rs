//! Workers as maps in a STATE.

use super::map;
use crate::common::{CurrentJob, WorkerInfo, WorkerState};
use powerhose_protocol::{JobId, Value};
use std::time::Duration;

impl WorkerInfo {
    pub(crate) fn to_value(&self) -> Value {
        let labels = self.labels.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
        let micros = |duration: Duration| Value::Unsigned(duration.as_micros() as u64);
        map([
            ("id", self.id.into()),
            ("pid", u64::from(self.pid).into()),
            ("host", self.host.as_str().into()),
            ("instance", self.instance.as_str().into()),
            ("software", self.software.as_str().into()),
            ("state", self.state.word().into()),
            ("pools", Value::Array(self.pools.iter().map(|pool| pool.as_str().into()).collect())),
            ("outstanding", (self.outstanding as u64).into()),
            ("done", self.done.into()),
            ("failed", self.failed.into()),
            ("current", self.current.as_ref().map_or(Value::Nil, CurrentJob::to_value)),
            ("run_last_us", micros(self.run_last)),
            ("run_longest_us", micros(self.run_longest)),
            ("run_sum_us", micros(self.run_sum)),
            ("silence_ms", (self.silence.as_millis() as u64).into()),
            ("labels", Value::Map(labels.collect())),
        ])
    }

    /// Reads what [`to_value`](WorkerInfo::to_value) wrote; nothing if the master is of another mind.
    pub(crate) fn from_value(value: &Value) -> Option<WorkerInfo> {
        let number = |name| value.field(name).and_then(Value::as_unsigned);
        let text = |name| value.field(name).and_then(Value::as_text).map(str::to_owned);
        let micros = |name| Some(Duration::from_micros(number(name)?));
        let pools = value.field("pools")?.as_array()?.iter().filter_map(Value::as_text).map(str::to_owned);
        let labels = match value.field("labels") {
            Some(Value::Map(labels)) => labels.as_slice(),
            _ => &[],
        };
        let label = |(name, value): &(String, Value)| Some((name.clone(), value.as_text()?.to_owned()));
        Some(WorkerInfo {
            id: number("id")?,
            pid: u32::try_from(number("pid")?).ok()?,
            host: text("host")?,
            instance: text("instance")?,
            software: text("software")?,
            state: WorkerState::from_word(&text("state")?)?,
            pools: pools.collect(),
            outstanding: usize::try_from(number("outstanding")?).ok()?,
            done: number("done")?,
            failed: number("failed")?,
            current: value.field("current").and_then(CurrentJob::from_value),
            run_last: micros("run_last_us")?,
            run_longest: micros("run_longest_us")?,
            run_sum: micros("run_sum_us")?,
            silence: Duration::from_millis(number("silence_ms")?),
            labels: labels.iter().filter_map(label).collect(),
        })
    }
}

impl CurrentJob {
    fn to_value(&self) -> Value {
        map([
            ("job", self.job.to_wire().into()),
            ("pool", self.pool.as_str().into()),
            ("age_us", (self.age.as_micros() as u64).into()),
        ])
    }

    fn from_value(value: &Value) -> Option<CurrentJob> {
        Some(CurrentJob {
            job: JobId::from_wire(value.field("job")?.as_unsigned()?),
            pool: value.field("pool")?.as_text()?.to_owned(),
            age: Duration::from_micros(value.field("age_us")?.as_unsigned()?),
        })
    }
}
