//! Measures what a process uses.

use crate::domain::resource_usage::MeterReading;

/// A meter of the process.
pub trait Meter: Send + Sync {
    /// Returns what the process has used since it started.
    fn reading(&self) -> MeterReading;
}
