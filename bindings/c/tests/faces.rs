//! What Rust's users can set and call, C's can, too: each public function of the types below has its counterpart in `powerhose.h`, and
//! each function there has its place in the headers for C++. What has none stands here by its name, with the reason.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Types, where they are, and how the names begin of what C has for them.
const TYPES: &[(&str, &str, &str)] = &[
    ("ClientBuilder", "master/src/runner/face/client_builder.rs", "powerhose_client_settings_"),
    ("MasterBuilder", "master/src/runner/face/master_builder.rs", "powerhose_master_settings_"),
    ("PoolSettings", "master/src/common/settings.rs", "powerhose_master_settings_pool_"),
    ("ClusterBuilder", "master/src/cluster/mod.rs", "powerhose_cluster_settings_"),
    ("Cluster", "master/src/cluster/mod.rs", "powerhose_cluster_"),
    ("WorkerCommand", "master/src/supervisor/command.rs", "powerhose_cluster_settings_"),
    ("JobRunner", "master/src/runner/face", "powerhose_runner_"),
    ("JobHandle", "master/src/runner/face/handle/mod.rs", "powerhose_handle_"),
    ("Batch", "master/src/runner/face/batch/mod.rs", "powerhose_batch_"),
    ("Reply", "master/src/runner/face/reply.rs", "powerhose_reply_"),
    ("Operator", "master/src/runner/face/operator/mod.rs", "powerhose_operator_"),
    ("Worker", "worker/src/worker.rs", "powerhose_worker_"),
    ("PulledWorker", "worker/src/pulled.rs", "powerhose_worker_"),
    ("PulledJob", "worker/src/pulled.rs", "powerhose_work_"),
    ("Job", "worker/src/job.rs", "powerhose_work_"),
];

/// Structs whose fields are settings.
const SETTINGS: &[(&str, &str, &str)] = &[
    ("Settings", "master/src/common/settings.rs", "powerhose_master_settings_"),
    ("Recycling", "master/src/supervisor/recycling.rs", "powerhose_cluster_settings_recycle_"),
];

/// What has another name in C.
const RENAMED: &[(&str, &str)] = &[
    ("ClientBuilder::shared_secret", "powerhose_client_settings_secret"),
    ("ClientBuilder::connect", "powerhose_client_connect"),
    ("ClientBuilder::operator", "powerhose_operator_connect"),
    ("MasterBuilder::settings", "powerhose_master_settings_number"),
    ("MasterBuilder::on_notice", "powerhose_runner_notices"),
    ("MasterBuilder::shared_secrets", "powerhose_master_settings_workers_secret"),
    ("MasterBuilder::ipc_access", "powerhose_master_settings_ipc_group"),
    ("MasterBuilder::bind", "powerhose_master_bind"),
    ("MasterBuilder::worker_served_notice", "powerhose_master_settings_number"),
    ("MasterBuilder::caller_spin", "powerhose_master_settings_number"),
    ("PoolSettings::new", "powerhose_master_settings_pool"),
    ("PoolSettings::credit", "powerhose_master_settings_pool"),
    ("PoolSettings::end_within", "powerhose_master_settings_pool"),
    ("ClusterBuilder::env", "powerhose_cluster_settings_variable"),
    ("ClusterBuilder::command", "powerhose_cluster_settings_output"),
    ("ClusterBuilder::recycling", "powerhose_cluster_settings_recycle_age_max_ms"),
    ("ClusterBuilder::start", "powerhose_cluster_start"),
    ("ClusterBuilder::args", "powerhose_cluster_settings_argument"),
    ("Cluster::builder", "powerhose_cluster_settings_new"),
    ("WorkerCommand::args", "powerhose_cluster_settings_argument"),
    ("WorkerCommand::env", "powerhose_cluster_settings_variable"),
    ("WorkerCommand::current_dir", "powerhose_cluster_settings_folder"),
    ("JobRunner::execute", "powerhose_execute"),
    ("JobRunner::execute_reply", "powerhose_execute"),
    ("JobRunner::execute_many", "powerhose_execute_many"),
    ("JobRunner::batch", "powerhose_batch_new"),
    ("JobRunner::submit", "powerhose_submit"),
    ("JobRunner::stats", "powerhose_runner_stats_json"),
    ("JobRunner::endpoints", "powerhose_runner_endpoint"),
    ("JobRunner::on_notice", "powerhose_runner_notices"),
    ("JobRunner::connect", "powerhose_connect"),
    ("JobRunner::connector", "powerhose_client_settings_new"),
    ("JobRunner::bind", "powerhose_bind"),
    ("JobRunner::builder", "powerhose_master_settings_new"),
    ("JobHandle::id", "powerhose_handle_job"),
    ("JobHandle::wait_timeout", "powerhose_handle_wait"),
    ("JobHandle::on_end", "powerhose_queue_next"),
    ("JobHandle::canceller", "powerhose_handle_cancel"),
    ("Batch::next_result", "powerhose_batch_next"),
    ("Reply::into_vec", "powerhose_reply_payload"),
    ("Reply::into_bytes", "powerhose_reply_payload"),
    ("Reply::wait_time", "powerhose_reply_wait_us"),
    ("Reply::run_time", "powerhose_reply_run_us"),
    ("Operator::workers", "powerhose_operator_ask_json"),
    ("Worker::connect", "powerhose_worker_new"),
    ("Worker::from_env", "powerhose_worker_new"),
    ("Worker::shared_secret", "powerhose_worker_secret"),
    ("Worker::pool_with_credit", "powerhose_worker_pool"),
    ("Worker::stop_handle", "powerhose_worker_stop"),
    ("PulledWorker::next_job", "powerhose_worker_next"),
    ("PulledWorker::next_job_timeout", "powerhose_worker_next"),
    ("PulledWorker::try_next_job", "powerhose_worker_next"),
    ("PulledWorker::stop_handle", "powerhose_worker_stop"),
    ("PulledWorker::leave", "powerhose_worker_free"),
    ("Job::id", "powerhose_work_job"),
    ("Job::deadline", "powerhose_work_remaining_ms"),
    ("Settings::heartbeat_interval", "powerhose_master_settings_heartbeats_ms"),
    ("Settings::silence_max", "powerhose_master_settings_heartbeats_ms"),
    ("Settings::pools", "powerhose_master_settings_pool"),
    ("Settings::secrets", "powerhose_master_settings_workers_secret"),
];

/// What C has not.
const MISSING: &[(&str, &str)] = &[
    ("Job::payload_shared", "what outlives its job is the program's own: copy it"),
    ("WorkerCommand::new", "a cluster's command is made with its settings"),
    (
        "WorkerCommand::forward",
        "it calls back on threads of the library: read what workers print from a pipe of your own",
    ),
    ("WorkerCommand::program", "who set it knows it"),
    ("WorkerCommand::resolve", "starting a cluster does so"),
    ("JobRunner::execute_while", "powerhose_submit, and powerhose_handle_wait with a timeout"),
    ("JobRunner::close_since", "for programs that catch signals as `powerhose run` does"),
    ("JobHandle::deadline", "who set it knows it"),
];

#[test]
fn whatever_rust_can_set_and_call_c_can_too() {
    let declared = declared();
    let numbers = source("bindings/c/src/master/numbers.rs");
    let mut looked_up = BTreeSet::new();
    let mut without = Vec::new();
    let functions = TYPES.iter().map(|entry| (entry, public_functions(entry.0, entry.1)));
    let fields = SETTINGS.iter().map(|entry| (entry, public_fields(entry.0, entry.1)));
    for ((of, place, prefix), names) in functions.chain(fields) {
        assert!(!names.is_empty(), "{place} has no {of} any more");
        for name in names {
            let full = format!("{of}::{name}");
            let by_number = *of == "Settings" && numbers.contains(&format!("\"{name}"));
            let by_name = declared.iter().any(|function| function.starts_with(&format!("{prefix}{name}")));
            let renamed = RENAMED.iter().find(|(method, _)| *method == full);
            let is_named = MISSING.iter().any(|(method, _)| *method == full);
            if let Some((_, function)) = renamed {
                assert!(declared.contains(*function), "{full}: powerhose.h has no {function}");
            }
            if !(by_name || by_number || renamed.is_some() || is_named) {
                without.push(full.clone());
            }
            looked_up.insert(full);
        }
    }
    assert!(without.is_empty(), "C has nothing for {without:?}: add it, or say here why not");
    let named = RENAMED.iter().chain(MISSING).map(|(method, _)| *method);
    let stale: Vec<&str> = named.filter(|method| !looked_up.contains(*method)).collect();
    assert!(stale.is_empty(), "named here, and not there any more: {stale:?}");
}

#[test]
fn each_function_of_c_is_used_by_the_headers_for_cpp() {
    let headers = root().join("bindings/cpp/include");
    let headers = files(&headers).into_iter().map(|header| fs::read_to_string(header).expect("it is text"));
    let headers: String = headers.collect();
    let words: BTreeSet<&str> =
        headers.split(|character: char| !character.is_ascii_alphanumeric() && character != '_').collect();
    let unused: Vec<String> =
        declared().into_iter().filter(|function| !words.contains(function.as_str())).collect();
    assert!(unused.is_empty(), "C++ has nothing for {unused:?}");
}

/// The functions of `powerhose.h`.
fn declared() -> BTreeSet<String> {
    let header = source("bindings/c/include/powerhose.h");
    let lines =
        header.lines().filter(|line| !line.starts_with([' ', '/', '#']) && !line.starts_with("typedef"));
    lines.filter_map(|line| line.split_once('(')?.0.rsplit([' ', '*']).next().map(str::to_owned)).collect()
}

/// The public functions in the `impl` blocks of a type, in a file or in all of a folder.
fn public_functions(of: &str, place: &str) -> Vec<String> {
    let mut names = Vec::new();
    for file in files(&root().join(place)) {
        let text = fs::read_to_string(&file).expect("a source is text");
        let mut is_inside = false;
        for line in text.lines() {
            match line {
                "}" => is_inside = false,
                _ if line == format!("impl {of} {{") => is_inside = true,
                _ if is_inside => names.extend(named(line.strip_prefix("    pub fn "))),
                _ => {}
            }
        }
    }
    names
}

fn public_fields(of: &str, place: &str) -> Vec<String> {
    let text = source(place);
    let begin = format!("pub struct {of} {{\n");
    let body = text.split_once(&begin).map_or("", |(_, rest)| rest);
    body.lines()
        .take_while(|line| *line != "}")
        .filter_map(|line| named(line.strip_prefix("    pub ")))
        .collect()
}

/// The name with which a line begins.
fn named(line: Option<&str>) -> Option<String> {
    line?
        .split(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .next()
        .map(str::to_owned)
}

fn files(place: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.to_owned()];
    }
    let entries = fs::read_dir(place).unwrap_or_else(|error| panic!("{}: {error}", place.display()));
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    paths
        .filter(|path| path.is_dir() || path.extension().is_some_and(|kind| kind == "rs" || kind == "hpp"))
        .flat_map(|path| files(&path))
        .collect()
}

fn source(place: &str) -> String {
    fs::read_to_string(root().join(place)).unwrap_or_else(|error| panic!("{place}: {error}"))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
