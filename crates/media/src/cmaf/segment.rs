//! The heart: *(slice, source bytes, key) → segments*.
//!
//! Samples are encrypted where they lie in the source bytes, and a segment is handed out as its head (everything up to the
//! payload of `mdat`) and the pieces of the source that follow it. Nothing is copied unless a caller asks for one buffer; but
//! text that is written otherwise than it was read is all in the head.

use std::ops::Range;

use super::plan::{Extent, Layout, PlannedSample, SegmentPlan, Slice, SliceTrack, SourceRange};
use super::sizes::SegmentSize;
use super::subtitles::subtitles;
use crate::cenc::{Auxiliary, ContentKeys, SampleCipher, Scheme, align_to_blocks};
use crate::codec::ProtectionRule;
use crate::isobmff::{BoxWriter, tfhd, trun};
use crate::{Error, Result};

/// The source bytes of a slice: one buffer per range.
#[derive(Debug)]
pub struct SliceSource {
    /// Where each range begins: the source, and the offset in it.
    parts: Vec<((u16, u64), Vec<u8>)>,
}

impl SliceSource {
    /// Takes the bytes read for each of the slice's ranges.
    ///
    /// # Errors
    /// [`Error::SourceMismatch`] when they are not as many, or not as long, as the ranges.
    pub fn new(slice: &Slice, parts: Vec<Vec<u8>>) -> Result<Self> {
        let lengths = slice.ranges.iter().map(SourceRange::length);
        if !lengths.eq(parts.iter().map(|part| length(part))) {
            return Err(Error::SourceMismatch { reason: "a range read from the source has another length" });
        }
        Ok(Self { parts: slice.ranges.iter().map(|range| (range.input, range.bytes.start)).zip(parts).collect() })
    }

    fn locate(&self, input: u16, offset: u64, bytes: u64) -> Result<Piece> {
        let part = self.parts.partition_point(|(start, _)| *start <= (input, offset)).saturating_sub(1);
        let found = self.parts.get(part).filter(|((source, _), _)| *source == input).and_then(|((_, start), held)| {
            let from = usize::try_from(offset.checked_sub(*start)?).ok()?;
            let to = from.checked_add(usize::try_from(bytes).ok()?)?;
            (to <= held.len()).then_some(Piece { part, range: from..to })
        });
        // A sample without bytes lies nowhere in particular.
        let nowhere = || (bytes == 0).then_some(Piece { part, range: 0..0 });
        found.or_else(nowhere).ok_or(Error::SourceMismatch { reason: "the slice's ranges do not hold its samples" })
    }

    fn bytes(&self, piece: &Piece) -> &[u8] {
        self.parts.get(piece.part).and_then(|(_, part)| part.get(piece.range.clone())).unwrap_or_default()
    }

    fn bytes_mut(&mut self, piece: &Piece) -> &mut [u8] {
        self.parts.get_mut(piece.part).and_then(|(_, part)| part.get_mut(piece.range.clone())).unwrap_or_default()
    }
}

/// Bytes of a [`SliceSource`].
#[derive(Debug, Clone)]
pub(super) struct Piece {
    part: usize,
    range: Range<usize>,
}

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
    pub fn pieces<'s>(&'s self, source: &'s SliceSource) -> impl Iterator<Item = &'s [u8]> {
        std::iter::once(self.head.as_slice()).chain(self.body.iter().map(|piece| source.bytes(piece)))
    }

    /// Length in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let body = self.body.iter().map(|piece| u64::try_from(piece.range.len()).unwrap_or(u64::MAX));
        body.fold(length(&self.head), u64::saturating_add)
    }

    /// Its sizes.
    #[must_use]
    pub fn size(&self) -> SegmentSize {
        SegmentSize { bytes: self.bytes(), entry_bytes: self.entry_bytes }
    }

    /// Its bytes in one buffer.
    #[must_use]
    pub fn to_vec(&self, source: &SliceSource) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.bytes()).unwrap_or(0));
        self.pieces(source).for_each(|piece| bytes.extend_from_slice(piece));
        bytes
    }
}

/// Packages a slice: encrypts its samples in `source`, in place, and returns its segments in the order of the plan.
///
/// # Errors
/// [`Error::MalformedSample`] and the like when a sample does not parse; [`Error::SourceMismatch`] when `source` is not that
/// of the slice, or `keys` lack that of an encrypted track.
pub fn package_slice(slice: &Slice, source: &mut SliceSource, keys: &ContentKeys) -> Result<Vec<Segment>> {
    let mut encryptors = Vec::new();
    for track in &slice.tracks {
        encryptors.push(Encryptor::new(track, keys)?);
    }
    slice
        .segments
        .iter()
        .map(|plan| {
            let position = usize::from(plan.track);
            let track = slice.tracks.get(position).ok_or(Error::BadPlan { reason: "a segment names no track" })?;
            let encryptor = encryptors.get(position).and_then(Option::as_ref);
            package_segment(plan, track, encryptor, slice.layout, source)
        })
        .collect()
}

fn package_segment(
    plan: &SegmentPlan,
    track: &SliceTrack,
    encryptor: Option<&Encryptor<'_>>,
    layout: Layout,
    source: &mut SliceSource,
) -> Result<Segment> {
    let locate = |extent: &Extent| source.locate(track.input, extent.offset, extent.bytes);
    let body = plan.extents.iter().map(locate).collect::<Result<Vec<_>>>()?;
    let auxiliary = encryptor.map(|encryptor| encryptor.encrypt(plan, &body, source)).transpose()?;
    let subtitles = track.text.as_ref().map(|text| subtitles(plan, text, &body, source)).transpose()?;
    let (rewritten, text) = subtitles.map_or((None, None), |own| (own.rewritten, own.text));
    let (representation, number) = (track.name.clone(), plan.number);
    if let Some((samples, payload)) = rewritten {
        let mut head = head(&SegmentPlan { samples, ..plan.clone() }, track, None, layout, length(&payload))?;
        head.extend(payload);
        let entry_bytes = length(&head);
        return Ok(Segment { representation, number, head, body: Vec::new(), entry_bytes, text });
    }
    let head = head(plan, track, auxiliary.as_ref(), layout, plan.payload_bytes())?;
    let first_sample = plan.samples.first().map_or(0, |sample| u64::from(sample.size));
    let entry_bytes = length(&head).saturating_add(first_sample);
    Ok(Segment { representation, number, head, body, entry_bytes, text })
}

/// Everything up to the `payload` bytes of `mdat`.
fn head(
    plan: &SegmentPlan,
    track: &SliceTrack,
    auxiliary: Option<&Auxiliary>,
    layout: Layout,
    payload: u64,
) -> Result<Vec<u8>> {
    let mdat_size = payload.checked_add(8).and_then(|size| u32::try_from(size).ok());
    let mdat_size = mdat_size.ok_or(Error::BadPlan { reason: "a segment is larger than 4 GiB" })?;
    let mut w = BoxWriter::new();
    // A type of its own is for what is a file of its own.
    if layout == Layout::Segments {
        w.plain(b"styp", |w| {
            w.raw(b"msdh");
            w.u32(0);
            w.raw(b"msdhmsixcmfs");
        });
    }
    moof(&mut w, plan, track, auxiliary);
    w.u32(mdat_size);
    w.raw(b"mdat");
    Ok(w.finish())
}

/// Encrypts the samples of one track.
struct Encryptor<'t> {
    cipher: SampleCipher,
    scheme: Scheme,
    rules: &'t [ProtectionRule],
}

impl<'t> Encryptor<'t> {
    fn new(track: &'t SliceTrack, keys: &ContentKeys) -> Result<Option<Self>> {
        let Some(encryption) = &track.encryption else { return Ok(None) };
        let key = keys.of(&encryption.kid);
        let key =
            key.ok_or(Error::SourceMismatch { reason: "the plan asks for encryption with a key that was not given" })?;
        let cipher = SampleCipher::new(key, encryption);
        Ok(Some(Self { cipher, scheme: encryption.scheme(), rules: &track.rules }))
    }

    /// Encrypts the samples of a segment in place; says which of their bytes.
    fn encrypt(&self, plan: &SegmentPlan, body: &[Piece], source: &mut SliceSource) -> Result<Auxiliary> {
        let rule = usize::try_from(plan.description).ok().and_then(|position| self.rules.get(position));
        let rule = rule.ok_or(Error::BadPlan { reason: "a segment names no sample description" })?;
        let mut auxiliary = Auxiliary::default();
        let mut parser = rule.parser();
        let mut protected: Vec<Range<usize>> = Vec::new();
        let mut number = plan.first_sample;
        each_sample(plan, body, source, |sample, offset| {
            protected.clear();
            if let Some(parser) = &mut parser {
                parser.protected_ranges(sample, offset, &mut protected)?;
                if self.scheme == Scheme::Cenc {
                    align_to_blocks(&mut protected);
                }
                auxiliary.push(self.cipher.iv(number), Some(&mut protected), sample.len(), offset)?;
            } else {
                protected.push(0..sample.len());
                auxiliary.push(self.cipher.iv(number), None, sample.len(), offset)?;
            }
            self.cipher.encrypt(sample, &protected, number);
            number = number.saturating_add(1);
            Ok(())
        })?;
        Ok(auxiliary)
    }
}

/// Calls `f` with the bytes of each sample of a segment, and where they lie in the file.
pub(super) fn each_sample(
    plan: &SegmentPlan,
    body: &[Piece],
    source: &mut SliceSource,
    mut f: impl FnMut(&mut [u8], u64) -> Result<()>,
) -> Result<()> {
    let mut samples = plan.samples.iter();
    for (extent, piece) in plan.extents.iter().zip(body) {
        let (mut rest, mut offset) = (source.bytes_mut(piece), extent.offset);
        while !rest.is_empty() {
            let size = samples.next().map(|sample| sample.size).ok_or(MISFIT)?;
            let (sample, behind) =
                usize::try_from(size).ok().and_then(|size| rest.split_at_mut_checked(size)).ok_or(MISFIT)?;
            f(sample, offset)?;
            rest = behind;
            offset = offset.saturating_add(u64::from(size));
        }
    }
    // Samples without bytes at the end of the last extent.
    samples.try_for_each(|sample| if sample.size == 0 { f(&mut [], 0) } else { Err(MISFIT) })
}

pub(super) const MISFIT: Error = Error::BadPlan { reason: "a segment's samples do not fill its extents" };

/// Sample flags (ISO/IEC 14496-12 8.8.3.1): depends on no other sample; depends on others and is no sync sample.
fn sample_flags(sample: &PlannedSample) -> u32 {
    if sample.is_sync { 0x0200_0000 } else { 0x0101_0000 }
}

/// What the samples of a fragment have in common, which is then said once.
struct Common {
    duration: Option<u32>,
    size: Option<u32>,
    /// Flags of all samples behind the first.
    flags: Option<u32>,
    first_flags: Option<u32>,
    composition_offsets: bool,
}

impl Common {
    fn of(samples: &[PlannedSample]) -> Self {
        let first = samples.first();
        let behind = samples.get(1..).unwrap_or_default();
        let shared = |value: fn(&PlannedSample) -> u32| {
            first.map(value).filter(|first| behind.iter().all(|sample| value(sample) == *first))
        };
        let flags = behind.first().or(first).map(sample_flags);
        let flags = flags.filter(|flags| behind.iter().all(|sample| sample_flags(sample) == *flags));
        Self {
            duration: shared(|sample| sample.duration),
            size: shared(|sample| sample.size),
            flags,
            first_flags: first.map(sample_flags).filter(|first| flags.is_some_and(|flags| flags != *first)),
            composition_offsets: samples.iter().any(|sample| sample.composition_offset != 0),
        }
    }
}

fn moof(w: &mut BoxWriter, plan: &SegmentPlan, track: &SliceTrack, auxiliary: Option<&Auxiliary>) {
    let start = w.position();
    let common = Common::of(&plan.samples);
    let mut data_offset = 0;
    w.plain(b"moof", |w| {
        w.full(b"mfhd", 0, 0, |w| w.u32(plan.number));
        w.plain(b"traf", |w| {
            let flag = |field: Option<u32>, flag: u32| field.map_or(0, |_| flag);
            // The default, of trex, is the first.
            let description = Some(plan.description.saturating_add(1)).filter(|number| *number > 1);
            let flags = tfhd::DEFAULT_BASE_IS_MOOF
                | flag(description, tfhd::DESCRIPTION)
                | flag(common.duration, tfhd::DEFAULT_DURATION)
                | flag(common.size, tfhd::DEFAULT_SIZE)
                | flag(common.flags, tfhd::DEFAULT_FLAGS);
            w.full(b"tfhd", 0, flags, |w| {
                w.u32(track.track_id);
                let optional = [description, common.duration, common.size, common.flags];
                optional.into_iter().flatten().for_each(|value| w.u32(value));
            });
            w.full(b"tfdt", 1, 0, |w| w.u64(plan.decode_time));
            data_offset = trun(w, plan, &common);
            if let Some(auxiliary) = auxiliary {
                auxiliary.write(w, start);
            }
        });
    });
    // The payload of mdat: behind the fragment, and the header of mdat.
    let payload = w.position().saturating_sub(start).saturating_add(8);
    w.patch(data_offset, u32::try_from(payload).unwrap_or(u32::MAX));
}

/// Writes the track run, and returns where its data offset stands.
fn trun(w: &mut BoxWriter, plan: &SegmentPlan, common: &Common) -> usize {
    let unless = |common: Option<u32>, flag: u32| if common.is_some() { 0 } else { flag };
    let flags = trun::DATA_OFFSET
        | common.first_flags.map_or(0, |_| trun::FIRST_FLAGS)
        | unless(common.duration, trun::DURATION)
        | unless(common.size, trun::SIZE)
        | unless(common.flags, trun::FLAGS)
        | if common.composition_offsets { trun::COMPOSITION_OFFSET } else { 0 };
    let mut data_offset = 0;
    w.full(b"trun", 1, flags, |w| {
        w.u32(u32::try_from(plan.samples.len()).unwrap_or(u32::MAX));
        data_offset = w.position();
        w.u32(0);
        if let Some(first_flags) = common.first_flags {
            w.u32(first_flags);
        }
        for sample in &plan.samples {
            if common.duration.is_none() {
                w.u32(sample.duration);
            }
            if common.size.is_none() {
                w.u32(sample.size);
            }
            if common.flags.is_none() {
                w.u32(sample_flags(sample));
            }
            if common.composition_offsets {
                w.u32(sample.composition_offset.cast_unsigned());
            }
        }
    });
    data_offset
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
