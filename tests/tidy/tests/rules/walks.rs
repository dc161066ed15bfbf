//! The walks in ARCHITECTURE name files that are there, each once, and as many as they say.

use std::collections::BTreeSet;

use powerhose_tidy::{demand_none, root, text};

/// Where a folder stands that begins with none of the crates' names.
const UNNAMED: &str = "master/src/";
const CRATES: [&str; 3] = ["master/", "protocol/", "worker/"];

#[test]
fn the_walks_name_files_that_are_there_and_count_them_right() {
    let document = text("ARCHITECTURE.md");
    let mut complaints = Vec::new();
    for heading in ["## The walk of a job", "## The walk of a death"] {
        let (_, walk) = document.split_once(heading).unwrap_or_else(|| panic!("{heading} is not there"));
        let walk = walk.split("\n## ").next().unwrap_or_default();
        let (steps, sum) =
            walk.rsplit_once("\n\n").map(|(steps, sum)| (steps, numbers(sum))).unwrap_or_default();
        let (carry, beside) = named(steps);
        for file in carry.iter().chain(&beside).filter(|file| !root().join(file).is_file()) {
            complaints.push(format!("{heading}: there is no {file}"));
        }
        let distinct: BTreeSet<&String> = carry.iter().chain(&beside).collect();
        let counted = [carry.len(), beside.len(), distinct.len()];
        if sum.get(..3) != Some(&counted[..]) {
            complaints.push(format!("{heading}: it says {sum:?}, and names {counted:?}"));
        }
    }
    demand_none(&complaints, "Name the files that there are, each once, and count them again.");
}

/// The files that carry, and those beside.
fn named(steps: &str) -> (Vec<String>, Vec<String>) {
    let (mut carry, mut beside) = (Vec::new(), Vec::new());
    let (mut is_beside, mut folder) = (false, String::new());
    // What stands before the first step explains.
    let (_, steps) = steps.split_once("\n1. ").unwrap_or_default();
    for line in steps.lines().map(str::trim_start) {
        let begins = line.starts_with(|first: char| first.is_ascii_digit());
        is_beside = line.starts_with("Beside:") || (is_beside && !begins);
        for name in line.split('`').skip(1).step_by(2) {
            if name.ends_with('/') {
                let is_whole = CRATES.iter().any(|known| name.starts_with(known));
                folder = if is_whole { name.to_owned() } else { format!("{UNNAMED}{name}") };
            } else if name.ends_with(".rs") {
                let file = format!("{folder}{name}");
                if is_beside { beside.push(file) } else { carry.push(file) }
            }
        }
    }
    (carry, beside)
}

fn numbers(sum: &str) -> Vec<usize> {
    sum.split(|letter: char| !letter.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}
