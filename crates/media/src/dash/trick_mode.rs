//! Trick mode (DASH-IF IOP 4.3, 3.2.9): an adaptation set from which players show a video fast.
//!
//! The set names segments that the package has already, so it costs no storage: those of the member with the lowest bit rate,
//! because a player downloads them at a multiple of that rate. Each segment starts with a key frame, and a player that shows only
//! key frames decodes the first sample of each.
//!
//! # Why whole segments
//!
//! A byte range could end after the key frame, as those of HLS I-frame playlists do. It would hold a fragment that lists more
//! samples than it has, which is not a media segment (ISO/IEC 23009-1 6.3.4.2). Of the players that were tried, Shaka Player 5
//! repairs such a fragment if it is clear, and fails with `CHUNK_DEMUXER_ERROR_APPEND_FAILED` if it is encrypted; ffmpeg does not
//! open the MPD. All of them play whole segments.
//!
//! # What is stated
//!
//! The guidelines recommend trick modes of a lower frame rate, with `@maxPlayoutRate` and `@codingDependency`. Both describe all
//! frames of the element that has them: the first is the rate that the codec level allows (ISO/IEC 23009-1 A.9), and the second is
//! `false` if no frame depends on another. Of whole segments that holds for neither, so the set and its representation do not have
//! these attributes. The key frames are a part of the representation with a lower frame rate, and `SubRepresentation` (5.3.6)
//! describes them: no frame depends on another, and at N times the rate of the video they are at most as many frames per second as
//! the video has. It has no `@level`, because the first sample of each segment is the key frame: nothing else has to locate it.
//!
//! # Why always
//!
//! Packagers that write a second copy of the key frames do so on request, because the copy takes time and storage. This set takes
//! neither, so there is no option. The property is essential: by the standard, a player that does not know it ignores the set, as
//! dash.js does, and a player that does never selects the set for normal playback. `mpd-parser` and ffmpeg do not read essential
//! properties, and list the set as one more rendition of the video. It plays as the rendition that it refers to. The set is the
//! last, so it changes no id of another set.

use std::io;

use super::adaptation_set::{Member, alignment_attributes};
use super::content_protection::write_content_protection;
use super::options::MpdOptions;
use super::representation::create_element;
use super::segment_addressing::{write_base_url, write_index_location, write_segment_template};
use super::video::write_colours;
use super::xml::{Xml, descriptor};
use crate::cmaf::{FrameRate, Layout, Representation};
use crate::time::Timescale;
use crate::track::TrackKind;

/// The scheme of the descriptor whose value is the id of the adaptation set that the trick-mode set belongs to.
const TRICK_MODE: &str = "http://dashif.org/guidelines/trickmode";

/// Returns the member of a video adaptation set whose segments are those of its trick-mode set: the one with the lowest bit rate.
/// `None` if it has one segment, or one that does not start with a key frame after which all frames can be decoded; and for sets
/// of other media.
pub(super) fn trick_mode_member<'p>(members: &[Member<'p>]) -> Option<Member<'p>> {
    let videos = members.iter().filter(|member| member.representation.kind == TrackKind::Video);
    let lowest = videos.min_by_key(|member| member.bandwidth)?;
    let representation = lowest.representation;
    (representation.segments.len() > 1 && representation.has_independent_segments()).then_some(*lowest)
}

/// Writes the trick-mode set with `id` of the video adaptation set with id `main`, over the segments of a member.
pub(super) fn write_trick_mode_set(
    xml: &mut Xml,
    id: usize,
    main: usize,
    Member { representation, bandwidth }: Member<'_>,
    layout: Layout,
    options: &MpdOptions,
) -> io::Result<()> {
    let (alignment, starts_with_sap) = alignment_attributes(layout);
    let mut attributes = vec![
        ("id", id.to_string()),
        ("contentType", "video".to_owned()),
        ("mimeType", "video/mp4".to_owned()),
        (alignment, "true".to_owned()),
    ];
    attributes.extend(representation.starts_with_sap().map(|sap| (starts_with_sap, sap.number().to_string())));
    let attributes = attributes.iter().map(|(name, value)| (*name, value.as_str()));
    let set = xml.create_element("AdaptationSet").with_attributes(attributes);
    let content = |xml: &mut Xml| {
        if let Some(encryption) = &representation.encryption {
            write_content_protection(xml, encryption, options)?;
        }
        descriptor(xml, "EssentialProperty", TRICK_MODE, &main.to_string())?;
        if let Some(video) = &representation.video {
            write_colours(xml, video)?;
        }
        let id = format!("{}-trick", representation.id);
        create_element(xml, &id, representation, bandwidth)
            .write_inner_content(|xml| write_segments(xml, representation, layout))
            .map(drop)
    };
    set.write_inner_content(content).map(drop)
}

/// Describes the key frames, and writes the addresses of the segments. The order is that of the schema.
fn write_segments(xml: &mut Xml, representation: &Representation, layout: Layout) -> io::Result<()> {
    match layout {
        Layout::SingleFile => {
            write_base_url(xml, representation)?;
            write_key_frames(xml, representation)?;
            write_index_location(xml, representation)
        }
        Layout::Segments => {
            write_key_frames(xml, representation)?;
            write_segment_template(xml, representation, &representation.id.to_string())
        }
    }
}

/// Writes the `SubRepresentation` of the key frames.
fn write_key_frames(xml: &mut Xml, representation: &Representation) -> io::Result<()> {
    let rate = max_playout_rate(representation).map(|rate| rate.to_string());
    let element = xml.create_element("SubRepresentation").with_attribute(("codingDependency", "false"));
    let rate = rate.iter().map(|rate| ("maxPlayoutRate", rate.as_str()));
    element.with_attributes(rate).write_empty().map(drop)
}

/// Returns `@maxPlayoutRate` (ISO/IEC 23009-1 5.3.7.2) of the key frames: the number of frames of the shortest segment but the
/// last. At that rate, a player decodes as many frames per second as in normal playback. `None` if the frame
/// rate is not constant, or there is only the last segment.
fn max_playout_rate(representation: &Representation) -> Option<u64> {
    let durations: Vec<u64> = representation.segments.iter().map(|segment| segment.duration).collect();
    frames_of_shortest(&durations, representation.frame_rate?, representation.timescale)
}

/// Returns the number of frames of the shortest segment but the last, if it has several. Durations are in units of the timescale.
fn frames_of_shortest(segments: &[u64], rate: FrameRate, timescale: Timescale) -> Option<u64> {
    let (_last, segments) = segments.split_last()?;
    let shortest = *segments.iter().min()?;
    Some(rate.frames_in(shortest, timescale)).filter(|frames| *frames > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_the_number_of_frames_of_the_shortest_segment_but_the_last() {
        let at = |hz: u32, (frames, seconds), segments: &[u64]| {
            frames_of_shortest(segments, FrameRate::new(frames, seconds).unwrap(), Timescale::new(hz).unwrap())
        };
        assert_eq!(at(12_800, (25, 1), &[25_600, 12_800, 25_600, 512]), Some(25));
        assert_eq!(at(30_000, (30_000, 1001), &[60_060, 60_060]), Some(60));
        assert_eq!(at(600, (30_000, 1001), &[1201, 1201]), Some(59), "a duration of 20.02 units is not a whole number");
        assert_eq!(at(12_800, (25, 1), &[25_600]), None);
        assert_eq!(at(12_800, (25, 1), &[512, 512, 512]), None, "every frame is a key frame");
    }
}
