//! Audio sample entries (ISO/IEC 14496-12 12.2.3), and QuickTime's sound descriptions, which are turned into them.

use std::borrow::Cow;

use super::visual::without_terminator;
use crate::Result;
use crate::isobmff::{BoxView, BoxWriter, Boxes};

/// An audio sample entry in ISO form.
pub(super) struct Sound<'a> {
    /// What the entry says; a codec's configuration knows better.
    pub(super) sample_rate: u32,
    /// What the entry says; a codec's configuration knows better.
    pub(super) channels: u16,
    /// The codec's configuration.
    pub(super) configuration: Option<BoxView<'a>>,
    /// Everything behind the header of the entry.
    pub(super) body: Cow<'a, [u8]>,
}

impl<'a> Sound<'a> {
    /// Reads an audio sample entry whose codec is configured by a box of type `configuration`.
    ///
    /// One of QuickTime's versions 1 and 2 is turned into ISO form: the configuration comes out of its `wave` box, and the
    /// fields of the later versions go. An entry without a configuration keeps its fixed part alone.
    pub(super) fn parse(entry: &BoxView<'a>, configuration: &[u8; 4]) -> Result<Self> {
        let mut reader = entry.reader();
        reader.skip(8)?;
        let version = reader.u16()?;
        reader.skip(6)?;
        let (channels, sample_size) = (reader.u16()?, reader.u16()?);
        reader.skip(4)?;
        let sample_rate = reader.u32()?;
        let rate = sample_rate >> 16;
        if version == 0 {
            let children = Boxes::after(&reader, entry);
            if let Some(found) = children.clone().find_kind(configuration)? {
                let body = Cow::Borrowed(without_terminator(entry.payload, children)?);
                return Ok(Self { sample_rate: rate, channels, configuration: Some(found), body });
            }
        }
        let (rate, channels) = match version {
            0 => (rate, channels),
            1 => {
                reader.skip(16)?;
                (rate, channels)
            }
            2 => {
                reader.skip(4)?;
                let rate = f64::from_bits(reader.u64()?);
                let channels = u16::try_from(reader.u32()?).unwrap_or(channels);
                reader.skip(20)?;
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
        w.u32(u16::try_from(rate).map_or(0, |rate| u32::from(rate) << 16));
        w.raw(found.map_or(&[], |found| found.raw));
        Ok(Self { sample_rate: rate, channels, configuration: found, body: Cow::Owned(w.finish()?) })
    }

    /// Reads an entry like [`parse`](Self::parse), and its configuration with it, which must be there.
    pub(super) fn configured(entry: &BoxView<'a>, kind: &[u8; 4]) -> Result<(Self, BoxView<'a>)> {
        let sound = Self::parse(entry, kind)?;
        let configuration =
            sound.configuration.ok_or(entry.malformed("it has no box with its codec's configuration"))?;
        Ok((sound, configuration))
    }
}

/// A sampling rate stored as a float; 0 where it is not a whole number of hertz below 2³².
#[expect(clippy::as_conversions, reason = "a float converts to an integer by `as` alone; the range is checked")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
fn whole_hertz(rate: f64) -> u32 {
    if (0.0..4_294_967_296.0).contains(&rate) { rate as u32 } else { 0 }
}
