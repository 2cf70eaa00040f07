//! The encryption of the samples of one track.
//!
//! A segment is encrypted in two steps: first all samples are parsed, which determines the byte ranges to encrypt; then all
//! ranges are encrypted in one call, because a cipher with many ranges processes several in parallel.

use super::source_buffers::{ByteSpan, SourceBuffers, each_sample};
use super::work_unit::{SegmentPlan, WorkUnitTrack};
use crate::cenc::{ContentKeys, SampleAuxiliaryInfo, SampleCipher, Scheme, align_to_blocks};
use crate::codec::ProtectionRule;
use crate::number::Checked;
use crate::{Error, Result};

/// The encryptor of the samples of one track.
#[derive(Debug)]
pub(super) struct TrackEncryptor<'t> {
    cipher: SampleCipher,
    scheme: Scheme,
    rules: &'t [ProtectionRule],
}

impl<'t> TrackEncryptor<'t> {
    /// Prepares the encryption of a track; `None` if the track is clear.
    ///
    /// # Errors
    /// [`Error::SourceMismatch`] if `keys` do not contain the key of the track.
    pub(super) fn new(track: &'t WorkUnitTrack, keys: &ContentKeys) -> Result<Option<Self>> {
        let Some(encryption) = &track.encryption else { return Ok(None) };
        let key = keys.of(&encryption.kid);
        let key = key.ok_or(Error::SourceMismatch { reason: "the key of an encrypted track is missing" })?;
        let cipher = SampleCipher::new(key, encryption);
        Ok(Some(Self { cipher, scheme: encryption.scheme(), rules: &track.rules }))
    }

    /// Encrypts the samples of a segment in place. Returns the sample auxiliary information, and the number of samples of which
    /// bytes are encrypted.
    pub(super) fn encrypt(
        &self,
        plan: &SegmentPlan,
        payload: &[ByteSpan],
        source: &mut SourceBuffers,
    ) -> Result<(SampleAuxiliaryInfo, u32)> {
        let rule = usize::try_from(plan.description).ok().and_then(|position| self.rules.get(position));
        let rule = rule.ok_or(Error::BadPlan { reason: "a segment has an unknown sample description" })?;
        let mut auxiliary = SampleAuxiliaryInfo::default();
        let mut parser = rule.parser();
        // The spans to encrypt, each with the number of its sample.
        let mut protected: Vec<(ByteSpan, u32)> = Vec::with_capacity(plan.samples.len());
        let mut ranges = Vec::new();
        let (mut encrypted_samples, smallest) = (0_u32, self.scheme.smallest_range());
        let mut next = Some(plan.first_sample);
        each_sample(plan, payload, |sample, offset| {
            let number = next.or_out_of_range("The number of a sample")?;
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
            let is_encrypted = ranges.iter().any(|range| range.len() >= smallest);
            encrypted_samples = encrypted_samples.saturating_add(u32::from(is_encrypted));
            protected.extend(ranges.iter().map(|range| (sample.within(range), number)));
            next = number.checked_add(1);
            Ok(())
        })?;
        // Decode order is the order in the file, except in specially crafted files.
        protected.sort_by_key(|(span, _)| span.start());
        let (spans, numbers): (Vec<_>, Vec<_>) = protected.into_iter().unzip();
        self.cipher.encrypt(numbers.into_iter().zip(source.disjoint(&spans)?));
        Ok((auxiliary, encrypted_samples))
    }
}
