//! What can be measured, and how each of these is written for people.

/// One kind of number. Values are nanoseconds, jobs a second, megabytes a second, per cent or bytes, as the unit says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Figure {
    P50,
    P99,
    P999,
    Rate,
    Bandwidth,
    CpuPerJob,
    SleepsPerJob,
    CpuShare,
    ResidentIdle,
    BytesPerJob,
    BytesPerWorker,
    TimePerJob,
    InstructionsPerJob,
}

impl Figure {
    /// The name in tables and in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Figure::P50 => "p50",
            Figure::P99 => "p99",
            Figure::P999 => "p99.9",
            Figure::Rate => "jobs/s",
            Figure::Bandwidth => "MB/s",
            Figure::CpuPerJob => "CPU a job",
            Figure::SleepsPerJob => "sleeps a job",
            Figure::CpuShare => "CPU of a core",
            Figure::ResidentIdle => "resident",
            Figure::BytesPerJob => "a waiting job",
            Figure::BytesPerWorker => "a worker",
            Figure::TimePerJob => "time a job",
            Figure::InstructionsPerJob => "instructions a job",
        }
    }

    /// Which quantile of the latencies it is.
    pub(crate) fn quantile(self) -> Option<f64> {
        match self {
            Figure::P50 => Some(0.5),
            Figure::P99 => Some(0.99),
            Figure::P999 => Some(0.999),
            Figure::Rate
            | Figure::Bandwidth
            | Figure::CpuPerJob
            | Figure::SleepsPerJob
            | Figure::CpuShare
            | Figure::ResidentIdle
            | Figure::BytesPerJob
            | Figure::BytesPerWorker
            | Figure::TimePerJob
            | Figure::InstructionsPerJob => None,
        }
    }

    /// Whether it is taken from all latencies of all repeats together, because one repeat has too few of them.
    pub(crate) fn is_pooled(self) -> bool {
        matches!(self, Figure::P99 | Figure::P999)
    }

    /// The value with its unit.
    pub(crate) fn text(self, value: f64) -> String {
        match self {
            Figure::P50 | Figure::P99 | Figure::P999 | Figure::CpuPerJob | Figure::TimePerJob => {
                duration(value)
            }
            Figure::Rate | Figure::Bandwidth | Figure::InstructionsPerJob => thousands(value),
            Figure::SleepsPerJob => format!("{value:.2}"),
            Figure::CpuShare => format!("{value:.2} %"),
            Figure::ResidentIdle | Figure::BytesPerJob | Figure::BytesPerWorker => bytes(value),
        }
    }
}

fn duration(nanoseconds: f64) -> String {
    match nanoseconds {
        ns if ns.abs() < 1e3 => format!("{ns:.0} ns"),
        ns if ns.abs() < 1e4 => format!("{:.2} µs", ns / 1e3),
        ns if ns.abs() < 1e5 => format!("{:.1} µs", ns / 1e3),
        ns if ns.abs() < 1e6 => format!("{:.0} µs", ns / 1e3),
        ns => format!("{:.2} ms", ns / 1e6),
    }
}

fn bytes(count: f64) -> String {
    match count {
        count if count.abs() < 4096.0 => format!("{count:.0} B"),
        count if count.abs() < 1_048_576.0 => format!("{:.1} KiB", count / 1024.0),
        count => format!("{:.1} MiB", count / 1_048_576.0),
    }
}

/// A whole number with a comma after every three digits.
fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::from(if value < 0.0 { "-" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(Figure::Rate.text(1_234_567.8), "1,234,568");
        assert_eq!(Figure::Rate.text(999.0), "999");
        assert_eq!(Figure::P50.text(118_240.0), "118 µs");
        assert_eq!(Figure::P99.text(20_000_000.0), "20.00 ms");
        assert_eq!(Figure::TimePerJob.text(431.2), "431 ns");
        assert_eq!(Figure::ResidentIdle.text(8.5 * 1_048_576.0), "8.5 MiB");
        assert_eq!(Figure::CpuShare.text(0.124), "0.12 %");
    }

    #[test]
    fn only_the_tail_is_pooled() {
        assert!(Figure::P99.is_pooled() && Figure::P999.is_pooled());
        assert!(!Figure::P50.is_pooled() && !Figure::Rate.is_pooled());
    }
}
