//! The four kinds of service limit: a request rate, a scaling ramp, a resource that serves one request at a time, and backoff.

use std::time::Duration;

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// A token bucket: it refills at a constant rate up to its burst capacity, and starts full.
#[derive(Debug, Clone)]
pub struct TokenBucket {
    per_second: u64,
    burst: u64,
    /// The tokens that are left, in billionths.
    level: u128,
    updated_at: Duration,
}

impl TokenBucket {
    /// Returns a bucket of `rate` tokens a second, with a burst of one second.
    #[must_use]
    pub fn per_second(rate: u64) -> Self {
        Self::with_burst(rate, rate)
    }

    /// Returns a bucket of `rate` tokens a second that holds `burst` tokens.
    #[must_use]
    pub fn with_burst(rate: u64, burst: u64) -> Self {
        Self { per_second: rate, burst, level: u128::from(burst) * NANOS_PER_SECOND, updated_at: Duration::ZERO }
    }

    /// Takes `count` tokens at time `now`. Takes none and returns false if fewer are left.
    pub fn take(&mut self, count: u64, now: Duration) -> bool {
        let refilled = self.level + now.saturating_sub(self.updated_at).as_nanos() * u128::from(self.per_second);
        self.level = refilled.min(u128::from(self.burst) * NANOS_PER_SECOND);
        self.updated_at = now;
        let left = self.level.checked_sub(u128::from(count) * NANOS_PER_SECOND);
        self.level = left.unwrap_or(self.level);
        left.is_some()
    }
}

/// A concurrency limit that increases linearly with time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ramp {
    /// The limit at the start.
    pub start: u64,
    /// The increase in a minute.
    pub per_minute: u64,
    /// The limit at the end.
    pub max: u64,
}

impl Ramp {
    /// Returns this ramp with the maximum `max`, unless its maximum is lower.
    #[must_use]
    pub fn at_most(&self, max: u64) -> Self {
        let max = self.max.min(max);
        Self { start: self.start.min(max), max, ..*self }
    }

    /// Returns the limit after `elapsed`.
    #[must_use]
    pub fn after(&self, elapsed: Duration) -> u64 {
        let added = u128::from(self.per_minute) * elapsed.as_millis() / 60_000;
        let limit = u128::from(self.start) + added;
        // A limit that exceeds 64 bits exceeds the maximum, too.
        u64::try_from(limit).map_or(self.max, |limit| limit.min(self.max))
    }
}

/// A resource that serves one request after the other, such as a network interface or a processor.
#[derive(Debug, Clone, Copy, Default)]
pub struct SerialResource {
    free_at: Duration,
}

impl SerialResource {
    /// Queues a request of this duration at time `now`, and returns the time at which it is complete.
    pub fn serve(&mut self, duration: Duration, now: Duration) -> Duration {
        self.free_at = self.free_at.max(now) + duration;
        self.free_at
    }
}

/// Returns the time that `bytes` take at `rate` bytes a second.
///
/// # Panics
/// If the time exceeds the range of a duration.
#[must_use]
pub fn transfer_time(bytes: u64, rate: u64) -> Duration {
    Duration::from_nanos_u128(u128::from(bytes) * NANOS_PER_SECOND / u128::from(rate.max(1)))
}

/// Exponential backoff: the maximum wait doubles with each retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Retries after the first call.
    pub retries: u32,
    /// The maximum wait before the first retry.
    pub first: Duration,
    /// The maximum wait before any retry.
    pub longest: Duration,
}

impl Backoff {
    /// Returns the wait before retry number `retry` (from 0), or none if the retries are exhausted. `jitter` is in thousandths, 0
    /// to 999.
    #[must_use]
    pub fn wait(&self, retry: u32, jitter: u32) -> Option<Duration> {
        // `longest` caps the wait, so that neither the exponent nor the product needs to be exact beyond it.
        let longest = self.first.saturating_mul(1 << retry.min(20)).min(self.longest);
        (retry < self.retries).then_some(longest * jitter / 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_token_bucket_allows_its_burst_and_then_its_rate() {
        let mut bucket = TokenBucket::with_burst(100, 1_000);
        assert!(bucket.take(1_000, s(0)));
        assert!(!bucket.take(1, s(0)));
        assert!(!bucket.take(201, s(2)), "two seconds refill 200");
        assert!(bucket.take(200, s(2)));
        assert!(!bucket.take(1_001, s(1_000)), "it holds no more than its burst");
        assert!(bucket.take(1_000, s(1_000)));
    }

    #[test]
    fn an_event_source_mapping_has_305_batches_after_a_minute_and_1250_after_249_seconds() {
        let ramp = Ramp { start: 5, per_minute: 300, max: 1_250 };
        let limits: Vec<u64> = [0, 1, 60, 120, 248, 249, 9_999].map(|elapsed| ramp.after(s(elapsed))).into();
        assert_eq!(limits, [5, 10, 305, 605, 1_245, 1_250, 1_250]);
    }

    #[test]
    fn a_serial_resource_serves_one_request_after_the_other() {
        let mut resource = SerialResource::default();
        assert_eq!(resource.serve(s(2), s(10)), s(12));
        assert_eq!(resource.serve(s(2), s(11)), s(14), "it was busy until 12");
        assert_eq!(resource.serve(s(2), s(20)), s(22));
    }

    #[test]
    fn backoff_doubles_up_to_the_longest_wait_and_ends_with_the_retries() {
        let backoff = Backoff { retries: 3, first: s(1), longest: s(3) };
        let waits: Vec<_> = (0..4).map(|retry| backoff.wait(retry, 500)).collect();
        let half = |seconds| Some(s(seconds) / 2);
        assert_eq!(waits, [half(1), half(2), half(3), None]);
    }

    #[test]
    fn a_transfer_takes_its_bytes_divided_by_its_rate() {
        assert_eq!(transfer_time(150_000_000, 75_000_000), s(2));
        assert_eq!(transfer_time(1 << 40, 1 << 40), s(1));
    }
}
