//! The files that an upload names.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// How names of files end that are taken of a folder.
const TAKEN: [&str; 5] = ["mp4", "m4v", "m4a", "mov", "vtt"];

/// The files of these paths, each once: a file whatever it is called, and of a folder, at any depth and in the order of their
/// names, those that are called as movies and subtitles are. What is hidden is left out.
pub(crate) fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        let own = fs::canonicalize(path).map_err(Failure::io(path))?;
        if own.is_dir() {
            let before = found.len();
            walk(&own, &mut found)?;
            if found.len() == before {
                let message = format!("{}: there is no file to send ({})", path.display(), TAKEN.join(", "));
                return Err(Failure::usage(message));
            }
        } else {
            found.push(own);
        }
    }
    let mut known = HashSet::new();
    found.retain(|file| known.insert(file.clone()));
    Ok(found)
}

/// Links to folders are not followed: they may lead round in a circle.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(Failure::io(folder))?;
    let mut entries: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let kind = path.symlink_metadata().map_err(Failure::io(&path))?;
        let extension = path.extension().map(|own| own.to_string_lossy().to_lowercase()).unwrap_or_default();
        match () {
            () if hidden => {}
            () if kind.is_dir() => walk(&path, found)?,
            () if TAKEN.contains(&extension.as_str()) && path.is_file() => found.push(path),
            () => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_folder_movies_and_subtitles_are_taken_in_order_and_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("b/.git")).unwrap();
        for file in ["b/two.MOV", "a.mp4", "b/.git/x.mp4", ".hidden.mp4", "c.vtt", "notes.txt"] {
            fs::write(root.join(file), b"x").unwrap();
        }
        std::os::unix::fs::symlink(&root, root.join("b/loop")).unwrap();
        let found = find(&[root.clone(), root.join("notes.txt"), root.join("a.mp4")]).unwrap();
        assert_eq!(found, ["a.mp4", "b/two.MOV", "c.vtt", "notes.txt"].map(|own| root.join(own)));
        assert!(find(&[root.join("b/.git/..").join(".git")]).is_ok());
        assert!(find(&[root.join("gone.mp4")]).is_err());
    }
}
