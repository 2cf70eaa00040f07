//! Colours: what the numbers of a picture mean (ISO/IEC 23091-2, "coding-independent code points").

use serde::{Deserialize, Serialize};

use crate::isobmff::Boxes;

/// The code point that leaves it open.
const UNSPECIFIED: u8 = 2;

/// What a picture says of its colours.
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
    /// The colours of these code points, unless all are left open.
    pub(super) fn of([primaries, transfer, matrix]: [u8; 3]) -> Option<Self> {
        let is_told = [primaries, transfer, matrix] != [UNSPECIFIED; 3];
        is_told.then_some(Self { primaries, transfer, matrix })
    }

    /// What a `colr` box says (ISO/IEC 14496-12 12.1.5; of QuickTime, without the range at its end). A profile of colours has
    /// no code points.
    pub(super) fn of_box(children: &Boxes<'_>) -> Option<Self> {
        let boxes = children.clone().filter_map(Result::ok).filter(|child| child.kind == b"colr");
        let told = boxes.filter_map(|colr| colr.payload.first_chunk::<10>().copied());
        let points = told.filter_map(|[a, b, c, d, _, primaries, _, transfer, _, matrix]| {
            matches!(&[a, b, c, d], b"nclx" | b"nclc").then_some([primaries, transfer, matrix])
        });
        points.map(Self::of).next().flatten()
    }

    /// The range of brightness, as HLS names it (RFC 8216bis 4.4.6.2, `VIDEO-RANGE`).
    #[must_use]
    pub fn video_range(self) -> &'static str {
        match self.transfer {
            16 => "PQ",
            18 => "HLG",
            _ => "SDR",
        }
    }
}
