//! The top level of a file: box headers, and how much to read at a time to walk from one to the next.

use super::FourCc;

/// Bytes asked for behind a box that was stepped over.
const NEXT_READ: u64 = 4 * 1024;

/// The most that is asked for behind one.
const MOST_READ: u64 = 1024 * 1024;

/// A box of this size or more is worth a request to step over; smaller ones are rather read through, several in a request.
const FAR: u64 = 256 * 1024;

/// How much to read where a box was stepped over.
///
/// The fragments of a film lie megabytes apart, and some kilobytes at each are enough; those of a live recording may hold one
/// picture each, and a request for each would take hours. Files are regular, so the last stretch between two far steps says
/// how long the next one will be; while no far step comes, reads double.
#[derive(Debug)]
pub(super) struct ReadAhead {
    bytes: u64,
    /// Where the last far step led.
    landed: u64,
}

impl ReadAhead {
    pub(super) fn new(landed: u64) -> Self {
        Self { bytes: NEXT_READ, landed }
    }

    /// What is read beyond what is needed.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes note of a step from the end of a header at `from` to `to`.
    pub(super) fn step(&mut self, from: u64, to: u64) {
        if to.saturating_sub(from) < FAR {
            self.bytes = self.bytes.saturating_mul(2).min(MOST_READ);
        } else {
            let stretch = from.saturating_sub(self.landed);
            self.bytes = stretch.saturating_add(stretch / 4).clamp(NEXT_READ, MOST_READ);
            self.landed = to;
        }
    }
}

/// A top-level box header.
pub(super) struct Header {
    pub(super) kind: FourCc,
    /// Size of the whole box in bytes; a box "to the end of the file" is resolved to its size.
    pub(super) size: u64,
    /// Bytes of the header itself.
    pub(super) length: usize,
}

impl Header {
    /// The header at the start of `bytes`, or `None` when there are too few of them or it is not one.
    pub(super) fn parse(bytes: &[u8], left_in_file: u64) -> Option<Self> {
        let (size, rest) = bytes.split_first_chunk::<4>()?;
        let (kind, rest) = rest.split_first_chunk::<4>()?;
        let (size, length) = match u32::from_be_bytes(*size) {
            0 => (left_in_file, 8),
            1 => (u64::from_be_bytes(*rest.first_chunk()?).max(16), 16),
            size => (u64::from(size).max(8), 8),
        };
        Some(Self { kind: FourCc(*kind), size, length })
    }

    /// Whether a file of this family may begin with such a box.
    pub(super) fn may_open_a_file(&self) -> bool {
        const OPENERS: [&[u8; 4]; 14] = [
            b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"uuid", b"moof", b"sidx", b"udta",
            b"meta", b"prfl",
        ];
        OPENERS.contains(&&self.kind.0)
    }
}

/// Names what a file that is not an MP4 looks like, for the person who uploaded it.
pub(super) fn sniff(bytes: &[u8]) -> &'static str {
    const SIGNATURES: [(&[u8], &str); 14] = [
        (b"\x1aE\xdf\xa3", "Matroska or WebM"),
        (b"\x89PNG", "a PNG image"),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"GIF8", "a GIF image"),
        (b"ID3", "an MP3 file"),
        (b"\xff\xfb", "an MP3 file"),
        (b"\xff\xf1", "raw AAC audio"),
        (b"OggS", "an Ogg file"),
        (b"fLaC", "a FLAC file"),
        (b"RIFF", "an AVI, WAV or WebP file"),
        (b"FLV", "a Flash video"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"%PDF", "a PDF document"),
        (b"\x47\x40", "an MPEG transport stream"),
    ];
    let known = SIGNATURES.iter().find(|(magic, _)| bytes.starts_with(magic));
    let textual = || bytes.iter().take(512).all(|byte| !byte.is_ascii_control() || byte.is_ascii_whitespace());
    known.map_or_else(|| if textual() { "text" } else { "data of an unknown kind" }, |(_, name)| name)
}
