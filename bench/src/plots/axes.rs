//! One picture: lines over two axes, and a legend.

use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::prelude::*;
use std::path::Path;

const SIZE: (u32, u32) = (960, 600);
const FONT: (&str, u32) = ("sans-serif", 15);

/// A line and its name.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

pub(super) struct Picture<'a> {
    pub(super) file: &'a Path,
    pub(super) title: &'a str,
    pub(super) x_name: &'a str,
    pub(super) y_name: &'a str,
    pub(super) x_text: &'a dyn Fn(&f64) -> String,
    pub(super) y_text: &'a dyn Fn(&f64) -> String,
    pub(super) lines: Vec<Line>,
}

impl Picture<'_> {
    /// Draws it; both axes as these ranges say.
    pub(super) fn draw<X, Y>(&self, x: X, y: Y) -> anyhow::Result<()>
    where
        X: AsRangedCoord<Value = f64>,
        Y: AsRangedCoord<Value = f64>,
        X::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
        Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        let area = SVGBackend::new(self.file, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(self.title, FONT)
            .margin(15)
            .margin_right(45)
            .x_label_area_size(45)
            .y_label_area_size(80)
            .build_cartesian_2d(x, y)?;
        chart
            .configure_mesh()
            .x_desc(self.x_name)
            .y_desc(self.y_name)
            .x_label_formatter(self.x_text)
            .y_label_formatter(self.y_text)
            .label_style(FONT)
            .light_line_style(WHITE)
            .draw()?;
        for (place, line) in self.lines.iter().enumerate() {
            let color = Palette99::pick(place).to_rgba();
            chart
                .draw_series(LineSeries::new(line.points.iter().copied(), color.stroke_width(2)))?
                .label(&line.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], color.stroke_width(2)));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.3))
            .label_font(FONT)
            .draw()?;
        area.present()?;
        Ok(())
    }

    /// The least and the greatest of all heights, or something if there are none.
    pub(super) fn heights(&self) -> (f64, f64) {
        let heights = || self.lines.iter().flat_map(|line| &line.points).map(|(_, height)| *height);
        let (least, greatest) = (heights().fold(f64::INFINITY, f64::min), heights().fold(0.0, f64::max));
        if least.is_finite() && greatest > least { (least, greatest) } else { (1.0, 10.0) }
    }
}
