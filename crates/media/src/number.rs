//! Exact conversions of numbers, and errors that name the number.
//!
//! A number that is written to a box, or that decides what is read, is never rounded to the nearest value that fits: a segment
//! with a wrong size or time looks correct and plays wrongly. [`Checked::or_out_of_range`] turns the `None` of a checked
//! operation, or the error of a conversion, into [`Error::OutOfRange`].

use crate::{Error, Result};

const _: () = assert!(usize::BITS <= u64::BITS, "a length in memory fits 64 bits");

/// Converts a length in memory to 64 bits.
#[must_use]
#[expect(clippy::as_conversions, reason = "there is no `From`; the assertion above makes it exact")]
pub(crate) const fn u64_of(length: usize) -> u64 {
    length as u64
}

/// Returns a sampling rate stored as a float in whole hertz; 0 when it is negative, not a number, or 2³² and above.
#[expect(clippy::as_conversions, reason = "a float converts to an integer by `as` alone; the range is checked")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
pub(crate) fn whole_hertz(rate: f64) -> u32 {
    if (0.0..4_294_967_296.0).contains(&rate) { rate as u32 } else { 0 }
}

/// The result of a checked operation or conversion.
pub(crate) trait Checked<T> {
    /// Returns the value.
    ///
    /// # Errors
    /// [`Error::OutOfRange`], which names `what`, if there is none.
    fn or_out_of_range(self, what: &'static str) -> Result<T>;
}

impl<T> Checked<T> for Option<T> {
    #[inline]
    fn or_out_of_range(self, what: &'static str) -> Result<T> {
        match self {
            Some(value) => Ok(value),
            // The error is constructed only here: an error that is not needed would cost its construction and its drop.
            None => Err(Error::OutOfRange { what }),
        }
    }
}

impl<T> Checked<T> for Result<T, std::num::TryFromIntError> {
    fn or_out_of_range(self, what: &'static str) -> Result<T> {
        self.map_err(|_| Error::OutOfRange { what })
    }
}
