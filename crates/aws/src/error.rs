//! Conversion from SDK errors to port errors.
//!
//! A port's error distinguishes only the cases that a use case handles differently. So an adapter checks the code of an SDK
//! error for those cases, and converts every other error to [`Unavailable`]: throttling, lost connections and missing
//! permissions alike. Each of them is worth a retry. If a missing permission is never granted, the message is dead-lettered.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use vpp_pipeline::error::Unavailable;

/// Returns the service's error code (`NoSuchKey`), if the service responded.
pub(crate) fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

/// Returns a function that converts an error of `call` that no use case distinguishes.
pub(crate) fn unavailable<E, R>(call: &'static str) -> impl Fn(SdkError<E, R>) -> Unavailable + Copy
where
    SdkError<E, R>: std::error::Error + Send + Sync + 'static,
{
    move |error| Unavailable::new(call, Box::new(error))
}
