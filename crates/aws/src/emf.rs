//! Measurements as lines of the log, in `CloudWatch`'s embedded metric format: `CloudWatch` makes metrics of them by itself, and nobody
//! waits for a call.
//!
//! A line is a JSON object. Its member `_aws` names, for each set of dimensions, the members that are metrics and those that are
//! dimensions; members that it does not name, such as the id, can be searched for and are no metrics.

use std::io::Write;
use std::sync::OnceLock;

use serde_json::{Map, Value, json};
use vpp_pipeline::domain::metric::Measurement;
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::ports::Clock;

use crate::SystemClock;

/// What this process's metrics are called after, once it is known.
static NAMES: OnceLock<Names> = OnceLock::new();

#[derive(Debug)]
struct Names {
    namespace: String,
    function: String,
}

/// Has measurements written, under `namespace`, and counts this start of `function`. Without either, none are written.
pub(crate) fn start(namespace: Option<&str>, function: Option<&str>) {
    let (Some(namespace), Some(function)) = (namespace, function) else { return };
    // A second start in one process leaves the first in place.
    if NAMES.set(Names { namespace: namespace.to_owned(), function: function.to_owned() }).is_ok() {
        of_function("ColdStarts");
    }
}

/// Counts something that this function was given and has not handled, and that comes again or is given up on.
pub(crate) fn not_handled() {
    of_function("NotHandled");
}

fn of_function(name: &'static str) {
    if let Some(names) = NAMES.get() {
        measure(&Measurement::once(name, "Function", names.function.clone(), names.function.clone()));
    }
}

/// Writes a line to standard output.
pub(crate) fn measure(measurement: &Measurement) {
    let Some(names) = NAMES.get() else { return };
    let line = line(measurement, &names.namespace, SystemClock.now());
    // A figure that cannot be written is not worth a failure.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn line(measurement: &Measurement, namespace: &str, now: Timestamp) -> Value {
    let mut line = Map::new();
    let directives = measurement.metrics.iter().map(|metric| {
        line.insert(metric.name.to_owned(), json!(metric.value));
        let dimension = metric.dimension.as_ref().map(|(name, value)| {
            line.insert((*name).to_owned(), json!(value));
            *name
        });
        // All together, and each by itself.
        let together: Vec<&str> = Vec::new();
        let dimensions: Vec<Vec<&str>> = std::iter::once(together).chain(dimension.map(|name| vec![name])).collect();
        json!({
            "Namespace": namespace,
            "Dimensions": dimensions,
            "Metrics": [{"Name": metric.name, "Unit": metric.unit.as_str()}],
        })
    });
    let directives: Vec<Value> = directives.collect();
    line.insert("_aws".to_owned(), json!({"Timestamp": now.unix_millis(), "CloudWatchMetrics": directives}));
    line.insert("about".to_owned(), json!(measurement.about));
    Value::Object(line)
}
