//! The outcomes of the studies, as plots.

use std::error::Error;
use std::ops::Range;
use std::path::Path;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use vpp_scale::environments::Function;
use vpp_scale::parameters::Prices;
use vpp_scale::scenario::Outcome;
use vpp_scale::usage::Costs;

use crate::report::{per_tb, scaling};
use crate::studies::{EncryptScaling, SingleSource, UploadBurst};

type PlotResult = Result<(), Box<dyn Error>>;
type CostShare = (&'static str, fn(&Costs) -> f64);
type Line = (String, Vec<(f64, f64)>);

const SIZE: (u32, u32) = (900, 520);
const COLOURS: [RGBColor; 6] = [
    RGBColor(31, 119, 180),
    RGBColor(214, 90, 14),
    RGBColor(44, 140, 44),
    RGBColor(148, 60, 180),
    RGBColor(120, 90, 75),
    RGBColor(20, 150, 170),
];

/// Draws the time to Ready against the concurrency of encrypt.
pub(crate) fn time_to_ready(studies: &[SingleSource], path: &Path) -> PlotResult {
    let mut lines: Vec<Line> = Vec::new();
    for study in studies.iter().filter(|study| study.work_unit_mib == 32) {
        let EncryptScaling::Concurrency(max) = study.scaling else { continue };
        let point = (max as f64, study.outcome.last().as_secs_f64());
        match lines.iter_mut().find(|(name, _)| name == study.name) {
            Some((_, points)) => points.push(point),
            None => lines.push((study.name.to_owned(), vec![point])),
        }
    }
    let titles = ["Time to Ready of a single source", "EncryptConcurrency", "seconds"];
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    let ranges = ((10_f64..1_000.0).log_scale(), (5_f64..5_000.0).log_scale());
    draw_lines(&root, titles, ranges, &lines)
}

/// Draws the concurrent invocations of encrypt over time, for 100 GB.
pub(crate) fn concurrency(studies: &[SingleSource], path: &Path) -> PlotResult {
    let is_drawn = |study: &&SingleSource| study.name == "100 GB" && study.scaling != EncryptScaling::Concurrency(10);
    let points = |study: &SingleSource| {
        let samples = study.outcome.samples.iter();
        samples.map(|sample| (sample.at.as_secs_f64(), *Function::Encrypt.of(&sample.invocations) as f64)).collect()
    };
    let drawn = studies.iter().filter(is_drawn);
    let lines: Vec<Line> = drawn.map(|study| (scaling(study.scaling), points(study))).collect();
    let titles = ["Concurrent work units of 100 GB", "seconds since the upload", "invocations of encrypt"];
    linear_plot(titles, &lines, path)
}

/// Draws the backlogs over time, for 10,000 uploads in a minute.
pub(crate) fn backlogs(studies: &[UploadBurst], path: &Path) -> PlotResult {
    let Some(first) = studies.first() else { return Ok(()) };
    let line = |function: Function| {
        let samples = first.outcome.samples.iter();
        let points = samples.map(|sample| (sample.at.as_secs_f64(), *function.of(&sample.backlogs) as f64)).collect();
        (function.name().to_owned(), points)
    };
    let titles = ["10,000 uploads in a minute: backlog of each function", "seconds since the first upload", "messages"];
    linear_plot(titles, &Function::ALL.map(line), path)
}

/// Draws the cost of packaging a TB.
pub(crate) fn cost(single_sources: &[SingleSource], upload_bursts: &[UploadBurst], path: &Path) -> PlotResult {
    let prices = Prices::default();
    let is_default =
        |study: &&SingleSource| study.scaling == EncryptScaling::Concurrency(100) && study.work_unit_mib == 32;
    let costs = |outcome: &Outcome, bytes| per_tb(outcome.usage.costs(&prices), bytes);
    let sources = single_sources.iter().filter(is_default);
    let sources = sources.map(|study| (study.name.to_owned(), costs(&study.outcome, study.bytes)));
    let burst = upload_bursts.first();
    let burst = burst.map(|study| ("10,000 x 10 MB".to_owned(), costs(&study.outcome, study.bytes)));
    let bars: Vec<(String, Costs)> = sources.chain(burst).collect();

    let max = bars.iter().map(|(_, costs)| costs.packaging()).fold(0.0, f64::max) * 1.15;
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption("Cost of packaging a TB", ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(0_f64..bars.len() as f64, 0_f64..max)?;
    let name = |at: &f64| {
        let centre = bars.iter().enumerate().find(|(number, _)| (*number as f64 + 0.5 - at).abs() < 0.01);
        centre.map_or(String::new(), |(_, (name, _))| name.clone())
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(bars.len() * 2 + 1)
        .x_label_formatter(&name)
        .y_desc("US dollars")
        .draw()?;
    let shares: [CostShare; 3] = [
        ("Lambda", |costs| costs.lambda),
        ("S3 requests", |costs| costs.s3),
        ("SQS, DynamoDB, KMS", |costs| costs.others),
    ];
    let mut tops = vec![0.0; bars.len()];
    for ((name, share), colour) in shares.into_iter().zip(COLOURS) {
        let rectangles = bars.iter().zip(&mut tops).enumerate().map(|(number, ((_, costs), top))| {
            let bottom = *top;
            *top += share(costs);
            Rectangle::new([(number as f64 + 0.2, bottom), (number as f64 + 0.8, *top)], colour.filled())
        });
        let rectangles: Vec<_> = rectangles.collect();
        chart.draw_series(rectangles)?.label(name).legend(move |at| legend_key(at, colour));
    }
    chart.configure_series_labels().background_style(WHITE).border_style(BLACK).draw()?;
    Ok(root.present()?)
}

fn linear_plot(titles: [&str; 3], lines: &[Line], path: &Path) -> PlotResult {
    let all = || lines.iter().flat_map(|(_, points)| points);
    let max = |value: fn(&(f64, f64)) -> f64| all().map(value).fold(1.0, f64::max) * 1.05;
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    let ranges: (Range<f64>, Range<f64>) = (0.0..max(|point| point.0), 0.0..max(|point| point.1));
    draw_lines(&root, titles, ranges, lines)
}

fn draw_lines<X, Y>(
    root: &DrawingArea<SVGBackend<'_>, Shift>,
    [title, x, y]: [&str; 3],
    ranges: (X, Y),
    lines: &[Line],
) -> PlotResult
where
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(root)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(ranges.0, ranges.1)?;
    chart.configure_mesh().x_desc(x).y_desc(y).draw()?;
    for ((name, points), colour) in lines.iter().zip(COLOURS) {
        let line = LineSeries::new(points.iter().copied(), colour.stroke_width(2));
        chart.draw_series(line)?.label(name).legend(move |at| legend_key(at, colour));
    }
    chart.configure_series_labels().background_style(WHITE).border_style(BLACK).draw()?;
    Ok(root.present()?)
}

fn legend_key((x, y): (i32, i32), colour: RGBColor) -> Rectangle<(i32, i32)> {
    Rectangle::new([(x, y - 4), (x + 14, y + 4)], colour.filled())
}
