//! Audio sample entries (ISO/IEC 14496-12 12.2.3), and QuickTime sound descriptions, which are converted to them.

use std::borrow::Cow;

use super::sample_entry::without_terminator;
use crate::Result;
use crate::isobmff::{BoxView, BoxWriter, Boxes};
use crate::number::{Checked, u64_of, whole_hertz};

/// Bytes of the fixed fields of an audio sample entry.
pub(super) const FIXED_BYTES: usize = 28;

/// Position of `channelcount` in an audio sample entry, after the box header.
pub(super) const CHANNEL_COUNT_AT: usize = 16;

/// Position of `samplerate` in an audio sample entry, after the box header.
pub(super) const SAMPLE_RATE_AT: usize = 24;

/// `AudioSampleEntry`, in ISO form.
pub(super) struct AudioSampleEntry<'a> {
    /// The sampling rate of the entry. The codec's configuration is more reliable.
    pub(super) sample_rate: u32,
    /// The channel count of the entry. The codec's configuration is more reliable.
    pub(super) channels: u16,
    /// The codec's configuration.
    pub(super) configuration: Option<BoxView<'a>>,
    /// Everything after the box header of the entry.
    pub(super) body: Cow<'a, [u8]>,
    /// Position in `body` of the codec's configuration.
    pub(super) configuration_at: usize,
}

impl<'a> AudioSampleEntry<'a> {
    /// Reads an audio sample entry whose codec is configured by a box of type `configuration`.
    ///
    /// QuickTime's versions 1 and 2 are converted to ISO form: the configuration moves out of the `wave` box, and the fields
    /// that these versions add are removed. An entry without a configuration keeps only the fixed fields.
    pub(super) fn parse(entry: &BoxView<'a>, configuration: &[u8; 4]) -> Result<Self> {
        let mut reader = entry.reader();
        reader.skip(8)?; // reserved, data_reference_index
        let version = reader.u16()?;
        reader.skip(6)?; // revision level, vendor
        let (channels, sample_size) = (reader.u16()?, reader.u16()?);
        reader.skip(4)?; // compression ID, packet size
        let sample_rate = reader.u32()? >> 16;
        if version == 0 {
            let children = Boxes::after(&reader, entry);
            if let Some(found) = children.clone().find_kind(configuration)? {
                let body = Cow::Borrowed(without_terminator(entry.payload, children)?);
                let body_offset = entry.end().checked_sub(u64_of(entry.payload.len()));
                let configuration_at = body_offset.and_then(|offset| found.offset.checked_sub(offset));
                let configuration_at = configuration_at.and_then(|at| usize::try_from(at).ok());
                let configuration_at = configuration_at.or_out_of_range("The position of a codec's configuration")?;
                return Ok(Self { sample_rate, channels, configuration: Some(found), body, configuration_at });
            }
        }
        let (sample_rate, channels) = match version {
            0 => (sample_rate, channels),
            1 => {
                reader.skip(16)?; // samples per packet, bytes per packet, frame and sample
                (sample_rate, channels)
            }
            2 => {
                reader.skip(4)?; // size of the structure
                let rate = f64::from_bits(reader.u64()?);
                let channels = u16::try_from(reader.u32()?).or_out_of_range("The number of audio channels")?;
                reader.skip(20)?; // always 7F000000, bits, flags, bytes per packet, frames per packet
                (whole_hertz(rate), channels)
            }
            _ => return Err(entry.malformed("its version is none of 0, 1 and 2")),
        };
        let children = Boxes::after(&reader, entry);
        let found = match children.clone().find_kind(b"wave")? {
            Some(wave) => wave.child(configuration)?,
            None => children.find_kind(configuration)?,
        };
        let mut w = BoxWriter::new();
        w.raw(entry.payload.split_at(8.min(entry.payload.len())).0);
        w.zeros(8);
        w.u16(channels);
        w.u16(sample_size);
        w.zeros(4);
        // The field has 16 bits for the rate. A higher rate is written as 0: players take it from the configuration.
        w.u32(u16::try_from(sample_rate).map_or(0, |rate| u32::from(rate) << 16));
        w.raw(found.map_or(&[], |found| found.raw));
        let body = Cow::Owned(w.finish()?);
        Ok(Self { sample_rate, channels, configuration: found, body, configuration_at: FIXED_BYTES })
    }

    /// Reads an entry like [`parse`](Self::parse), and returns its configuration, which is required.
    pub(super) fn configured(entry: &BoxView<'a>, kind: &[u8; 4]) -> Result<(Self, BoxView<'a>)> {
        let audio = Self::parse(entry, kind)?;
        let configuration =
            audio.configuration.ok_or(entry.malformed("it has no box with its codec's configuration"))?;
        Ok((audio, configuration))
    }
}
