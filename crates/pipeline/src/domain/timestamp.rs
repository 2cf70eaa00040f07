//! Timestamps whose text sorts chronologically.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time in UTC with millisecond precision. Its text is RFC 3339 of a fixed width (`2026-11-22T21:08:00.250Z`), so that the
/// text sorts chronologically: the catalog sorts by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(OffsetDateTime);

/// The text is not an RFC 3339 time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a timestamp has the form of RFC 3339")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// Returns the duration since `earlier`; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::try_from(self.0 - earlier.0).unwrap_or_default()
    }

    /// Returns the time `duration` later, or the latest representable time if that is past the year 9999.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(time::Duration::try_from(duration).unwrap_or(time::Duration::MAX)))
    }

    /// Returns the whole seconds since the Unix epoch; zero for earlier times.
    #[must_use]
    pub fn unix_seconds(self) -> u64 {
        self.0.unix_timestamp().try_into().unwrap_or_default()
    }

    /// Returns the whole milliseconds since the Unix epoch; zero for earlier times.
    #[must_use]
    pub fn unix_millis(self) -> u64 {
        (self.0.unix_timestamp_nanos() / 1_000_000).try_into().unwrap_or_default()
    }

    /// Returns the time `seconds` after the Unix epoch; the epoch if the time is past the year 9999.
    #[must_use]
    pub fn from_unix_seconds(seconds: u64) -> Self {
        let time = i64::try_from(seconds).ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
        Self(time.unwrap_or(OffsetDateTime::UNIX_EPOCH))
    }

    /// Returns the time `millis` after the Unix epoch; the epoch if the time is past the year 9999.
    #[must_use]
    pub fn from_unix_millis(millis: u64) -> Self {
        let nanos = i128::from(millis) * 1_000_000;
        Self(OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let millis = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let nanos = i128::try_from(millis).unwrap_or_default() * 1_000_000;
        Self(OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, clock) = (self.0.date(), self.0.time());
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            date.year(),
            u8::from(date.month()),
            date.day(),
            clock.hour(),
            clock.minute(),
            clock.second(),
            clock.millisecond(),
        )
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let parsed = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| InvalidTimestamp)?;
        Ok(Self(parsed.to_offset(time::UtcOffset::UTC)))
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from(UNIX_EPOCH + Duration::from_millis(millis))
    }

    #[test]
    fn the_text_has_a_fixed_width_and_reads_back() {
        assert_eq!(at(1_763_845_680_250).to_string(), "2025-11-22T21:08:00.250Z");
        assert_eq!(at(1_763_845_680_000).to_string(), "2025-11-22T21:08:00.000Z");
        assert_eq!("2025-11-22T21:08:00.250Z".parse(), Ok(at(1_763_845_680_250)));
        assert_eq!("yesterday".parse::<Timestamp>(), Err(InvalidTimestamp));
    }

    #[test]
    fn texts_sort_like_the_times() {
        let times = [at(0), at(999), at(1_000), at(1_763_845_680_250)];
        assert!(times.map(|time| time.to_string()).is_sorted());
    }
}
