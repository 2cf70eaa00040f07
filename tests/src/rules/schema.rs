//! The MPD's XML schema (ISO/IEC 23009-1 Annex B, `DASH-MPD.xsd`), as far as our manifests go.
//!
//! The schema itself may not be passed on, so its rules are stated here: for each element its attributes, each with its type
//! and whether it must be there, its children in their order, and how many of each. An element or attribute of the DASH
//! namespace that has no row here is an error: a manifest that says something new needs its row first. Elements and
//! attributes of other namespaces may stand where the schema has `xs:any` and `xs:anyAttribute`.

use std::collections::{BTreeMap, BTreeSet};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::Report;

/// The namespace of the schema (Annex B); it must be the document's default.
const NAMESPACE: &str = "urn:mpeg:dash:schema:mpd:2011";

/// Types of attributes.
#[derive(Debug, Clone, Copy)]
enum Type {
    /// `xs:unsignedInt`.
    Int,
    /// `xs:unsignedLong`.
    Long,
    /// `xs:integer`, of `S@r`.
    Integer,
    /// `xs:boolean`.
    Boolean,
    /// `xs:duration`.
    Duration,
    /// `xs:anyURI`: not empty, no white space.
    Uri,
    /// `xs:string`.
    Text,
    /// `xs:language` (BCP 47).
    Language,
    /// `StringNoWhitespaceType`.
    NoWhiteSpace,
    /// `RatioType`: `[0-9]*:[0-9]*`.
    Ratio,
    /// `FrameRateType`: `[0-9]+(/[1-9][0-9]*)?`, and above zero.
    FrameRate,
    /// `AudioSamplingRateType`: one or two `xs:unsignedInt`.
    SamplingRate,
    /// `CodecsType`: a list of RFC 6381 with commas, no white space.
    Codecs,
    /// `SAPType`: 0 to 6.
    AccessPoint,
    /// `SwitchableType` and other enumerations.
    OneOf(&'static [&'static str]),
    /// `SingleRFC7233RangeType`: `[0-9]*(-[0-9]*)?`.
    Range,
    /// `ListOfProfilesType`: URIs with commas.
    Profiles,
}

impl Type {
    fn admits(self, value: &str) -> bool {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let plain = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
        match self {
            Self::Int => digits(value) && value.parse::<u32>().is_ok(),
            Self::Long => digits(value) && value.parse::<u64>().is_ok(),
            Self::Integer => value.parse::<i64>().is_ok(),
            Self::Boolean => ["true", "false", "1", "0"].contains(&value),
            Self::Duration => is_duration(value),
            Self::Uri | Self::NoWhiteSpace => plain(value),
            Self::Text => true,
            Self::Language => {
                let part =
                    |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
                value.split('-').all(part) && value.starts_with(|first: char| first.is_ascii_alphabetic())
            }
            Self::Ratio => value.split_once(':').is_some_and(|(h, v)| digits(h) && digits(v)),
            Self::FrameRate => {
                let (frames, seconds) = value.split_once('/').unwrap_or((value, "1"));
                digits(frames) && frames.parse() != Ok(0_u64) && digits(seconds) && !seconds.starts_with('0')
            }
            Self::SamplingRate => {
                let rates: Vec<_> = value.split(' ').collect();
                (1..=2).contains(&rates.len()) && rates.iter().all(|rate| rate.parse::<u32>().is_ok())
            }
            Self::Codecs => value.split(',').all(|codec| {
                plain(codec)
                    && codec.split('.').all(|part| !part.is_empty())
                    && codec.is_ascii()
                    && !codec.contains('"')
            }),
            Self::AccessPoint => value.len() == 1 && ("0"..="6").contains(&value),
            Self::OneOf(values) => values.contains(&value),
            Self::Range => value.split_once('-').is_some_and(|(first, last)| digits(first) && digits(last)),
            Self::Profiles => value.split(',').all(plain),
        }
    }
}

/// `PnYnMnDTnHnMnS`: parts in this order, each at most once, at least one, the seconds alone with a fraction.
fn is_duration(value: &str) -> bool {
    let Some(rest) = value.strip_prefix('P') else { return false };
    let (date, time) = rest.split_once('T').map_or((rest, None), |(date, time)| (date, Some(time)));
    let parts = |mut text: &str, units: &str, seconds: bool| {
        let mut last = 0;
        while !text.is_empty() {
            let Some(end) = text.find(|c: char| !c.is_ascii_digit() && c != '.') else { return false };
            let (number, unit) = text.split_at(end);
            let place = units.find(&unit[..1]).map(|place| place + 1).filter(|place| *place > last);
            let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
            let is_number = [whole, fraction].iter().all(|part| !part.is_empty() && part.parse::<u64>().is_ok());
            let Some(place) = place.filter(|_| is_number) else { return false };
            if number.contains('.') && !(seconds && unit.starts_with('S')) {
                return false;
            }
            (last, text) = (place, &unit[1..]);
        }
        true
    };
    parts(date, "YMD", false)
        && time.is_none_or(|time| !time.is_empty() && parts(time, "HMS", true))
        && !(date.is_empty() && time.is_none())
}

/// An element: its attributes, and its children in order.
struct Element {
    name: &'static str,
    /// The clause that defines it.
    clause: &'static str,
    required: &'static [(&'static str, Type)],
    optional: &'static [(&'static str, Type)],
    /// Name, least and most.
    children: &'static [(&'static str, usize, usize)],
}

const ANY: usize = usize::MAX;

/// `RepresentationBaseType` (5.3.7.2), shared by `AdaptationSet` and `Representation`.
const COMMON: [(&str, Type); 11] = [
    ("profiles", Type::Profiles),
    ("width", Type::Int),
    ("height", Type::Int),
    ("sar", Type::Ratio),
    ("frameRate", Type::FrameRate),
    ("audioSamplingRate", Type::SamplingRate),
    ("mimeType", Type::NoWhiteSpace),
    ("codecs", Type::Codecs),
    ("startWithSAP", Type::AccessPoint),
    ("containerProfiles", Type::Profiles),
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

const ELEMENTS: [Element; 22] = [
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
            ("SegmentBase", 0, 1),
            ("SegmentTemplate", 0, 1),
        ],
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

/// Attributes of an element that it has from the type it extends.
fn inherited(name: &str) -> &'static [(&'static str, Type)] {
    match name {
        "AdaptationSet" | "Representation" => &COMMON,
        "SegmentTemplate" | "SegmentBase" => &SEGMENT_BASE,
        _ => &[],
    }
}

/// Identifiers that must be there once only: the element, within which it must be, and the clause.
const UNIQUE: [(&str, &str, &str); 3] =
    [("Period", "MPD", "5.3.2.2"), ("AdaptationSet", "Period", "5.3.3.2"), ("Representation", "Period", "5.3.5.2")];

pub(super) fn check(text: &str, report: &mut Report) {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut open: Vec<Open> = Vec::new();
    let mut ids: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    loop {
        match reader.read_event() {
            Err(error) => return report.0.push(format!("the manifest is not XML: {error}")),
            Ok(Event::Start(tag)) => {
                let element = start(&tag, &mut open, &mut ids, report);
                open.push(Open { element, counts: vec![0; element.map_or(0, |own| own.children.len())] });
            }
            Ok(Event::Empty(tag)) => {
                let element = start(&tag, &mut open, &mut ids, report);
                Open { element, counts: vec![0; element.map_or(0, |own| own.children.len())] }.close(report);
            }
            Ok(Event::End(_)) => open.pop().into_iter().for_each(|own| own.close(report)),
            Ok(Event::Eof) => return,
            Ok(_) => {}
        }
    }
}

/// An element whose end was not met yet; `None` for one of another namespace.
struct Open {
    element: Option<&'static Element>,
    /// How many of each of its children there were.
    counts: Vec<usize>,
}

impl Open {
    /// There are as many of each child as must be.
    fn close(self, report: &mut Report) {
        let Some(element) = self.element else { return };
        for ((child, least, most), count) in element.children.iter().zip(self.counts) {
            report.require((*least..=*most).contains(&count), || {
                format!("{count} {child} in {} (ISO/IEC 23009-1 {})", element.name, element.clause)
            });
        }
    }
}

/// Checks an element where it starts.
fn start(
    tag: &BytesStart<'_>,
    open: &mut [Open],
    ids: &mut BTreeMap<&'static str, BTreeSet<String>>,
    report: &mut Report,
) -> Option<&'static Element> {
    let name = tag.name().as_ref().to_owned();
    if name.contains(':') {
        return None;
    }
    let Some(element) = ELEMENTS.iter().find(|element| element.name == name) else {
        report.0.push(format!("the schema has no rule here for {name}"));
        return None;
    };
    let fault = |what: &str| format!("{name}: {what} (ISO/IEC 23009-1 {})", element.clause);
    match open.last_mut() {
        None => report.require(name == "MPD", || fault("it is no root")),
        Some(parent) => {
            let children = parent.element.map_or(&[][..], |parent| parent.children);
            let place = children.iter().position(|(child, ..)| *child == name);
            let behind = place.is_some_and(|place| parent.counts[place + 1..].iter().any(|count| *count > 0));
            let parent_name = parent.element.map_or("an unknown element", |parent| parent.name);
            report.require(place.is_some(), || fault(&format!("it has no place in {parent_name}")));
            report.require(!behind, || fault(&format!("it stands too late in {parent_name}")));
            if let Some(place) = place {
                parent.counts[place] += 1;
            }
        }
    }
    let mut attributes = BTreeMap::new();
    for attribute in tag.attributes() {
        let Ok(attribute) = attribute else {
            report.0.push(fault("an attribute is malformed, or there twice"));
            continue;
        };
        let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).unwrap_or_default().into_owned();
        attributes.insert(attribute.key.as_ref().to_owned(), value);
    }
    if name == "MPD" {
        report.require(attributes.get("xmlns").is_some_and(|own| own == NAMESPACE), || fault("another namespace"));
    }
    for (required, _) in element.required {
        report.require(attributes.contains_key(*required), || fault(&format!("@{required} is missing")));
    }
    let known = || element.required.iter().chain(element.optional).chain(inherited(&name));
    for (key, value) in attributes.iter().filter(|(key, _)| !key.contains(':') && *key != "xmlns") {
        match known().find(|(own, _)| own == key) {
            None => report.0.push(fault(&format!("@{key} has no rule here"))),
            Some((_, kind)) => {
                report.require(kind.admits(value), || fault(&format!("@{key} is \"{value}\", not {kind:?}")));
            }
        }
    }
    for (_, within, clause) in UNIQUE.iter().filter(|(own, ..)| *own == name) {
        if let Some(id) = attributes.get("id") {
            let is_new = ids.entry(element.name).or_default().insert(id.clone());
            report.require(is_new, || format!("{name}@id {id} is twice in the {within} (ISO/IEC 23009-1 {clause})"));
        }
    }
    Some(element)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_the_standard() {
        for good in ["PT0S", "PT30S", "PT5.005S", "P1DT2H3M4S", "P1Y", "PT1H"] {
            assert!(is_duration(good), "{good}");
        }
        for bad in ["", "P", "PT", "30S", "PT30", "PT1S2M", "PT1.5M", "PT.5S", "PT-1S", "P1S", "PT1e3S"] {
            assert!(!is_duration(bad), "{bad}");
        }
    }

    #[test]
    fn values_are_held_to_their_types() {
        assert!(Type::FrameRate.admits("30000/1001") && !Type::FrameRate.admits("29.97"));
        assert!(!Type::FrameRate.admits("0") && !Type::FrameRate.admits("30/0"));
        assert!(Type::Ratio.admits("16:9") && !Type::Ratio.admits("16/9") && !Type::Ratio.admits(":"));
        assert!(Type::Codecs.admits("avc1.64001F,mp4a.40.2") && !Type::Codecs.admits("avc1.64001F, mp4a.40.2"));
        assert!(!Type::Codecs.admits("hvc1..") && !Type::Codecs.admits(""));
        assert!(Type::Language.admits("de-CH") && !Type::Language.admits("deutschland") && !Type::Language.admits(""));
        assert!(Type::Int.admits("4294967295") && !Type::Int.admits("4294967296") && !Type::Int.admits("+1"));
        assert!(Type::AccessPoint.admits("3") && !Type::AccessPoint.admits("7"));
        assert!(Type::Range.admits("0-99") && !Type::Range.admits("99"));
        assert!(!Type::NoWhiteSpace.admits("a b"));
    }
}
