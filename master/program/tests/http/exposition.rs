//! The text format of OpenMetrics, read strictly: what breaks a rule fails the test.

use crate::scene::has_labels;
use std::collections::{BTreeMap, BTreeSet};

/// What is told of one metric.
#[derive(Debug, Default)]
pub(crate) struct Family {
    pub(crate) kind: String,
    pub(crate) help: String,
    pub(crate) samples: Vec<Sample>,
}

#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) value: f64,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Exposition {
    pub(crate) families: BTreeMap<String, Family>,
}

impl Exposition {
    #[track_caller]
    pub(crate) fn parse(text: &str) -> Exposition {
        let body = text.strip_suffix("# EOF\n").expect("it ends with # EOF and a line feed");
        let mut families: BTreeMap<String, Family> = BTreeMap::new();
        let mut current = String::new();
        for line in body.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                current = comment_line(comment, &current, &mut families);
            } else {
                let sample = sample(line);
                let family =
                    families.get_mut(&current).unwrap_or_else(|| panic!("a sample without a family: {line}"));
                assert!(belongs(&sample, &current, &family.kind), "{line} in {current}, a {}", family.kind);
                family.samples.push(sample);
            }
        }
        let exposition = Exposition { families };
        exposition.check();
        exposition
    }

    /// The names of all samples.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.samples().map(|sample| sample.name.as_str()).collect()
    }

    pub(crate) fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.families.values().flat_map(|family| &family.samples)
    }

    #[track_caller]
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let found = self.samples().find(|sample| sample.name == name && has_labels(sample, labels));
        found.unwrap_or_else(|| panic!("no {name} with {labels:?}")).value
    }

    #[track_caller]
    fn check(&self) {
        let mut seen = BTreeSet::new();
        for (name, family) in &self.families {
            assert!(!family.help.is_empty() && !family.kind.is_empty(), "{name} has HELP and TYPE");
            for sample in &family.samples {
                let mut labels = sample.labels.clone();
                labels.sort();
                assert!(seen.insert((sample.name.clone(), labels)), "twice: {sample:?}");
                assert!(family.kind != "counter" || sample.value >= 0.0, "{sample:?}");
            }
            if family.kind == "histogram" {
                check_histogram(name, family);
            }
        }
    }
}

fn comment_line(comment: &str, current: &str, families: &mut BTreeMap<String, Family>) -> String {
    let mut words = comment.splitn(3, ' ');
    let (word, name, rest) = (words.next(), words.next(), words.next());
    let (Some(word), Some(name), Some(rest)) = (word, name, rest) else { panic!("# {comment}") };
    assert!(name == current || !families.contains_key(name), "{name} comes in two pieces");
    let family = families.entry(name.to_owned()).or_default();
    let place = match word {
        "HELP" => &mut family.help,
        "TYPE" => &mut family.kind,
        other => panic!("# {other}"),
    };
    assert!(place.is_empty(), "two {word} of {name}");
    rest.clone_into(place);
    assert!(family.samples.is_empty(), "{word} of {name} after its samples");
    name.to_owned()
}

fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
    let (name, labels) = match series.split_once('{') {
        None => (series, Vec::new()),
        Some((name, labels)) => (name, labels_of(labels.strip_suffix('}').expect("it is closed"))),
    };
    let is_word = |name: &str| {
        name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
            && !name.is_empty()
    };
    assert!(is_word(name) && labels.iter().all(|(label, _)| is_word(label)), "{line}");
    Sample {
        name: name.to_owned(),
        labels,
        value: value.parse().unwrap_or_else(|_| panic!("no number: {line}")),
    }
}

fn labels_of(text: &str) -> Vec<(String, String)> {
    let label = |part: &str| {
        let (name, value) = part.split_once("=\"").unwrap_or_else(|| panic!("no label: {part}"));
        let value = value.strip_suffix('"').unwrap_or_else(|| panic!("no label: {part}"));
        assert!(!value.contains(['"', '\\', ',']), "no name here needs an escape: {value}");
        (name.to_owned(), value.to_owned())
    };
    text.split(',').map(label).collect()
}

fn belongs(sample: &Sample, family: &str, kind: &str) -> bool {
    let Some(suffix) = sample.name.strip_prefix(family) else { return false };
    match kind {
        "counter" => suffix == "_total",
        "gauge" => suffix.is_empty(),
        "histogram" => ["_bucket", "_sum", "_count"].contains(&suffix),
        other => panic!("a type that nobody expects: {other}"),
    }
}

/// Of each series: buckets that grow, the last of them endless and as large as the count.
#[track_caller]
fn check_histogram(name: &str, family: &Family) {
    let of = |suffix: &str| {
        let name = format!("{name}{suffix}");
        family.samples.iter().filter(move |sample| sample.name == name)
    };
    for count in of("_count") {
        let same = |sample: &&Sample| count.labels.iter().all(|label| sample.labels.contains(label));
        let buckets: Vec<(f64, f64)> = of("_bucket")
            .filter(same)
            .map(|sample| {
                let (_, end) =
                    sample.labels.iter().find(|(label, _)| label == "le").expect("a bucket has an end");
                (end.parse().expect("a number"), sample.value)
            })
            .collect();
        assert!(buckets.len() > 10, "{name}: {buckets:?}");
        assert!(buckets.is_sorted_by(|one, next| one.0 < next.0 && one.1 <= next.1), "{name}: {buckets:?}");
        assert_eq!(buckets.last(), Some(&(f64::INFINITY, count.value)), "{name}");
        assert!(of("_sum").any(|sum| sum.labels == count.labels), "{name} has a sum");
    }
}
