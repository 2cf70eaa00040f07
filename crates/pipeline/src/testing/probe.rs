//! A probe for tests.

use std::fmt;
use std::sync::Arc;

use crate::domain::probe_report::{Container, ProbeReport, Track};
use crate::ports::{FileChunk, Probe, ProbeError};

type Answer = dyn Fn() -> Result<ProbeReport, ProbeError> + Send + Sync;

/// A probe that returns the same result for every file.
#[derive(Clone)]
pub struct MemoryProbe(Arc<Answer>);

impl MemoryProbe {
    /// Creates a probe that returns the results of `answer`.
    pub fn answering(answer: impl Fn() -> Result<ProbeReport, ProbeError> + Send + Sync + 'static) -> Self {
        Self(Arc::new(answer))
    }
}

impl Default for MemoryProbe {
    /// Reports one H.264 track (1) and one AAC track (2).
    fn default() -> Self {
        Self::answering(|| Ok(report()))
    }
}

impl fmt::Debug for MemoryProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryProbe")
    }
}

impl Probe for MemoryProbe {
    async fn probe(&self, _length: u64, _pieces: &[FileChunk<'_>]) -> Result<ProbeReport, ProbeError> {
        (self.0)()
    }
}

/// Returns the report on an ordinary file.
pub(super) fn report() -> ProbeReport {
    let track = |id, kind: &str, codec: &str| Track {
        id,
        kind: kind.to_owned(),
        codec: codec.to_owned(),
        language: "und".to_owned(),
        timescale: 1000,
        duration: 30_000,
        sample_count: 900,
        width: (kind == "video").then_some(1280),
        height: (kind == "video").then_some(720),
        sample_rate: (kind == "audio").then_some(48_000),
        channels: (kind == "audio").then_some(2),
        protected: false,
    };
    ProbeReport {
        container: Container {
            major_brand: Some("isom".to_owned()),
            timescale: 1000,
            duration: 30_000,
            fragmented: false,
            fast_start: true,
        },
        tracks: vec![track(1, "video", "avc1.64001F"), track(2, "audio", "mp4a.40.2")],
    }
}
