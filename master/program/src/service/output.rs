//! What workers print goes to our standard error, each line with the worker's name.

use crate::logs::LogFormat;
use powerhose::WorkerLine;
use serde_json::Value;
use std::io::{self, Write};
use tracing::info;

/// Takes the lines of all workers of a pool; `name` is what they are called by, with their slot behind it.
pub(crate) fn forward(format: LogFormat, name: String) -> impl Fn(WorkerLine<'_>) + Send + Sync + 'static {
    move |WorkerLine { slot, pid, stream, line }| {
        let text = String::from_utf8_lossy(line);
        match format {
            // Workers have time stamps and levels of their own, if they want any.
            LogFormat::Text => {
                // If nobody reads it, there is nobody to tell.
                let _ = writeln!(io::stderr().lock(), "{name}-{slot} | {text}");
            }
            // A line of a worker that writes JSON too stays an object, and is told apart by its worker.
            LogFormat::Json => {
                if let Ok(Value::Object(mut fields)) = serde_json::from_str(&text) {
                    fields.insert("process".to_owned(), format!("{name}-{slot}").into());
                    fields.insert("pid".to_owned(), pid.into());
                    let _ = writeln!(io::stderr().lock(), "{}", Value::Object(fields));
                    return;
                }
                info!(target: "worker", worker = format_args!("{name}-{slot}"), pid, %stream, line = &*text);
            }
        }
    }
}
