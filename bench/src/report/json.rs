//! The same for programs. Numbers are in the units of [`Figure`]: nanoseconds, jobs a second, megabytes a second, per
//! cent, bytes.

use super::{Report, Verdict, parts};
use crate::figure::Figure;
use crate::loads::{Against, Bound, Load, Row, Side};
use crate::machine::Machine;
use crate::statistics::Summary;
use serde_json::{Value, json};

impl Report<'_> {
    pub(crate) fn json(&self) -> Value {
        let Machine { processor, cores, kernel, commit } = Machine::look();
        let conditions = self.options.conditions(0);
        let loads: Vec<Value> = self.options.loads().into_iter().map(|load| self.load(load)).collect();
        json!({
            "machine": { "processor": processor, "cores": cores, "kernel": kernel },
            "commit": commit,
            "conditions": {
                "repeats": self.options.repeats(),
                "seconds": conditions.window.as_secs_f64(),
                "workers": conditions.workers,
                "payload_bytes": conditions.payload_bytes,
                "rate": conditions.rate,
            },
            "loads": loads,
        })
    }

    fn load(&self, load: &Load) -> Value {
        let rows: Vec<Value> = load.rows.iter().filter_map(|row| self.row(row)).collect();
        json!({ "name": load.name, "title": load.title, "rows": rows })
    }

    fn row(&self, row: &Row) -> Option<Value> {
        let mut value = summary(self.results.summary(row.contender, row.figure)?);
        value["contender"] = row.contender.name.into();
        value["floor"] = (row.contender.side == Side::Floor).into();
        value["figure"] = row.figure.name().into();
        value["unit"] = unit(row.figure).into();
        value["repeats"] = self.results.values(row.contender, row.figure).into();
        if let Some((target, compared, verdict)) = self.verdict(row) {
            let mut value_compared = summary(compared);
            (value_compared["how"], value_compared["against"]) = match target.against {
                Against::Itself => ("itself".into(), Value::Null),
                Against::Ratio(floor, times) => {
                    value_compared["times"] = times.into();
                    ("ratio".into(), floor.name.into())
                }
                Against::Excess(floor) => ("excess".into(), floor.name.into()),
            };
            value_compared["reach"] = target.reach.map_or(Value::Null, bound);
            value_compared["try_for"] = target.try_for.map_or(Value::Null, bound);
            value_compared["verdict"] = verdict.map(Verdict::name).into();
            value["compared"] = value_compared;
        }
        Some(value)
    }
}

fn summary(summary: Summary) -> Value {
    json!({ "median": summary.typical, "least": summary.least, "greatest": summary.greatest })
}

fn bound(bound: Bound) -> Value {
    let (sign, value) = parts(bound);
    json!({ "sign": sign, "value": value })
}

fn unit(figure: Figure) -> &'static str {
    match figure {
        Figure::P50 | Figure::P99 | Figure::P999 | Figure::CpuPerJob | Figure::TimePerJob => "ns",
        Figure::Rate => "1/s",
        Figure::Bandwidth => "MB/s",
        Figure::CpuShare => "%",
        Figure::ResidentIdle | Figure::BytesPerJob | Figure::BytesPerWorker => "B",
        Figure::SleepsPerJob | Figure::InstructionsPerJob => "1",
    }
}
