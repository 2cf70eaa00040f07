//! Chapters (RFC 9559 5.1.7).

use super::ebml::{Element, elements};
use super::ids;

/// A chapter that starts at `start`, in nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chapter {
    pub(super) start: u64,
    pub(super) title: String,
}

/// Returns the visible chapters of the first edition, without those inside others.
pub(super) fn chapters(chapters: &Element<'_>) -> Vec<Chapter> {
    let edition = elements(chapters.data).find(|child| child.id == ids::EDITION_ENTRY);
    let atoms = edition.into_iter().flat_map(|edition| elements(edition.data));
    let mut found: Vec<Chapter> =
        atoms.filter(|child| child.id == ids::CHAPTER_ATOM).filter_map(|atom| chapter(&atom)).collect();
    found.sort_by_key(|chapter| chapter.start);
    found
}

fn chapter(atom: &Element<'_>) -> Option<Chapter> {
    let (mut start, mut title, mut is_hidden) = (None, None, false);
    for child in elements(atom.data) {
        match child.id {
            ids::CHAPTER_TIME_START => start = child.uint(),
            ids::CHAPTER_FLAG_HIDDEN => is_hidden = child.uint() == Some(1),
            ids::CHAPTER_DISPLAY if title.is_none() => {
                title = elements(child.data).find(|child| child.id == ids::CHAP_STRING).map(|child| child.text());
            }
            _ => {}
        }
    }
    let title = title.filter(|title| !title.is_empty() && !is_hidden)?;
    Some(Chapter { start: start?, title })
}
