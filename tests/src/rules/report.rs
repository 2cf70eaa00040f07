//! The list of violations that the checks fill.

/// Violations, each a sentence.
#[derive(Debug, Default)]
pub(super) struct Report(pub(super) Vec<String>);

impl Report {
    /// Adds a violation unless the requirement holds.
    pub(super) fn require(&mut self, holds: bool, violation: impl FnOnce() -> String) {
        if !holds {
            self.0.push(violation());
        }
    }
}
