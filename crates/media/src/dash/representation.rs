//! `Representation` (ISO/IEC 23009-1 5.3.5).

use std::io;

use quick_xml::writer::ElementWriter;

use super::audio::write_channels;
use super::segment_addressing::{REPRESENTATION_ID, write_segment_base, write_segment_template};
use super::xml::Xml;
use crate::cmaf::{Layout, Representation};
use crate::codec::SupplementalCodecs;
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
    let element = create_element(xml, &representation.id.to_string(), representation, bandwidth);
    if representation.audio.is_none() && addressing == Addressing::SharedTemplate {
        return element.write_empty().map(drop);
    }
    let content = |xml: &mut Xml| {
        representation.audio.as_ref().map_or(Ok(()), |audio| write_channels(xml, audio))?;
        match addressing {
            Addressing::SharedTemplate => Ok(()),
            Addressing::Template => write_segment_template(xml, representation, REPRESENTATION_ID),
            Addressing::SegmentIndex => write_segment_base(xml, representation),
        }
    };
    element.write_inner_content(content).map(drop)
}

/// Starts a representation with `id`, and states its properties.
pub(super) fn create_element<'x>(
    xml: &'x mut Xml,
    id: &str,
    representation: &Representation,
    bandwidth: u64,
) -> ElementWriter<'x, Vec<u8>> {
    let mut attributes =
        vec![("id", id.to_owned()), ("codecs", representation.codecs.clone()), ("bandwidth", bandwidth.to_string())];
    if let Some(video) = &representation.video {
        attributes.push(("width", video.width.to_string()));
        attributes.push(("height", video.height.to_string()));
        let (h, v) = video.sample_aspect_ratio.unwrap_or((1, 1));
        let (h, v) = reduce(h, v);
        attributes.push(("sar", format!("{h}:{v}")));
        attributes.extend(representation.frame_rate.map(|rate| ("frameRate", rate.to_string())));
        attributes.extend(video.is_interlaced.then(|| ("scanType", "interlaced".to_owned())));
        if let Some(SupplementalCodecs { codecs, brand }) = &video.supplemental_codecs {
            // An enhancement that players may ignore (ANSI/SCTE 214-1).
            attributes.push(("scte214:supplementalCodecs", codecs.clone()));
            attributes.push(("scte214:supplementalProfiles", brand.clone()));
        }
    }
    if let Some(audio) = representation.audio.as_ref().filter(|audio| audio.sample_rate > 0) {
        attributes.push(("audioSamplingRate", audio.sample_rate.to_string()));
    }
    attributes.iter().fold(xml.create_element("Representation"), |element, (name, value)| {
        element.with_attribute((*name, value.as_str()))
    })
}
