//! The output folder of a package, and its files.

use std::fs::{self, File};
use std::io::{ErrorKind, IoSlice, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use vpp_media::cmaf::{Layout, Presentation, RepresentationId, Segment, SegmentSizes, SourceBuffers, file_heads};

use crate::failure::Failure;

/// Slices with a smaller average length are copied into one buffer before the write, which is faster than a vectored write.
const MIN_VECTORED_SLICE_BYTES: usize = 1024;

/// The output folder of a package.
pub(crate) struct Output<'p> {
    folder: &'p Path,
    single_files: Vec<SingleFile>,
    pub(crate) bytes_written: u64,
}

/// The file of a representation in the single-file layout.
struct SingleFile {
    representation: RepresentationId,
    path: PathBuf,
    file: File,
}

impl<'p> Output<'p> {
    /// Returns the output folder. In the single-file layout, creates the file of each representation and seeks past its head.
    pub(crate) fn new(folder: &'p Path, presentation: &Presentation) -> Result<Self, Failure> {
        let is_single_file = presentation.layout == Layout::SingleFile;
        let representations = presentation.representations.iter().filter(|_| is_single_file);
        let single_files = representations.map(|representation| {
            let path = folder.join(representation.id.single_file_path());
            let mut file = create(&path)?;
            file.seek(SeekFrom::Start(representation.head_bytes())).map_err(Failure::io(&path))?;
            Ok(SingleFile { representation: representation.id, path, file })
        });
        Ok(Self { folder, single_files: single_files.collect::<Result<_, Failure>>()?, bytes_written: 0 })
    }

    /// Writes a file.
    pub(crate) fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), Failure> {
        self.write_file(path, std::iter::once(bytes))
    }

    /// Writes a segment and its WebVTT file, if it has one.
    pub(crate) fn write_segment(&mut self, segment: &Segment, source: &SourceBuffers) -> Result<(), Failure> {
        match self.single_files.iter_mut().find(|single| single.representation == segment.id.representation) {
            Some(SingleFile { path, file, .. }) => {
                self.bytes_written += write_slices(file, path, segment.byte_slices(source))?;
            }
            None => self.write_file(&segment.id.path(), segment.byte_slices(source))?,
        }
        segment.webvtt().map_or(Ok(()), |text| self.write(&segment.id.webvtt_path(), text.as_bytes()))
    }

    /// Writes the heads of the single files once the sizes of all segments are known.
    pub(crate) fn write_heads(&mut self, presentation: &Presentation, sizes: &SegmentSizes) -> Result<(), Failure> {
        for head in file_heads(presentation, sizes)? {
            let single = self.single_files.iter_mut().find(|single| single.representation == head.representation);
            let Some(SingleFile { path, file, .. }) = single else { continue };
            file.rewind().map_err(Failure::io(path))?;
            self.bytes_written += write_slices(file, path, std::iter::once(head.bytes.as_slice()))?;
        }
        Ok(())
    }

    fn write_file<'b>(&mut self, path: &str, slices: impl Iterator<Item = &'b [u8]>) -> Result<(), Failure> {
        let path = self.folder.join(path);
        self.bytes_written += write_slices(&mut create(&path)?, &path, slices)?;
        Ok(())
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
