//! Logs: one JSON object per line, with the ids of the package or content, and never a key.
//!
//! The ids come from the span that the runtime opens around every message. `LOG_LEVEL` applies to the platform's own crates;
//! all other crates log warnings and errors only, because the debug lines of an SDK client may hold whole requests.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{fmt, registry};

/// Log targets of the platform's own crates.
const PLATFORM_TARGETS: [&str; 3] = ["vpp_aws", "vpp_pipeline", "api"];

/// Starts to write logs of `level` to standard output.
pub(crate) fn start(level: Option<&str>) {
    let level = level.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let others = level.min(LevelFilter::WARN);
    let filter = Targets::new().with_default(others).with_targets(PLATFORM_TARGETS.map(|target| (target, level)));
    // The audit log is complete at every level.
    let filter = filter.with_target("audit", LevelFilter::INFO);
    let lines = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
    // A second start in one process has no effect.
    let _ = registry().with(filter).with(lines).try_init();
}
