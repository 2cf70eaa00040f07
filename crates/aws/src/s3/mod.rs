//! S3: objects, multipart uploads, deletion, and presigned URLs.

mod deletion;
mod multipart;
mod object_store;
mod presigned_uploads;
mod ranged_read;
mod request_body;
mod store_error;

pub use presigned_uploads::S3ClientUploads;
pub use ranged_read::S3Store;
