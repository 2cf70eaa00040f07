//! Conversions of numbers that files state and plans are made of: exact, or an error that names the number.
//!
//! A number that is written into a box or decides what is read is never rounded to the nearest value that fits: a segment with
//! a wrong size or time plays wrong and looks right. [`Checked::or_out_of_range`] turns the `None` of a checked operation, and
//! the error of a conversion, into [`Error::OutOfRange`].

use crate::{Error, Result};

const _: () = assert!(usize::BITS <= u64::BITS, "lengths in memory fit 64 bits");

/// A length in memory as a 64-bit number.
#[must_use]
#[expect(clippy::as_conversions, reason = "there is no `From`; the assertion above makes it exact")]
pub(crate) const fn u64_of(length: usize) -> u64 {
    length as u64
}

/// The outcome of a checked operation or conversion.
pub(crate) trait Checked<T> {
    /// The value.
    ///
    /// # Errors
    /// [`Error::OutOfRange`], naming `what`, when there is none.
    fn or_out_of_range(self, what: &'static str) -> Result<T>;
}

impl<T> Checked<T> for Option<T> {
    fn or_out_of_range(self, what: &'static str) -> Result<T> {
        self.ok_or(Error::OutOfRange { what })
    }
}

impl<T> Checked<T> for Result<T, std::num::TryFromIntError> {
    fn or_out_of_range(self, what: &'static str) -> Result<T> {
        self.map_err(|_| Error::OutOfRange { what })
    }
}
