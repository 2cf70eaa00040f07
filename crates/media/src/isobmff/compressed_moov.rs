//! Compressed movie resources: the `cmov` box (QuickTime File Format, "Compressed Movie Resources").
//!
//! QuickTime could store the whole `moov` compressed, in a `moov` box whose only child is `cmov`: `dcom` names the algorithm, and
//! `cmvd` has the size of the uncompressed `moov` and its data. Offsets in the uncompressed `moov` are offsets in the file.

use super::{BoxView, FourCc};
use crate::number::u64_of;
use crate::{Error, Result};

/// Maximum size of an uncompressed `moov`, in bytes. It is lower than [`MAX_MOOV_BYTES`](super::MAX_MOOV_BYTES), because a small
/// file can claim it: the films of that time have less than a megabyte.
const MAX_UNCOMPRESSED_BYTES: u64 = 32 * 1024 * 1024;

/// Returns the `moov` box that `moov` holds in compressed form; `None` if it is not compressed.
///
/// # Errors
/// [`Error::Unsupported`] for an algorithm other than zlib (RFC 1950), [`Error::MoovTooLarge`] by the size that the box states,
/// [`Error::Malformed`] when the data does not have that size, or is not a `moov` box.
pub(super) fn uncompressed(moov: &BoxView<'_>) -> Result<Option<Vec<u8>>> {
    // A `moov` with malformed children is refused later, by the parser of the movie.
    let Ok(Some(cmov)) = moov.child(b"cmov") else { return Ok(None) };
    let dcom = cmov.required(b"dcom", "it does not name its compression (dcom)")?;
    if dcom.reader().array()? != *b"zlib" {
        return Err(Error::unsupported("A compressed index (cmov box) whose compression is not zlib"));
    }
    let cmvd = cmov.required(b"cmvd", "it has no data (cmvd)")?;
    let mut reader = cmvd.reader();
    let stated = reader.u32()?;
    if u64::from(stated) > MAX_UNCOMPRESSED_BYTES {
        return Err(Error::MoovTooLarge { size: u64::from(stated), limit: MAX_UNCOMPRESSED_BYTES });
    }
    let limit = usize::try_from(stated).unwrap_or(usize::MAX);
    let bytes = miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(reader.rest(), limit);
    let bytes = bytes.ok().filter(|bytes| u64_of(bytes.len()) == u64::from(stated));
    let bytes = bytes.ok_or(cmvd.malformed("its data is not zlib data of the size that it states"))?;
    let is_moov = bytes.get(4..8).is_some_and(|kind| kind == FourCc(*b"moov").0);
    if !is_moov || BoxView::parse(&bytes, moov.offset).is_err() {
        return Err(cmvd.malformed("its data is not a moov box"));
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isobmff::BoxWriter;

    /// Returns a `moov` with a `cmov` that states `size` uncompressed bytes.
    fn compressed(algorithm: &[u8; 4], size: u32, data: &[u8]) -> Vec<u8> {
        let mut w = BoxWriter::new();
        w.plain(b"moov", |w| {
            w.plain(b"cmov", |w| {
                w.plain(b"dcom", |w| w.raw(algorithm));
                w.plain(b"cmvd", |w| {
                    w.u32(size);
                    w.raw(data);
                });
            });
        });
        w.finish().unwrap()
    }

    fn read(moov: &[u8]) -> Result<Option<Vec<u8>>> {
        uncompressed(&BoxView::parse(moov, 0).unwrap())
    }

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        miniz_oxide::deflate::compress_to_vec_zlib(bytes, 6)
    }

    #[test]
    fn the_uncompressed_box_is_returned_if_its_size_is_the_stated_one() {
        let moov = [&[0, 0, 0, 16][..], b"moov", &[0, 0, 0, 8], b"mvhd"].concat();
        assert_eq!(read(&moov).unwrap(), None);
        assert_eq!(read(&compressed(b"zlib", 16, &deflated(&moov))).unwrap(), Some(moov.clone()));
        for size in [0, 15, 17, 1 << 20] {
            assert_eq!(read(&compressed(b"zlib", size, &deflated(&moov))).unwrap_err().code(), "malformed", "{size}");
        }
        assert_eq!(read(&compressed(b"zlib", 16, &moov)).unwrap_err().code(), "malformed", "not compressed");
        assert_eq!(read(&compressed(b"adec", 16, &deflated(&moov))).unwrap_err().code(), "unsupported_feature");
    }

    #[test]
    fn a_bomb_is_refused_by_the_size_it_states_and_stops_at_the_size_it_hides() {
        let bomb = deflated(&vec![0; 16 << 20]);
        assert!(bomb.len() < 32 << 10);
        assert_eq!(read(&compressed(b"zlib", u32::MAX, &bomb)).unwrap_err().code(), "moov_too_large");
        assert_eq!(read(&compressed(b"zlib", 64, &bomb)).unwrap_err().code(), "malformed");
    }
}
