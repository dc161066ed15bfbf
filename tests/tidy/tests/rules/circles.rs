//! No file of the product needs a file that needs it.
//!
//! What a module and the modules in its folder have of each other is not counted: they are one thing in several files.

use std::collections::{BTreeMap, BTreeSet};

use powerhose_tidy::modules::{Module, Modules};
use powerhose_tidy::{PRODUCT, demand_none};

#[test]
fn no_file_of_the_product_needs_one_that_needs_it() {
    let circles = PRODUCT.iter().flat_map(|folder| circles(folder));
    let complaints: Vec<String> = circles.map(|circle| format!("a circle: {}", circle.join(", "))).collect();
    demand_none(&complaints, "Move what both need into a file of its own.");
}

/// The sets of files of which each reaches each other one.
fn circles(folder: &str) -> Vec<Vec<String>> {
    let root = if folder == "master/program/src" { "main.rs" } else { "lib.rs" };
    let modules = Modules::of(&format!("{folder}/{root}"));
    let mut needs: BTreeMap<Module, Vec<Module>> = BTreeMap::new();
    for (from, to) in modules.edges() {
        if !from.starts_with(&to) && !to.starts_with(&from) {
            needs.entry(from).or_default().push(to);
        }
    }
    let reached: BTreeMap<&Module, BTreeSet<&Module>> =
        needs.keys().map(|from| (from, reach(&needs, from))).collect();
    let mut circles = BTreeSet::new();
    for (from, there) in &reached {
        let back = there.iter().filter(|to| reached.get(*to).is_some_and(|back| back.contains(from)));
        let circle: Vec<String> = back.map(|module| modules.files[*module].clone()).collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

fn reach<'needs>(needs: &'needs BTreeMap<Module, Vec<Module>>, from: &Module) -> BTreeSet<&'needs Module> {
    let mut reached = BTreeSet::new();
    let mut ahead: Vec<&Module> = needs[from].iter().collect();
    while let Some(module) = ahead.pop() {
        if reached.insert(module) {
            ahead.extend(needs.get(module).into_iter().flatten());
        }
    }
    reached
}
