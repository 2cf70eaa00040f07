//! The media presentation description.
//!
//! It has one period, one adaptation set for each switching set, and a representation for each track. A set for trick mode
//! belongs to each video set. Segments that are files are addressed by number; `SegmentTimeline` states their times. The segments
//! of a single file are addressed by its segment index. The order of elements is that of the schema (DASH-MPD.xsd).
//!
//! Video and audio define `@mediaPresentationDuration` and `@minBufferTime`. Text has no part in them: players fetch it ahead of
//! time, and a cue after the end of the media is not presented.

use std::collections::BTreeMap;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, Event};

use super::adaptation_set::{Member, write_sidecar, write_switching_set};
use super::bandwidth::bandwidth;
use super::options::MpdOptions;
use super::segment_addressing::timeline_bytes;
use super::trick_mode::{trick_mode_member, write_trick_mode_set};
use super::xml::Xml;
use crate::Result;
use crate::cmaf::{Layout, Presentation, Representation, SegmentSizes, SegmentTime, SizedRepresentation};
use crate::number::Checked;
use crate::track::TrackKind;

/// Path of the manifest in the package.
pub const MANIFEST: &str = "stream.mpd";

/// Segments that are files (ISO/IEC 23009-1 8.4), also of a static presentation.
///
/// No profile for CMAF is claimed: it applies to every track, and not every track meets CMAF. Nor does the list of profiles of
/// DASH-IF's conformance tool have one.
const LIVE: &str = "urn:mpeg:dash:profile:isoff-live:2011";
/// Files with an index of their segments (ISO/IEC 23009-1 8.3).
const ON_DEMAND: &str = "urn:mpeg:dash:profile:isoff-on-demand:2011";

/// Writes the manifest.
///
/// # Errors
/// [`Error::BadPlan`](crate::Error::BadPlan) if the size of a segment is unknown,
/// [`Error::OutOfRange`](crate::Error::OutOfRange) if a duration or a bandwidth does not fit.
pub fn mpd(presentation: &Presentation, sizes: &SegmentSizes, options: &MpdOptions) -> Result<String> {
    let mut buffer_ms = 0;
    for representation in presentation.media() {
        buffer_ms = buffer_ms.max(longest_segment_ms(representation)?);
    }
    let mut members = Vec::new();
    for SizedRepresentation { representation, sizes } in sizes.of(presentation)? {
        let bandwidth = bandwidth(&representation.segments, sizes, representation.timescale, buffer_ms)?;
        members.push(Member { representation, bandwidth });
    }
    Ok(Document { presentation, members, options, buffer_ms }.to_xml())
}

struct Document<'p> {
    presentation: &'p Presentation,
    members: Vec<Member<'p>>,
    options: &'p MpdOptions,
    /// `minBufferTime`: the longest segment of video or audio, in milliseconds.
    buffer_ms: u64,
}

impl Document<'_> {
    fn to_xml(&self) -> String {
        let mut xml = Writer::new_with_indent(Vec::with_capacity(self.capacity()), b' ', 2);
        #[expect(clippy::expect_used, reason = "writing to a Vec<u8> does not fail")]
        self.write(&mut xml).expect("writing to memory");
        let text = String::from_utf8(xml.into_inner());
        let mut text = text.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        text.push('\n');
        text
    }

    /// Returns the room to reserve, so that a buffer with a long timeline is not copied when it grows.
    fn capacity(&self) -> usize {
        if self.presentation.layout == Layout::SingleFile {
            return 0;
        }
        let timelines = self.members.iter().map(|Member { representation, .. }| {
            // The trick-mode set has the timeline of a video too.
            let times = if representation.kind == TrackKind::Video { 2 } else { 1 };
            timeline_bytes(representation).saturating_mul(times)
        });
        timelines.fold(0, usize::saturating_add)
    }

    fn write(&self, xml: &mut Xml) -> io::Result<()> {
        let end = self.presentation.main_media().map(end_nanos).max().unwrap_or(0);
        // A 64-bit number of milliseconds has at most 84 bits in nanoseconds.
        let buffer = u128::from(self.buffer_ms).saturating_mul(1_000_000);
        let profiles = match self.presentation.layout {
            Layout::SingleFile => ON_DEMAND,
            Layout::Segments => LIVE,
        };
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        xml.create_element("MPD")
            .with_attributes([
                ("xmlns", "urn:mpeg:dash:schema:mpd:2011"),
                ("xmlns:cenc", "urn:mpeg:cenc:2013"),
                ("xmlns:dashif", "https://dashif.org/"),
                ("xmlns:clearkey", "http://dashif.org/guidelines/clearKey"),
                ("xmlns:mspr", "urn:microsoft:playready"),
                ("xmlns:scte214", "urn:scte:dash:scte214-extensions"),
                ("profiles", profiles),
                ("type", "static"),
                ("mediaPresentationDuration", &iso_duration(end)),
                ("minBufferTime", &iso_duration(buffer)),
            ])
            .write_inner_content(|xml| {
                let period = xml.create_element("Period").with_attributes([("id", "0"), ("start", "PT0S")]);
                period.write_inner_content(|xml| self.write_adaptation_sets(xml)).map(drop)
            })
            .map(drop)
    }

    /// Writes the switching sets, which have the first ids, then the subtitle files, and then the trick-mode sets.
    fn write_adaptation_sets(&self, xml: &mut Xml) -> io::Result<()> {
        let mut sets: BTreeMap<u16, Vec<Member<'_>>> = BTreeMap::new();
        for member in &self.members {
            sets.entry(member.representation.switching_set).or_default().push(*member);
        }
        for (set, members) in &sets {
            write_switching_set(xml, usize::from(*set), members, self.presentation, self.options)?;
        }
        let mut ids = sets.len()..;
        for (sidecar, id) in self.presentation.sidecars.iter().zip(&mut ids) {
            write_sidecar(xml, id, sidecar, self.buffer_ms)?;
        }
        let layout = self.presentation.layout;
        let tricks = sets.iter().filter_map(|(set, members)| Some((set, trick_mode_member(members)?)));
        for ((set, member), id) in tricks.zip(&mut ids) {
            write_trick_mode_set(xml, id, usize::from(*set), member, layout, self.options)?;
        }
        Ok(())
    }
}

/// Returns the presentation time at which the last segment of a representation ends, in nanoseconds.
fn end_nanos(representation: &Representation) -> u128 {
    let end = representation.segments.last().map_or(0, SegmentTime::end);
    // Zero for a track that ends before the presentation starts.
    let end = end.saturating_sub(representation.presentation_time_offset);
    let hz = u128::from(representation.timescale.hz());
    // A 64-bit time has at most 94 bits in nanoseconds.
    u128::from(end).saturating_mul(1_000_000_000).saturating_add(hz / 2).checked_div(hz).unwrap_or(0)
}

fn longest_segment_ms(representation: &Representation) -> Result<u64> {
    // A 64-bit time has at most 74 bits in milliseconds.
    let ms = u128::from(representation.longest_segment()).saturating_mul(1000);
    let ms = ms.div_ceil(u128::from(representation.timescale.hz()));
    u64::try_from(ms).or_out_of_range("The duration of a segment")
}

/// Formats an `xs:duration` in seconds, to the nanosecond.
fn iso_duration(nanos: u128) -> String {
    let (seconds, fraction) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    if fraction == 0 {
        return format!("PT{seconds}S");
    }
    let digits = format!("{fraction:09}");
    format!("PT{seconds}.{}S", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_exact_and_short() {
        assert_eq!(iso_duration(30_000_000_000), "PT30S");
        assert_eq!(iso_duration(5_005_000_000), "PT5.005S");
        assert_eq!(iso_duration(1), "PT0.000000001S");
    }
}
