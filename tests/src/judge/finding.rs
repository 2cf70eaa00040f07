//! What the judge reports: the place, the attribute, and the two values.

use std::fmt::{self, Display, Formatter};

/// An attribute of a manifest that the judge checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attribute {
    /// `MPD@mediaPresentationDuration`.
    PresentationDuration,
    /// `MPD@minBufferTime`.
    MinBufferTime,
    /// The start of a segment: `SegmentTimeline` or `sidx`, less `@presentationTimeOffset`.
    SegmentStart,
    /// The duration of a segment: `SegmentTimeline`, `sidx` or `EXTINF`.
    SegmentDuration,
    /// `EXT-X-TARGETDURATION`.
    TargetDuration,
    /// `EXT-X-START`.
    Start,
    /// `@bandwidth` in the MPD, `BANDWIDTH` in the multivariant playlist.
    Bandwidth,
    /// `AVERAGE-BANDWIDTH`.
    AverageBandwidth,
    /// The byte range of a key frame in an I-frame playlist.
    KeyFrameRange,
    /// `@codecs`, `CODECS`.
    Codecs,
    /// `@scte214:supplementalCodecs`, `SUPPLEMENTAL-CODECS`.
    SupplementalCodecs,
    /// `@width` and `@height`.
    CodedSize,
    /// `RESOLUTION`.
    Resolution,
    /// `@sar`.
    SampleAspectRatio,
    /// `@par`.
    PictureAspectRatio,
    /// `@frameRate`, `FRAME-RATE`.
    FrameRate,
    /// `@maxWidth`.
    MaxWidth,
    /// `@maxHeight`.
    MaxHeight,
    /// `@maxFrameRate`.
    MaxFrameRate,
    /// `@scanType`.
    ScanType,
    /// `VIDEO-RANGE`.
    VideoRange,
    /// `REQ-VIDEO-LAYOUT`, and the version of the playlist that it needs.
    VideoLayout,
    /// `@audioSamplingRate`.
    AudioSamplingRate,
    /// `AudioChannelConfiguration`.
    ChannelConfiguration,
    /// `CHANNELS`.
    Channels,
    /// `@lang`, `LANGUAGE`.
    Language,
    /// `Role`.
    Role,
    /// `DEFAULT`.
    Default,
    /// `AUTOSELECT`.
    Autoselect,
    /// `FORCED`.
    Forced,
    /// `SCORE`.
    Score,
    /// The adaptation set that a representation is in.
    AdaptationSet,
    /// The adaptation set that one for trick mode names, and its segments.
    TrickMode,
    /// The track of a representation: it is missing, or there is one too many.
    Track,
    /// A variant (`EXT-X-STREAM-INF`, `EXT-X-I-FRAME-STREAM-INF`) that is missing, or that names another track.
    Variant,
    /// A rendition (`EXT-X-MEDIA`) that is missing or named twice.
    Rendition,
    /// The chapters that `EXT-X-SESSION-DATA` names.
    Chapters,
    /// `CLOSED-CAPTIONS` renditions, and `Accessibility` descriptors of CEA-608 and CEA-708.
    ClosedCaptions,
    /// `msix` among the brands of a segment.
    SegmentBrand,
    /// A file that no manifest names.
    Files,
}

/// A difference between a manifest and what the outside tools read from the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The manifest and the element.
    pub place: String,
    /// The attribute.
    pub attribute: Attribute,
    /// The value by the outside tools. `None` for an attribute that must not be there.
    pub expected: Option<String>,
    /// The value of the manifest. `None` for an attribute that is not there.
    pub found: Option<String>,
}

impl Display for Finding {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "absent".into());
        let (found, expected) = (value(&self.found), value(&self.expected));
        write!(f, "{}: {:?} is {found}, expected {expected}", self.place, self.attribute)
    }
}

/// The findings so far.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    /// Reports a value that differs from the expected one.
    pub(super) fn compare(
        &mut self,
        place: &str,
        attribute: Attribute,
        expected: Option<impl Display>,
        found: Option<impl Display>,
    ) {
        let (expected, found) = (expected.map(|value| value.to_string()), found.map(|value| value.to_string()));
        if expected != found {
            self.0.push(Finding { place: place.to_owned(), attribute, expected, found });
        }
    }

    /// Reports a condition that does not hold.
    pub(super) fn require(
        &mut self,
        holds: bool,
        place: &str,
        attribute: Attribute,
        expected: &str,
        found: impl Display,
    ) {
        if !holds {
            let (expected, found) = (Some(expected.to_owned()), Some(found.to_string()));
            self.0.push(Finding { place: place.to_owned(), attribute, expected, found });
        }
    }
}
