//! One file of an upload: its parts and its progress.

use std::collections::HashMap;
use std::fs::{self, File};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use indicatif::ProgressBar;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::platform::reporter::Reporter;
use crate::platform::responses::{format_bytes, number, text};
use crate::platform::resume_state::ResumeState;

/// A file to upload.
#[derive(Debug)]
pub(crate) struct FileUpload {
    pub(crate) path: PathBuf,
    /// The file name, without its folder.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    modified: SystemTime,
    pub(crate) bar: ProgressBar,
    state: Mutex<UploadState>,
}

/// The state of an upload, shared by the workers.
#[derive(Debug, Default)]
pub(crate) struct UploadState {
    pub(crate) upload_id: String,
    pub(crate) part_bytes: u64,
    /// Presigned URLs that are not used yet, by part number.
    pub(crate) presigned_urls: HashMap<u64, String>,
    /// Number of parts that have not arrived.
    pub(crate) parts_left: usize,
    /// Number of calls to complete the upload that reported missing parts.
    pub(crate) incomplete_calls: u32,
    pub(crate) resume_state: Option<ResumeState>,
    pub(crate) file: Option<Arc<File>>,
    /// Whether the upload has failed: its remaining jobs are skipped.
    pub(crate) has_failed: bool,
    /// The last reported tenth of the file.
    tenths_reported: u128,
    /// The content that the complete upload created.
    pub(crate) content_id: Option<String>,
}

impl UploadState {
    /// Stores the presigned URLs of a response.
    pub(crate) fn add_presigned_urls(&mut self, upload: &Value) {
        for entry in upload["urls"].as_array().into_iter().flatten() {
            self.presigned_urls.insert(number(entry, "part"), text(entry, "url").to_owned());
        }
    }
}

impl FileUpload {
    /// Returns an upload that has not started.
    pub(crate) fn new(path: &Path, reporter: &Reporter) -> Result<Self, Failure> {
        let metadata = fs::metadata(path).map_err(Failure::io(path))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let modified = metadata.modified().map_err(Failure::io(path))?;
        let bar = reporter.upload_bar(&name, metadata.len());
        Ok(Self { path: path.into(), name, bytes: metadata.len(), modified, bar, state: Mutex::default() })
    }

    /// Locks the state.
    pub(crate) fn state(&self) -> MutexGuard<'_, UploadState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Loads or creates the state that lets this upload resume.
    pub(crate) fn load_resume_state(&self, api: &str) -> Result<ResumeState, Failure> {
        ResumeState::load_or_create(api, &self.path, self.bytes, self.modified)
    }

    /// Returns whether the file on disk has a different length or modification time than when the upload started.
    pub(crate) fn has_changed(&self) -> Result<bool, Failure> {
        let metadata = fs::metadata(&self.path).map_err(Failure::io(&self.path))?;
        let modified = metadata.modified().map_err(Failure::io(&self.path))?;
        Ok(metadata.len() != self.bytes || modified != self.modified)
    }

    /// Returns the bytes of the file that a part consists of. Parts are numbered from 1.
    pub(crate) fn part_range(&self, part: u64, part_bytes: u64) -> Result<Range<u64>, Failure> {
        let start = part.checked_sub(1).and_then(|before| before.checked_mul(part_bytes));
        // An empty file has one empty part.
        let start = start.filter(|start| *start < self.bytes.max(1));
        let start = start.ok_or_else(|| {
            Failure::refused(
                "invalid_response",
                format!("the platform listed part {part}, which the file does not have"),
            )
        })?;
        // A sum that exceeds 64 bits exceeds the file, too.
        let end = start.checked_add(part_bytes).map_or(self.bytes, |end| end.min(self.bytes));
        Ok(start..end)
    }

    /// Returns the length of a part in bytes.
    pub(crate) fn part_length(&self, part: u64, part_bytes: u64) -> Result<u64, Failure> {
        self.part_range(part, part_bytes).map(|range| range.end - range.start)
    }

    /// Reports the start of the upload, and then every further tenth of the file.
    pub(crate) fn report_progress(&self, state: &mut UploadState, sent: u64, is_start: bool, reporter: &Reporter) {
        let tenths = (u128::from(sent) * 10).checked_div(self.bytes.into()).unwrap_or(10);
        if is_start || (tenths > state.tenths_reported && sent < self.bytes) {
            state.tenths_reported = tenths;
            reporter.json_line("upload", Some(&self.name), self.to_json(state, sent));
            if self.bytes > state.part_bytes {
                let message = format!("{} of {}", format_bytes(sent), format_bytes(self.bytes));
                reporter.progress(&self.bar, &self.name, message);
            }
        }
    }

    /// Returns the members of a JSON line of type `upload`.
    pub(crate) fn to_json(&self, state: &UploadState, sent: u64) -> Value {
        json!({"upload_id": state.upload_id, "bytes": self.bytes, "bytes_sent": sent.min(self.bytes)})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_file_and_no_other_part_is_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let upload = |bytes: &[u8]| {
            let path = folder.path().join("a.mp4");
            fs::write(&path, bytes).unwrap();
            FileUpload::new(&path, &Reporter::new(true)).unwrap()
        };
        let file = upload(&[0; 10]);
        let ranges = [1, 2, 3].map(|part| file.part_range(part, 4).unwrap());
        assert_eq!(ranges, [0..4, 4..8, 8..10]);
        assert_eq!(file.part_range(1, u64::MAX).unwrap(), 0..10);
        for (part, part_bytes) in [(0, 4), (4, 4), (u64::MAX, u64::MAX), (3, u64::MAX)] {
            assert!(file.part_range(part, part_bytes).is_err(), "{part} of {part_bytes} bytes");
        }
        assert_eq!(upload(&[]).part_range(1, 1).unwrap(), 0..0);
    }
}
