//! What work costs, by the meters of the process that does it.

use std::time::Duration;

/// A meter of the process.
pub trait Meter: Send + Sync {
    /// What has been spent since the process began.
    fn reading(&self) -> Reading;
}

/// What a process has spent since it began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// For how long it has run.
    pub time: Duration,
    /// Requests that read objects, those that were made again included.
    pub gets: u64,
    /// Requests that write objects, those that were made again included.
    pub puts: u64,
    /// The most memory it has ever held, in bytes.
    pub peak_memory: u64,
}

/// What some work cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Time that functions ran, in milliseconds.
    pub millis: u64,
    /// Requests that read objects.
    pub gets: u64,
    /// Requests that write objects.
    pub puts: u64,
    /// The most memory that a process held which took part, in bytes.
    pub peak_memory: u64,
}

impl Reading {
    /// What was spent since `earlier`, of the same meter.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Spent {
        let millis = self.time.saturating_sub(earlier.time).as_millis();
        Spent {
            millis: u64::try_from(millis).unwrap_or(u64::MAX),
            gets: self.gets.saturating_sub(earlier.gets),
            puts: self.puts.saturating_sub(earlier.puts),
            peak_memory: self.peak_memory,
        }
    }
}

impl Spent {
    /// Both.
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
