//! The manifests of a package, as text that a test can change before the judge reads it.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::playlist::Playlist;
use super::xml::Element;
use crate::package;
use crate::sidx::SegmentIndex;

/// The manifests of a package on disk.
#[derive(Debug, Clone)]
pub struct Manifests {
    /// The folder of the package.
    pub directory: PathBuf,
    /// The text of each manifest, by its path in the package.
    pub texts: BTreeMap<String, String>,
}

impl Manifests {
    /// Reads the MPD and all playlists of a package.
    ///
    /// # Panics
    /// When one cannot be read.
    #[must_use]
    pub fn open(directory: &Path) -> Self {
        let is_manifest = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "mpd" || kind == "m3u8");
        let read = |path: PathBuf| {
            let text = fs::read_to_string(directory.join(&path)).expect("the manifest is text");
            (path.to_str().expect("UTF-8").to_owned(), text)
        };
        let texts = package::files(directory).into_iter().filter(is_manifest).map(read).collect();
        Self { directory: directory.to_owned(), texts }
    }

    pub(super) fn mpd(&self) -> Element {
        Element::parse(&self.texts["stream.mpd"])
    }

    pub(super) fn multivariant(&self) -> Playlist {
        Playlist::parse(&self.texts["stream.m3u8"])
    }

    /// Parses the playlist `name` of a track.
    pub(super) fn playlist(&self, id: &str, name: &str) -> Option<Playlist> {
        self.texts.get(&format!("{id}/{name}")).map(|text| Playlist::parse(text))
    }
}

/// A representation of the MPD, with its adaptation set.
#[derive(Debug)]
pub(super) struct Representation<'m> {
    pub(super) set: &'m Element,
    pub(super) element: &'m Element,
    pub(super) id: &'m str,
    /// Units per second.
    pub(super) timescale: i64,
    /// Starts are on the timeline of the period.
    pub(super) segments: Vec<Segment>,
}

/// A segment, as the MPD or the segment index locates it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) start: i64,
    pub(super) duration: i64,
    pub(super) file: PathBuf,
    /// Its bytes in the file; `None` if it is the whole file.
    pub(super) range: Option<Range<u64>>,
}

impl Segment {
    /// Returns the length in bytes of what a client downloads.
    pub(super) fn bytes(&self) -> u64 {
        let whole = || fs::metadata(&self.file).expect("the segment exists").len();
        self.range.as_ref().map_or_else(whole, |range| range.end - range.start)
    }
}

impl<'m> Representation<'m> {
    /// Reads every representation of an MPD in `directory`.
    pub(super) fn all(mpd: &'m Element, directory: &Path) -> Vec<Self> {
        let sets = mpd.all("Period").flat_map(|period| period.all("AdaptationSet"));
        let members = sets.flat_map(|set| set.all("Representation").map(move |element| (set, element)));
        members.map(|(set, element)| Self::read(set, element, directory)).collect()
    }

    fn read(set: &'m Element, element: &'m Element, directory: &Path) -> Self {
        let id = element.get("id").expect("an id");
        let template = element.child("SegmentTemplate").or_else(|| set.child("SegmentTemplate"));
        let base = element.child("SegmentBase");
        let addressing = template.or(base);
        let number = |name| addressing.and_then(|addressing| addressing.number(name));
        let offset = number("presentationTimeOffset").unwrap_or(0);
        let segments = match (template, base) {
            (Some(template), _) => of_template(template, id, directory),
            (_, Some(base)) => of_index(element, base, directory),
            _ => Vec::new(),
        };
        let presented = segments.into_iter().map(|segment| Segment { start: segment.start - offset, ..segment });
        Self { set, element, id, timescale: number("timescale").unwrap_or(1), segments: presented.collect() }
    }

    /// Returns an attribute of the representation, or of its adaptation set.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.element.get(name).or_else(|| self.set.get(name))
    }

    /// Returns whether it is for trick play, or otherwise only for players that know a scheme.
    pub(super) fn is_special(&self) -> bool {
        self.set.child("EssentialProperty").is_some()
    }
}

/// Lists the segments of a timeline, on the media timeline.
fn of_template(template: &Element, id: &str, directory: &Path) -> Vec<Segment> {
    let pattern = template.get("media").expect("a pattern").replace("$RepresentationID$", id);
    let mut number = template.number("startNumber").unwrap_or(1);
    let (mut segments, mut time) = (Vec::new(), 0);
    for entry in template.child("SegmentTimeline").expect("a timeline").all("S") {
        time = entry.number("t").unwrap_or(time);
        let duration = entry.number("d").expect("a duration");
        for _ in 0..=entry.number("r").unwrap_or(0) {
            let name = pattern.replace("$Number$", &number.to_string()).replace("$Time$", &time.to_string());
            segments.push(Segment { start: time, duration, file: directory.join(name), range: None });
            (time, number) = (time + duration, number + 1);
        }
    }
    segments
}

/// Lists the segments of a segment index, on the media timeline.
fn of_index(element: &Element, base: &Element, directory: &Path) -> Vec<Segment> {
    let file = directory.join(&element.child("BaseURL").expect("a file").text);
    let (start, last) = base.get("indexRange").and_then(|range| range.split_once('-')).expect("a range");
    let (start, end): (usize, usize) = (start.parse().unwrap(), last.parse::<usize>().unwrap() + 1);
    let index = SegmentIndex::parse(&fs::read(&file).expect("the file exists")[start..end]);
    let mut time = i64::try_from(index.earliest_presentation_time).unwrap();
    let mut at = end as u64 + index.first_offset;
    let segment = |reference: &crate::sidx::Reference| {
        let (duration, size) = (i64::from(reference.duration), u64::from(reference.size));
        let segment = Segment { start: time, duration, file: file.clone(), range: Some(at..at + size) };
        (time, at) = (time + duration, at + size);
        segment
    };
    index.references.iter().map(segment).collect()
}
