//! Replaces the package in the output folder.
//!
//! A new package is first written to a staging folder inside the output folder. Once it is complete, the manifests of the
//! earlier package are removed, its folders are moved aside, and the new entries are moved in, the manifests last. So a manifest
//! in the output folder always belongs to a complete package, and nothing of an earlier package remains. While the entries are
//! moved, the folder has no manifest.
//!
//! Staging inside the output folder works where the folder itself cannot be renamed: a mount point, or the working directory.
//! Files that are not part of a package stay in place.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use vpp_media::chapters::{CHAPTERS_JSON, CHAPTERS_WEBVTT};
use vpp_media::cmaf::RepresentationId;
use vpp_media::{dash, hls};

use crate::failure::Failure;

/// Name of the folder that a package is written to before it is complete.
const STAGING: &str = ".vpp-staging";

/// Name of the folder that an earlier package is moved to before it is deleted.
const REPLACED: &str = ".vpp-replaced";

/// The manifests. They are removed first and moved in last, in this order.
const MANIFESTS: [&str; 2] = [hls::MULTIVARIANT, dash::MANIFEST];

/// The files with the chapters.
const CHAPTERS: [&str; 2] = [CHAPTERS_JSON, CHAPTERS_WEBVTT];

/// A package that replaces the one in the output folder when it is complete. If it is dropped earlier, the output folder is
/// as before.
#[derive(Debug)]
pub(crate) struct Replacement<'p> {
    folder: &'p Path,
    staging: PathBuf,
    /// The folders that did not exist before: the output folder and its parents, the innermost first.
    created_folders: Vec<PathBuf>,
    /// The open output folder, locked against another command.
    _lock: File,
}

impl<'p> Replacement<'p> {
    /// Creates an empty package for the output folder `folder`, which is created if it does not exist. Deletes what an
    /// interrupted command left there.
    ///
    /// # Errors
    /// [`Failure::Usage`] if another command writes to the folder, or if it has entries that are named like those of a package,
    /// but no package. [`Failure::Io`].
    pub(crate) fn begin(folder: &'p Path) -> Result<Self, Failure> {
        let created_folders: Vec<PathBuf> =
            folder.ancestors().take_while(|path| !is_present(path)).map(Path::to_owned).collect();
        fs::create_dir_all(folder).map_err(Failure::io(folder))?;
        let lock = File::open(folder).map_err(Failure::io(folder))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                Failure::usage(format!("another command is writing to {}: wait until it ends", folder.display()))
            }
            TryLockError::Error(error) => Failure::io(folder)(error),
        })?;
        let staging = folder.join(STAGING);
        let is_interrupted = is_present(&staging) || is_present(&folder.join(REPLACED));
        let entries = package_entries(folder)?;
        let has_manifest = MANIFESTS.iter().any(|name| is_present(&folder.join(name)));
        if let Some(entry) = entries.first().filter(|_| !is_interrupted && !has_manifest) {
            let (folder, entry) = (folder.display(), entry.display());
            return Err(Failure::usage(format!(
                "{folder} contains {entry}, but no package that could be replaced: remove it, or choose another folder"
            )));
        }
        remove_folder(&staging)?;
        fs::create_dir(&staging).map_err(Failure::io(&staging))?;
        Ok(Self { folder, staging, created_folders, _lock: lock })
    }

    /// Returns the folder to write the package to.
    pub(crate) fn staging(&self) -> &Path {
        &self.staging
    }

    /// Moves the complete package into the output folder, and deletes the earlier one.
    pub(crate) fn publish(mut self) -> Result<(), Failure> {
        // From here on, the output folder is not empty.
        self.created_folders.clear();
        for manifest in MANIFESTS.iter().rev().map(|name| self.folder.join(name)) {
            ignore_missing(fs::remove_file(&manifest)).map_err(Failure::io(&manifest))?;
        }
        let replaced = self.folder.join(REPLACED);
        remove_folder(&replaced)?;
        fs::create_dir(&replaced).map_err(Failure::io(&replaced))?;
        let move_entry = |name: &Path, from: &Path, to: &Path| {
            let (from, to) = (from.join(name), to.join(name));
            fs::rename(&from, &to).map_err(Failure::io(&from))
        };
        for name in package_entries(self.folder)? {
            move_entry(&name, self.folder, &replaced)?;
        }
        let is_manifest = |name: &PathBuf| MANIFESTS.iter().any(|manifest| name.as_os_str() == *manifest);
        for name in package_entries(&self.staging)?.iter().filter(|name| !is_manifest(name)) {
            move_entry(name, &self.staging, self.folder)?;
        }
        for name in MANIFESTS {
            move_entry(Path::new(name), &self.staging, self.folder)?;
        }
        remove_folder(&replaced)
    }
}

impl Drop for Replacement<'_> {
    fn drop(&mut self) {
        // A failure to clean up must not replace the failure that is being reported. The next command deletes what remains.
        let _ = remove_folder(&self.staging);
        for folder in &self.created_folders {
            // Fails if the folder has other entries, which then stay.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Returns the names of the entries of `folder` that belong to a package: its manifests, its chapters and the folders of its
/// representations.
fn package_entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(Failure::io(folder))? {
        let name = entry.map_err(Failure::io(folder))?.file_name();
        if is_package_entry(&name) {
            names.push(PathBuf::from(name));
        }
    }
    names.sort();
    Ok(names)
}

fn is_package_entry(name: &OsStr) -> bool {
    let is_representation = |name: &str| name.parse::<RepresentationId>().is_ok();
    let is_file = |name: &str| MANIFESTS.contains(&name) || CHAPTERS.contains(&name);
    name.to_str().is_some_and(|name| is_file(name) || is_representation(name))
}

/// Returns whether there is an entry at `path`, even one that cannot be followed.
fn is_present(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok() || path.as_os_str().is_empty()
}

fn remove_folder(folder: &Path) -> Result<(), Failure> {
    ignore_missing(fs::remove_dir_all(folder)).map_err(Failure::io(folder))
}

fn ignore_missing(removed: io::Result<()>) -> io::Result<()> {
    removed.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}
