//! Conversion from SDK errors to port errors.
//!
//! A port's error tells apart only what a use case decides on. So an adapter checks the code of an SDK error for those cases,
//! and converts every other error to [`Unavailable`]: throttling, lost connections and missing permissions alike. Each of them
//! is worth a retry; a permission that is never granted ends in a dead-letter queue.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use vpp_pipeline::error::Unavailable;

/// The service's code of an error (`NoSuchKey`), if the service responded at all.
pub(crate) fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

/// Converts an error of `call` that no use case tells apart.
pub(crate) fn unavailable<E, R>(call: &'static str) -> impl Fn(SdkError<E, R>) -> Unavailable + Copy
where
    SdkError<E, R>: std::error::Error + Send + Sync + 'static,
{
    move |error| Unavailable::new(call, Box::new(error))
}
