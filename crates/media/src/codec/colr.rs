//! Colour information: the `colr` box, and the code points that codecs carry (ISO/IEC 23091-2).

use serde::{Deserialize, Serialize};

use crate::isobmff::Boxes;

/// The code point of an unspecified value.
pub(crate) const UNSPECIFIED: u8 = 2;

/// The colour description of a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Colour {
    /// `ColourPrimaries`.
    pub primaries: u8,
    /// `TransferCharacteristics`.
    pub transfer: u8,
    /// `MatrixCoefficients`.
    pub matrix: u8,
}

impl Colour {
    /// Returns the colour description with these code points, unless all of them are unspecified.
    pub(super) fn of([primaries, transfer, matrix]: [u8; 3]) -> Option<Self> {
        let is_specified = [primaries, transfer, matrix] != [UNSPECIFIED; 3];
        is_specified.then_some(Self { primaries, transfer, matrix })
    }

    /// Reads the first `colr` box with code points: `nclx` (ISO/IEC 14496-12 12.1.5), or QuickTime's `nclc`, which lacks the
    /// range flag at the end. ICC profiles have no code points.
    pub(super) fn of_box(children: &Boxes<'_>) -> Option<Self> {
        let boxes = children.clone().filter_map(Result::ok).filter(|child| child.kind == b"colr");
        let payloads = boxes.filter_map(|colr| colr.payload.first_chunk::<10>().copied());
        let code_points = payloads.filter_map(|[a, b, c, d, _, primaries, _, transfer, _, matrix]| {
            matches!(&[a, b, c, d], b"nclx" | b"nclc").then_some([primaries, transfer, matrix])
        });
        code_points.map(Self::of).next().flatten()
    }

    /// Returns the dynamic range as HLS names it (RFC 8216bis 4.4.6.2, `VIDEO-RANGE`).
    #[must_use]
    pub fn video_range(self) -> &'static str {
        match self.transfer {
            16 => "PQ",
            18 => "HLG",
            _ => "SDR",
        }
    }
}
