//! The four shapes that limits of services have: a rate, a ramp, a line, a wait that doubles.

use std::time::Duration;

/// A rate with a burst: a bucket that fills at `rate` a second and holds `burst`. It starts full.
#[derive(Debug, Clone)]
pub struct Rate {
    per_second: u64,
    burst: u64,
    /// What it holds, in billionths.
    level: u128,
    at: Duration,
}

const BILLION: u128 = 1_000_000_000;

impl Rate {
    /// `rate` a second, of which one second's worth may come at once.
    #[must_use]
    pub fn per_second(rate: u64) -> Self {
        Self::with_burst(rate, rate)
    }

    /// `rate` a second, of which `burst` may come at once.
    #[must_use]
    pub fn with_burst(rate: u64, burst: u64) -> Self {
        Self { per_second: rate, burst, level: u128::from(burst) * BILLION, at: Duration::ZERO }
    }

    /// Takes `count` at the moment `now`, or nothing when there is less.
    pub fn take(&mut self, count: u64, now: Duration) -> bool {
        let filled = self.level + now.saturating_sub(self.at).as_nanos() * u128::from(self.per_second);
        self.level = filled.min(u128::from(self.burst) * BILLION);
        self.at = now;
        let wanted = u128::from(count) * BILLION;
        let enough = self.level >= wanted;
        if enough {
            self.level -= wanted;
        }
        enough
    }
}

/// A number that grows with time, in equal steps, from `start` to `most`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ramp {
    /// At once.
    pub start: u64,
    /// Added in a minute.
    pub per_minute: u64,
    /// At the end.
    pub most: u64,
}

impl Ramp {
    /// Where it stands after `elapsed`.
    #[must_use]
    pub fn after(&self, elapsed: Duration) -> u64 {
        let added = u128::from(self.per_minute) * elapsed.as_millis() / 60_000;
        let added = u64::try_from(added).unwrap_or(u64::MAX);
        self.start.saturating_add(added).min(self.most)
    }
}

/// Something that serves one after the other: a network interface, a processor.
#[derive(Debug, Clone, Copy, Default)]
pub struct Line {
    free_at: Duration,
}

impl Line {
    /// Stands in line at `now` for a service of `takes`; the moment at which it is done.
    pub fn serve(&mut self, takes: Duration, now: Duration) -> Duration {
        self.free_at = self.free_at.max(now) + takes;
        self.free_at
    }
}

/// How long `bytes` take at `rate` bytes a second.
#[must_use]
pub fn time_of(bytes: u64, rate: u64) -> Duration {
    let nanos = u128::from(bytes) * BILLION / u128::from(rate.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// Waits before tries, each up to twice the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Tries in all.
    pub tries: u32,
    /// The first wait at its longest.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
}

impl Backoff {
    /// The wait after the failed try `failed` (from 0), or none when there is no other try. `jitter` is in 0..1000 thousandths.
    #[must_use]
    pub fn wait(&self, failed: u32, jitter: u32) -> Option<Duration> {
        let more = failed + 1 < self.tries;
        let full = self.first.saturating_mul(1 << failed.min(20)).min(self.longest);
        more.then_some(full * jitter / 1_000)
    }
}

/// Numbers that look random and are the same in every run (`SplitMix64`).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// From this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// One of 0 to 999.
    pub fn thousandths(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((mixed ^ (mixed >> 31)) % 1_000).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_rate_lets_its_burst_through_and_then_so_many_a_second() {
        let mut rate = Rate::with_burst(100, 1_000);
        assert!(rate.take(1_000, s(0)));
        assert!(!rate.take(1, s(0)));
        assert!(!rate.take(201, s(2)), "200 came in two seconds");
        assert!(rate.take(200, s(2)));
        assert!(!rate.take(1_001, s(1_000)), "it holds no more than its burst");
        assert!(rate.take(1_000, s(1_000)));
    }

    #[test]
    fn a_mapping_of_sqs_has_305_batches_after_a_minute_and_1250_after_249_seconds() {
        let ramp = Ramp { start: 5, per_minute: 300, most: 1_250 };
        let stands: Vec<u64> = [0, 1, 60, 120, 248, 249, 9_999].map(|at| ramp.after(s(at))).into();
        assert_eq!(stands, [5, 10, 305, 605, 1_245, 1_250, 1_250]);
    }

    #[test]
    fn a_line_serves_one_after_the_other() {
        let mut line = Line::default();
        assert_eq!(line.serve(s(2), s(10)), s(12));
        assert_eq!(line.serve(s(2), s(11)), s(14), "it was busy until 12");
        assert_eq!(line.serve(s(2), s(20)), s(22));
    }

    #[test]
    fn a_wait_doubles_up_to_its_longest_and_ends_with_the_tries() {
        let backoff = Backoff { tries: 4, first: s(1), longest: s(3) };
        let waits: Vec<_> = (0..4).map(|failed| backoff.wait(failed, 500)).collect();
        let half = |seconds| Some(s(seconds) / 2);
        assert_eq!(waits, [half(1), half(2), half(3), None]);
    }

    #[test]
    fn a_transfer_takes_its_bytes_by_its_rate() {
        assert_eq!(time_of(150_000_000, 75_000_000), s(2));
        assert_eq!(time_of(1 << 40, 1 << 40), s(1));
    }
}
