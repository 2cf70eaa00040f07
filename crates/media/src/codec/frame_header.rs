//! Frame headers: what the first bytes of a sample state, and its sample entry does not.

/// The first bytes of the first samples of a track that complete its sample entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleHeads {
    /// Number of samples.
    pub samples: usize,
    /// Number of bytes of each.
    pub bytes: u32,
}

/// The frame header that completes a sample entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameHeader {
    /// The header of an MPEG audio frame (ISO/IEC 11172-3 2.4.1.3): sampling rate and channels.
    MpegAudio,
    /// The MHAS packets of MPEG-H 3D Audio (ISO/IEC 23008-3 clause 14): the decoder configuration.
    Mhas,
    /// `syncinfo` and `bsi` of E-AC-3 (ETSI TS 102 366 E.1.2): a sampling rate below 32 kHz.
    Eac3,
    /// What precedes the slices of a frame: closed captions in SEI messages or metadata OBUs; frame size, aspect ratio and colours
    /// in parameter sets or a sequence header, where the sample entry has none.
    Captions,
    /// The uncompressed header of a VP9 key frame (VP9 6.2): frame size.
    Vp9KeyFrame,
}

impl FrameHeader {
    /// Returns the sample heads that have it.
    pub(super) fn heads(self) -> SampleHeads {
        let (samples, bytes) = match self {
            Self::MpegAudio => (1, 4),
            Self::Eac3 => (1, 5),
            Self::Mhas => (1, 64),
            // Parameter sets and the encoder's description of itself precede captions in the first frame.
            Self::Captions => (2, 2048),
            Self::Vp9KeyFrame => (1, 16),
        };
        SampleHeads { samples, bytes }
    }
}
