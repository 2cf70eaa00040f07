//! The sample descriptions of a track: `SampleDescriptionBox` (`stsd`), ISO/IEC 14496-12 8.5.2.
//!
//! A track may have several sample entries: a camera that changes its settings while it records, or an editor that joins clips,
//! adds an entry with other codec parameters. A fragment names the entry of its samples (`sample_description_index`), so a
//! segment uses a single entry, and all entries are carried into the init segment, each protected separately. Entries that no
//! sample uses are ignored; their codec may not even be supported.

use super::level::Level;
use super::protection_rule::ProtectionRule;
use super::sample_entry::SampleEntry;
use super::track_info::{AudioInfo, TextInfo, VideoInfo};
use super::track_kind::TrackKind;
use crate::isobmff::{BoxView, Boxes};
use crate::number::u64_of;
use crate::{Error, Result};

/// Maximum number of sample entries that the samples of a track use. Every work unit has the protection rule of each.
const MAX_ENTRIES: usize = 1024;

/// The sample entries that a track's samples use: at least one, and all of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleDescriptions<'a> {
    entries: Vec<SampleEntry<'a>>,
}

impl<'a> SampleDescriptions<'a> {
    /// Reads the entries of the `stsd` box of track `track_id` whose indices, from 1, are `used`; the first one if `used` is
    /// empty.
    ///
    /// # Errors
    /// [`Error::UnsupportedCodec`], [`Error::Unsupported`] for entries of different codecs, [`Error::LimitExceeded`] for more than
    /// 1024 entries, or [`Error::Malformed`].
    pub fn parse(stsd: &BoxView<'a>, used: &[u32], kind: TrackKind, track_id: u32) -> Result<Self> {
        let (_, _, mut reader) = stsd.full()?;
        let count = reader.u32()?;
        // With a single sample entry, every sample uses it, whatever index it names: files with index 0 play everywhere.
        let used = if used.is_empty() || count == 1 && used.len() == 1 { &[1] } else { used };
        if used.len() > MAX_ENTRIES {
            let (what, action) =
                ("the number of sample descriptions of a track", "encode it with the same parameters throughout");
            return Err(Error::LimitExceeded { what, found: u64_of(used.len()), limit: u64_of(MAX_ENTRIES), action });
        }
        let mut entries: Vec<SampleEntry<'a>> = Vec::new();
        let mut boxes = (1..=count).zip(Boxes::after(&reader, stsd));
        for index in used {
            let entry = boxes.by_ref().find(|(position, _)| position == index);
            let (_, entry) = entry.ok_or(stsd.malformed("it does not have the sample entry of every sample"))?;
            entries.push(SampleEntry::parse(&entry?, kind, track_id)?);
        }
        if entries.iter().zip(entries.iter().skip(1)).any(|(entry, next)| entry.kind != next.kind) {
            return Err(Error::unsupported("A track that changes from one codec to another"));
        }
        Ok(Self { entries })
    }

    /// Returns the entries, in the order of their indices.
    #[must_use]
    pub fn entries(&self) -> &[SampleEntry<'a>] {
        &self.entries
    }

    /// Returns the number of samples whose first bytes complete the entries.
    pub(crate) fn heads(&self) -> usize {
        self.entries.iter().filter_map(SampleEntry::heads).map(|heads| heads.samples).max().unwrap_or(0)
    }

    /// Completes the entry at `position` with the first bytes of one of its samples, which has `bytes` bytes: see
    /// [`SampleEntry::heads`].
    pub(crate) fn complete(&mut self, position: u32, head: &[u8], bytes: u32) {
        let entry = usize::try_from(position).ok().and_then(|position| self.entries.get_mut(position));
        if let Some(entry) = entry {
            entry.complete(head, bytes);
        }
    }

    /// Returns the RFC 6381 `codecs` string of the most demanding entry: the one with the greatest level. Of two with the same
    /// level it is the greater string, because of its profile.
    #[must_use]
    pub fn codecs(&self) -> &str {
        let codecs = self.entries.iter().map(|entry| entry.codecs.as_str());
        codecs.max_by_key(|codecs| (Level::of(codecs), *codecs)).unwrap_or_default()
    }

    /// Returns the video properties of the entry with the most pixels; `None` for audio.
    #[must_use]
    pub fn video(&self) -> Option<&VideoInfo> {
        let videos = self.entries.iter().filter_map(|entry| entry.video.as_ref());
        // Two 16-bit numbers always have a 32-bit product.
        videos.max_by_key(|video| u32::from(video.width).checked_mul(u32::from(video.height)))
    }

    /// Returns the audio properties of the entry with the most channels; `None` for video.
    #[must_use]
    pub fn audio(&self) -> Option<&AudioInfo> {
        self.entries.iter().filter_map(|entry| entry.audio.as_ref()).max_by_key(|audio| audio.channels)
    }

    /// Returns the subtitle properties of each entry; empty for video and audio.
    #[must_use]
    pub fn texts(&self) -> Vec<&TextInfo> {
        self.entries.iter().filter_map(|entry| entry.text.as_ref()).collect()
    }

    /// Returns the number of byte ranges of a sample of the entry at `position` that are expected to be protected; `None` where the
    /// whole sample is.
    pub(crate) fn expected_ranges(&self, position: u32) -> Option<u8> {
        let entry = usize::try_from(position).ok().and_then(|position| self.entries.get(position))?;
        (entry.protection != ProtectionRule::FullSample).then(|| entry.expected_ranges())
    }

    /// Returns the protection rule of each entry.
    #[must_use]
    pub fn rules(&self) -> Vec<ProtectionRule> {
        self.entries.iter().map(|entry| entry.protection.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isobmff::BoxWriter;

    /// Returns an `stsd` box with H.264 entries of these types and levels; entries of other types are empty boxes.
    fn stsd(entries: &[(&[u8; 4], u8)]) -> Vec<u8> {
        let mut w = BoxWriter::new();
        w.full(b"stsd", 0, 0, |w| {
            w.u32(u32::try_from(entries.len()).unwrap());
            for (kind, level) in entries {
                w.plain(kind, |w| {
                    if kind.starts_with(b"avc") {
                        w.zeros(24);
                        w.u16(u16::from(*level) * 16);
                        w.u16(16);
                        w.zeros(50);
                        w.plain(b"avcC", |w| w.raw(&[1, 0x64, 0, *level, 0xff, 0xe0, 0]));
                    }
                });
            }
        });
        w.finish().unwrap()
    }

    fn codecs(entries: &[(&[u8; 4], u8)], used: &[u32]) -> Result<Vec<String>> {
        let bytes = stsd(entries);
        let parsed = SampleDescriptions::parse(&BoxView::parse(&bytes, 0).unwrap(), used, TrackKind::Video, 1)?;
        Ok(parsed.entries().iter().map(|entry| entry.codecs.clone()).collect())
    }

    #[test]
    fn entries_without_samples_are_ignored_whatever_they_are() {
        let entries = [(b"avc1", 0x1f), (b"SVQ3", 0), (b"avc1", 0x28)];
        assert_eq!(codecs(&entries, &[1, 3]).unwrap(), ["avc1.64001F", "avc1.640028"]);
        assert_eq!(codecs(&entries, &[3]).unwrap(), ["avc1.640028"]);
        assert_eq!(codecs(&entries, &[1, 2]).unwrap_err().code(), "unsupported_codec");
        assert_eq!(codecs(&entries, &[1, 4]).unwrap_err().code(), "malformed");
    }

    #[test]
    fn the_number_of_entries_is_limited() {
        let used: Vec<u32> = (1..=1025).collect();
        let entries = vec![(b"avc1", 0x1f); 1025];
        assert_eq!(codecs(&entries, &used[..1024]).unwrap().len(), 1024);
        assert_eq!(codecs(&entries, &used).unwrap_err().code(), "limit_exceeded");
    }

    #[test]
    fn a_change_of_codec_is_refused() {
        assert_eq!(codecs(&[(b"avc1", 0x1f), (b"avc3", 0x1f)], &[1, 2]).unwrap_err().code(), "unsupported_feature");
    }

    #[test]
    fn every_sample_uses_a_single_entry() {
        for used in [&[][..], &[0], &[1], &[7]] {
            assert_eq!(codecs(&[(b"avc1", 0x1f)], used).unwrap(), ["avc1.64001F"], "{used:?}");
        }
    }

    #[test]
    fn the_manifest_signals_the_most_demanding_entry() {
        let bytes = stsd(&[(b"avc1", 0x1f), (b"avc1", 0x28), (b"avc1", 0x15)]);
        let stsd = BoxView::parse(&bytes, 0).unwrap();
        let parsed = SampleDescriptions::parse(&stsd, &[1, 2, 3], TrackKind::Video, 1).unwrap();
        assert_eq!((parsed.codecs(), parsed.video().unwrap().width), ("avc1.640028", 0x280));
        assert_eq!(parsed.rules().len(), 3);
    }
}
