//! The dashboard and the alerts name only metrics and labels that there are.

use crate::exposition::Exposition;
use crate::scene::Scene;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All that can be seen: of a master with a pool.
fn metrics() -> Exposition {
    let mut scene = Scene::new();
    scene.worker("sign");
    scene.done("sign");
    scene.metrics()
}

/// Every text under one of these names.
fn texts<'a>(value: &'a Value, names: &[&str], found: &mut Vec<&'a str>) {
    match value {
        Value::Object(entries) => {
            for (name, value) in entries {
                match value {
                    Value::String(text) if names.contains(&name.as_str()) => found.push(text),
                    value => texts(value, names, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| texts(value, names, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The metrics that an expression names, each with the selector behind it.
fn named(expression: &str) -> Vec<(&str, &str)> {
    let places = expression.match_indices("powerhose_").map(|(place, _)| &expression[place..]);
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let named = places.map(|rest| {
        let end = rest.find(|character| !is_name(character)).unwrap_or(rest.len());
        let selector = rest[end..]
            .strip_prefix('{')
            .and_then(|rest| rest.split_once('}'))
            .map_or("", |(inner, _)| inner);
        (&rest[..end], selector)
    });
    named.collect()
}

#[track_caller]
fn check(metrics: &Exposition, expression: &str) {
    let names = metrics.names();
    for (name, selector) in named(expression) {
        assert!(names.contains(name), "{name} of {expression}");
        let samples: Vec<_> = metrics.samples().filter(|sample| sample.name == name).collect();
        for matcher in selector.split(',').filter(|matcher| !matcher.is_empty()) {
            let (label, value) = matcher.split_at(matcher.find(['=', '!']).expect("a matcher"));
            let value = value.trim_matches(['!', '=', '~', '"']);
            // Those come from the scrape, or from the variables of the dashboard.
            if ["job", "instance"].contains(&label) || value.starts_with('$') {
                continue;
            }
            let there: BTreeSet<&str> = samples
                .iter()
                .filter_map(|sample| sample.labels.iter().find(|(name, _)| name == label))
                .map(|(_, value)| value.as_str())
                .collect();
            for value in value.split('|') {
                assert!(there.contains(value), "{label}={value} of {expression}: there is {there:?}");
            }
        }
    }
}

#[test]
fn the_dashboard_shows_what_there_is() {
    let dashboard: Value = serde_json::from_str(&file("grafana/powerhose.json")).expect("it is JSON");
    let mut expressions = Vec::new();
    texts(&dashboard, &["expr", "definition"], &mut expressions);
    assert!(expressions.len() > 30, "{}", expressions.len());
    let metrics = metrics();
    expressions.iter().for_each(|expression| check(&metrics, expression));
}

#[test]
fn the_alerts_watch_what_there_is() {
    let rules = file("prometheus/powerhose.rules.yml");
    let is_prose =
        |line: &&str| ["#", "summary:", "description:"].iter().any(|begin| line.trim().starts_with(begin));
    let expressions: Vec<&str> = rules.lines().filter(|line| !is_prose(line)).collect();
    assert!(expressions.iter().flat_map(|line| named(line)).count() > 10);
    let metrics = metrics();
    expressions.iter().for_each(|line| check(&metrics, line));
}

#[test]
fn the_manual_tells_of_every_metric_and_every_alert_and_of_no_other() {
    let metrics = metrics();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/OPERATIONS.md");
    let manual = std::fs::read_to_string(path).expect("the manual");
    for (name, family) in &metrics.families {
        let name = if family.kind == "counter" { format!("{name}_total") } else { name.clone() };
        let told = ["`", "{"].iter().any(|end| manual.contains(&format!("`{name}{end}")));
        assert!(told, "{name} is not in the manual");
    }
    let names = metrics.names();
    let (_, section) = manual.split_once("\n## Metrics\n").expect("it has that section");
    let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
    for (name, _) in named(section) {
        let is_family = metrics.families.contains_key(name);
        assert!(is_family || names.contains(name), "{name} is in the manual only");
    }
    let rules = file("prometheus/powerhose.rules.yml");
    for alert in rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        assert!(manual.contains(&format!("`{alert}`")), "{alert} is not in the manual");
    }
}
