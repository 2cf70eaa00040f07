//! The same, drawn.

use std::error::Error;
use std::ops::Range;
use std::path::Path;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use vpp_scale::fleet::Function;
use vpp_scale::ledger::Costs;
use vpp_scale::parameters::Prices;

use crate::report::{per_tb, width};
use crate::studies::{Crowd, Single, Width};

type Drawn = Result<(), Box<dyn Error>>;
type Part = (&'static str, fn(&Costs) -> f64);
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

/// Time to Ready against the concurrency of encrypt.
pub(crate) fn ready(singles: &[Single], path: &Path) -> Drawn {
    let mut lines: Vec<Line> = Vec::new();
    for own in singles.iter().filter(|own| own.work_unit_mib == 32) {
        let Width::Concurrency(most) = own.width else { continue };
        let point = (most as f64, own.outcome.last().as_secs_f64());
        match lines.iter_mut().find(|(name, _)| name == own.name) {
            Some((_, points)) => points.push(point),
            None => lines.push((own.name.to_owned(), vec![point])),
        }
    }
    let titles = ["Time to Ready of one source", "EncryptConcurrency", "seconds"];
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    let ranges = ((10_f64..1_000.0).log_scale(), (5_f64..5_000.0).log_scale());
    curves(&root, titles, ranges, &lines)
}

/// Invocations of encrypt that run, over time, for 100 GB.
pub(crate) fn over_time(singles: &[Single], path: &Path) -> Drawn {
    let some = |own: &&Single| own.name == "100 GB" && own.width != Width::Concurrency(10);
    let points = |own: &Single| {
        let samples = own.outcome.samples.iter();
        samples.map(|sample| (sample.at.as_secs_f64(), *Function::Encrypt.of(&sample.running) as f64)).collect()
    };
    let lines: Vec<Line> = singles.iter().filter(some).map(|own| (width(own.width), points(own))).collect();
    let titles =
        ["Work units of 100 GB that are encrypted at the same time", "seconds since the upload", "invocations"];
    linear(titles, &lines, path)
}

/// Messages that wait, over time, when 10,000 files come in a minute.
pub(crate) fn queues(crowds: &[Crowd], path: &Path) -> Drawn {
    let Some(first) = crowds.first() else { return Ok(()) };
    let line = |function: Function| {
        let samples = first.outcome.samples.iter();
        let points = samples.map(|sample| (sample.at.as_secs_f64(), *function.of(&sample.waiting) as f64)).collect();
        (function.name().to_owned(), points)
    };
    let titles = ["10,000 uploads in a minute: messages that wait", "seconds since the first upload", "messages"];
    linear(titles, &Function::ALL.map(line), path)
}

/// What a TB costs.
pub(crate) fn cost(singles: &[Single], crowds: &[Crowd], path: &Path) -> Drawn {
    let prices = Prices::default();
    let default = |own: &&Single| own.width == Width::Concurrency(100) && own.work_unit_mib == 32;
    let films = singles.iter().filter(default);
    let bars = films.map(|own| (own.name.to_owned(), per_tb(own.outcome.ledger.costs(&prices), own.bytes)));
    let crowd =
        crowds.first().map(|own| ("10,000 x 10 MB".to_owned(), per_tb(own.outcome.ledger.costs(&prices), own.bytes)));
    let bars: Vec<(String, Costs)> = bars.chain(crowd).collect();

    let most = bars.iter().map(|(_, costs)| costs.once()).fold(0.0, f64::max) * 1.15;
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption("Cost of packaging a TB, once", ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(0_f64..bars.len() as f64, 0_f64..most)?;
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
    let parts: [Part; 3] =
        [("Lambda", |own| own.lambda), ("S3 requests", |own| own.s3), ("SQS, DynamoDB, KMS", |own| own.others)];
    let mut floors = vec![0.0; bars.len()];
    for ((part, of), colour) in parts.into_iter().zip(COLOURS) {
        let boxes = bars.iter().zip(&mut floors).enumerate().map(|(number, ((_, costs), floor))| {
            let bottom = *floor;
            *floor += of(costs);
            Rectangle::new([(number as f64 + 0.2, bottom), (number as f64 + 0.8, *floor)], colour.filled())
        });
        let boxes: Vec<_> = boxes.collect();
        chart.draw_series(boxes)?.label(part).legend(move |at| key(at, colour));
    }
    chart.configure_series_labels().background_style(WHITE).border_style(BLACK).draw()?;
    Ok(root.present()?)
}

fn linear(titles: [&str; 3], lines: &[Line], path: &Path) -> Drawn {
    let all = || lines.iter().flat_map(|(_, points)| points);
    let most = |value: fn(&(f64, f64)) -> f64| all().map(value).fold(1.0, f64::max) * 1.05;
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    let ranges: (Range<f64>, Range<f64>) = (0.0..most(|point| point.0), 0.0..most(|point| point.1));
    curves(&root, titles, ranges, lines)
}

fn curves<X, Y>(
    root: &DrawingArea<SVGBackend<'_>, Shift>,
    [title, x, y]: [&str; 3],
    ranges: (X, Y),
    lines: &[Line],
) -> Drawn
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
        chart.draw_series(line)?.label(name).legend(move |at| key(at, colour));
    }
    chart.configure_series_labels().background_style(WHITE).border_style(BLACK).draw()?;
    Ok(root.present()?)
}

fn key((x, y): (i32, i32), colour: RGBColor) -> Rectangle<(i32, i32)> {
    Rectangle::new([(x, y - 4), (x + 14, y + 4)], colour.filled())
}
