//! The files that the paths of an upload name.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The extensions of files that a folder contributes.
const EXTENSIONS: [&str; 12] = ["mp4", "m4v", "m4a", "mov", "mkv", "mka", "webm", "vtt", "srt", "ttml", "dfxp", "scc"];

/// Returns the files that the paths name, each once. A path to a file names that file, whatever its extension. A path to a folder
/// names every movie and subtitle file below it, sorted by name, without hidden files and folders.
pub(crate) fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        let resolved = fs::canonicalize(path).map_err(Failure::io(path))?;
        if resolved.is_dir() {
            let before = found.len();
            walk(&resolved, &mut found)?;
            if found.len() == before {
                let message =
                    format!("{}: the folder has no file to upload ({})", path.display(), EXTENSIONS.join(", "));
                return Err(Failure::usage(message));
            }
        } else {
            found.push(resolved);
        }
    }
    let mut seen = HashSet::new();
    found.retain(|file| seen.insert(file.clone()));
    Ok(found)
}

/// Adds the files below a folder. Links to folders are not followed, because they may form a cycle.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(Failure::io(folder))?;
    let mut entries: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let metadata = path.symlink_metadata().map_err(Failure::io(&path))?;
        let extension = path.extension().map(|text| text.to_string_lossy().to_lowercase()).unwrap_or_default();
        match () {
            () if is_hidden => {}
            () if metadata.is_dir() => walk(&path, found)?,
            () if EXTENSIONS.contains(&extension.as_str()) && path.is_file() => found.push(path),
            () => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_contributes_its_movies_and_subtitles_sorted_and_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("b/.git")).unwrap();
        for file in ["b/two.MOV", "a.mp4", "b/.git/x.mp4", ".hidden.mp4", "c.vtt", "d.srt", "notes.txt"] {
            fs::write(root.join(file), b"x").unwrap();
        }
        std::os::unix::fs::symlink(&root, root.join("b/loop")).unwrap();
        let found = find(&[root.clone(), root.join("notes.txt"), root.join("a.mp4")]).unwrap();
        assert_eq!(found, ["a.mp4", "b/two.MOV", "c.vtt", "d.srt", "notes.txt"].map(|file| root.join(file)));
        assert!(find(&[root.join("b/.git/..").join(".git")]).is_ok());
        assert!(find(&[root.join("gone.mp4")]).is_err());
    }
}
