//! The output folder of a package, and its files.

use std::fs::{self, File};
use std::io::{ErrorKind, IoSlice, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use vpp_media::cmaf::{Layout, Presentation, RepresentationId, Segment, SegmentSizes, SourceBuffers, file_heads};

use crate::failure::Failure;

/// Slices with a smaller average length are copied into one buffer before the write, which is faster than a vectored write.
const MIN_VECTORED_SLICE_BYTES: usize = 1024;

/// The output folder of a package. Several threads may write to it.
#[derive(Debug)]
pub(crate) struct Output<'p> {
    folder: &'p Path,
    single_files: Vec<SingleFile>,
    bytes_written: AtomicU64,
}

/// The file of a representation in the single-file layout.
#[derive(Debug)]
struct SingleFile {
    representation: RepresentationId,
    path: PathBuf,
    /// One thread writes at a time. File systems allow no more than that for one file.
    file: Mutex<File>,
}

impl<'p> Output<'p> {
    /// Returns the output folder. In the single-file layout, creates the file of each representation.
    pub(crate) fn new(folder: &'p Path, presentation: &Presentation) -> Result<Self, Failure> {
        let is_single_file = presentation.layout == Layout::SingleFile;
        let representations = presentation.representations.iter().filter(|_| is_single_file);
        let single_files = representations.map(|representation| {
            let path = folder.join(representation.id.single_file_path());
            Ok(SingleFile { representation: representation.id, file: Mutex::new(create(&path)?), path })
        });
        let single_files = single_files.collect::<Result<_, Failure>>()?;
        Ok(Self { folder, single_files, bytes_written: AtomicU64::new(0) })
    }

    /// Returns the number of bytes that were written so far.
    pub(crate) fn bytes_written(&self) -> u64 {
        self.bytes_written.load(Ordering::Relaxed)
    }

    /// Writes a file.
    pub(crate) fn write(&self, path: &str, bytes: &[u8]) -> Result<(), Failure> {
        self.write_file(path, std::iter::once(bytes))
    }

    /// Writes a segment, to `offset` of the single file of its representation or to a file of its own, and its WebVTT file, if it
    /// has one.
    pub(crate) fn write_segment(
        &self,
        segment: &Segment,
        source: &SourceBuffers,
        offset: Option<u64>,
    ) -> Result<(), Failure> {
        match self.single_file(segment.id.representation).zip(offset) {
            Some((single, offset)) => self.write_at(single, offset, segment.byte_slices(source))?,
            None => self.write_file(&segment.id.path(), segment.byte_slices(source))?,
        }
        segment.webvtt().map_or(Ok(()), |text| self.write(&segment.id.webvtt_path(), text.as_bytes()))
    }

    /// Writes the heads of the single files once the sizes of all segments are known.
    pub(crate) fn write_heads(&self, presentation: &Presentation, sizes: &SegmentSizes) -> Result<(), Failure> {
        for head in file_heads(presentation, sizes)? {
            if let Some(single) = self.single_file(head.representation) {
                self.write_at(single, 0, std::iter::once(head.bytes.as_slice()))?;
            }
        }
        Ok(())
    }

    fn single_file(&self, representation: RepresentationId) -> Option<&SingleFile> {
        self.single_files.iter().find(|single| single.representation == representation)
    }

    fn write_at<'b>(
        &self,
        single: &SingleFile,
        offset: u64,
        slices: impl Iterator<Item = &'b [u8]>,
    ) -> Result<(), Failure> {
        // A thread that panicked while it wrote ends the command.
        let mut file = single.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset)).map_err(Failure::io(&single.path))?;
        self.add(write_slices(&mut file, &single.path, slices)?);
        Ok(())
    }

    fn write_file<'b>(&self, path: &str, slices: impl Iterator<Item = &'b [u8]>) -> Result<(), Failure> {
        let path = self.folder.join(path);
        self.add(write_slices(&mut create(&path)?, &path, slices)?);
        Ok(())
    }

    fn add(&self, bytes: u64) {
        self.bytes_written.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Creates a file, and its folder if it does not exist.
fn create(path: &Path) -> Result<File, Failure> {
    let created = File::create(path).or_else(|error| match path.parent() {
        Some(folder) if error.kind() == ErrorKind::NotFound => {
            fs::create_dir_all(folder)?;
            File::create(path)
        }
        _ => Err(error),
    });
    created.map_err(Failure::io(path))
}

/// Writes slices at the position of the file and returns the number of bytes.
fn write_slices<'b>(file: &mut File, path: &Path, slices: impl Iterator<Item = &'b [u8]>) -> Result<u64, Failure> {
    let mut slices: Vec<IoSlice<'_>> = slices.filter(|slice| !slice.is_empty()).map(IoSlice::new).collect();
    let bytes: usize = slices.iter().map(|slice| slice.len()).sum();
    if bytes / MIN_VECTORED_SLICE_BYTES < slices.len() {
        let mut joined = Vec::with_capacity(bytes);
        slices.iter().for_each(|slice| joined.extend_from_slice(slice));
        file.write_all(&joined).map_err(Failure::io(path))?;
        return Ok(bytes as u64);
    }
    let mut rest = slices.as_mut_slice();
    while !rest.is_empty() {
        match file.write_vectored(rest) {
            Ok(0) => return Err(Failure::io(path)(ErrorKind::WriteZero.into())),
            Ok(written) => IoSlice::advance_slices(&mut rest, written),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Failure::io(path)(error)),
        }
    }
    Ok(bytes as u64)
}
