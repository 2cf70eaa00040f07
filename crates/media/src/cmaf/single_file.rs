//! The head of a single file: the bytes before the segments of a track that is stored in one file.
//!
//! ```text
//! init segment │ sidx │ moof mdat │ moof mdat │ ...
//! └──────── head ─────┘
//! ```
//!
//! The segment index has one reference for each segment, so its length follows from the plan alone: segments can be written at
//! their final positions before the head is known. The references contain the sizes of the segments, which are known when the
//! segments are written. So the head is reserved first and written last.

use std::ops::Range;

use super::identity::RepresentationId;
use super::options::Layout;
use super::presentation::{Presentation, Representation};
use super::segment_sizes::{SegmentSizes, SizedRepresentation};
use super::sidx;
use crate::Result;
use crate::isobmff::BoxWriter;
use crate::number::u64_of;

/// The head of a single file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileHead {
    /// The representation that the file contains.
    pub representation: RepresentationId,
    /// The bytes. The first segment follows them.
    pub bytes: Vec<u8>,
}

/// Writes the heads of the single files of `presentation`, one for each representation; none in another layout.
///
/// # Errors
/// [`Error::BadPlan`](crate::Error::BadPlan) if the size of a segment is unknown or does not fit a segment index.
pub fn file_heads(presentation: &Presentation, sizes: &SegmentSizes) -> Result<Vec<FileHead>> {
    if presentation.layout != Layout::SingleFile {
        return Ok(Vec::new());
    }
    sizes.of(presentation)?.iter().map(head).collect()
}

impl Representation {
    /// Returns the number of bytes before the first segment of the single file. It follows from the plan alone.
    #[must_use]
    pub fn head_bytes(&self) -> u64 {
        self.index_range().end
    }

    /// Returns the byte range of the segment index in the single file.
    #[must_use]
    pub fn index_range(&self) -> Range<u64> {
        // Both are lengths of vectors in memory.
        let start = u64_of(self.init.len());
        start..start.saturating_add(sidx::length(self))
    }
}

impl SizedRepresentation<'_> {
    /// Returns the byte range of each segment in the single file.
    pub fn byte_ranges(&self) -> impl Iterator<Item = Range<u64>> {
        let mut end = self.representation.head_bytes();
        self.sizes.iter().map(move |size| {
            let start = end;
            // The segments of a file have been written, so their sum is the length of a file.
            end = end.saturating_add(size.bytes);
            start..end
        })
    }
}

fn head(of: &SizedRepresentation<'_>) -> Result<FileHead> {
    let mut w = BoxWriter::new();
    w.raw(&of.representation.init);
    sidx::write(&mut w, of)?;
    let bytes = w.finish()?;
    debug_assert_eq!(u64_of(bytes.len()), of.representation.head_bytes(), "the length follows from the plan");
    Ok(FileHead { representation: of.representation.id, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmaf::{SapType, SegmentSize, SegmentTime, StreamAccessPoint};
    use crate::time::Timescale;
    use crate::track::{TrackKind, TrackLabels};

    fn track(segments: Vec<SegmentTime>) -> Representation {
        Representation {
            id: RepresentationId::new(TrackKind::Video, 1),
            track_id: 7,
            switching_set: 0,
            kind: TrackKind::Video,
            timescale: Timescale::new(1000).unwrap(),
            codecs: "avc1.64001F".to_owned(),
            language: None,
            video: None,
            audio: None,
            labels: TrackLabels::default(),
            is_enabled: true,
            is_alternative: false,
            is_quarter_turned: false,
            encryption: None,
            presentation_time_offset: 0,
            first_decode_time: 0,
            frame_rate: None,
            segments,
            planned_sizes: vec![],
            init: b"init".to_vec(),
        }
    }

    fn segment(start: u64, duration: u64, sap: Option<(SapType, u64)>) -> SegmentTime {
        SegmentTime { start, duration, sap: sap.map(|(sap_type, delay)| StreamAccessPoint { sap_type, delay }) }
    }

    fn size(bytes: u64) -> SegmentSize {
        SegmentSize { bytes, first_sample_end: bytes }
    }

    fn head_of(representation: &Representation, sizes: &[SegmentSize]) -> Result<Vec<u8>> {
        head(&SizedRepresentation { representation, sizes }).map(|head| head.bytes)
    }

    #[test]
    fn an_index_states_size_duration_and_access_point_of_every_segment() {
        let track =
            track(vec![segment(5, 6000, Some((SapType::One, 0))), segment(6005, 2000, Some((SapType::Three, 80)))]);
        let head = head_of(&track, &[size(1000), size(500)]).unwrap();
        let expected = [
            b"init\0\0\0\x38sidx\0\0\0\0".as_slice(),
            &[0, 0, 0, 7, 0, 0, 3, 232, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 2],
            &[0, 0, 3, 232, 0, 0, 0x17, 0x70, 0x90, 0, 0, 0],
            &[0, 0, 1, 244, 0, 0, 0x07, 0xd0, 0xb0, 0, 0, 80],
        ];
        assert_eq!(head, expected.concat());
        assert_eq!((track.index_range(), track.head_bytes()), (4..60, 60));
        let sized = SizedRepresentation { representation: &track, sizes: &[size(1000), size(500)] };
        assert_eq!(sized.byte_ranges().collect::<Vec<_>>(), [60..1060, 1060..1560]);
    }

    #[test]
    fn times_above_32_bits_require_version_1() {
        let track = track(vec![segment(1 << 32, 6000, None)]);
        let head = head_of(&track, &[size(1000)]).unwrap();
        assert_eq!(head[4..16], *b"\0\0\0\x34sidx\x01\0\0\0");
        assert_eq!(head[24..42], [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(head[52..], [0, 0, 0, 0], "no entry point");
        assert_eq!(u64_of(head.len()), track.head_bytes());
    }

    #[test]
    fn segments_that_an_index_cannot_describe_are_refused() {
        let too_many = track(vec![segment(0, 1, None); 65_536]);
        assert_eq!(sidx::check(&too_many).unwrap_err().code(), "limit_exceeded");
        assert_eq!(sidx::check(&track(vec![segment(0, 1 << 32, None)])).unwrap_err().code(), "limit_exceeded");
        assert_eq!(sidx::check(&track(vec![segment(0, 1, None); 65_535])), Ok(()));
        let track = track(vec![segment(0, 1, Some((SapType::Three, 1 << 28)))]);
        assert!(head_of(&track, &[size(1 << 31)]).is_err());
        assert_eq!(
            head_of(&track, &[size((1 << 31) - 1)]).unwrap()[44..],
            [0, 0, 0, 0].as_slice()[..],
            "an unknown type"
        );
    }
}
