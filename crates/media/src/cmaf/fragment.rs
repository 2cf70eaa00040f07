//! Everything of a segment but its samples: its type, the movie fragment (ISO/IEC 14496-12 8.8), and the header of `mdat`.
//!
//! What all samples of a fragment have in common is said once, in `tfhd`; what they do not is listed in `trun`.

use super::plan::{Layout, PlannedSample, SegmentPlan, WorkUnitTrack};
use crate::cenc::SampleAuxiliaryInfo;
use crate::isobmff::{BoxWriter, SampleFlags, tfhd, trun};
use crate::number::Checked;
use crate::{Error, Result};

/// Everything up to the `payload` bytes of `mdat`.
pub(super) fn head(
    plan: &SegmentPlan,
    track: &WorkUnitTrack,
    auxiliary: Option<&SampleAuxiliaryInfo>,
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
    moof(&mut w, plan, track, auxiliary)?;
    w.u32(mdat_size);
    w.raw(b"mdat");
    w.finish()
}

/// The flag word of a sample.
fn sample_flags(sample: &PlannedSample) -> u32 {
    SampleFlags { is_sync: sample.is_sync }.word()
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

fn moof(
    w: &mut BoxWriter,
    plan: &SegmentPlan,
    track: &WorkUnitTrack,
    auxiliary: Option<&SampleAuxiliaryInfo>,
) -> Result<()> {
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
    w.patch(data_offset, u32::try_from(payload).or_out_of_range("The size of a movie fragment")?);
    Ok(())
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
