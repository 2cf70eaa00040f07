//! The parts that the manifests of DASH and HLS have in common.

mod selection;

pub(crate) use selection::{SelectionMetadata, default_audio};
