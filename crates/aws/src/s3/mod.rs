//! S3: objects, multipart uploads, deletion, and presigned URLs.

mod deletion;
mod multipart;
mod object_store;
mod presigned_uploads;
mod request_body;
mod store_error;

pub use object_store::S3Store;
pub use presigned_uploads::S3ClientUploads;
