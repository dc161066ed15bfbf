//! The tests of the whole way are in `tests/`, the programs that they start in `src/bin/`. The library has nothing but
//! the examples of README and GUIDE, so that they are compiled.

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/GUIDE.md")]
struct Guide;
