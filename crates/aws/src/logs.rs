//! Logs: one JSON object a line, with the ids of what it is about, and never a key.
//!
//! The ids come from the span that the runtime opens around every message. The level of the environment is that of our own
//! crates; everybody else's stays at warnings, because a client's debug lines may hold whole requests.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{fmt, registry};

/// Targets of our own crates.
const OWN: [&str; 3] = ["vpp_aws", "vpp_pipeline", "api"];

/// Starts writing logs of `level` to standard output.
pub(crate) fn start(level: Option<&str>) {
    let level = level.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let others = level.min(LevelFilter::WARN);
    let filter = Targets::new().with_default(others).with_targets(OWN.map(|target| (target, level)));
    let lines = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
    // A second start in one process leaves the first in place.
    let _ = registry().with(filter).with(lines).try_init();
}
