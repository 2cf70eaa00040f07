//! The jobs of an upload: creating a multipart upload, sending a part, completing the upload.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::platform::api_request::{delete, get, post};
use crate::platform::client::{CallError, PlatformClient};
use crate::platform::file_upload::FileUpload;
use crate::platform::follow::{AfterIngest, FollowedItem};
use crate::platform::part_reader::PartReader;
use crate::platform::reporter::Reporter;
use crate::platform::responses::{format_bytes, number, numbers, text};
use crate::platform::resume_state::ResumeState;

/// Maximum calls to complete an upload whose parts the platform reports as missing.
const MAX_COMPLETE_CALLS: u32 = 3;

/// A job of a worker. Files are identified by their index.
#[derive(Debug, Clone, Copy)]
pub(crate) enum UploadJob {
    /// Create or resume the upload of a file.
    Create(usize),
    /// Send a part of a file.
    SendPart(usize, u64),
    /// Complete the upload of a file.
    Complete(usize),
}

/// The state that all workers of an upload share.
pub(crate) struct Uploader<'a> {
    platform: &'a PlatformClient,
    reporter: &'a Reporter,
    files: &'a [FileUpload],
    /// The action after a file is ingested; `None` if the command does not follow it.
    after_ingest: Option<AfterIngest>,
    followed: Mutex<Sender<FollowedItem>>,
    /// Whether the platform is unreachable or does not accept the token, so that every other file would fail too.
    stopped: AtomicBool,
}

impl<'a> Uploader<'a> {
    /// Returns an uploader that sends complete files to `followed`.
    pub(crate) fn new(
        platform: &'a PlatformClient,
        reporter: &'a Reporter,
        files: &'a [FileUpload],
        after_ingest: Option<AfterIngest>,
        followed: Sender<FollowedItem>,
    ) -> Self {
        let (followed, stopped) = (Mutex::new(followed), AtomicBool::new(false));
        Self { platform, reporter, files, after_ingest, followed, stopped }
    }

    /// Returns whether a failure that affects every request stopped the upload.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Runs a job and returns the jobs that follow from it. A failure ends the upload of its file only.
    pub(crate) fn run(&self, job: UploadJob) -> Vec<UploadJob> {
        let (UploadJob::Create(index) | UploadJob::SendPart(index, _) | UploadJob::Complete(index)) = job;
        let Some(file) = self.files.get(index) else { return Vec::new() };
        if file.state().has_failed || self.is_stopped() {
            return Vec::new();
        }
        let result = match job {
            UploadJob::Create(_) => self.create(index, file),
            UploadJob::SendPart(_, part) => self.send_part(index, file, part),
            UploadJob::Complete(_) => self.complete(index, file),
        };
        result.unwrap_or_else(|failure| {
            if !std::mem::replace(&mut file.state().has_failed, true) {
                file.bar.finish_and_clear();
                self.reporter.failure(&file.name, &failure);
            }
            self.stopped.fetch_or(failure.affects_all_requests(), Ordering::Relaxed);
            Vec::new()
        })
    }

    fn create(&self, index: usize, file: &FileUpload) -> Result<Vec<UploadJob>, Failure> {
        let mut resume_state = file.load_resume_state(self.platform.api())?;
        let upload = match self.create_upload(file, &resume_state) {
            // The platform has aborted the upload and deleted its parts.
            Err(Failure::Platform(problem)) if problem.code == "upload_expired" => {
                resume_state.renew_key()?;
                self.create_upload(file, &resume_state)?
            }
            other => other?,
        };
        let arrived = numbers(&upload, "arrived");
        let part_bytes = number(&upload, "part_bytes").max(1);
        let missing = (1..=number(&upload, "parts")).filter(|part| !arrived.contains(part));
        let jobs: Vec<_> = missing.map(|part| UploadJob::SendPart(index, part)).collect();
        let lengths = arrived.iter().map(|part| file.part_length(*part, part_bytes));
        let sent = lengths.sum::<Result<u64, Failure>>()?;
        let mut state = file.state();
        file.bar.set_position(sent);
        file.bar.reset_eta();
        if resume_state.resumed && sent > 0 {
            let (sent, bytes) = (format_bytes(sent), format_bytes(file.bytes));
            self.reporter.notice(&format!("{}: resuming, {sent} of {bytes} already uploaded", file.name));
        }
        text(&upload, "upload_id").clone_into(&mut state.upload_id);
        (state.part_bytes, state.parts_left) = (part_bytes, jobs.len());
        state.resume_state = Some(resume_state);
        state.file = Some(Arc::new(File::open(&file.path).map_err(Failure::io(&file.path))?));
        state.add_presigned_urls(&upload);
        file.report_progress(&mut state, sent, true, self.reporter);
        Ok(if jobs.is_empty() { vec![UploadJob::Complete(index)] } else { jobs })
    }

    fn create_upload(&self, file: &FileUpload, resume_state: &ResumeState) -> Result<Value, Failure> {
        let body = json!({"name": file.name, "bytes": file.bytes});
        self.platform.send(post("/uploads").body(&body).idempotency_key(resume_state.idempotency_key()))
    }

    fn send_part(&self, index: usize, file: &FileUpload, part: u64) -> Result<Vec<UploadJob>, Failure> {
        self.platform.with_retries(|| self.send_part_once(file, part))?;
        let mut state = file.state();
        // Exact: `parts_left` is set to the number of these jobs, and each runs once.
        state.parts_left -= 1;
        file.report_progress(&mut state, file.bar.position(), false, self.reporter);
        Ok(if state.parts_left == 0 { vec![UploadJob::Complete(index)] } else { Vec::new() })
    }

    fn send_part_once(&self, file: &FileUpload, part: u64) -> Result<(), CallError> {
        let Some(PartToSend { source, range, url }) = self.part_to_send(file, part)? else { return Ok(()) };
        let length = range.end - range.start;
        let (reader, outcome) = PartReader::new(source, range, file.bar.clone());
        let put = self.platform.put(&url, length, reader);
        if put.is_err() {
            file.bar.dec(outcome.bytes_read());
        }
        match outcome.take_error() {
            Some(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(self.abort_changed(file).into()),
            Some(error) => Err(Failure::io(&file.path)(error).into()),
            None => put,
        }
    }

    /// Returns a part to send; `None` if it has arrived already or the upload has failed. A presigned URL is used once: after an
    /// error a new one is requested, because the first may have expired.
    fn part_to_send(&self, file: &FileUpload, part: u64) -> Result<Option<PartToSend>, Failure> {
        let mut state = file.state();
        if !state.presigned_urls.contains_key(&part) && !state.has_failed {
            let (path, from) = (format!("/uploads/{}", state.upload_id), part.to_string());
            drop(state);
            let upload = self.platform.send(get(&path).query(&[("from", &from), ("limit", "100")]))?;
            state = file.state();
            if numbers(&upload, "arrived").contains(&part) {
                file.bar.inc(file.part_length(part, state.part_bytes)?);
                return Ok(None);
            }
            state.add_presigned_urls(&upload);
        }
        let Some(source) = state.file.clone().filter(|_| !state.has_failed) else { return Ok(None) };
        let url = state.presigned_urls.remove(&part).ok_or_else(|| {
            let message = format!("the platform returned no URL for part {part}: run the command again");
            Failure::refused("upload_incomplete", message)
        })?;
        let range = file.part_range(part, state.part_bytes)?;
        Ok(Some(PartToSend { source, range, url }))
    }

    fn complete(&self, index: usize, file: &FileUpload) -> Result<Vec<UploadJob>, Failure> {
        let path = format!("/uploads/{}", file.state().upload_id);
        if file.has_changed()? {
            return Err(self.abort_changed(file));
        }
        let response = match self.platform.send(post(&format!("{path}/complete"))) {
            Err(Failure::Platform(problem)) if !problem.missing.is_empty() => {
                let mut state = file.state();
                state.incomplete_calls += 1;
                if state.incomplete_calls >= MAX_COMPLETE_CALLS {
                    return Err(Failure::Platform(problem));
                }
                (state.parts_left, state.presigned_urls) = (problem.missing.len(), HashMap::new());
                let missing = problem.missing.iter().map(|part| u64::from(*part));
                let lengths = missing.clone().map(|part| file.part_length(part, state.part_bytes));
                file.bar.dec(lengths.sum::<Result<u64, Failure>>()?);
                return Ok(missing.map(|part| UploadJob::SendPart(index, part)).collect());
            }
            other => other?,
        };
        let content_id = text(&response, "input_content_id").to_owned();
        let mut state = file.state();
        state.resume_state.iter().for_each(ResumeState::delete);
        (state.file, state.content_id) = (None, Some(content_id.clone()));
        file.bar.finish_and_clear();
        let mut object = file.to_json(&state, file.bytes);
        for name in ["input_content_id", "input_content_origin"] {
            object[name] = text(&response, name).into();
        }
        self.reporter.json_line("upload", Some(&file.name), object);
        self.reporter.notice(&format!("{}: uploaded {}", file.name, format_bytes(file.bytes)));
        match &self.after_ingest {
            Some(then) => {
                let item = FollowedItem::content(&content_id, then.clone()).of_file(&file.name);
                let _ = self.followed.lock().unwrap_or_else(PoisonError::into_inner).send(item);
            }
            None => self.reporter.result(&format!("{content_id}  {}", file.name)),
        }
        Ok(Vec::new())
    }

    /// Aborts the upload of a file that changed while it was sent.
    fn abort_changed(&self, file: &FileUpload) -> Failure {
        let mut state = file.state();
        let (resume_state, path) = (state.resume_state.take(), format!("/uploads/{}", state.upload_id));
        drop(state);
        if let Some(resume_state) = resume_state {
            resume_state.delete();
            let _ = self.platform.send(delete(&path));
        }
        Failure::refused("file_changed", "the file changed during the upload: run the command again")
    }
}

/// A part and the presigned URL to send it to.
struct PartToSend {
    source: Arc<File>,
    range: Range<u64>,
    url: String,
}
