//! A work unit's segments, dealt out to the runs they are written in.
//!
//! Segments of a single file are not objects of their own: those of a run (see [`crate::parts`]) are written together. They
//! become whole in the order in which their bytes arrive, and a run is written as soon as its last one is there.

use vpp_media::cmaf::{WholeSegment, WorkUnit};

use crate::error::Error;
use crate::parts::Run;
use crate::ports::{Body, SegmentReceipt};

const MISFIT: &str = "the runs of a work unit are not those of its segments";

/// A segment that is made: what its receipt says, and its bytes.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) receipt: SegmentReceipt,
    pub(crate) body: Body,
}

impl Made {
    /// A segment that is written with others, and has no digest of its own.
    pub(crate) fn of(whole: WholeSegment) -> Self {
        let (representation, number) = (whole.segment.representation.clone(), whole.segment.number);
        let receipt = SegmentReceipt { representation, number, size: whole.segment.size(), digest: None };
        Self { receipt, body: whole.into_bytes().into_iter().collect() }
    }
}

/// A run whose segments are all there.
#[derive(Debug)]
pub(crate) struct Share {
    pub(crate) run: Run,
    pub(crate) representation: String,
    /// Path of the file it is a part of, below the package.
    pub(crate) path: String,
    pub(crate) receipts: Vec<SegmentReceipt>,
    pub(crate) body: Body,
}

/// The runs of a work unit, as far as they are there.
#[derive(Debug)]
pub(crate) struct Shares<'s> {
    open: Vec<Open<'s>>,
}

/// A run that waits for segments.
#[derive(Debug)]
struct Open<'s> {
    run: Run,
    representation: &'s str,
    path: String,
    /// The numbers of its segments, and what is there of them.
    segments: Vec<(u32, Option<Made>)>,
}

impl<'s> Shares<'s> {
    /// Waits for the segments of `work unit`: every segment goes to one run.
    pub(crate) fn new(runs: &[Run], work_unit: &'s WorkUnit) -> Result<Self, Error> {
        let misfit = || Error::permanent("bad_plan", MISFIT);
        let mut open: Vec<Open<'s>> = Vec::new();
        for run in runs {
            let track = work_unit.tracks.get(usize::from(run.track)).ok_or_else(misfit)?;
            let earlier = open.iter().filter(|share| share.run.track == run.track);
            let dealt: usize = earlier.map(|share| share.segments.len()).sum();
            let own = work_unit.segments.iter().filter(|segment| segment.track == run.track);
            let own = own.skip(dealt).take(usize::from(run.segments));
            let segments = own.map(|segment| (segment.number, None)).collect();
            open.push(Open { run: *run, representation: &track.name, path: track.file_path(), segments });
        }
        let dealt: usize = open.iter().map(|share| share.segments.len()).sum();
        if dealt == work_unit.segments.len() { Ok(Self { open }) } else { Err(misfit()) }
    }

    /// Takes a segment; returns its run if that has all of its segments by it.
    pub(crate) fn take(&mut self, made: Made) -> Option<Share> {
        let SegmentReceipt { representation, number, .. } = &made.receipt;
        let is_it = |share: &Open<'_>| share.representation == representation;
        let (position, place) = self.open.iter().enumerate().filter(|(_, share)| is_it(share)).find_map(|found| {
            let place = found.1.segments.iter().position(|(own, _)| own == number)?;
            Some((found.0, place))
        })?;
        let share = self.open.get_mut(position)?;
        share.segments.get_mut(place)?.1 = Some(made);
        if share.segments.iter().any(|(_, made)| made.is_none()) {
            return None;
        }
        let Open { run, representation, path, segments } = self.open.swap_remove(position);
        let (mut receipts, mut body) = (Vec::new(), Body::default());
        for made in segments.into_iter().filter_map(|(_, made)| made) {
            receipts.push(made.receipt);
            body.extend(made.body);
        }
        Some(Share { run, representation: representation.to_owned(), path, receipts, body })
    }
}
