//! `Representation` (ISO/IEC 23009-1 5.3.5).

use std::io;

use super::audio::write_channels;
use super::segment_addressing::{write_segment_base, write_segment_template};
use super::xml::Xml;
use crate::cmaf::{Layout, Representation};
use crate::time::reduce;

/// The location of the segments of a representation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Addressing {
    /// The template of the adaptation set.
    SharedTemplate,
    /// A template in the representation.
    Template,
    /// The index of a single file.
    SegmentIndex,
}

impl Addressing {
    /// Returns the addressing of a representation in an adaptation set whose members may share one template.
    pub(super) fn of(layout: Layout, has_shared_template: bool) -> Self {
        match layout {
            Layout::SingleFile => Self::SegmentIndex,
            Layout::Segments if has_shared_template => Self::SharedTemplate,
            Layout::Segments => Self::Template,
        }
    }
}

/// Writes a representation.
pub(super) fn write_representation(
    xml: &mut Xml,
    representation: &Representation,
    bandwidth: u64,
    addressing: Addressing,
) -> io::Result<()> {
    let mut attributes = vec![
        ("id", representation.id.to_string()),
        ("codecs", representation.codecs.clone()),
        ("bandwidth", bandwidth.to_string()),
    ];
    if let Some(video) = &representation.video {
        attributes.push(("width", video.width.to_string()));
        attributes.push(("height", video.height.to_string()));
        let (h, v) = video.sample_aspect_ratio.unwrap_or((1, 1));
        let (h, v) = reduce(h, v);
        attributes.push(("sar", format!("{h}:{v}")));
        attributes.extend(frame_rate(representation).map(|rate| ("frameRate", format_frame_rate(rate))));
    }
    if let Some(audio) = representation.audio.as_ref().filter(|audio| audio.sample_rate > 0) {
        attributes.push(("audioSamplingRate", audio.sample_rate.to_string()));
    }
    let element = attributes.iter().fold(xml.create_element("Representation"), |element, (name, value)| {
        element.with_attribute((*name, value.as_str()))
    });
    if representation.audio.is_none() && addressing == Addressing::SharedTemplate {
        return element.write_empty().map(drop);
    }
    let content = |xml: &mut Xml| {
        representation.audio.as_ref().map_or(Ok(()), |audio| write_channels(xml, audio))?;
        match addressing {
            Addressing::SharedTemplate => Ok(()),
            Addressing::Template => write_segment_template(xml, representation),
            Addressing::SegmentIndex => write_segment_base(xml, representation),
        }
    };
    element.write_inner_content(content).map(drop)
}

/// Returns the frame rate of a video as a fraction in lowest terms: frames and seconds. `None` if it is not constant.
pub(super) fn frame_rate(representation: &Representation) -> Option<(u32, u32)> {
    let hz = representation.timescale.hz();
    representation.sample_duration.map(|duration| reduce(hz, duration))
}

/// Formats a frame rate as `@frameRate` states it: frames per second, as a whole number or a fraction.
pub(super) fn format_frame_rate(rate: (u32, u32)) -> String {
    match rate {
        (frames, 1) => frames.to_string(),
        (frames, seconds) => format!("{frames}/{seconds}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_rates_are_in_lowest_terms() {
        assert_eq!(format_frame_rate(reduce(15_360, 512)), "30");
        assert_eq!(format_frame_rate(reduce(90_000, 3003)), "30000/1001");
    }
}
