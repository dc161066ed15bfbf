//! Durations, sizes and the like as people write them.

use std::str::FromStr;
use std::time::Duration;

/// `250ms`, `5s`, `1.5s`, `2m`, `1h`, `1d`. A number without a unit is refused: it could be any.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let unit_seconds = match unit {
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86400.0,
        "" => return Err(format!("`{text}` has no unit: write {text}s or {text}ms")),
        _ => return Err(format!("`{unit}` is no unit of time: write ms, s, m, h or d")),
    };
    let number: f64 = number.parse().map_err(|_| format!("`{text}` is no duration: write 5s or 250ms"))?;
    Duration::try_from_secs_f64(number * unit_seconds).map_err(|_| format!("`{text}` is too long"))
}

/// `1048576`, `64KiB`, `256MiB`, `2GiB`; `kB`, `MB` and `GB` are powers of ten.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let unit_bytes: u64 = match unit {
        "" | "B" => 1,
        "kB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" | "K" => 1 << 10,
        "MiB" | "M" => 1 << 20,
        "GiB" | "G" => 1 << 30,
        _ => return Err(format!("`{unit}` is no unit of size: write KiB, MiB or GiB")),
    };
    let number: u64 = number.parse().map_err(|_| format!("`{text}` is no size: write 64MiB or 65536"))?;
    number.checked_mul(unit_bytes).ok_or_else(|| format!("`{text}` is too large"))
}

/// The same, for what is counted in this machine's memory.
pub(crate) fn size(text: &str) -> Result<usize, String> {
    usize::try_from(bytes(text)?).map_err(|_| format!("`{text}` is too large"))
}

/// Splits a number from its unit.
fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end =
        text.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

/// How many workers: a number, or one a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workers {
    Auto,
    Count(usize),
}

impl Workers {
    pub(crate) fn count(self) -> usize {
        match self {
            Workers::Auto => powerhose::cores(),
            Workers::Count(count) => count,
        }
    }
}

impl FromStr for Workers {
    type Err = String;

    fn from_str(text: &str) -> Result<Workers, String> {
        if text == "auto" {
            return Ok(Workers::Auto);
        }
        let max = powerhose::WORKERS_MAX;
        match text.parse() {
            Ok(count) if count <= max => Ok(Workers::Count(count)),
            _ => Err(format!("`{text}` is neither `auto` nor a number from 0 to {max}")),
        }
    }
}

/// `NAME=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Pair, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok(Pair { name: name.into(), value: value.into() }),
            _ => Err("write NAME=VALUE".to_owned()),
        }
    }
}

/// The name of a pool.
pub(crate) fn pool(text: &str) -> Result<String, String> {
    match powerhose_protocol::limits::is_pool_name(text) {
        true => Ok(text.to_owned()),
        false => Err("a pool's name is 1 to 64 of the characters a-z A-Z 0-9 . _ -".to_owned()),
    }
}

/// A group, by its number or by its name in /etc/group.
pub(crate) fn group(text: &str) -> Result<u32, String> {
    if let Ok(number) = text.parse() {
        return Ok(number);
    }
    let groups = std::fs::read_to_string("/etc/group").unwrap_or_default();
    let mut numbers = groups.lines().filter_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(text)).then(|| fields.nth(1)?.parse().ok())?
    });
    numbers.next().ok_or_else(|| format!("there is no group `{text}`"))
}

/// An endpoint; refused here, before anything is started, if it is none.
pub(crate) fn endpoint(text: &str) -> Result<String, String> {
    text.parse::<powerhose_protocol::Endpoint>()
        .map(|endpoint| endpoint.to_string())
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        for (text, milliseconds) in
            [("250ms", 250), ("5s", 5000), ("1.5s", 1500), ("2m", 120_000), ("1h", 3_600_000), ("0s", 0)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for (text, advice) in
            [("5", "5s or 5ms"), ("x", "no unit"), ("", "no unit"), ("5 weeks", "ms, s, m"), ("1.2.3s", "5s")]
        {
            let error = duration(text).expect_err(text);
            assert!(error.contains(advice), "{text}: {error}");
        }
        assert!(duration("99999999999999999999999d").is_err());
    }

    #[test]
    fn sizes_have_units_or_are_bytes() {
        for (text, expected) in
            [("0", 0), ("17", 17), ("64KiB", 65536), ("2 GiB", 2 << 30), ("1MB", 1_000_000)]
        {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in ["", "-1", "64XB", "1.5GiB", "99999999999GiB"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_group_has_a_name_or_a_number() {
        assert_eq!(group("root"), Ok(0));
        assert_eq!(group("4711"), Ok(4711));
        assert!(group("no-such-group").is_err());
    }

    #[test]
    fn workers_are_a_number_or_one_a_core() {
        assert_eq!("auto".parse(), Ok(Workers::Auto));
        assert_eq!("3".parse(), Ok(Workers::Count(3)));
        for text in ["", "-1", "many", "4097"] {
            assert!(text.parse::<Workers>().is_err(), "{text}");
        }
    }
}
