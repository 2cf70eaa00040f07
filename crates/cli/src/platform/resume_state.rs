//! The state that lets an interrupted upload resume: the idempotency key of each file, stored on disk.
//!
//! The key is stored before the upload is created. However the command ends, creating the upload again with the same key returns
//! the same upload and the parts that have arrived. A key applies to one version of a file: a file with another length or
//! modification time gets a new key. The state is deleted once the upload is complete. It contains no token and no presigned URL.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::failure::Failure;

/// The age after which a state is deleted: the platform has aborted its upload by then.
const RETENTION: Duration = Duration::from_hours(72);

/// The content of a state file.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
struct Record {
    api: String,
    file: PathBuf,
    bytes: u64,
    modified: SystemTime,
    idempotency_key: String,
}

/// The resume state of one file.
#[derive(Debug)]
pub(crate) struct ResumeState {
    /// The path of the state file; `None` if the environment names no folder for it.
    path: Option<PathBuf>,
    record: Record,
    /// Whether an earlier command created the upload.
    pub(crate) resumed: bool,
}

impl ResumeState {
    /// Loads the state of a file, or creates one if there is none or the file has changed.
    pub(crate) fn load_or_create(api: &str, file: &Path, bytes: u64, modified: SystemTime) -> Result<Self, Failure> {
        let path = folder().map(|folder| {
            let hash = Sha256::digest(format!("{api}\n{}", file.display()));
            folder.join(HEXLOWER.encode(&hash[..16])).with_extension("json")
        });
        let stored = path.as_ref().and_then(|path| serde_json::from_slice::<Record>(&fs::read(path).ok()?).ok());
        let stored = stored.filter(|record| (record.bytes, record.modified) == (bytes, modified) && record.api == api);
        let resumed = stored.is_some();
        let record = match stored {
            Some(record) => record,
            None => {
                Record { api: api.to_owned(), file: file.into(), bytes, modified, idempotency_key: random_key(file)? }
            }
        };
        let state = Self { path, record, resumed };
        state.write()?;
        Ok(state)
    }

    /// Returns the idempotency key.
    pub(crate) fn idempotency_key(&self) -> &str {
        &self.record.idempotency_key
    }

    /// Replaces the key after the upload has expired on the platform.
    pub(crate) fn renew_key(&mut self) -> Result<(), Failure> {
        self.record.idempotency_key = random_key(&self.record.file)?;
        self.resumed = false;
        self.write()
    }

    /// Deletes the state once the upload is complete or aborted.
    pub(crate) fn delete(&self) {
        if let Some(path) = &self.path {
            let _ = fs::remove_file(path);
        }
    }

    /// Writes the state in one step, so that no reader sees a partial file.
    fn write(&self) -> Result<(), Failure> {
        let Some(path) = &self.path else { return Ok(()) };
        let partial = path.with_extension(std::process::id().to_string());
        let written = path.parent().map_or(Ok(()), |folder| {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
            file.write_all(&serde_json::to_vec(&self.record)?)?;
            file.sync_all()?;
            fs::rename(&partial, path)
        });
        written.map_err(Failure::io(path))
    }
}

/// Deletes expired states.
pub(crate) fn delete_expired() {
    let Some(entries) = folder().and_then(|folder| fs::read_dir(folder).ok()) else { return };
    for entry in entries.flatten() {
        let age = entry.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|time| time.elapsed().ok());
        if age.is_some_and(|age| age > RETENTION) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Returns the folder for state data of the XDG Base Directory Specification.
fn folder() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state")));
    Some(state?.join("vpp/uploads"))
}

fn random_key(file: &Path) -> Result<String, Failure> {
    let mut bytes = [0; 16];
    let no_random = |_| Failure::io(file)(std::io::Error::other("the system returned no random bytes"));
    getrandom::fill(&mut bytes).map_err(no_random)?;
    Ok(HEXLOWER.encode(&bytes))
}
