//! The whole way of a job, with real processes, sentence by sentence: what a caller is promised, from `execute` to a
//! worker and back.
//!
//! Each test has a master and workers of its own, on a socket in a folder of its own. Tests assert order and cause, never
//! a duration: jobs are held by files that a test makes, and everything else is waited for with a bound that only keeps a
//! broken test from hanging.

mod batches;
mod bytes;
mod callbacks;
mod cancelling;
mod clients;
mod closing;
mod cluster;
mod cluster_workers;
mod deaths;
mod dispatch;
mod ends;
mod forked;
mod headers;
mod hostile;
mod leaving;
mod listening;
mod listing;
mod logs;
mod orders;
mod overruns;
mod pools;
mod predecessor;
mod pulled;
#[cfg(feature = "python-tests")]
mod python_client;
mod raw_worker;
mod returning;
mod secrets;
mod silence;
mod starting;
mod supervised;
mod support;
mod waiting;
