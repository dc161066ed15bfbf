//! OPERATIONS.md says what every log line at WARN and above means, and every exit status, and names every flag.

use crate::support::Scene;
use std::fs;
use std::path::{Path, PathBuf};

const LEVELS: [&str; 2] = ["warn!(", "error!("];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn operations() -> String {
    fs::read_to_string(root().join("docs/OPERATIONS.md")).expect("it is there")
}

/// Rust files under a folder; tests log nothing that an operator sees.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        let is_test = path.file_stem().is_some_and(|name| name == "tests" || name == "simulation");
        if path.is_dir() && !is_test {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
            found.push(path);
        }
    }
}

/// The texts of all WARN and ERROR lines of a source: the last text in each macro's brackets that is no field's value.
fn messages(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for level in LEVELS {
        for (place, _) in source.match_indices(level) {
            let arguments = &source[place + level.len()..];
            let end = closing(arguments).expect("brackets are closed");
            let texts: Vec<&str> = arguments[..end].split('"').skip(1).step_by(2).collect();
            if let Some(text) = texts.last() {
                found.push((*text).to_owned());
            }
        }
    }
    found
}

/// Where the bracket that is open closes.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1;
    let mut quoted = false;
    for (place, character) in text.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return Some(place);
                }
            }
            _ => {}
        }
    }
    None
}

/// What of a message is always the same: up to its first placeholder, or after it where it begins with one.
fn constant_part(message: &str) -> &str {
    let parts = message.split(['{', '}', '\\']).step_by(2);
    parts.map(str::trim).max_by_key(|part| part.len()).unwrap_or(message)
}

#[test]
fn every_warning_and_error_is_explained() {
    let operations = operations();
    let mut files = Vec::new();
    for folder in ["master/src", "master/program/src", "worker/src"] {
        sources(&root().join(folder), &mut files);
    }
    let mut missing = Vec::new();
    let mut count = 0;
    for file in files {
        let source = fs::read_to_string(&file).expect("a source");
        for message in messages(&source) {
            count += 1;
            if !operations.contains(constant_part(&message)) {
                missing.push(format!("{}: {message}", file.display()));
            }
        }
    }
    assert!(count > 20, "only {count} messages were found: this test looks in the wrong place");
    assert!(missing.is_empty(), "OPERATIONS.md does not explain:\n{}", missing.join("\n"));
}

#[test]
fn every_exit_status_is_listed() {
    let source = fs::read_to_string(root().join("master/program/src/exit.rs")).expect("a source");
    let statuses = source.lines().filter_map(|line| line.trim().strip_prefix("Exit::")?.split_once(" => "));
    let operations = operations();
    let mut count = 0;
    for (name, number) in statuses {
        count += 1;
        let row = format!("| {} |", number.trim_end_matches(','));
        assert!(operations.contains(&row), "{name}, {number} is not listed");
    }
    assert!(count > 15, "only {count} statuses were found");
}

#[test]
fn every_flag_is_named() {
    let (scene, operations) = (Scene::new(), operations());
    let help = |arguments: &[&str]| scene.run(arguments).stdout;
    let all = help(&["--help"]);
    let (_, commands) = all.split_once("Commands:\n").expect("there are some");
    // A line that is indented further goes on with what was said of the one before.
    let names = commands.lines().take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   "));
    let mut count = 0;
    for command in names.filter_map(|line| line.split_whitespace().next()) {
        for line in help(&[command, "--help"]).lines() {
            let Some((_, flag)) = line.split_once("--").filter(|(before, _)| is_margin(before)) else {
                continue;
            };
            let name = flag.split_whitespace().next().unwrap_or_default();
            count += 1;
            assert!(
                name == "help" || has_flag(&operations, name),
                "--{name} of {command} is not in OPERATIONS.md"
            );
        }
    }
    assert!(count > 60, "only {count} flags were found");
}

/// What stands before a flag where help describes it: nothing, or its short form.
fn is_margin(text: &str) -> bool {
    text.trim().is_empty() || (text.trim().len() == 3 && text.trim().starts_with('-'))
}

/// Whether it names this flag, and not one that begins so.
fn has_flag(text: &str, name: &str) -> bool {
    let flag = format!("--{name}");
    let goes_on = |rest: &str| rest.starts_with(|next: char| next.is_ascii_lowercase() || next == '-');
    text.match_indices(&flag).any(|(place, _)| !goes_on(&text[place + flag.len()..]))
}
