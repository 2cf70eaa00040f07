//! The heart: *(work unit, source bytes, key) → segments*.
//!
//! Samples are encrypted where they lie in the source bytes, and a segment is handed out as its head (everything up to the
//! payload of `mdat`) and the pieces of the source that follow it. Nothing is copied unless a caller asks for one buffer; but
//! text that is written otherwise than it was read is all in the head.
//!
//! A segment is encrypted in two steps. First its samples are parsed, which says what is to be encrypted of each; then all of
//! that is encrypted at once, because a cipher that has many stretches before it can work on several side by side.

use super::fragment::head;
use super::plan::{Layout, SegmentPlan, WorkUnit, WorkUnitTrack};
use super::sizes::SegmentSize;
use super::source::{Piece, SourceBuffers, each_sample};
use super::subtitles::subtitles;
use crate::cenc::{ContentKeys, SampleAuxiliaryInfo, SampleCipher, Scheme, align_to_blocks};
use crate::codec::ProtectionRule;
use crate::number::u64_of;
use crate::{Error, Result};

/// A media segment, ready to be written.
#[derive(Debug)]
pub struct Segment {
    /// The representation it belongs to.
    pub representation: String,
    /// Its number, from 1.
    pub number: u32,
    head: Vec<u8>,
    body: Vec<Piece>,
    entry_bytes: u64,
    text: Option<String>,
}

impl Segment {
    /// Its path below the package, where it is a file of its own.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/{}.m4s", self.representation, self.number)
    }

    /// The same as a text file, for HLS: its path below the package, and its bytes. Only segments of WebVTT have one.
    #[must_use]
    pub fn text_file(&self) -> Option<(String, &[u8])> {
        let path = || format!("{}/{}.vtt", self.representation, self.number);
        self.text.as_ref().map(|text| (path(), text.as_bytes()))
    }

    /// Its bytes, in order: for a gathered write. `source` is what it was packaged from.
    pub fn pieces<'s>(&'s self, source: &'s SourceBuffers) -> impl Iterator<Item = &'s [u8]> {
        std::iter::once(self.head.as_slice()).chain(self.body.iter().map(|piece| source.bytes(piece)))
    }

    /// Length in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let body = self.body.iter().map(|piece| u64_of(piece.len()));
        body.fold(u64_of(self.head.len()), u64::saturating_add)
    }

    /// Its sizes.
    #[must_use]
    pub fn size(&self) -> SegmentSize {
        SegmentSize { bytes: self.bytes(), entry_bytes: self.entry_bytes }
    }

    /// Its head and its payload; `source` is the payload.
    pub(super) fn into_bytes(self, source: SourceBuffers) -> [Vec<u8>; 2] {
        // What was rewritten is all in the head.
        let payload = source.into_parts().into_iter().next().filter(|_| !self.body.is_empty());
        [self.head, payload.unwrap_or_default()]
    }

    /// Its bytes in one buffer.
    #[must_use]
    pub fn to_vec(&self, source: &SourceBuffers) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.bytes()).unwrap_or(0));
        self.pieces(source).for_each(|piece| bytes.extend_from_slice(piece));
        bytes
    }
}

/// Packages a work unit: encrypts its samples in `source`, in place, and returns its segments in the order of the plan.
///
/// # Errors
/// [`Error::MalformedSample`] and the like when a sample does not parse; [`Error::SourceMismatch`] when `source` is not that
/// of the work unit, or `keys` lack that of an encrypted track.
pub fn package_work_unit(work_unit: &WorkUnit, source: &mut SourceBuffers, keys: &ContentKeys) -> Result<Vec<Segment>> {
    let mut encryptors = Vec::new();
    for track in &work_unit.tracks {
        encryptors.push(Encryptor::new(track, keys)?);
    }
    let track_of = |plan: &SegmentPlan| work_unit.tracks.get(usize::from(plan.track)).ok_or(NO_TRACK);
    let body_of = |plan: &SegmentPlan| {
        let input = track_of(plan)?.input;
        plan.extents.iter().map(|extent| source.locate(input, extent.offset, extent.bytes)).collect()
    };
    let mut bodies = work_unit.segments.iter().map(body_of).collect::<Result<Vec<_>>>()?;
    source.unshare(&mut bodies);
    work_unit
        .segments
        .iter()
        .zip(bodies)
        .map(|(plan, body)| {
            let encryptor = encryptors.get(usize::from(plan.track)).and_then(Option::as_ref);
            package_segment(plan, track_of(plan)?, encryptor, work_unit.layout, body, source)
        })
        .collect()
}

const NO_TRACK: Error = Error::BadPlan { reason: "a segment names no track" };

/// Packages a segment whose extents lie in `source` where `body` says.
pub(super) fn package_segment(
    plan: &SegmentPlan,
    track: &WorkUnitTrack,
    encryptor: Option<&Encryptor<'_>>,
    layout: Layout,
    body: Vec<Piece>,
    source: &mut SourceBuffers,
) -> Result<Segment> {
    let auxiliary = encryptor.map(|encryptor| encryptor.encrypt(plan, &body, source)).transpose()?;
    let subtitles = track.text.as_ref().map(|text| subtitles(plan, text, &body, source)).transpose()?;
    let (rewritten, text) = subtitles.map_or((None, None), |own| (own.rewritten, own.text));
    let (representation, number) = (track.name.clone(), plan.number);
    if let Some((samples, payload)) = rewritten {
        let mut head = head(&SegmentPlan { samples, ..plan.clone() }, track, None, layout, u64_of(payload.len()))?;
        head.extend(payload);
        let entry_bytes = u64_of(head.len());
        return Ok(Segment { representation, number, head, body: Vec::new(), entry_bytes, text });
    }
    let head = head(plan, track, auxiliary.as_ref(), layout, plan.payload_bytes())?;
    let first_sample = plan.samples.first().map_or(0, |sample| u64::from(sample.size));
    let entry_bytes = u64_of(head.len()).saturating_add(first_sample);
    Ok(Segment { representation, number, head, body, entry_bytes, text })
}

/// Encrypts the samples of one track.
#[derive(Debug)]
pub(super) struct Encryptor<'t> {
    cipher: SampleCipher,
    scheme: Scheme,
    rules: &'t [ProtectionRule],
}

impl<'t> Encryptor<'t> {
    pub(super) fn new(track: &'t WorkUnitTrack, keys: &ContentKeys) -> Result<Option<Self>> {
        let Some(encryption) = &track.encryption else { return Ok(None) };
        let key = keys.of(&encryption.kid);
        let key =
            key.ok_or(Error::SourceMismatch { reason: "the plan asks for encryption with a key that was not given" })?;
        let cipher = SampleCipher::new(key, encryption);
        Ok(Some(Self { cipher, scheme: encryption.scheme(), rules: &track.rules }))
    }

    /// Encrypts the samples of a segment in place; says which of their bytes.
    fn encrypt(&self, plan: &SegmentPlan, body: &[Piece], source: &mut SourceBuffers) -> Result<SampleAuxiliaryInfo> {
        let rule = usize::try_from(plan.description).ok().and_then(|position| self.rules.get(position));
        let rule = rule.ok_or(Error::BadPlan { reason: "a segment names no sample description" })?;
        let mut auxiliary = SampleAuxiliaryInfo::default();
        let mut parser = rule.parser();
        // What is protected, with the number of the sample it is of.
        let mut protected: Vec<(Piece, u32)> = Vec::with_capacity(plan.samples.len());
        let mut ranges = Vec::new();
        let mut number = plan.first_sample;
        each_sample(plan, body, |sample, offset| {
            ranges.clear();
            if let Some(parser) = &mut parser {
                parser.protected_ranges(source.bytes(&sample), offset, &mut ranges)?;
                if self.scheme == Scheme::Cenc {
                    align_to_blocks(&mut ranges);
                }
                auxiliary.push(self.cipher.iv(number), Some(&mut ranges), sample.len(), offset)?;
            } else {
                ranges.extend((sample.len() > 0).then_some(0..sample.len()));
                auxiliary.push(self.cipher.iv(number), None, sample.len(), offset)?;
            }
            protected.extend(ranges.iter().map(|range| (sample.within(range), number)));
            number = number.saturating_add(1);
            Ok(())
        })?;
        // Decode order is the order in the file, but for files that someone made to be different.
        protected.sort_by_key(|(piece, _)| piece.start());
        let (pieces, numbers): (Vec<_>, Vec<_>) = protected.into_iter().unzip();
        self.cipher.encrypt(numbers.into_iter().zip(source.apart(&pieces)?));
        Ok(auxiliary)
    }
}
