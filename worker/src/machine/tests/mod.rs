//! The machine's specification by examples, a file for each part of its life. Time is handed in.

mod bench;
mod greeting;
mod jobs;
mod leaving;
mod properties;
mod rejects;
mod sessions;
mod stock;
