//! The URIs and byte ranges of segments, as the playlists in the folder of their representation state them.

use std::ops::Range;

use crate::cmaf::{INIT_SEGMENT, Layout, Representation, SINGLE_FILE, SizedRepresentation, segment_name, webvtt_name};

/// A resource of a playlist: a file, or a byte range of it.
pub(super) struct Resource {
    pub(super) uri: String,
    pub(super) range: Option<ByteRange>,
}

/// A byte range, as playlists state it.
pub(super) struct ByteRange {
    pub(super) length: u64,
    pub(super) start: u64,
}

/// Returns the init segment of a track.
pub(super) fn init(representation: &Representation, layout: Layout) -> Resource {
    match layout {
        Layout::Segments => Resource::file(INIT_SEGMENT.to_owned()),
        Layout::SingleFile => Resource::of_single_file(0, representation.index_range().start),
    }
}

/// Returns the segments of a track.
pub(super) fn segments<'t>(track: &'t SizedRepresentation<'_>, layout: Layout) -> impl Iterator<Item = Resource> + 't {
    let numbered = (1..).zip(track.byte_ranges().zip(track.sizes));
    numbered.map(move |(number, (Range { start, .. }, size))| match layout {
        Layout::Segments => Resource::file(segment_name(number)),
        Layout::SingleFile => Resource::of_single_file(start, size.bytes),
    })
}

/// Returns the first sample of each segment of a track, with the boxes before it.
pub(super) fn entry_points<'t>(
    track: &'t SizedRepresentation<'_>,
    layout: Layout,
) -> impl Iterator<Item = Resource> + 't {
    let numbered = (1..).zip(track.byte_ranges().zip(track.sizes));
    numbered.map(move |(number, (Range { start, .. }, size))| match layout {
        Layout::Segments => {
            Resource { uri: segment_name(number), range: Some(ByteRange { length: size.first_sample_end, start: 0 }) }
        }
        Layout::SingleFile => Resource::of_single_file(start, size.first_sample_end),
    })
}

/// Returns the segments of a text track as WebVTT text files.
pub(super) fn webvtt_files(representation: &Representation) -> impl Iterator<Item = Resource> {
    let numbers = representation.segments.iter().zip(1..).map(|(_, number)| number);
    numbers.map(|number| Resource::file(webvtt_name(number)))
}

impl Resource {
    fn file(uri: String) -> Self {
        Self { uri, range: None }
    }

    fn of_single_file(start: u64, length: u64) -> Self {
        Self { uri: SINGLE_FILE.to_owned(), range: Some(ByteRange { length, start }) }
    }
}
