//! Segment addressing (ISO/IEC 23009-1 5.3.9): `SegmentTemplate` with `SegmentTimeline` for segments that are files, or
//! `SegmentBase` with the segment index of a single file; both with `@presentationTimeOffset`.

use std::io;

use super::xml::{Xml, text_element};
use crate::cmaf::{INIT_SEGMENT, Representation, SegmentTime, segment_name};

/// The identifier that players replace by the id of a representation, which is the name of its folder.
pub(super) const REPRESENTATION_ID: &str = "$RepresentationID$";

/// Writes `SegmentTemplate` for the layout with one file per segment. `SegmentTimeline` states their times exactly, in the
/// timescale of the track. `folder` is that of the representation, or the identifier that players replace by its id.
pub(super) fn write_segment_template(xml: &mut Xml, representation: &Representation, folder: &str) -> io::Result<()> {
    let media = format!("{folder}/{}", segment_name("$Number$"));
    xml.create_element("SegmentTemplate")
        .with_attributes([
            ("timescale", representation.timescale.hz().to_string().as_str()),
            ("presentationTimeOffset", &representation.presentation_time_offset.to_string()),
            ("initialization", &format!("{folder}/{INIT_SEGMENT}")),
            ("media", &media),
            ("startNumber", "1"),
        ])
        .write_inner_content(|xml| {
            let timeline = xml.create_element("SegmentTimeline");
            timeline.write_inner_content(|xml| write_timeline(xml, &representation.segments)).map(drop)
        })
        .map(drop)
}

/// Writes an `S` element for each series of segments with the same duration.
fn write_timeline(xml: &mut Xml, segments: &[SegmentTime]) -> io::Result<()> {
    let mut rest = segments;
    let mut expected = None;
    while let Some((first, others)) = rest.split_first() {
        let repeats = others.iter().take_while(|segment| segment.duration == first.duration).count();
        let mut entry = xml.create_element("S");
        if expected != Some(first.start) {
            entry = entry.with_attribute(("t", first.start.to_string().as_str()));
        }
        entry = entry.with_attribute(("d", first.duration.to_string().as_str()));
        if repeats > 0 {
            entry = entry.with_attribute(("r", repeats.to_string().as_str()));
        }
        entry.write_empty()?;
        let (repeated, after) = others.split_at_checked(repeats).unwrap_or((others, &[]));
        expected = repeated.last().or(Some(first)).map(SegmentTime::end);
        rest = after;
    }
    Ok(())
}

/// Returns about the number of bytes of the timeline of a representation, and a few KiB for its other elements.
pub(super) fn timeline_bytes(representation: &Representation) -> usize {
    /// A line with `S`, its indentation and the name of one attribute.
    const LINE: usize = 23;
    const OTHER_ELEMENTS: usize = 8 * 1024;
    let segments = &representation.segments;
    let changes = segments.iter().zip(segments.iter().skip(1)).filter(|(a, b)| a.duration != b.duration).count();
    let digits = representation.longest_segment().to_string().len();
    let repeats = segments.len().saturating_sub(changes).min(changes).saturating_mul(" r=\"1000\"".len());
    let lines = changes.saturating_add(1).saturating_mul(digits.saturating_add(LINE)).saturating_add(repeats);
    lines.saturating_add(OTHER_ELEMENTS)
}

/// Writes the name of the file of the single-file layout, and the location of its segment index (ISO/IEC 23009-1 5.3.9.2).
pub(super) fn write_segment_base(xml: &mut Xml, representation: &Representation) -> io::Result<()> {
    write_base_url(xml, representation)?;
    write_index_location(xml, representation)
}

/// Writes the name of the single file.
pub(super) fn write_base_url(xml: &mut Xml, representation: &Representation) -> io::Result<()> {
    text_element(xml, "BaseURL", &representation.id.single_file_path())
}

/// Writes `SegmentBase`: the location of the segment index of the single file.
pub(super) fn write_index_location(xml: &mut Xml, representation: &Representation) -> io::Result<()> {
    let index = representation.index_range();
    // Ranges of bytes are inclusive. An init segment and an index are never empty.
    let range = |start: u64, end: u64| format!("{start}-{}", end.saturating_sub(1));
    xml.create_element("SegmentBase")
        .with_attributes([
            ("timescale", representation.timescale.hz().to_string().as_str()),
            ("presentationTimeOffset", &representation.presentation_time_offset.to_string()),
            ("indexRange", &range(index.start, index.end)),
            ("indexRangeExact", "true"),
        ])
        .write_inner_content(|xml| {
            let range = range(0, index.start);
            xml.create_element("Initialization").with_attribute(("range", range.as_str())).write_empty().map(drop)
        })
        .map(drop)
}
