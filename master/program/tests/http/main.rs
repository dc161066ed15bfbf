//! What is seen of a master over HTTP, with the real program: metrics against known traffic, probes, the page in a
//! browser, and requests that are wrong.

#[cfg(feature = "browser-tests")]
mod browser;
mod deploy;
mod exposition;
mod kubernetes;
mod metrics;
#[cfg(feature = "browser-tests")]
mod page;
mod probes;
mod requests;
mod scene;
mod status;
#[path = "../suite/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the tests of the commands, which use all of it")]
mod support;
mod times;
