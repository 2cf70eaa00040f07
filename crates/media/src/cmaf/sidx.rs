//! The segment index, `SegmentIndexBox` (`sidx`, ISO/IEC 14496-12 8.16.3), of a single file.

use super::presentation::{Representation, SegmentTime};
use super::sap::StreamAccessPoint;
use super::segment_size::SegmentSize;
use super::segment_sizes::SizedRepresentation;
use crate::isobmff::BoxWriter;
use crate::number::{Checked, u64_of};
use crate::{Error, Result};

/// Maximum number of references: `reference_count` has 16 bits.
const MAX_REFERENCES: u64 = 0xffff;

/// Maximum `subsegment_duration`, which has 32 bits.
const MAX_DURATION: u64 = 0xffff_ffff;

/// Maximum `referenced_size`, which has 31 bits.
const MAX_REFERENCED_SIZE: u32 = 0x7fff_ffff;

/// Maximum `SAP_delta_time`, which has 28 bits.
const MAX_SAP_DELTA_TIME: u64 = 0x0fff_ffff;

/// Bytes of a reference.
const REFERENCE_SIZE: u64 = 12;

/// Bytes of a segment index without its references, by version. The two times of version 1 have 64 bits.
const FIXED_SIZE: [u64; 2] = [32, 40];

/// Refuses a representation that a segment index cannot describe.
pub(super) fn check(representation: &Representation) -> Result<()> {
    let segments = u64_of(representation.segments.len());
    if segments > MAX_REFERENCES {
        let what = "the number of segments in a single file";
        let action = "request longer segments, or the layout segments";
        return Err(Error::LimitExceeded { what, found: segments, limit: MAX_REFERENCES, action });
    }
    let longest = representation.longest_segment();
    if longest > MAX_DURATION {
        let what = "the duration of a segment in a single file, in units of its timescale,";
        let action = "encode the movie with more key frames, or request the layout segments";
        return Err(Error::LimitExceeded { what, found: longest, limit: MAX_DURATION, action });
    }
    Ok(())
}

/// Returns the length in bytes of the segment index. It depends on the plan alone.
pub(super) fn length(representation: &Representation) -> u64 {
    let [short, long] = FIXED_SIZE;
    let fixed = if version(representation) == 0 { short } else { long };
    // The number of segments in memory, times 12, fits 64 bits.
    fixed.saturating_add(u64_of(representation.segments.len()).saturating_mul(REFERENCE_SIZE))
}

/// Writes the segment index.
pub(super) fn write(w: &mut BoxWriter, of: &SizedRepresentation<'_>) -> Result<()> {
    let SizedRepresentation { representation, sizes } = of;
    let references = representation.segments.iter().zip(*sizes).map(|(segment, size)| Reference::of(segment, *size));
    let references = references.collect::<Result<Vec<_>>>()?;
    let count = u16::try_from(references.len()).or_out_of_range("The number of references of a segment index")?;
    w.full(b"sidx", version(representation), 0, |w| {
        w.u32(representation.track_id); // reference_ID
        w.u32(representation.timescale.hz());
        if let Ok(earliest) = u32::try_from(earliest(representation)) {
            w.u32(earliest);
            w.u32(0); // first_offset: the first segment follows
        } else {
            w.u64(earliest(representation));
            w.u64(0);
        }
        w.u16(0);
        w.u16(count);
        references.iter().for_each(|reference| reference.write(w));
    });
    Ok(())
}

/// Returns `earliest_presentation_time`.
fn earliest(representation: &Representation) -> u64 {
    representation.segments.first().map_or(0, |first| first.start)
}

/// Returns the version of the box: 1 if the earliest presentation time does not fit version 0.
fn version(representation: &Representation) -> u8 {
    u8::from(u32::try_from(earliest(representation)).is_err())
}

/// The entry of a segment in the index.
struct Reference {
    size: u32,
    duration: u32,
    /// The type of the stream access point, and `SAP_delta_time`.
    sap: Option<(u8, u32)>,
}

impl Reference {
    fn of(segment: &SegmentTime, size: SegmentSize) -> Result<Self> {
        let bytes = u32::try_from(size.bytes).ok().filter(|bytes| *bytes <= MAX_REFERENCED_SIZE);
        let duration = u32::try_from(segment.duration).ok();
        let (size, duration) = bytes.zip(duration).ok_or(Error::BadPlan {
            reason: "a segment is larger or longer than the index of a single file can describe",
        })?;
        // If the delta time does not fit, the type of the stream access point is unknown.
        let sap = |point: StreamAccessPoint| {
            let delta = Some(point.delay).filter(|delay| *delay <= MAX_SAP_DELTA_TIME)?;
            Some((point.sap_type.number(), u32::try_from(delta).ok()?))
        };
        Ok(Self { size, duration, sap: segment.sap.and_then(sap) })
    }

    fn write(&self, w: &mut BoxWriter) {
        w.u32(self.size); // reference_type 0: media
        w.u32(self.duration);
        w.u32(self.sap.map_or(0, |(sap_type, delta)| {
            let starts_with_sap = 1 << 31;
            starts_with_sap | (u32::from(sap_type) << 28) | delta
        }));
    }
}
