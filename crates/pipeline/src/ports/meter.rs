//! Measures the resource usage of a process.

use crate::domain::resource_usage::MeterReading;

/// A meter of the process.
pub trait Meter: Send + Sync {
    /// Returns the resource usage since the process started.
    fn reading(&self) -> MeterReading;
}
