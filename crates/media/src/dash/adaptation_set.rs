//! `AdaptationSet` (ISO/IEC 23009-1 5.3.3): the representations of one switching set, or a subtitle file.

use std::collections::BTreeSet;
use std::io;

use super::content_protection::write_content_protection;
use super::options::MpdOptions;
use super::representation::{Addressing, write_representation};
use super::segment_addressing::{REPRESENTATION_ID, write_segment_template};
use super::selection::write_selection;
use super::video::{range_attributes, write_colours};
use super::xml::{Xml, text_element};
use crate::cmaf::{Layout, Presentation, Representation, SapType, SegmentTime, Sidecar};
use crate::manifest::SelectionMetadata;
use crate::track::TrackKind;

/// A representation and its `@bandwidth`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member<'p> {
    pub(super) representation: &'p Representation,
    pub(super) bandwidth: u64,
}

/// Writes the adaptation set with `id` of a switching set.
pub(super) fn write_switching_set(
    xml: &mut Xml,
    id: usize,
    members: &[Member<'_>],
    presentation: &Presentation,
    options: &MpdOptions,
) -> io::Result<()> {
    let Some(Member { representation: first, .. }) = members.first() else { return Ok(()) };
    let (content_type, mime_type) = match first.kind {
        TrackKind::Video => ("video", "video/mp4"),
        TrackKind::Audio => ("audio", "audio/mp4"),
        TrackKind::Text => ("text", "application/mp4"),
    };
    let (alignment, starts_with_sap) = alignment_attributes(presentation.layout);
    let mut set = xml.create_element("AdaptationSet").with_attributes([
        ("id", id.to_string().as_str()),
        ("contentType", content_type),
        ("mimeType", mime_type),
    ]);
    if is_aligned(members) {
        set = set.with_attribute((alignment, "true"));
    }
    if let Some(sap_type) = sap_type_of_all(members) {
        set = set.with_attribute((starts_with_sap, sap_type.number().to_string().as_str()));
    }
    let videos = members.iter().map(|member| member.representation).filter(|member| member.video.is_some());
    for (name, value) in range_attributes(&videos.collect::<Vec<_>>()) {
        set = set.with_attribute((name, value.as_str()));
    }
    if let Some(language) = &first.language {
        set = set.with_attribute(("lang", language.as_str()));
    }
    let content = |xml: &mut Xml| {
        if let Some(encryption) = &first.encryption {
            write_content_protection(xml, encryption, options)?;
        }
        let colour = |representation: &Representation| representation.video.as_ref().map(|video| video.colour);
        let has_one_colour = members.iter().all(|member| colour(member.representation) == colour(first));
        if let Some(video) = first.video.as_ref().filter(|_| has_one_colour) {
            write_colours(xml, video)?;
        }
        let videos = members.iter().filter_map(|member| member.representation.video.as_ref());
        let captions = videos.flat_map(|video| video.captions.iter().copied()).collect();
        write_selection(xml, &SelectionMetadata::of_track(presentation, first), &captions)?;
        let has_shared_times = members.iter().all(|member| has_same_times(member.representation, first));
        let addressing = Addressing::of(presentation.layout, has_shared_times);
        if addressing == Addressing::SharedTemplate {
            write_segment_template(xml, first, REPRESENTATION_ID)?;
        }
        members.iter().try_for_each(|Member { representation, bandwidth }| {
            write_representation(xml, representation, *bandwidth, addressing)
        })
    };
    set.write_inner_content(content).map(drop)
}

/// Writes the adaptation set with `id` of a subtitle file. The times of the file are those of the period.
pub(super) fn write_sidecar(xml: &mut Xml, id: usize, sidecar: &Sidecar, buffer_ms: u64) -> io::Result<()> {
    let metadata = SelectionMetadata::of_sidecar(sidecar);
    let id = id.to_string();
    let mut set = xml.create_element("AdaptationSet").with_attributes([
        ("id", id.as_str()),
        ("contentType", "text"),
        ("mimeType", "text/vtt"),
    ]);
    if let Some(language) = metadata.language {
        set = set.with_attribute(("lang", language));
    }
    // The file is read within the shortest buffer. A product of a length and 8000 fits 128 bits.
    let bits_times_thousand = u128::from(sidecar.bytes).saturating_mul(8000);
    let bandwidth = bits_times_thousand.div_ceil(u128::from(buffer_ms).max(1)).max(1).to_string();
    set.write_inner_content(|xml| {
        write_selection(xml, &metadata, &BTreeSet::new())?;
        let attributes = [("id", sidecar.id.to_string()), ("bandwidth", bandwidth)];
        let attributes = attributes.iter().map(|(name, value)| (*name, value.as_str()));
        let representation = xml.create_element("Representation").with_attributes(attributes);
        representation.write_inner_content(|xml| text_element(xml, "BaseURL", &sidecar.path())).map(drop)
    })
    .map(drop)
}

/// Returns the names of the attributes that state the alignment, and the stream access points, of segments. A single file is one
/// segment, and its index lists subsegments.
pub(super) fn alignment_attributes(layout: Layout) -> (&'static str, &'static str) {
    match layout {
        Layout::SingleFile => ("subsegmentAlignment", "subsegmentStartsWithSAP"),
        Layout::Segments => ("segmentAlignment", "startWithSAP"),
    }
}

/// Returns whether segments of one number never overlap those of another number in any two representations (ISO/IEC 23009-1
/// 5.3.3.2): each starts when it does in the first representation, to within a unit of the coarser timescale. A representation
/// that ends earlier has fewer segments.
fn is_aligned(members: &[Member<'_>]) -> bool {
    let Some((first, others)) = members.split_first() else { return false };
    let start = |member: &Member<'_>, segment: &SegmentTime| member.representation.presentation_time(segment.start);
    others.iter().all(|other| {
        let mut pairs = first.representation.segments.iter().zip(&other.representation.segments);
        pairs.all(|(a, b)| start(first, a).is_within_a_unit_of(start(other, b)))
    })
}

/// Returns the type of stream access point that every segment of every representation starts with.
fn sap_type_of_all(members: &[Member<'_>]) -> Option<SapType> {
    let types = members.iter().map(|member| member.representation.starts_with_sap());
    types.reduce(|a, b| a.zip(b).map(|(a, b)| a.max(b)))?
}

/// Returns whether the segments of both have the same times, so that one template describes both.
fn has_same_times(a: &Representation, b: &Representation) -> bool {
    let header = |representation: &Representation| {
        (representation.timescale, representation.presentation_time_offset, representation.segments.len())
    };
    let times = |segment: &SegmentTime| (segment.start, segment.duration);
    header(a) == header(b) && a.segments.iter().map(times).eq(b.segments.iter().map(times))
}
