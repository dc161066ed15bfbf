//! How much memory a process holds.

use anyhow::Context;

/// Bytes of memory that a process has in use, shared pages of its program included.
pub(crate) fn resident_bytes(pid: u32) -> anyhow::Result<f64> {
    let path = format!("/proc/{pid}/status");
    let status = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    parse(&status).with_context(|| format!("{path} does not tell VmRSS"))
}

fn parse(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resident_size_is_read_from_the_status() {
        assert_eq!(parse("Name:\tx\nVmRSS:\t    9000 kB\nThreads:\t1\n"), Some(9_216_000.0));
        assert_eq!(parse("Name:\tx\n"), None);
    }
}
