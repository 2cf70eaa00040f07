//! A file that a client uploads through presigned URLs, one for each part; and the limits of such uploads.
//!
//! Every upload is a multipart upload, also that of a small file, in one part. Until it is complete there is no object that could
//! be ingested. An aborted upload accepts no part, and so does a complete one: one upload becomes one object at most.

use std::time::Duration;

use crate::domain::id::ClientUploadId;
use crate::domain::multipart::{MAX_PARTS, UploadId};
use crate::domain::object::{ETag, Location};
use crate::domain::timestamp::Timestamp;

const MIB: u64 = 1024 * 1024;
/// Maximum size in bytes of a file that is uploaded in a single part.
pub const MAX_SINGLE_PART_BYTES: u64 = 64 * MIB;
/// Minimum part size in bytes of a larger file. S3 requires 5 MiB; larger parts need fewer requests.
const MIN_CLIENT_PART_BYTES: u64 = 16 * MIB;
/// Maximum size of a file in bytes: S3's limit.
pub const MAX_FILE_BYTES: u64 = 5 * 1024 * 1024 * MIB;
/// Maximum length of a file name in bytes, in UTF-8.
pub const MAX_NAME_LENGTH: usize = 255;
/// Lifetime of presigned URLs. They are signed with the function's credentials, which expire soon after.
pub const URL_TTL: Duration = Duration::from_hours(1);
/// Time limit of an upload: the uploads bucket retains incomplete uploads for as long.
pub const UPLOAD_TTL: Duration = Duration::from_hours(48);
/// Maximum number of URLs in one response.
pub const MAX_URLS: u16 = 100;
/// Prefix of the keys of uploaded files.
pub const KEY_PREFIX: &str = "uploads/";

/// A file that a client uploads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientUpload {
    /// `upload_id`.
    pub id: ClientUploadId,
    /// The client's name of the file.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// The object that it becomes.
    pub location: Location,
    /// The multipart upload; `None` for an upload that an earlier release began without, which has expired.
    pub multipart: Option<ClientMultipart>,
    /// When the upload was begun.
    pub created_at: Timestamp,
}

/// The multipart upload of a client's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientMultipart {
    /// The store's id of the upload.
    pub upload: UploadId,
    /// Size of every part except the last, in bytes.
    pub part_bytes: u64,
}

/// A part that has been uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPart {
    /// Its number, from 1.
    pub number: u16,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its entity tag.
    pub etag: ETag,
}

impl ClientMultipart {
    /// Returns the length of every part except the last of a file.
    #[must_use]
    pub fn part_bytes_for(file_bytes: u64) -> u64 {
        if file_bytes <= MAX_SINGLE_PART_BYTES {
            return file_bytes;
        }
        file_bytes.div_ceil(MAX_PARTS).next_multiple_of(MIB).max(MIN_CLIENT_PART_BYTES)
    }
}

impl ClientUpload {
    /// Returns the key of a client's file in the uploads bucket.
    #[must_use]
    pub fn key(id: &ClientUploadId, name: &str) -> String {
        format!("{KEY_PREFIX}{id}/{name}")
    }

    /// Returns the size of every part except the last, in bytes.
    #[must_use]
    pub fn part_bytes(&self) -> u64 {
        self.multipart.as_ref().map_or(self.bytes, |multipart| multipart.part_bytes)
    }

    /// Returns the number of parts.
    #[must_use]
    pub fn part_count(&self) -> u16 {
        // `part_bytes_for` never splits a file into more than `MAX_PARTS` parts.
        u16::try_from(self.bytes.div_ceil(self.part_bytes().max(1))).unwrap_or(u16::MAX)
    }

    /// Returns the length in bytes of the part with this number.
    #[must_use]
    pub fn bytes_of_part(&self, number: u16) -> u64 {
        // A number past the last part has no bytes left.
        let before = self.part_bytes().saturating_mul(u64::from(number).saturating_sub(1));
        self.bytes.saturating_sub(before).min(self.part_bytes())
    }

    /// Returns when the upload and its record expire.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.created_at.after(UPLOAD_TTL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(bytes: u64, part_bytes: u64) -> ClientUpload {
        let multipart = Some(ClientMultipart { upload: UploadId::new("u"), part_bytes });
        let (id, location) = (ClientUploadId::of(&[b"x"]), Location::new("b", "k"));
        let created_at = Timestamp::from_unix_seconds(0);
        ClientUpload { id, name: "n".to_owned(), bytes, location, multipart, created_at }
    }

    #[test]
    fn every_part_but_the_last_has_the_same_length() {
        for (bytes, count, last) in [(100, 10, 10), (101, 11, 1), (109, 11, 9), (10, 1, 10)] {
            let upload = upload(bytes, 10);
            assert_eq!((upload.part_count(), upload.bytes_of_part(count)), (count, last), "{bytes}");
            assert_eq!((1..=count).map(|number| upload.bytes_of_part(number)).sum::<u64>(), bytes);
        }
    }
}
