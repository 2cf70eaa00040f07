//! When the segments of a package are made, and how long those of viewers are kept.

/// When the segments of a package are made. It is not part of the package's id, because the segments are the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum When {
    /// Once the package is planned.
    #[default]
    Ahead,
    /// When a viewer requests them: see [`crate::origin`].
    OnDemand,
}

impl When {
    /// Returns the name in the API and the catalog.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ahead => "ahead",
            Self::OnDemand => "on-demand",
        }
    }

    /// Parses the name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Ahead, Self::OnDemand].into_iter().find(|when| when.name() == name)
    }
}

/// The days after which a segment that was made on demand expires. It is made again when it is requested again, with the same
/// bytes.
///
/// The bucket deletes it: its lifecycle has a rule for each number of days, which applies to objects with the tag of that number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionDays(u16);

impl RetentionDays {
    /// The numbers of days that a lifecycle rule exists for.
    pub const ALLOWED: [u16; 5] = [1, 7, 30, 90, 365];

    /// The name of the tag of objects that expire.
    pub const TAG: &str = "retention-days";

    /// Returns these days; `None` unless there is a lifecycle rule for them.
    #[must_use]
    pub fn new(days: u64) -> Option<Self> {
        Self::ALLOWED.into_iter().find(|allowed| u64::from(*allowed) == days).map(Self)
    }

    /// Returns the number of days.
    #[must_use]
    pub fn days(self) -> u16 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_days_are_read_back() {
        for when in [When::Ahead, When::OnDemand] {
            assert_eq!(When::from_name(when.name()), Some(when));
        }
        assert_eq!((When::from_name("later"), When::default()), (None, When::Ahead));
        let days: Vec<_> = (0..1_000).filter_map(RetentionDays::new).map(RetentionDays::days).collect();
        assert_eq!(days, RetentionDays::ALLOWED);
    }
}
