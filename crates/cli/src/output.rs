//! The folder of a package, and the files in it.

use std::fs::{self, File};
use std::io::{ErrorKind, IoSlice, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use vpp_media::cmaf::{Layout, Presentation, RepresentationId, Segment, SegmentSizes, SourceBuffers};

use crate::failure::Failure;

/// The folder of a package.
pub(crate) struct Output<'p> {
    folder: &'p Path,
    single_files: Vec<SingleFile>,
    pub(crate) bytes_written: u64,
}

/// The file of a track that has all its segments in one.
struct SingleFile {
    representation: RepresentationId,
    path: PathBuf,
    file: File,
}

impl<'p> Output<'p> {
    /// The folder, with the single files of `presentation`, each with its head left free; none when segments are files.
    pub(crate) fn new(folder: &'p Path, presentation: &Presentation) -> Result<Self, Failure> {
        let own = presentation.representations.iter().filter(|_| presentation.layout == Layout::SingleFile);
        let single_files = own.map(|own| {
            let path = folder.join(own.id.single_file_path());
            let mut file = create(&path)?;
            file.seek(SeekFrom::Start(own.head_bytes())).map_err(Failure::io(&path))?;
            Ok(SingleFile { representation: own.id, path, file })
        });
        Ok(Self { folder, single_files: single_files.collect::<Result<_, Failure>>()?, bytes_written: 0 })
    }

    /// Writes a file.
    pub(crate) fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), Failure> {
        self.write_pieces(path, std::iter::once(bytes))
    }

    /// Writes a segment, and the text file that goes with it.
    pub(crate) fn write_segment(&mut self, segment: &Segment, source: &SourceBuffers) -> Result<(), Failure> {
        match self.single_files.iter_mut().find(|file| file.representation == segment.id.representation) {
            Some(own) => self.bytes_written += gather(&mut own.file, &own.path, segment.byte_slices(source))?,
            None => self.write_pieces(&segment.id.path(), segment.byte_slices(source))?,
        }
        segment.webvtt().map_or(Ok(()), |text| self.write(&segment.id.webvtt_path(), text.as_bytes()))
    }

    /// Writes the heads of single files, once the `sizes` of all segments are known.
    pub(crate) fn write_heads(&mut self, presentation: &Presentation, sizes: &SegmentSizes) -> Result<(), Failure> {
        for head in presentation.heads(sizes)? {
            let file = self.single_files.iter_mut().find(|file| file.representation == head.representation);
            let Some(SingleFile { path, file, .. }) = file else { continue };
            file.rewind().map_err(Failure::io(path))?;
            self.bytes_written += gather(file, path, std::iter::once(head.bytes.as_slice()))?;
        }
        Ok(())
    }

    fn write_pieces<'b>(&mut self, path: &str, pieces: impl Iterator<Item = &'b [u8]>) -> Result<(), Failure> {
        let path = self.folder.join(path);
        self.bytes_written += gather(&mut create(&path)?, &path, pieces)?;
        Ok(())
    }
}

/// Creates a file, and its folder where it is not there.
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

/// Pieces of fewer bytes, on average, are gathered here: that takes less than it takes the system to go through them.
const SMALL_PIECES: usize = 1024;

/// Writes pieces one behind the other, where the file stands, and says how many bytes they were.
fn gather<'b>(file: &mut File, path: &Path, pieces: impl Iterator<Item = &'b [u8]>) -> Result<u64, Failure> {
    let mut slices: Vec<IoSlice<'_>> = pieces.filter(|piece| !piece.is_empty()).map(IoSlice::new).collect();
    let bytes: usize = slices.iter().map(|slice| slice.len()).sum();
    if bytes / SMALL_PIECES < slices.len() {
        let mut together = Vec::with_capacity(bytes);
        slices.iter().for_each(|slice| together.extend_from_slice(slice));
        file.write_all(&together).map_err(Failure::io(path))?;
        return Ok(bytes as u64);
    }
    let mut rest = slices.as_mut_slice();
    while !rest.is_empty() {
        let written = file.write_vectored(rest).map_err(Failure::io(path))?;
        IoSlice::advance_slices(&mut rest, written);
    }
    Ok(bytes as u64)
}
