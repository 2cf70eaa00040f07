//! The head of a single file: what stands before the segments of a track that has all of them in one file.
//!
//! ```text
//! init segment │ sidx │ moof mdat │ moof mdat │ ...
//! └──────── head ─────┘
//! ```
//!
//! The segment index (`sidx`, ISO/IEC 14496-12 8.16.3) has one reference for each segment, so its size follows from the plan
//! alone: segments can be written where they belong before the head is known. What it says of each segment is its size, which
//! is known when the segment is made. So the head is reserved first and written last.

use std::ops::Range;

use super::plan::{EntryPoint, Layout, Presentation, Representation, SegmentTime, WorkUnitTrack};
use super::sizes::{SegmentSize, SegmentSizes};
use crate::isobmff::BoxWriter;
use crate::{Error, Result};

/// References a segment index can have: their count has 16 bits.
const MAX_REFERENCES: u64 = 0xffff;

/// The largest duration a reference can state: it has 32 bits.
const MAX_DURATION: u64 = 0xffff_ffff;

/// The largest size a reference can state: it has 31 bits.
const MAX_REFERENCED_SIZE: u32 = 0x7fff_ffff;

/// The largest `SAP_delta_time`: it has 28 bits.
const MAX_DELTA: u64 = 0x0fff_ffff;

/// Bytes of a reference.
const REFERENCE: u64 = 12;

/// Bytes of a segment index without references, in version 0 and in version 1, whose two times have 64 bits.
const INDEX: [u64; 2] = [32, 40];

/// The head of a single file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileHead {
    /// Path of the file below the package.
    pub path: String,
    /// The head's bytes, which the first segment follows.
    pub bytes: Vec<u8>,
}

impl Presentation {
    /// The heads of its single files, one for each representation; none in another layout.
    ///
    /// # Errors
    /// [`Error::BadPlan`] when the size of a segment is not known, or is more than an index can state.
    pub fn heads(&self, sizes: &SegmentSizes) -> Result<Vec<FileHead>> {
        if self.layout != Layout::SingleFile {
            return Ok(Vec::new());
        }
        let sizes = sizes.known(self)?.iter();
        self.representations.iter().zip(sizes).map(|(own, sizes)| own.head(sizes)).collect()
    }
}

impl Representation {
    /// Path below the package of the file that holds it all, in the layout that has one.
    #[must_use]
    pub fn file_path(&self) -> String {
        file_path(&self.name)
    }

    /// Bytes before the first segment of its single file. They follow from the plan alone.
    #[must_use]
    pub fn head_bytes(&self) -> u64 {
        self.index_range().end
    }

    /// Where the segment index lies in its single file.
    #[must_use]
    pub fn index_range(&self) -> Range<u64> {
        let start = length(self.init.len());
        let [short, long] = INDEX;
        let fixed = if self.index_version() == 0 { short } else { long };
        start..start.saturating_add(fixed).saturating_add(length(self.segments.len()).saturating_mul(REFERENCE))
    }

    /// Where each segment lies in its single file, given the sizes of all.
    pub fn byte_ranges(&self, sizes: &[SegmentSize]) -> impl Iterator<Item = Range<u64>> {
        let mut at = self.head_bytes();
        sizes.iter().map(move |size| {
            let start = at;
            at = at.saturating_add(size.bytes);
            start..at
        })
    }

    /// When it is first presented.
    fn earliest(&self) -> u64 {
        self.segments.first().map_or(0, |first| first.start)
    }

    /// Version 1 where version 0 does not hold the time.
    fn index_version(&self) -> u8 {
        u8::from(u32::try_from(self.earliest()).is_err())
    }

    fn head(&self, sizes: &[SegmentSize]) -> Result<FileHead> {
        let mut w = BoxWriter::new();
        w.raw(&self.init);
        let references = self.segments.iter().zip(sizes).map(|(own, size)| Reference::of(own, *size));
        let references = references.collect::<Result<Vec<_>>>()?;
        let version = self.index_version();
        w.full(b"sidx", version, 0, |w| {
            w.u32(self.track_id); // reference_ID
            w.u32(self.timescale.hz());
            if let Ok(earliest) = u32::try_from(self.earliest()) {
                w.u32(earliest);
                w.u32(0); // first_offset: the first segment follows
            } else {
                w.u64(self.earliest());
                w.u64(0);
            }
            w.u16(0);
            w.u16(u16::try_from(references.len()).unwrap_or(u16::MAX));
            references.iter().for_each(|reference| reference.write(w));
        });
        let bytes = w.finish()?;
        debug_assert_eq!(length(bytes.len()), self.head_bytes(), "the plan says how long a head is");
        Ok(FileHead { path: self.file_path(), bytes })
    }
}

impl WorkUnitTrack {
    /// Path below the package of the file that holds all of its representation, in the layout that has one.
    #[must_use]
    pub fn file_path(&self) -> String {
        file_path(&self.name)
    }
}

fn file_path(representation: &str) -> String {
    format!("{representation}/media.mp4")
}

/// Whether a segment index can hold a representation.
pub(super) fn check(own: &Representation) -> Result<()> {
    let segments = length(own.segments.len());
    if segments > MAX_REFERENCES {
        let what = "the number of segments in a single file";
        return Err(Error::LimitExceeded { what, found: segments, limit: MAX_REFERENCES });
    }
    let longest = own.segments.iter().map(|segment| segment.duration).max().unwrap_or(0);
    if longest > MAX_DURATION {
        let what = "the duration of a segment in a single file, in units of its timescale,";
        return Err(Error::LimitExceeded { what, found: longest, limit: MAX_DURATION });
    }
    Ok(())
}

/// What a segment index says of a segment.
struct Reference {
    size: u32,
    duration: u32,
    entry: Option<EntryPoint>,
}

impl Reference {
    fn of(own: &SegmentTime, size: SegmentSize) -> Result<Self> {
        let bytes = u32::try_from(size.bytes).ok().filter(|bytes| *bytes <= MAX_REFERENCED_SIZE);
        let duration = u32::try_from(own.duration).ok();
        let (size, duration) = bytes.zip(duration).ok_or(Error::BadPlan {
            reason: "a segment is larger or longer than the index of a single file can say",
        })?;
        // An entry point further in than the index can say is one of unknown type.
        Ok(Self { size, duration, entry: own.entry.filter(|entry| entry.delay <= MAX_DELTA) })
    }

    fn write(&self, w: &mut BoxWriter) {
        w.u32(self.size); // reference_type 0: media
        w.u32(self.duration);
        w.u32(self.entry.map_or(0, |entry| {
            let starts_with_sap = 1 << 31;
            let sap_type = u32::from(entry.sap_type.number()) << 28;
            starts_with_sap | sap_type | u32::try_from(entry.delay).unwrap_or(0)
        }));
    }
}

fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmaf::SapType;
    use crate::time::Timescale;
    use crate::track::{TrackKind, TrackLabels};

    fn track(segments: Vec<SegmentTime>) -> Representation {
        Representation {
            name: "v1".to_owned(),
            track_id: 7,
            set: 0,
            kind: TrackKind::Video,
            timescale: Timescale::new(1000).unwrap(),
            codecs: "avc1.64001F".to_owned(),
            language: None,
            video: None,
            audio: None,
            labels: TrackLabels::default(),
            encryption: None,
            presentation_time_offset: 0,
            sample_duration: None,
            segments,
            init: b"init".to_vec(),
        }
    }

    fn segment(start: u64, duration: u64, entry: Option<(SapType, u64)>) -> SegmentTime {
        SegmentTime { start, duration, entry: entry.map(|(sap_type, delay)| EntryPoint { sap_type, delay }) }
    }

    fn size(bytes: u64) -> SegmentSize {
        SegmentSize { bytes, entry_bytes: bytes }
    }

    #[test]
    fn an_index_says_size_duration_and_entry_of_every_segment() {
        let own =
            track(vec![segment(5, 6000, Some((SapType::One, 0))), segment(6005, 2000, Some((SapType::Three, 80)))]);
        let head = own.head(&[size(1000), size(500)]).unwrap();
        let expected = [
            b"init\0\0\0\x38sidx\0\0\0\0".as_slice(),
            &[0, 0, 0, 7, 0, 0, 3, 232, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 2],
            &[0, 0, 3, 232, 0, 0, 0x17, 0x70, 0x90, 0, 0, 0],
            &[0, 0, 1, 244, 0, 0, 0x07, 0xd0, 0xb0, 0, 0, 80],
        ];
        assert_eq!(head.bytes, expected.concat());
        assert_eq!((own.index_range(), own.head_bytes()), (4..60, 60));
        assert_eq!(own.byte_ranges(&[size(1000), size(500)]).collect::<Vec<_>>(), [60..1060, 1060..1560]);
    }

    #[test]
    fn times_past_32_bits_take_version_1() {
        let own = track(vec![segment(1 << 32, 6000, None)]);
        let head = own.head(&[size(1000)]).unwrap();
        assert_eq!(head.bytes[4..16], *b"\0\0\0\x34sidx\x01\0\0\0");
        assert_eq!(head.bytes[24..42], [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(head.bytes[52..], [0, 0, 0, 0], "no entry point");
        assert_eq!(length(head.bytes.len()), own.head_bytes());
    }

    #[test]
    fn what_an_index_cannot_say_is_refused() {
        let too_many = track(vec![segment(0, 1, None); 65_536]);
        assert_eq!(check(&too_many).unwrap_err().code(), "limit_exceeded");
        assert_eq!(check(&track(vec![segment(0, 1 << 32, None)])).unwrap_err().code(), "limit_exceeded");
        assert_eq!(check(&track(vec![segment(0, 1, None); 65_535])), Ok(()));
        let own = track(vec![segment(0, 1, Some((SapType::Three, 1 << 28)))]);
        assert!(own.head(&[size(1 << 31)]).is_err());
        assert_eq!(
            own.head(&[size((1 << 31) - 1)]).unwrap().bytes[44..],
            [0, 0, 0, 0].as_slice()[..],
            "an unknown type"
        );
    }
}
