//! H.265: the decoder configuration, parameter sets, and the slice data that may be encrypted.
//!
//! # What stays clear
//!
//! As with H.264, a NAL unit's header and its whole slice segment header stay clear, and the slice data behind is protected
//! (ISO/IEC 23001-7 10.2). Where it begins must be right to the byte, for decoders work it out by themselves; so the header is
//! parsed, by `hevc_slice`, with the parameter sets of `hevc_sets`. All other NAL units stay clear, among them those of types
//! that are reserved: decoders discard them, and what their headers are nobody has said.
//!
//! # Parameter sets in band
//!
//! The rule is that of H.264: sets found in a sample (`hev1` may have them) take effect from there to the end of the segment,
//! and each segment starts with those of `hvcC`, so that a segment's bytes never depend on the slice of work it was packaged
//! in. A picture parameter set is kept apart from the sequence parameter set it names, for the two may come in either order.
//!
//! # Several layers
//!
//! The headers of slices of another layer than the base layer (spatial video is coded so) depend on what the video parameter
//! set says of layers. Such a slice is refused rather than left clear; a clear package of it is none of this module's
//! business. Parameter sets of other layers do not replace those of the base layer.

use std::num::{NonZeroU8, NonZeroUsize};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::hevc_sets::{MAX_PICTURE_SETS, MAX_SEQUENCE_SETS, PictureSet, SequenceSet};
use super::hevc_slice::header_bytes;
use super::nal::{NalUnits, behind_heads};
use super::rbsp::CountingReader;
use super::visual::Visual;
use super::{ProtectionRule, SampleEntry};
use crate::error::Place;
use crate::isobmff::{BoxView, FourCc};
use crate::{Error, Result};

/// Reads an `hvc1`, `hev1`, `dvh1` or `dvhe` entry.
///
/// An `hev1` entry whose record holds all parameter sets becomes `hvc1`, which is what Apple's players take. The entries of
/// Dolby Vision keep their names: players tell by them that its metadata must be applied.
pub(super) fn sample_entry<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let mut visual = Visual::parse(entry)?;
    let hvcc = visual.child(b"hvcC")?.ok_or(entry.malformed("it has no hvcC box"))?;
    let config = HevcConfig::parse(&hvcc)?;
    let kind = if entry.kind == b"hev1" && config.is_complete() { FourCc(*b"hvc1") } else { entry.kind };
    let profile = match &kind.0 {
        b"dvh1" | b"dvhe" => dolby_vision(&visual)?.ok_or(entry.malformed("it has no dvcC or dvvC box"))?,
        _ => config.profile_level(),
    };
    let codecs = format!("{kind}.{profile}");
    visual.or_colour(|| HevcParser::new(&config).sets.sequence.first()?.colour);
    Ok(SampleEntry::picture(kind, codecs, visual.facts, ProtectionRule::Hevc(config), visual.body))
}

/// `PP.LL` of the codecs string: profile and level of the `DOVIDecoderConfigurationRecord`, whose box has another name for
/// profiles from 8 and from 20 on (Dolby Vision Streams within the ISO Base Media File Format, 2.2 and 3).
fn dolby_vision(visual: &Visual<'_>) -> Result<Option<String>> {
    for kind in [b"dvcC", b"dvvC", b"dvwC"] {
        if let Some(found) = visual.child(kind)? {
            let mut reader = found.reader();
            reader.skip(2)?; // dv_version_major, dv_version_minor
            let bits = reader.u16()?;
            let (profile, level) = (bits >> 9, (bits >> 3) & 0x3f);
            return Ok(Some(format!("{profile:02}.{level:02}")));
        }
    }
    Ok(None)
}

/// `HEVCDecoderConfigurationRecord` (ISO/IEC 14496-15 8.3.3.1): what a manifest says, and what parsing samples takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HevcConfig {
    /// `general_profile_space`, `general_tier_flag` and `general_profile_idc`.
    profile: u8,
    /// `general_profile_compatibility_flags`.
    compatibility: u32,
    /// `general_constraint_indicator_flags`.
    constraints: [u8; 6],
    /// `general_level_idc`.
    level: u8,
    /// Bytes of a NAL unit's length field: 1, 2 or 4.
    length_size: NonZeroU8,
    /// Whether video, sequence and picture parameter sets are all here, and none is in a sample.
    is_complete: bool,
    /// Sequence and picture parameter set NAL units.
    sets: Vec<Vec<u8>>,
}

impl HevcConfig {
    /// Reads an `hvcC` box.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is cut off, or holds more parameter sets than there can be.
    pub fn parse(hvcc: &BoxView<'_>) -> Result<Self> {
        let mut reader = hvcc.reader();
        reader.skip(1)?;
        let (profile, compatibility, constraints, level) = (reader.u8()?, reader.u32()?, reader.array()?, reader.u8()?);
        // min_spatial_segmentation_idc, parallelismType, chroma format, depths, avgFrameRate
        reader.skip(8)?;
        let length_size = NonZeroU8::MIN.saturating_add(reader.u8()? & 3);
        let (mut sets, mut complete) = (Vec::new(), Vec::new());
        for _ in 0..reader.u8()? {
            let kind = reader.u8()?;
            let (is_complete, kind) = (kind & 0x80 != 0, kind & 0x3f);
            let count = reader.u16()?;
            if is_complete && count > 0 {
                complete.push(kind);
            }
            for _ in 0..count {
                let length = reader.u16()?;
                let nal = reader.bytes(usize::from(length))?;
                if matches!(kind, SEQUENCE_SET | PICTURE_SET) {
                    if sets.len() >= MAX_SETS {
                        return Err(hvcc.malformed("it has more parameter sets than a stream can have"));
                    }
                    sets.push(nal.to_vec());
                }
            }
        }
        let is_complete = [VIDEO_SET, SEQUENCE_SET, PICTURE_SET].iter().all(|kind| complete.contains(kind));
        Ok(Self { profile, compatibility, constraints, level, length_size, is_complete, sets })
    }

    /// Whether the record holds every parameter set of the stream, by its own word: `array_completeness` of all three kinds
    /// says that no sample has any. That is what tells `hvc1` from `hev1` (8.4.1.1.1), so an entry with such a record may be
    /// given the one name or the other and nothing else has to change.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// What follows the sample entry type in the codecs string (ISO/IEC 14496-15 E.3): profile, compatibility flags in
    /// reverse order, tier and level, constraint flags up to the last byte that is not zero.
    #[must_use]
    pub fn profile_level(&self) -> String {
        let space = ["", "A", "B", "C"].get(usize::from(self.profile >> 6)).copied().unwrap_or_default();
        let tier = if self.profile & 0x20 == 0 { 'L' } else { 'H' };
        let (profile, compatibility, level) = (self.profile & 0x1f, self.compatibility.reverse_bits(), self.level);
        let used = self.constraints.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
        let constraints = self.constraints.iter().take(used).map(|byte| format!(".{byte:X}"));
        format!("{space}{profile}.{compatibility:X}.{tier}{level}{}", constraints.collect::<String>())
    }
}

/// Parameter sets that a stream can have at a time.
#[expect(clippy::as_conversions, reason = "a constant")]
const MAX_SETS: usize = (MAX_SEQUENCE_SETS + MAX_PICTURE_SETS) as usize;

/// The parameter sets in effect.
#[derive(Debug, Default)]
pub(super) struct ParameterSets {
    sequence: Vec<SequenceSet>,
    picture: Vec<PictureSet>,
}

impl ParameterSets {
    /// The sequence parameter set of this id.
    pub(super) fn sequence(&self, id: u32) -> Option<&SequenceSet> {
        self.sequence.iter().find(|set| set.id == id)
    }

    /// The picture parameter set of this id.
    pub(super) fn picture(&self, id: u32) -> Option<&PictureSet> {
        self.picture.iter().find(|set| set.id == id)
    }

    /// Remembers a parameter set, in place of one of the same id. One that does not parse is passed over: a slice that names
    /// it will be refused, unless another of its id is known.
    fn learn(&mut self, nal: &[u8]) {
        let mut bits = CountingReader::new(nal, HEADER);
        match unit_type(nal) {
            Some(SEQUENCE_SET) => {
                if let Some(set) = SequenceSet::parse(&mut bits) {
                    self.sequence.retain(|known| known.id != set.id);
                    self.sequence.push(set);
                }
            }
            Some(PICTURE_SET) => {
                if let Some(set) = PictureSet::parse(&mut bits) {
                    self.picture.retain(|known| known.id != set.id);
                    self.picture.push(set);
                }
            }
            _ => {}
        }
    }
}

/// The parser of one segment's samples.
#[derive(Debug)]
pub struct HevcParser {
    length_size: NonZeroU8,
    sets: ParameterSets,
}

impl HevcParser {
    /// A parser that knows the parameter sets of `config`.
    #[must_use]
    pub fn new(config: &HevcConfig) -> Self {
        let mut sets = ParameterSets::default();
        config.sets.iter().filter(|nal| is_base_layer(nal)).for_each(|nal| sets.learn(nal));
        Self { length_size: config.length_size, sets }
    }

    /// Appends the ranges of `sample` that hold slice data to `protected`, in order and apart.
    ///
    /// Must be called on a segment's samples in decode order. `offset` is where the sample lies in the file, for errors.
    ///
    /// # Errors
    /// [`Error::MalformedSample`] when a NAL unit runs past the sample or a slice segment header does not parse.
    pub fn protected_ranges(&mut self, sample: &[u8], offset: u64, protected: &mut Vec<Range<usize>>) -> Result<()> {
        const UNREADABLE: &str =
            "a slice segment header does not parse, or names parameter sets the file does not have";
        let units = NalUnits::new(sample, self.length_size, offset);
        behind_heads(units, protected, |nal| match unit_type(nal) {
            Some(0..=LAST_TRAILING | FIRST_RANDOM_ACCESS..=LAST_RANDOM_ACCESS) if !is_base_layer(nal) => {
                Err(Error::Unsupported {
                    feature: "Encrypting H.265 of several layers (spatial video)",
                    place: Place::Sample(offset),
                })
            }
            Some(kind @ (0..=LAST_TRAILING | FIRST_RANDOM_ACCESS..=LAST_RANDOM_ACCESS)) => {
                let clear = header_bytes(nal, kind, &self.sets);
                clear.map(Some).ok_or(Error::MalformedSample { offset, reason: UNREADABLE })
            }
            Some(SEQUENCE_SET | PICTURE_SET) if is_base_layer(nal) => {
                self.sets.learn(nal);
                Ok(None)
            }
            _ => Ok(None),
        })
    }
}

/// Bytes of a NAL unit header (ITU-T H.265 7.3.1.2).
pub(super) const HEADER: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);

/// `nal_unit_type` values (table 7-1). Slice segments have those up to `RASL_R` and from `BLA_W_LP` to `CRA_NUT`.
const LAST_TRAILING: u8 = 9;
const FIRST_RANDOM_ACCESS: u8 = 16;
const LAST_RANDOM_ACCESS: u8 = 21;
const VIDEO_SET: u8 = 32;
const SEQUENCE_SET: u8 = 33;
const PICTURE_SET: u8 = 34;

fn unit_type(nal: &[u8]) -> Option<u8> {
    nal.first().map(|byte| (byte >> 1) & 0x3f)
}

/// Whether `nuh_layer_id` is 0.
fn is_base_layer(nal: &[u8]) -> bool {
    matches!(nal, [high, low, ..] if high & 1 == 0 && low >> 3 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::SampleEntry;
    use crate::codec::TrackKind;
    use crate::isobmff::BoxWriter;

    /// An `hvcC` box that says of arrays of parameter sets whether each is complete.
    fn hvcc(w: &mut BoxWriter, head: &[u8; 12], arrays: &[(u8, bool)]) {
        w.plain(b"hvcC", |w| {
            w.u8(1);
            w.raw(head);
            w.zeros(8);
            w.u8(3);
            w.u8(u8::try_from(arrays.len()).unwrap());
            for (kind, is_complete) in arrays {
                w.u8(kind | if *is_complete { 0x80 } else { 0 });
                w.raw(&[0, 1, 0, 2, kind << 1, 1]);
            }
        });
    }

    const MAIN: [u8; 12] = [1, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93];

    fn profile_level(head: [u8; 12]) -> String {
        let mut w = BoxWriter::new();
        hvcc(&mut w, &head, &[]);
        HevcConfig::parse(&BoxView::parse(&w.finish().unwrap(), 0).unwrap()).unwrap().profile_level()
    }

    #[test]
    fn codecs_strings_are_those_of_the_standard() {
        assert_eq!(profile_level(MAIN), "1.6.L93.B0");
        assert_eq!(profile_level([0x22, 0x20, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 153]), "2.4.H153.90");
        assert_eq!(profile_level([0x44, 8, 0, 0, 0, 0xb0, 0x23, 0, 8, 0, 0, 120]), "A4.10.L120.B0.23.0.8");
        assert_eq!(profile_level([1, 0x60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 30]), "1.6.L30");
    }

    /// A sample entry with what cameras put behind `hvcC`; the entry as it is written, its name, and its codecs string.
    fn entry(kind: &[u8; 4], arrays: &[(u8, bool)], more: &[&[u8; 4]]) -> Result<(Vec<u8>, [u8; 4], String)> {
        let mut w = BoxWriter::new();
        w.plain(kind, |w| {
            w.raw(&[0; 78]);
            hvcc(w, &MAIN, arrays);
            // As `dvcC`: version 1.0, profile 8 or what these bits say, level 6.
            more.iter().for_each(|kind| w.plain(kind, |w| w.raw(&[1, 0, 16, 0x35, 0x10, 0, 0, 0])));
        });
        let original = w.finish().unwrap();
        let entry = SampleEntry::parse(&BoxView::parse(&original, 0).unwrap(), TrackKind::Video, 1)?;
        let mut w = BoxWriter::new();
        entry.write(&mut w, &entry.kind.0, |_| {});
        let written = w.finish().unwrap();
        assert_eq!(written[8..], original[8..], "everything behind the name is carried through");
        Ok((written, entry.kind.0, entry.codecs))
    }

    const COMPLETE: [(u8, bool); 3] = [(32, true), (33, true), (34, true)];

    #[test]
    fn an_entry_that_holds_all_parameter_sets_is_named_hvc1() {
        let name = |arrays: &[(u8, bool)]| entry(b"hev1", arrays, &[b"colr", b"mdcv"]).unwrap();
        let (written, kind, codecs) = name(&COMPLETE);
        assert_eq!((&written[4..8], &kind, codecs.as_str()), (&b"hvc1"[..], b"hvc1", "hvc1.1.6.L93.B0"));
        let (_, kind, codecs) = name(&[(32, true), (33, true), (34, false)]);
        assert_eq!((&kind, codecs.as_str()), (b"hev1", "hev1.1.6.L93.B0"), "pictures' sets may be in band");
        assert_eq!(&name(&[(33, true), (34, true)]).1, b"hev1", "the video's sets are in band");
    }

    #[test]
    fn dolby_vision_keeps_its_names_and_says_its_profile() {
        for kind in [b"dvh1", b"dvhe"] {
            let (_, found, codecs) = entry(kind, &COMPLETE, &[b"colr", b"dvvC", b"hvcE"]).unwrap();
            assert_eq!(&found, kind);
            assert_eq!(codecs, format!("{}.08.06", String::from_utf8_lossy(kind)));
        }
        assert_eq!(entry(b"dvh1", &COMPLETE, &[]).unwrap_err().code(), "malformed");
        let (_, _, codecs) = entry(b"hvc1", &COMPLETE, &[b"dvvC"]).unwrap();
        assert_eq!(codecs, "hvc1.1.6.L93.B0", "a stream that plays without it");
    }
}
