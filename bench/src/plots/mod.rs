//! Pictures, as SVG.

mod axes;
mod latency;
pub(crate) mod throughput;

use crate::measure::Results;
use crate::options::Options;
use anyhow::Context;
use std::path::Path;

/// Draws what was measured into this folder.
pub(crate) fn draw(folder: &Path, options: &Options, results: &Results) -> anyhow::Result<()> {
    for (name, draw) in [("latency.svg", latency::draw as Draw), ("throughput.svg", throughput::draw as Draw)]
    {
        let file = folder.join(name);
        draw(&file, options, results).with_context(|| format!("cannot draw {}", file.display()))?;
    }
    Ok(())
}

type Draw = fn(&Path, &Options, &Results) -> anyhow::Result<()>;
