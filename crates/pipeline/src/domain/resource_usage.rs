//! The resource usage of a stage: time, requests to the object store, memory.

use std::time::Duration;

/// The counters of a meter: the resource usage of a process since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MeterReading {
    /// Run time.
    pub time: Duration,
    /// GET requests to the object store, retries included.
    pub gets: u64,
    /// PUT requests to the object store, retries included.
    pub puts: u64,
    /// Peak memory in bytes.
    pub peak_memory: u64,
}

/// The resource usage of some work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResourceUsage {
    /// Run time of functions, in milliseconds.
    pub millis: u64,
    /// GET requests to the object store.
    pub gets: u64,
    /// PUT requests to the object store.
    pub puts: u64,
    /// The largest peak memory of a process that took part, in bytes.
    pub peak_memory: u64,
}

impl MeterReading {
    /// Returns the resource usage since `earlier`, a reading of the same meter.
    ///
    /// The counters of a meter only increase. A counter that decreased counts as zero, because the values are only for people
    /// to read.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> ResourceUsage {
        let millis = self.time.saturating_sub(earlier.time).as_millis();
        ResourceUsage {
            millis: u64::try_from(millis).unwrap_or(u64::MAX),
            gets: self.gets.saturating_sub(earlier.gets),
            puts: self.puts.saturating_sub(earlier.puts),
            peak_memory: self.peak_memory,
        }
    }
}

impl ResourceUsage {
    /// Returns the sum of both, with the larger peak memory. Sums saturate, because the values are only for people to read.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            millis: self.millis.saturating_add(other.millis),
            gets: self.gets.saturating_add(other.gets),
            puts: self.puts.saturating_add(other.puts),
            peak_memory: self.peak_memory.max(other.peak_memory),
        }
    }
}
