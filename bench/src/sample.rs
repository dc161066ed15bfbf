//! What one run of one contender gave.

use crate::figure::Figure;
use crate::statistics::Latencies;
use std::collections::BTreeMap;

/// The figures of one run.
#[derive(Default)]
pub(crate) struct Sample {
    figures: BTreeMap<Figure, f64>,
    latencies: Option<Latencies>,
}

impl Sample {
    pub(crate) fn with(mut self, figure: Figure, value: f64) -> Sample {
        self.figures.insert(figure, value);
        self
    }

    pub(crate) fn with_latencies(mut self, latencies: Latencies) -> Sample {
        self.latencies = Some(latencies);
        self
    }

    pub(crate) fn latencies(&self) -> Option<&Latencies> {
        self.latencies.as_ref()
    }

    /// A figure that was measured, or a quantile of the latencies.
    pub(crate) fn figure(&self, figure: Figure) -> Option<f64> {
        match figure.quantile() {
            Some(share) => self.latencies.as_ref().map(|latencies| latencies.quantile(share)),
            None => self.figures.get(&figure).copied(),
        }
    }
}
