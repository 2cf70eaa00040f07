//! Packages the work units of a movie on several threads.
//!
//! Each thread takes the next work unit from the planner, reads its bytes, encrypts them in place and writes its segments. Work
//! units are small enough to stay in the processor's cache from the read to the write. A thread for each of the three steps
//! would have to fetch the media from the cache of another core, which takes a tenth more processor time.
//!
//! The output does not depend on the number of threads, nor on their order. In the single-file layout, the offset of a segment
//! is known once all segments before it are encrypted, because encryption decides their sizes. So work units take their turn
//! between encrypting and writing: [`Turn::record`] assigns the offsets in the order of the plan, and threads then write
//! in parallel. Of several failures, that of the first work unit is reported, as a single thread would.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use vpp_media::cenc::ContentKeys;
use vpp_media::cmaf::{
    Layout, Planner, Presentation, RepresentationId, Segment, SegmentSizes, SourceBuffers, SourceRange, WorkUnit,
    package_work_unit,
};

use crate::failure::Failure;
use crate::input::Input;
use crate::interruption::Interruption;
use crate::job::Job;
use crate::output::Output;

/// What the threads share, and do not change.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workers<'w> {
    pub(crate) job: &'w Job,
    pub(crate) inputs: &'w [Input<'w>],
    pub(crate) keys: &'w ContentKeys,
    pub(crate) output: &'w Output<'w>,
    pub(crate) interruption: &'w Interruption,
}

/// The segments that were written.
#[derive(Debug)]
pub(crate) struct Packaged {
    pub(crate) sizes: SegmentSizes,
    /// The number of samples of which bytes are encrypted.
    pub(crate) encrypted_samples: HashMap<RepresentationId, u64>,
}

impl Workers<'_> {
    /// Packages all work units of `planner`, of which `presentation` was planned.
    pub(crate) fn run(&self, planner: Planner<'_, '_>, presentation: &Presentation) -> Result<Packaged, Failure> {
        let queue = Queue::new(planner, presentation);
        thread::scope(|scope| {
            let work_units = usize::try_from(presentation.work_units).unwrap_or(usize::MAX);
            for _ in 1..self.job.threads.get().min(work_units) {
                scope.spawn(|| self.package_from(&queue));
            }
            self.package_from(&queue);
        });
        queue.into_result()
    }

    /// Packages work units until there are no more, or one has failed.
    fn package_from(&self, queue: &Queue<'_, '_>) {
        let mut buffers = Vec::new();
        while let Some((turn, work_unit)) = queue.take() {
            match self.package(&turn, work_unit, buffers) {
                Ok(unused) => buffers = unused,
                Err(failure) => return turn.fail(Some(failure)),
            }
        }
    }

    /// Packages one work unit. Takes the buffers of the previous one, and returns them: new memory is filled with zeros by
    /// the system, which takes a tenth of the packaging time.
    fn package(
        &self,
        turn: &Turn<'_, '_, '_>,
        work_unit: vpp_media::Result<WorkUnit>,
        buffers: Vec<Vec<u8>>,
    ) -> Result<Vec<Vec<u8>>, Failure> {
        self.interruption.check()?;
        let work_unit = work_unit?;
        let mut source = self.read(&work_unit, buffers)?;
        let segments = package_work_unit(&work_unit, &mut source, self.keys);
        let segments = segments.map_err(|error| self.job.refusal(error))?;
        if let Some(offsets) = turn.record(&segments)? {
            for (position, segment) in segments.iter().enumerate() {
                self.output.write_segment(segment, &source, offsets.get(position).copied())?;
            }
        }
        Ok(source.into_buffers())
    }

    /// Reads the source bytes of a work unit.
    fn read(&self, work_unit: &WorkUnit, mut buffers: Vec<Vec<u8>>) -> Result<SourceBuffers, Failure> {
        buffers.resize_with(work_unit.ranges.len(), Vec::new);
        for (SourceRange { input, bytes }, buffer) in work_unit.ranges.iter().zip(&mut buffers) {
            let input = self.inputs.get(usize::from(*input));
            let input = input.ok_or(vpp_media::Error::BadPlan { reason: "a source range names an unknown movie" })?;
            input.read(bytes, buffer)?;
        }
        Ok(SourceBuffers::new(work_unit, buffers)?)
    }
}

/// The work units, and their results so far.
#[derive(Debug)]
struct Queue<'m, 'a> {
    remaining: Mutex<Remaining<'m, 'a>>,
    results: Mutex<Results>,
    /// Notified when a work unit has recorded its segments, or has failed.
    changed: Condvar,
}

#[derive(Debug)]
struct Remaining<'m, 'a> {
    planner: Planner<'m, 'a>,
    /// Position of the next work unit.
    position: u32,
}

#[derive(Debug)]
struct Results {
    packaged: Packaged,
    /// The offset of the next segment of each single file; none in the segments layout.
    offsets: HashMap<RepresentationId, u64>,
    /// The position of the work unit that records next. Only single files need an order.
    turn: u32,
    /// The first work unit that failed. The reason is missing if its thread panicked.
    failed: Option<(u32, Option<Failure>)>,
}

impl<'m, 'a> Queue<'m, 'a> {
    fn new(planner: Planner<'m, 'a>, presentation: &Presentation) -> Self {
        let single_files = presentation.representations.iter().filter(|_| presentation.layout == Layout::SingleFile);
        let results = Results {
            packaged: Packaged { sizes: SegmentSizes::new(presentation), encrypted_samples: HashMap::new() },
            offsets: single_files.map(|file| (file.id, file.head_bytes())).collect(),
            turn: 0,
            failed: None,
        };
        Self {
            remaining: Mutex::new(Remaining { planner, position: 0 }),
            results: Mutex::new(results),
            changed: Condvar::new(),
        }
    }

    /// Takes the next work unit; none after a failure.
    fn take(&self) -> Option<(Turn<'_, 'm, 'a>, vpp_media::Result<WorkUnit>)> {
        if self.results().failed.is_some() {
            return None;
        }
        let mut remaining = self.remaining.lock().unwrap_or_else(PoisonError::into_inner);
        let work_unit = remaining.planner.next()?;
        let position = remaining.position;
        // Work units are counted in 32 bits: the planner fails before there are more.
        remaining.position = position.saturating_add(1);
        Some((Turn { queue: self, position }, work_unit))
    }

    /// The results. A thread that panics ends the command, so that they need not be complete.
    fn results(&self) -> MutexGuard<'_, Results> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn into_result(self) -> Result<Packaged, Failure> {
        let results = self.results.into_inner().unwrap_or_else(PoisonError::into_inner);
        match results.failed {
            Some((_, Some(failure))) => Err(failure),
            // The panic of a thread has ended the scope before.
            Some((_, None)) | None => Ok(results.packaged),
        }
    }
}

/// The place of a work unit in the order of the plan.
#[derive(Debug)]
struct Turn<'q, 'm, 'a> {
    queue: &'q Queue<'m, 'a>,
    position: u32,
}

impl Turn<'_, '_, '_> {
    /// Records the segments of the work unit. Returns the offset of each in its single file, or no offsets in the segments layout.
    ///
    /// Waits for the work units before it if there is a single file. Returns `None` if one of them failed.
    fn record(&self, segments: &[Segment]) -> Result<Option<Vec<u64>>, Failure> {
        let mut results = self.queue.results();
        if !results.offsets.is_empty() {
            let is_blocked =
                |results: &mut Results| results.turn != self.position && !results.has_failed(self.position);
            let unblocked = self.queue.changed.wait_while(results, is_blocked);
            results = unblocked.unwrap_or_else(PoisonError::into_inner);
            if results.turn != self.position {
                return Ok(None);
            }
        }
        let offsets = results.record(segments)?;
        self.queue.changed.notify_all();
        Ok(Some(offsets))
    }

    /// Ends the command with this failure, unless an earlier work unit fails.
    fn fail(&self, failure: Option<Failure>) {
        let mut results = self.queue.results();
        if !results.has_failed(self.position) {
            results.failed = Some((self.position, failure));
        }
        self.queue.changed.notify_all();
    }
}

impl Drop for Turn<'_, '_, '_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.fail(None);
        }
    }
}

impl Results {
    /// Returns whether a work unit before `position` has failed.
    fn has_failed(&self, position: u32) -> bool {
        self.failed.as_ref().is_some_and(|(failed, _)| *failed < position)
    }

    fn record(&mut self, segments: &[Segment]) -> Result<Vec<u64>, Failure> {
        let mut offsets = Vec::new();
        for segment in segments {
            let (representation, size) = (segment.id.representation, segment.size());
            self.packaged.sizes.set(segment.id, size)?;
            *self.packaged.encrypted_samples.entry(representation).or_default() += u64::from(segment.encrypted_samples);
            if let Some(end) = self.offsets.get_mut(&representation) {
                offsets.push(*end);
                *end += size.bytes;
            }
        }
        self.turn += 1;
        Ok(offsets)
    }
}
