//! Functions of the product take no `bool`: `push(true)` does not say what it does.
//!
//! Where a trait is implemented, the trait decides; ours are looked at where they are declared.

use std::collections::BTreeSet;

use powerhose_tidy::demand_none;
use powerhose_tidy::product::product_functions;

/// Functions that take one all the same.
const EXCEPTIONS: &[&str] = &[
    "master/src/client/outcome.rs: own",
    "master/src/runner/face/error.rs: new",
    "protocol/wires/src/zmtp/input/mod.rs: take_frame",
    "protocol/wires/src/zmtp/output/mod.rs: push_frame_head",
    "worker/src/runtime/keeper.rs: begin",
];

#[test]
fn no_function_of_the_product_takes_a_bool() {
    let mut unneeded: BTreeSet<&str> = EXCEPTIONS.iter().copied().collect();
    let mut complaints = Vec::new();
    for function in product_functions() {
        if !function.switches.is_empty() && !unneeded.remove(&*function.place) {
            complaints.push(format!("{} takes a bool: {}", function.place, function.switches.join(", ")));
        }
    }
    complaints.extend(unneeded.iter().map(|place| format!("{place} needs no exception")));
    demand_none(
        &complaints,
        "Take an enum whose variants say what they mean, or make two functions. Where that is done, take it off EXCEPTIONS in tests/tidy.",
    );
}
