//! The elements of the MPD schema (ISO/IEC 23009-1 Annex B, `DASH-MPD.xsd`) that the platform's manifests use.
//!
//! The licence of the schema does not allow redistribution, so this table states its rules: for each element the attributes
//! with their types, which of them are required, and the children in order, with their number. An element or attribute of the
//! DASH namespace that is not in the table is an error: add it here before the manifest writes it.

use super::attribute_types::Type;

/// An element: its attributes, and its children in order.
pub(super) struct Element {
    pub(super) name: &'static str,
    /// The clause that defines it.
    pub(super) clause: &'static str,
    pub(super) required: &'static [(&'static str, Type)],
    pub(super) optional: &'static [(&'static str, Type)],
    /// Name, minimum and maximum number.
    pub(super) children: &'static [(&'static str, usize, usize)],
}

const ANY: usize = usize::MAX;

/// `RepresentationBaseType` (5.3.7.2), shared by `AdaptationSet`, `Representation` and `SubRepresentation`.
const REPRESENTATION_BASE: [(&str, Type); 13] = [
    ("profiles", Type::Profiles),
    ("width", Type::Int),
    ("height", Type::Int),
    ("sar", Type::Ratio),
    ("frameRate", Type::FrameRate),
    ("audioSamplingRate", Type::SamplingRate),
    ("mimeType", Type::NoWhiteSpace),
    ("codecs", Type::Codecs),
    ("scanType", Type::Scan),
    ("startWithSAP", Type::AccessPoint),
    ("containerProfiles", Type::Profiles),
    ("maxPlayoutRate", Type::Double),
    ("codingDependency", Type::Boolean),
];

/// `DescriptorType` (5.8.2).
const DESCRIPTOR: [(&str, Type); 2] = [("value", Type::Text), ("id", Type::Text)];

/// `SegmentBaseType` (5.3.9.2.2).
const SEGMENT_BASE: [(&str, Type); 5] = [
    ("timescale", Type::Int),
    ("presentationTimeOffset", Type::Long),
    ("presentationDuration", Type::Long),
    ("indexRange", Type::Range),
    ("indexRangeExact", Type::Boolean),
];

pub(super) const ELEMENTS: [Element; 23] = [
    Element {
        name: "MPD",
        clause: "5.3.1.2",
        required: &[("profiles", Type::Profiles), ("minBufferTime", Type::Duration)],
        optional: &[
            ("id", Type::Text),
            ("type", Type::OneOf(&["static", "dynamic"])),
            ("mediaPresentationDuration", Type::Duration),
            ("maxSegmentDuration", Type::Duration),
        ],
        children: &[("ProgramInformation", 0, ANY), ("BaseURL", 0, ANY), ("Location", 0, ANY), ("Period", 1, ANY)],
    },
    Element {
        name: "Period",
        clause: "5.3.2.2",
        required: &[],
        optional: &[("id", Type::Text), ("start", Type::Duration), ("duration", Type::Duration)],
        children: &[("BaseURL", 0, ANY), ("AssetIdentifier", 0, 1), ("AdaptationSet", 0, ANY), ("Subset", 0, ANY)],
    },
    Element {
        name: "AdaptationSet",
        clause: "5.3.3.2",
        required: &[],
        optional: &[
            ("id", Type::Int),
            ("group", Type::Int),
            ("lang", Type::Language),
            ("contentType", Type::OneOf(&["text", "image", "audio", "video", "application", "font"])),
            ("par", Type::Ratio),
            ("minWidth", Type::Int),
            ("minHeight", Type::Int),
            ("minFrameRate", Type::FrameRate),
            ("maxWidth", Type::Int),
            ("maxHeight", Type::Int),
            ("maxFrameRate", Type::FrameRate),
            ("segmentAlignment", Type::Boolean),
            ("subsegmentAlignment", Type::Boolean),
            ("subsegmentStartsWithSAP", Type::AccessPoint),
            ("bitstreamSwitching", Type::Boolean),
        ],
        children: &[
            ("AudioChannelConfiguration", 0, ANY),
            ("ContentProtection", 0, ANY),
            ("EssentialProperty", 0, ANY),
            ("SupplementalProperty", 0, ANY),
            ("Label", 0, ANY),
            ("Accessibility", 0, ANY),
            ("Role", 0, ANY),
            ("Rating", 0, ANY),
            ("Viewpoint", 0, ANY),
            ("BaseURL", 0, ANY),
            ("SegmentBase", 0, 1),
            ("SegmentTemplate", 0, 1),
            ("Representation", 0, ANY),
        ],
    },
    Element {
        name: "Representation",
        clause: "5.3.5.2",
        required: &[("id", Type::NoWhiteSpace), ("bandwidth", Type::Int)],
        optional: &[("qualityRanking", Type::Int), ("dependencyId", Type::Text)],
        children: &[
            ("AudioChannelConfiguration", 0, ANY),
            ("ContentProtection", 0, ANY),
            ("EssentialProperty", 0, ANY),
            ("SupplementalProperty", 0, ANY),
            ("Label", 0, ANY),
            ("BaseURL", 0, ANY),
            ("SubRepresentation", 0, ANY),
            ("SegmentBase", 0, 1),
            ("SegmentTemplate", 0, 1),
        ],
    },
    Element {
        name: "SubRepresentation",
        clause: "5.3.6.2",
        required: &[],
        optional: &[("level", Type::Int), ("bandwidth", Type::Int), ("contentComponent", Type::Text)],
        children: &[],
    },
    Element {
        name: "SegmentTemplate",
        clause: "5.3.9.4.2",
        required: &[],
        optional: &[
            ("duration", Type::Int),
            ("startNumber", Type::Int),
            ("endNumber", Type::Int),
            ("media", Type::Uri),
            ("index", Type::Uri),
            ("initialization", Type::Uri),
        ],
        children: &[("Initialization", 0, 1), ("SegmentTimeline", 0, 1)],
    },
    Element {
        name: "SegmentBase",
        clause: "5.3.9.2.2",
        required: &[],
        optional: &[],
        children: &[("Initialization", 0, 1), ("RepresentationIndex", 0, 1)],
    },
    Element {
        name: "Initialization",
        clause: "5.3.9.2.3",
        required: &[],
        optional: &[("sourceURL", Type::Uri), ("range", Type::Range)],
        children: &[],
    },
    Element {
        name: "RepresentationIndex",
        clause: "5.3.9.2.3",
        required: &[],
        optional: &[("sourceURL", Type::Uri), ("range", Type::Range)],
        children: &[],
    },
    Element { name: "SegmentTimeline", clause: "5.3.9.6.2", required: &[], optional: &[], children: &[("S", 1, ANY)] },
    Element {
        name: "S",
        clause: "5.3.9.6.2",
        required: &[("d", Type::Long)],
        optional: &[("t", Type::Long), ("n", Type::Long), ("r", Type::Integer), ("k", Type::Long)],
        children: &[],
    },
    text("BaseURL", "5.6.2"),
    text("Location", "5.3.1.2"),
    Element {
        name: "Label",
        clause: "5.3.10",
        required: &[],
        optional: &[("id", Type::Int), ("lang", Type::Language)],
        children: &[],
    },
    descriptor("ContentProtection", "5.8.4.1"),
    descriptor("AudioChannelConfiguration", "5.8.4.7"),
    descriptor("EssentialProperty", "5.8.4.8"),
    descriptor("SupplementalProperty", "5.8.4.9"),
    descriptor("Accessibility", "5.8.4.3"),
    descriptor("Role", "5.8.4.2"),
    descriptor("Rating", "5.8.4.4"),
    descriptor("Viewpoint", "5.8.4.5"),
    descriptor("AssetIdentifier", "5.8.5.7"),
];

const fn descriptor(name: &'static str, clause: &'static str) -> Element {
    Element { name, clause, required: &[("schemeIdUri", Type::Uri)], optional: &DESCRIPTOR, children: &[] }
}

const fn text(name: &'static str, clause: &'static str) -> Element {
    Element { name, clause, required: &[], optional: &[], children: &[] }
}

/// Returns the attributes that an element inherits from the type that it extends.
pub(super) fn inherited(name: &str) -> &'static [(&'static str, Type)] {
    match name {
        "AdaptationSet" | "Representation" | "SubRepresentation" => &REPRESENTATION_BASE,
        "SegmentTemplate" | "SegmentBase" => &SEGMENT_BASE,
        _ => &[],
    }
}
