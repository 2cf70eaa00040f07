//! From the SDK's errors to the ports', in one place.
//!
//! A port's error tells apart only what a use case decides on, so an adapter asks an SDK error two things: which code it
//! has, and, for everything else, to become [`Unavailable`]. That covers throttling, lost connections and missing
//! permissions alike: each is worth another try, and what is never granted ends in a dead-letter queue.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use vpp_pipeline::ports::Unavailable;

/// The service's own code of an error (`NoSuchKey`), if the service answered at all.
pub(crate) fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

/// `call` failed in a way that no use case tells apart.
pub(crate) fn unavailable<E, R>(call: &'static str) -> impl Fn(SdkError<E, R>) -> Unavailable + Copy
where
    SdkError<E, R>: std::error::Error + Send + Sync + 'static,
{
    move |error| Unavailable::new(call, Box::new(error))
}
