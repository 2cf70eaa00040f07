//! The movie fragment of a segment, `MovieFragmentBox` (`moof`, ISO/IEC 14496-12 8.8.4).
//!
//! Values that all samples of a fragment share are written once, as defaults in `tfhd`. The others are listed in `trun`.

use super::work_unit::{PlannedSample, SegmentPlan, WorkUnitTrack};
use crate::Result;
use crate::cenc::SampleAuxiliaryInfo;
use crate::isobmff::{BoxWriter, SampleFlags, tfhd, trun};
use crate::number::{Checked, u64_of};

/// Bytes of the header of `mdat`.
pub(super) const MDAT_HEADER: u32 = 8;

fn flags_word(sample: &PlannedSample) -> u32 {
    SampleFlags { is_sync: sample.is_sync }.word()
}

/// The values that the samples of a fragment share; `None` for one that differs.
struct SampleDefaults {
    duration: Option<u32>,
    size: Option<u32>,
    /// The flags of all samples after the first.
    flags: Option<u32>,
    /// The flags of the first sample, if they alone differ.
    first_flags: Option<u32>,
    has_composition_offsets: bool,
}

impl SampleDefaults {
    fn of(samples: &[PlannedSample]) -> Self {
        let first = samples.first();
        let others = samples.get(1..).unwrap_or_default();
        let shared = |value: fn(&PlannedSample) -> u32| {
            first.map(value).filter(|first| others.iter().all(|sample| value(sample) == *first))
        };
        let flags = others.first().or(first).map(flags_word);
        let flags = flags.filter(|flags| others.iter().all(|sample| flags_word(sample) == *flags));
        Self {
            duration: shared(|sample| sample.duration),
            size: shared(|sample| sample.size),
            flags,
            first_flags: first.map(flags_word).filter(|first| flags.is_some_and(|flags| flags != *first)),
            has_composition_offsets: samples.iter().any(|sample| sample.composition_offset != 0),
        }
    }
}

/// Writes the movie fragment of a segment. The payload of `mdat` follows it after `MDAT_HEADER` bytes.
pub(super) fn moof(
    w: &mut BoxWriter,
    plan: &SegmentPlan,
    track: &WorkUnitTrack,
    auxiliary: Option<&SampleAuxiliaryInfo>,
) -> Result<()> {
    let start = w.position();
    let defaults = SampleDefaults::of(&plan.samples);
    let description = plan.description.checked_add(1).or_out_of_range("The index of a sample description")?;
    let sample_count = u32::try_from(plan.samples.len()).or_out_of_range("The number of samples of a segment")?;
    let mut data_offset = 0;
    w.plain(b"moof", |w| {
        w.full(b"mfhd", 0, 0, |w| w.u32(plan.number));
        w.plain(b"traf", |w| {
            let flag = |field: Option<u32>, flag: u32| field.map_or(0, |_| flag);
            // A fragment states every default itself, so that it can be read without `trex` (ISO/IEC 23000-19 7.7.3).
            let flags = tfhd::DEFAULT_BASE_IS_MOOF
                | tfhd::DESCRIPTION
                | flag(defaults.duration, tfhd::DEFAULT_DURATION)
                | flag(defaults.size, tfhd::DEFAULT_SIZE)
                | flag(defaults.flags, tfhd::DEFAULT_FLAGS);
            w.full(b"tfhd", 0, flags, |w| {
                w.u32(track.track_id);
                w.u32(description);
                let optional = [defaults.duration, defaults.size, defaults.flags];
                optional.into_iter().flatten().for_each(|value| w.u32(value));
            });
            w.full(b"tfdt", 1, 0, |w| w.u64(plan.decode_time));
            data_offset = trun(w, plan, sample_count, &defaults);
            if let Some(auxiliary) = auxiliary {
                auxiliary.write(w, start);
            }
        });
    });
    // The payload follows the fragment and the header of mdat.
    let moof_size = w.position().checked_sub(start).and_then(|size| u32::try_from(size).ok());
    let payload = moof_size.and_then(|size| size.checked_add(MDAT_HEADER));
    w.patch(data_offset, payload.or_out_of_range("The size of a movie fragment")?);
    Ok(())
}

/// Returns the number of bytes of the movie fragment of a segment, of which `auxiliary` are sample auxiliary information.
pub(super) fn moof_bytes(plan: &SegmentPlan, auxiliary: u64) -> u64 {
    /// `moof`, `mfhd`, `traf`, `tfdt`, and the parts of `tfhd` and `trun` that are always there.
    const CONSTANT: u64 = 8 + 16 + 8 + 20 + 20 + 20;
    let defaults = SampleDefaults::of(&plan.samples);
    let SampleDefaults { duration, size, flags, first_flags, has_composition_offsets } = defaults;
    let shared = [duration, size, flags];
    let once = shared.iter().chain([&first_flags]).flatten().count();
    let of_each = shared.iter().filter(|value| value.is_none()).count().saturating_add(has_composition_offsets.into());
    // A movie has less than 2^32 samples.
    let words = plan.samples.len().saturating_mul(of_each).saturating_add(once);
    u64_of(words).saturating_mul(4).saturating_add(CONSTANT).saturating_add(auxiliary)
}

/// Writes the track run, and returns the position of its data offset.
fn trun(w: &mut BoxWriter, plan: &SegmentPlan, sample_count: u32, defaults: &SampleDefaults) -> usize {
    let unless_default = |default: Option<u32>, flag: u32| if default.is_some() { 0 } else { flag };
    let flags = trun::DATA_OFFSET
        | defaults.first_flags.map_or(0, |_| trun::FIRST_FLAGS)
        | unless_default(defaults.duration, trun::DURATION)
        | unless_default(defaults.size, trun::SIZE)
        | unless_default(defaults.flags, trun::FLAGS)
        | if defaults.has_composition_offsets { trun::COMPOSITION_OFFSET } else { 0 };
    let mut data_offset = 0;
    w.full(b"trun", 1, flags, |w| {
        w.u32(sample_count);
        data_offset = w.position();
        w.u32(0);
        if let Some(first_flags) = defaults.first_flags {
            w.u32(first_flags);
        }
        for sample in &plan.samples {
            if defaults.duration.is_none() {
                w.u32(sample.duration);
            }
            if defaults.size.is_none() {
                w.u32(sample.size);
            }
            if defaults.flags.is_none() {
                w.u32(flags_word(sample));
            }
            if defaults.has_composition_offsets {
                w.u32(sample.composition_offset.cast_unsigned());
            }
        }
    });
    data_offset
}
