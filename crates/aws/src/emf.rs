//! Metrics as log lines in `CloudWatch`'s embedded metric format (EMF): `CloudWatch` extracts the metrics from the log, so no
//! invocation waits for an API call.
//!
//! A line is a JSON object. Its member `_aws` lists, for each set of dimensions, which members are metrics and which are
//! dimensions. Members that it does not list, such as the id, can be searched for but are not metrics.

use std::io::Write;
use std::sync::OnceLock;

use serde_json::{Map, Value, json};
use vpp_pipeline::domain::metric::Measurement;
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::domain::unreadable::UnreadableRecord;
use vpp_pipeline::ports::Clock;

use crate::clock::SystemClock;

/// Namespace and function name of this process, once they are known.
static NAMES: OnceLock<Names> = OnceLock::new();

#[derive(Debug)]
struct Names {
    namespace: String,
    function: String,
}

/// Starts to write metrics under `namespace`, and counts a cold start of `function`. Without either, no metrics are written.
pub(crate) fn start(namespace: Option<&str>, function: Option<&str>) {
    let (Some(namespace), Some(function)) = (namespace, function) else { return };
    // A second start in one process has no effect.
    if NAMES.set(Names { namespace: namespace.to_owned(), function: function.to_owned() }).is_ok() {
        count("ColdStarts");
    }
}

/// Counts a delivery that this function failed to handle: it is delivered again, or dead-lettered.
pub(crate) fn count_not_handled() {
    count("NotHandled");
}

/// Counts a file that was not examined, because the system refuses to confine the probe.
pub(crate) fn count_probe_not_confined() {
    count("ProbeNotConfined");
}

/// Logs and counts a record or message that cannot be read.
pub(crate) fn count_unreadable(record: &UnreadableRecord) {
    tracing::error!(id = record.id, kind = record.kind.as_str(), "a record cannot be read: {}", record.problem);
    write(&Measurement::once("UnreadableRecords", "Kind", record.kind.as_str(), record.id.clone()));
}

/// Counts one occurrence, by function.
fn count(metric: &'static str) {
    if let Some(names) = NAMES.get() {
        write(&Measurement::once(metric, "Function", names.function.clone(), names.function.clone()));
    }
}

/// Writes a measurement as a line to standard output.
pub(crate) fn write(measurement: &Measurement) {
    let Some(names) = NAMES.get() else { return };
    let line = line(measurement, &names.namespace, SystemClock.now());
    // A metric that cannot be written must not fail the work.
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
        // Once without a dimension, for the total, and once by the dimension.
        let total: Vec<&str> = Vec::new();
        let dimensions: Vec<Vec<&str>> = std::iter::once(total).chain(dimension.map(|name| vec![name])).collect();
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
