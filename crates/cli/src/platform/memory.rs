//! What an upload that is interrupted needs to go on: the key under which the file was announced.
//!
//! It is written before the file is announced, so that however the command ends, announcing again under the same key finds the
//! same upload, with the parts that have arrived. What the key stands for is a file as it was: of another length, or changed since,
//! it is another file. The record goes when the file is whole; it holds no token and no address that could be written to.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::failure::Failure;

/// Records that are older are forgotten: the platform knows nothing of their uploads any more.
const KEPT: Duration = Duration::from_hours(72);

/// What is written.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
struct Record {
    api: String,
    file: PathBuf,
    bytes: u64,
    modified: SystemTime,
    idempotency_key: String,
}

/// The record of one file.
#[derive(Debug)]
pub(crate) struct Memory {
    /// Where it is kept, if anywhere.
    place: Option<PathBuf>,
    record: Record,
    /// Whether it was there before.
    pub(crate) resumed: bool,
}

impl Memory {
    /// The key of a file that is or was announced to `api`; a new one for a file that was not, or that is another by now.
    pub(crate) fn of(api: &str, file: &Path, bytes: u64, modified: SystemTime) -> Result<Self, Failure> {
        let place = folder().map(|folder| {
            let name = Sha256::digest(format!("{api}\n{}", file.display()));
            folder.join(HEXLOWER.encode(name.get(..16).unwrap_or_default())).with_extension("json")
        });
        let known = place.as_ref().and_then(|place| serde_json::from_slice::<Record>(&fs::read(place).ok()?).ok());
        let known = known.filter(|own| (own.bytes, own.modified) == (bytes, modified) && own.api == api);
        let resumed = known.is_some();
        let record = match known {
            Some(record) => record,
            None => Record { api: api.to_owned(), file: file.into(), bytes, modified, idempotency_key: key(file)? },
        };
        let memory = Self { place, record, resumed };
        memory.write()?;
        Ok(memory)
    }

    /// The key.
    pub(crate) fn idempotency_key(&self) -> &str {
        &self.record.idempotency_key
    }

    /// The platform knows nothing of it any more: from now on another key.
    pub(crate) fn renew(&mut self) -> Result<(), Failure> {
        self.record.idempotency_key = key(&self.record.file)?;
        self.resumed = false;
        self.write()
    }

    /// It is whole, or given up.
    pub(crate) fn forget(&self) {
        if let Some(place) = &self.place {
            let _ = fs::remove_file(place);
        }
    }

    /// In one step, so that no reader sees half a record.
    fn write(&self) -> Result<(), Failure> {
        let Some(place) = &self.place else { return Ok(()) };
        let partial = place.with_extension(std::process::id().to_string());
        let written = place.parent().map_or(Ok(()), |folder| {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
            file.write_all(&serde_json::to_vec(&self.record)?)?;
            file.sync_all()?;
            fs::rename(&partial, place)
        });
        written.map_err(Failure::io(place))
    }
}

/// Forgets what is too old to be of use.
pub(crate) fn tidy() {
    let Some(entries) = folder().and_then(|folder| fs::read_dir(folder).ok()) else { return };
    for entry in entries.flatten() {
        let age = entry.metadata().and_then(|own| own.modified()).ok().and_then(|own| own.elapsed().ok());
        if age.is_some_and(|age| age > KEPT) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The folder for what a program has to remember, by the XDG Base Directory Specification.
fn folder() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state")));
    Some(state?.join("vpp/uploads"))
}

fn key(file: &Path) -> Result<String, Failure> {
    let mut bytes = [0; 16];
    let unlucky = |_| Failure::io(file)(std::io::Error::other("the system gives no random number"));
    getrandom::fill(&mut bytes).map_err(unlucky)?;
    Ok(HEXLOWER.encode(&bytes))
}
