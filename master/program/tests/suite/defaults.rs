//! docs/DEFAULTS.md says what the code does: each field of the settings, and the default of each flag.

use crate::support::Scene;
use powerhose::{Settings, SupervisorSettings};
use std::fmt::Debug;
use std::fs;
use std::path::Path;

/// A setting of the document.
#[derive(Debug)]
struct Row {
    setting: String,
    default: String,
    flag: Option<String>,
}

/// The rows of the tables that have a column of flags.
fn rows() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/DEFAULTS.md");
    let document = fs::read_to_string(path).expect("it is there");
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    let tables = document.lines().filter(|line| line.starts_with("| `"));
    let mut rows = Vec::new();
    for line in tables {
        let cells: Vec<String> = cells(line);
        if let [setting, default, flag, _] = cells.as_slice() {
            let flag = Some(flag.trim_matches('`').to_owned()).filter(|flag| !flag.is_empty());
            rows.push(Row { setting: setting.trim_matches('`').to_owned(), default: default.clone(), flag });
        }
    }
    rows
}

/// A value of the document as `Debug` writes it: `5 s` is `5s`, `256 MiB` is `268435456`.
fn as_debug(default: &str) -> String {
    let plain = default.replace(',', "");
    match plain.split_once(' ') {
        Some((number, "MiB")) => (number.parse::<u64>().expect("a number") << 20).to_string(),
        Some((number, "KiB")) => (number.parse::<u64>().expect("a number") << 10).to_string(),
        Some((number, unit @ ("s" | "ms" | "µs"))) => format!("{number}{unit}"),
        _ => plain,
    }
}

/// The names and values of a struct's fields; a value of more than one line is left out.
fn fields(settings: &impl Debug) -> Vec<(String, Option<String>)> {
    let text = format!("{settings:#?}");
    let outer = text.lines().filter(|line| line.starts_with("    ") && !line.starts_with("     "));
    let named = outer.filter_map(|line| line.trim().trim_end_matches(',').split_once(": "));
    let of_one_line = |value: &str| !value.ends_with(['{', '(', '[']);
    named.map(|(name, value)| (name.to_owned(), of_one_line(value).then(|| value.to_owned()))).collect()
}

#[test]
fn every_field_of_the_settings_stands_in_the_document_with_its_value() {
    let rows = rows();
    let words = ["none", "never", "one a core", "the system's"];
    let mut compared = 0;
    for (name, value) in
        fields(&Settings::default()).into_iter().chain(fields(&SupervisorSettings::default()))
    {
        let row = rows.iter().find(|row| row.setting == name);
        let row = row.unwrap_or_else(|| panic!("{name} is not in docs/DEFAULTS.md"));
        let Some(value) = value.filter(|_| !words.contains(&row.default.as_str())) else { continue };
        // A word for one of several is written small, as its flag takes it.
        let documented = as_debug(&row.default);
        assert!(
            documented.eq_ignore_ascii_case(&value),
            "{name}: {documented} in the document, {value} in the code"
        );
        compared += 1;
    }
    assert!(compared > 15, "only {compared} values were compared");
}

#[test]
fn the_program_has_the_flags_of_the_document_with_their_defaults() {
    let scene = Scene::new();
    let mut compared = 0;
    for row in rows() {
        let Some(flag) = &row.flag else { continue };
        let (command, flag) = flag.split_once(' ').unwrap_or(("run", flag));
        let help = scene.run(&[command, "--help"]).stdout;
        let said = help.split("\n").skip_while(|line| !line.trim_start().starts_with(&format!("{flag} ")));
        let said: Vec<&str> = said.collect();
        assert!(!said.is_empty(), "{command} has no {flag}");
        let Some(default) = default_of(&said) else { continue };
        if default == "auto" {
            continue;
        }
        let wanted = row.default.strip_prefix("registers within ").unwrap_or(&row.default);
        assert_eq!(wanted.replace([',', ' '], ""), default, "{command} {flag}");
        compared += 1;
    }
    assert!(compared > 12, "only {compared} defaults were compared");
}

/// What help says is the default of the flag in the first line.
fn default_of(lines: &[&str]) -> Option<String> {
    let own = lines.iter().skip(1).take_while(|line| !line.trim_start().starts_with("--"));
    let text = [lines[0]].into_iter().chain(own.copied()).collect::<Vec<_>>().join(" ");
    let (_, rest) = text.split_once("[default: ")?;
    let (default, _) = rest.split_once(']')?;
    Some(default.to_owned())
}
