//! The media of a package: read and encrypted by one thread, written by another.
//!
//! A slice is read, encrypted where it lies, and handed to the thread that writes it, while the next one is read. What is on its
//! way at a time is bounded by [`IN_FLIGHT_BYTES`], or by a single slice where that is larger: then the threads take turns.

use std::panic::resume_unwind;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use vpp_media::cenc::ContentKeys;
use vpp_media::cmaf::{Planner, Segment, Slice, SliceSource, SourceRange, package_slice};

use crate::failure::Failure;
use crate::input::Input;
use crate::output::Output;

/// Source bytes of a slice, where segments allow: few enough to be in the processor's cache from the reading to the writing.
pub(crate) const SLICE_BYTES: u64 = 4 * 1024 * 1024;

/// Source bytes that are on their way at most, unless one slice has more.
const IN_FLIGHT_BYTES: u64 = 3 * SLICE_BYTES;

/// A slice that is ready to be written.
struct Packaged {
    segments: Vec<Segment>,
    source: SliceSource,
    /// Source bytes.
    bytes: u64,
}

/// Packages what `planner` plans of `inputs` into `output`; tells `note` of each segment.
pub(crate) fn package(
    planner: Planner<'_, '_>,
    inputs: &mut [Input<'_>],
    keys: &ContentKeys,
    output: &mut Output<'_>,
    mut note: impl FnMut(&Segment) -> Result<(), vpp_media::Error>,
) -> Result<(), Failure> {
    let (to_writer, packaged) = mpsc::channel();
    let (told, written) = mpsc::channel();
    thread::scope(|scope| {
        let writing = scope.spawn(move || write(&packaged, output, &told));
        let mut in_flight = InFlight { bytes: 0, written };
        let read = || {
            for slice in planner {
                let slice = slice?;
                in_flight.make_room(slice.source_bytes());
                let packaged = read_and_package(&slice, inputs, keys)?;
                packaged.segments.iter().try_for_each(&mut note)?;
                if to_writer.send(packaged).is_err() {
                    break; // Writing has failed, and says why.
                }
            }
            Ok(())
        };
        let read = read();
        drop(to_writer);
        let written = writing.join().unwrap_or_else(|panic| resume_unwind(panic));
        written.and(read)
    })
}

fn read_and_package(slice: &Slice, inputs: &mut [Input<'_>], keys: &ContentKeys) -> Result<Packaged, Failure> {
    let parts = slice.ranges.iter().map(|SourceRange { input, bytes }| {
        let input = inputs.get_mut(usize::from(*input));
        let input = input.ok_or(vpp_media::Error::BadPlan { reason: "a range is of no movie" })?;
        input.read(bytes.start, bytes.end)
    });
    let mut source = SliceSource::new(slice, parts.collect::<Result<_, Failure>>()?)?;
    let segments = package_slice(slice, &mut source, keys)?;
    Ok(Packaged { segments, source, bytes: slice.source_bytes() })
}

/// Writes what comes, and tells how many source bytes are done with.
fn write(packaged: &Receiver<Packaged>, output: &mut Output<'_>, told: &Sender<u64>) -> Result<(), Failure> {
    for Packaged { segments, source, bytes } in packaged {
        segments.iter().try_for_each(|segment| output.write_segment(segment, &source))?;
        drop(source);
        let _ = told.send(bytes); // Of the last ones, nobody wants to know.
    }
    Ok(())
}

/// What has been read and not been written yet.
struct InFlight {
    bytes: u64,
    written: Receiver<u64>,
}

impl InFlight {
    /// Waits until there is room for `more` source bytes, and counts them.
    fn make_room(&mut self, more: u64) {
        while self.bytes > 0 && self.bytes.saturating_add(more) > IN_FLIGHT_BYTES {
            // A writer that is gone holds nothing.
            self.bytes = self.written.recv().map_or(0, |written| self.bytes.saturating_sub(written));
        }
        self.bytes = self.bytes.saturating_add(more);
    }
}
