//! Top-level box headers, and the detection of files that are not MP4.

use super::FourCc;

/// Maximum number of top-level boxes before `moov` or the next `moof`.
pub(super) const MAX_TOP_LEVEL_BOXES: u32 = 1024;

/// A top-level box header.
pub(super) struct TopLevelHeader {
    pub(super) kind: FourCc,
    /// Size of the whole box in bytes; size 0 ("to the end of the file") is resolved.
    pub(super) size: u64,
    /// Bytes of the header itself.
    pub(super) length: usize,
}

impl TopLevelHeader {
    /// Reads the header at the start of `bytes`; `None` when there are too few bytes.
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

    /// Returns whether the type may be that of a box: four printable characters (ISO/IEC 14496-12 4.2.2), or the copyright sign
    /// of QuickTime.
    pub(super) fn is_plausible(&self) -> bool {
        self.kind.0.iter().all(|byte| matches!(byte, b' '..=b'~' | 0xa9))
    }

    /// Returns whether an MP4 or QuickTime file may begin with this box.
    pub(super) fn may_be_first(&self) -> bool {
        const FIRST_BOXES: [&[u8; 4]; 14] = [
            b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"uuid", b"moof", b"sidx", b"udta",
            b"meta", b"prfl",
        ];
        FIRST_BOXES.contains(&&self.kind.0)
    }
}

/// Names the format of a file that is not an MP4, for the error message.
pub(super) fn sniff(bytes: &[u8]) -> &'static str {
    const SIGNATURES: [(&[u8], &str); 13] = [
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
    let is_text = || bytes.iter().take(512).all(|byte| !byte.is_ascii_control() || byte.is_ascii_whitespace());
    known.map_or_else(|| if is_text() { "text" } else { "data of an unknown kind" }, |(_, name)| name)
}
