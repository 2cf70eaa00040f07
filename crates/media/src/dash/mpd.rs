//! The media presentation description.
//!
//! One period; one adaptation set per content, with a representation for each of its tracks. Segments that are files are addressed
//! by number, their times written out by `SegmentTimeline` in exact integers of the track's own timescale; those of a single file
//! by its segment index. Elements stand in the order of the schema (DASH-MPD.xsd), which is not the
//! order in which one would tell the story.

use std::collections::BTreeSet;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::bandwidth::bandwidth;
use super::choice::labels;
use super::picture::colours;
use super::sound::sound;
use crate::Result;
use crate::cenc::{Drm, SystemId, TrackEncryption};
use crate::cmaf::{Layout, Presentation, Representation, SapType, SegmentSize, SegmentSizes, SegmentTime, Sidecar};
use crate::time::reduce;
use crate::track::TrackKind;

/// Segments of a static presentation, and CMAF tracks (DASH-IF, "DASH profiles").
const LIVE: &str = "urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019";
/// Files with an index of their segments (ISO/IEC 23009-1 8.3), and CMAF tracks.
const ON_DEMAND: &str = "urn:mpeg:dash:profile:isoff-on-demand:2011,urn:mpeg:dash:profile:cmaf:2019";
const MP4_PROTECTION: &str = "urn:mpeg:dash:mp4protection:2011";

/// What a manifest may say beside what the presentation holds.
#[derive(Debug, Clone, Default)]
pub struct MpdOptions {
    /// Where a `ClearKey` licence is asked for.
    pub licence_url: Option<String>,
    /// The DRM systems to name beside it.
    pub drm: Drm,
}

/// Writes the manifest.
///
/// # Errors
/// [`Error::BadPlan`](crate::Error::BadPlan) when the size of a segment is not known.
#[expect(clippy::missing_panics_doc, reason = "it cannot: memory takes every write")]
pub fn mpd(presentation: &Presentation, sizes: &SegmentSizes, options: &MpdOptions) -> Result<String> {
    let sizes = sizes.known(presentation)?;
    let buffer_ms = presentation.representations.iter().map(longest_segment_ms).max().unwrap_or(0);
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    let document = Document { presentation, sizes, options, buffer_ms };
    #[expect(clippy::expect_used, reason = "a Vec<u8> takes every write")]
    document.write(&mut xml).expect("writing to memory");
    let mut text = String::from_utf8_lossy(&xml.into_inner()).into_owned();
    text.push('\n');
    Ok(text)
}

pub(super) type Xml = Writer<Vec<u8>>;

struct Document<'p> {
    presentation: &'p Presentation,
    sizes: &'p [Vec<SegmentSize>],
    options: &'p MpdOptions,
    buffer_ms: u64,
}

impl Document<'_> {
    fn write(&self, xml: &mut Xml) -> io::Result<()> {
        let end = self.presentation.representations.iter().filter_map(end_nanos).max().unwrap_or(0);
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        xml.create_element("MPD")
            .with_attributes([
                ("xmlns", "urn:mpeg:dash:schema:mpd:2011"),
                ("xmlns:cenc", "urn:mpeg:cenc:2013"),
                ("xmlns:dashif", "https://dashif.org/"),
                ("xmlns:clearkey", "http://dashif.org/guidelines/clearKey"),
                ("xmlns:mspr", "urn:microsoft:playready"),
                ("profiles", if self.is_single_file() { ON_DEMAND } else { LIVE }),
                ("type", "static"),
                ("mediaPresentationDuration", &iso_duration(end)),
                ("minBufferTime", &iso_duration(u128::from(self.buffer_ms).saturating_mul(1_000_000))),
            ])
            .write_inner_content(|xml| {
                xml.create_element("Period").with_attributes([("id", "0"), ("start", "PT0S")]).write_inner_content(
                    |xml| {
                        let all = || self.presentation.representations.iter().zip(self.sizes);
                        let sets: BTreeSet<u16> = all().map(|(own, _)| own.set).collect();
                        sets.iter().try_for_each(|id| {
                            let members: Vec<Member<'_>> = all().filter(|(own, _)| own.set == *id).collect();
                            self.adaptation_set(xml, *id, &members)
                        })?;
                        let ids = sets.len()..;
                        ids.zip(&self.presentation.sidecars).try_for_each(|(id, own)| self.sidecar(xml, id, own))
                    },
                )?;
                Ok(())
            })?;
        Ok(())
    }

    /// The adaptation set of a file: its times are those of the period.
    fn sidecar(&self, xml: &mut Xml, id: usize, own: &Sidecar) -> io::Result<()> {
        let choice = own.choice();
        let id = id.to_string();
        let mut set = xml.create_element("AdaptationSet").with_attributes([
            ("id", id.as_str()),
            ("contentType", "text"),
            ("mimeType", "text/vtt"),
        ]);
        if let Some(language) = choice.language {
            set = set.with_attribute(("lang", language));
        }
        // All of it within the shortest buffer.
        let bits = u128::from(own.bytes).saturating_mul(8000);
        let bandwidth = bits.div_ceil(u128::from(self.buffer_ms).max(1)).max(1).to_string();
        set.write_inner_content(|xml| {
            labels(xml, choice)?;
            let attributes = [("id", own.name.as_str()), ("bandwidth", bandwidth.as_str())];
            xml.create_element("Representation").with_attributes(attributes).write_inner_content(|xml| {
                xml.create_element("BaseURL").write_text_content(BytesText::new(&own.path())).map(drop)
            })?;
            Ok(())
        })?;
        Ok(())
    }

    fn is_single_file(&self) -> bool {
        self.presentation.layout == Layout::SingleFile
    }

    fn adaptation_set(&self, xml: &mut Xml, id: u16, members: &[Member<'_>]) -> io::Result<()> {
        let Some((own, _)) = members.first() else { return Ok(()) };
        let (content_type, mime_type) = match own.kind {
            TrackKind::Video => ("video", "video/mp4"),
            TrackKind::Audio => ("audio", "audio/mp4"),
            TrackKind::Text => ("text", "application/mp4"),
        };
        // What an index lists are subsegments of the one segment that the file is.
        let (aligned, starts_with_sap) = if self.is_single_file() {
            ("subsegmentAlignment", "subsegmentStartsWithSAP")
        } else {
            ("segmentAlignment", "startWithSAP")
        };
        let mut set = xml.create_element("AdaptationSet").with_attributes([
            ("id", id.to_string().as_str()),
            ("contentType", content_type),
            ("mimeType", mime_type),
        ]);
        if is_aligned(members) {
            set = set.with_attribute((aligned, "true"));
        }
        if let Some(sap_type) = entered_by(members) {
            set = set.with_attribute((starts_with_sap, sap_type.number().to_string().as_str()));
        }
        if let Some(language) = &own.language {
            set = set.with_attribute(("lang", language.as_str()));
        }
        set.write_inner_content(|xml| {
            if let Some(encryption) = &own.encryption {
                content_protection(xml, encryption, self.options)?;
            }
            let colour = |own: &Representation| own.video.as_ref().map(|video| video.colour);
            if let Some(video) =
                own.video.as_ref().filter(|_| members.iter().all(|(other, _)| colour(other) == colour(own)))
            {
                colours(xml, video)?;
            }
            labels(xml, self.presentation.choice(own))?;
            let is_shared = members.iter().all(|(other, _)| has_times_of(other, own));
            if is_shared && !self.is_single_file() {
                segment_template(xml, own)?;
            }
            members.iter().try_for_each(|(own, sizes)| {
                let bandwidth = bandwidth(&own.segments, sizes, own.timescale, self.buffer_ms);
                self.representation(xml, own, bandwidth, is_shared)
            })
        })?;
        Ok(())
    }

    /// Writes a representation: where its file is, or a template of its own where those of its set do not share one.
    fn representation(&self, xml: &mut Xml, own: &Representation, bandwidth: u64, is_shared: bool) -> io::Result<()> {
        let mut attributes =
            vec![("id", own.name.clone()), ("codecs", own.codecs.clone()), ("bandwidth", bandwidth.to_string())];
        if let Some(video) = &own.video {
            attributes.push(("width", video.width.to_string()));
            attributes.push(("height", video.height.to_string()));
            let (h, v) = video.sample_aspect_ratio.unwrap_or((1, 1));
            let (h, v) = reduce(h, v);
            attributes.push(("sar", format!("{h}:{v}")));
            if let Some(rate) = own.sample_duration.map(|duration| frame_rate(own.timescale.hz(), duration)) {
                attributes.push(("frameRate", rate));
            }
        }
        if let Some(audio) = &own.audio {
            attributes.push(("audioSamplingRate", audio.sample_rate.to_string()));
        }
        let element = attributes.iter().fold(xml.create_element("Representation"), |element, (name, value)| {
            element.with_attribute((*name, value.as_str()))
        });
        if own.audio.is_none() && is_shared && !self.is_single_file() {
            return element.write_empty().map(drop);
        }
        element.write_inner_content(|xml| {
            own.audio.as_ref().map_or(Ok(()), |audio| sound(xml, audio))?;
            match self.presentation.layout {
                Layout::SingleFile => segment_base(xml, own),
                Layout::Segments if is_shared => Ok(()),
                Layout::Segments => segment_template(xml, own),
            }
        })?;
        Ok(())
    }
}

/// A representation of a set, and the sizes of its segments.
type Member<'p> = (&'p Representation, &'p Vec<SegmentSize>);

/// Whether segments of one number never overlap those of another in any two representations (ISO/IEC 23009-1 5.3.3.2): each
/// begins where it does in the first, to within a unit of the coarser timescale. One that ends earlier has fewer.
fn is_aligned(members: &[Member<'_>]) -> bool {
    let begins = |own: &Representation, segment: &SegmentTime| {
        let units = i128::from(segment.start).saturating_sub(i128::from(own.presentation_time_offset));
        own.timescale.at(i64::try_from(units).unwrap_or(i64::MAX))
    };
    let Some(((first, _), others)) = members.split_first() else { return false };
    others.iter().all(|(other, _)| {
        let pairs = first.segments.iter().zip(&other.segments);
        pairs.into_iter().all(|(a, b)| begins(first, a).is_within_a_unit_of(begins(other, b)))
    })
}

/// What every segment of every representation starts with.
fn entered_by(members: &[Member<'_>]) -> Option<SapType> {
    members.iter().map(|(own, _)| own.starts_with()).reduce(|a, b| a.zip(b).map(|(a, b)| a.max(b)))?
}

/// Whether the segments of both have the same times, so that one template holds for both.
fn has_times_of(own: &Representation, other: &Representation) -> bool {
    let header = |own: &Representation| (own.timescale, own.presentation_time_offset, own.segments.len());
    let times = |own: &SegmentTime| (own.start, own.duration);
    header(own) == header(other) && own.segments.iter().map(times).eq(other.segments.iter().map(times))
}

/// The scheme first, then what each key system needs (DASH-IF IOP part 6). `ClearKey` needs no more than the key id, which the
/// scheme's descriptor has: given a `pssh` as well, dash.js hands it to browsers as if it were the key id, which they refuse.
fn content_protection(xml: &mut Xml, encryption: &TrackEncryption, options: &MpdOptions) -> io::Result<()> {
    xml.create_element("ContentProtection")
        .with_attributes([
            ("schemeIdUri", MP4_PROTECTION),
            ("value", encryption.scheme().name()),
            ("cenc:default_KID", &encryption.kid.to_string()),
        ])
        .write_empty()?;
    xml.create_element("ContentProtection")
        .with_attributes([("schemeIdUri", urn(SystemId::CLEAR_KEY).as_str()), ("value", "ClearKey1.0")])
        .write_inner_content(|xml| {
            if let Some(url) = &options.licence_url {
                // The present spelling and the one before it: each is read by players that do not know the other.
                xml.create_element("dashif:laurl").write_text_content(BytesText::new(url))?;
                let before = xml.create_element("clearkey:Laurl").with_attribute(("Lic_type", "EME-1.0"));
                before.write_text_content(BytesText::new(url))?;
            }
            Ok(())
        })?;
    if let Some(pssh) = &options.drm.widevine {
        drm(xml, SystemId::WIDEVINE, "Widevine", &[("cenc:pssh", pssh.base64())])?;
    }
    if let Some(pssh) = &options.drm.playready {
        drm(xml, SystemId::PLAYREADY, "MSPR 2.0", &[("cenc:pssh", pssh.base64()), ("mspr:pro", pssh.data_base64())])?;
    }
    Ok(())
}

fn urn(system: SystemId) -> String {
    format!("urn:uuid:{system}")
}

/// Writes the descriptor of a DRM system, with its initialisation data.
fn drm(xml: &mut Xml, system: SystemId, name: &str, data: &[(&str, String)]) -> io::Result<()> {
    let element = xml.create_element("ContentProtection");
    let element = element.with_attributes([("schemeIdUri", urn(system).as_str()), ("value", name)]);
    element.write_inner_content(|xml| {
        for (name, text) in data {
            xml.create_element(*name).write_text_content(BytesText::new(text))?;
        }
        Ok(())
    })?;
    Ok(())
}

fn segment_template(xml: &mut Xml, own: &Representation) -> io::Result<()> {
    xml.create_element("SegmentTemplate")
        .with_attributes([
            ("timescale", own.timescale.hz().to_string().as_str()),
            ("presentationTimeOffset", &own.presentation_time_offset.to_string()),
            ("initialization", "$RepresentationID$/init.mp4"),
            ("media", "$RepresentationID$/$Number$.m4s"),
            ("startNumber", "1"),
        ])
        .write_inner_content(|xml| {
            xml.create_element("SegmentTimeline").write_inner_content(|xml| {
                let mut rest = own.segments.as_slice();
                let mut expected = None;
                while let Some((first, _)) = rest.split_first() {
                    let run = rest.iter().take_while(|segment| segment.duration == first.duration).count();
                    let mut entry = xml.create_element("S");
                    if expected != Some(first.start) {
                        entry = entry.with_attribute(("t", first.start.to_string().as_str()));
                    }
                    entry = entry.with_attribute(("d", first.duration.to_string().as_str()));
                    if run > 1 {
                        entry = entry.with_attribute(("r", run.saturating_sub(1).to_string().as_str()));
                    }
                    entry.write_empty()?;
                    let (done, behind) = rest.split_at_checked(run).unwrap_or((rest, &[]));
                    expected = done.last().map(SegmentTime::end);
                    rest = behind;
                }
                Ok(())
            })?;
            Ok(())
        })?;
    Ok(())
}

/// The file of a representation, and where in it players find the index (ISO/IEC 23009-1 5.3.9.2).
fn segment_base(xml: &mut Xml, own: &Representation) -> io::Result<()> {
    let index = own.index_range();
    let range = |start: u64, end: u64| format!("{start}-{}", end.saturating_sub(1));
    xml.create_element("BaseURL").write_text_content(BytesText::new(&own.file_path()))?;
    xml.create_element("SegmentBase")
        .with_attributes([
            ("timescale", own.timescale.hz().to_string().as_str()),
            ("presentationTimeOffset", &own.presentation_time_offset.to_string()),
            ("indexRange", &range(index.start, index.end)),
            ("indexRangeExact", "true"),
        ])
        .write_inner_content(|xml| {
            let range = range(0, index.start);
            xml.create_element("Initialization").with_attribute(("range", range.as_str())).write_empty()?;
            Ok(())
        })?;
    Ok(())
}

/// `@frameRate`: frames per second, as a whole number or a fraction in lowest terms.
fn frame_rate(timescale: u32, sample_duration: u32) -> String {
    match reduce(timescale, sample_duration) {
        (frames, 1) => frames.to_string(),
        (frames, seconds) => format!("{frames}/{seconds}"),
    }
}

/// When a representation's last segment ends, after the start of the presentation.
fn end_nanos(own: &Representation) -> Option<u128> {
    let end = u128::from(own.segments.last()?.end().saturating_sub(own.presentation_time_offset));
    end.checked_mul(1_000_000_000)?
        .checked_add(u128::from(own.timescale.hz() / 2))?
        .checked_div(u128::from(own.timescale.hz()))
}

fn longest_segment_ms(own: &Representation) -> u64 {
    let longest = own.segments.iter().map(|segment| segment.duration).max().unwrap_or(0);
    let ms = u128::from(longest).saturating_mul(1000).div_ceil(u128::from(own.timescale.hz()));
    u64::try_from(ms).unwrap_or(u64::MAX)
}

/// An `xs:duration` in seconds, to the nanosecond.
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

    #[test]
    fn rates_are_in_lowest_terms() {
        assert_eq!(frame_rate(15_360, 512), "30");
        assert_eq!(frame_rate(90_000, 3003), "30000/1001");
    }
}
