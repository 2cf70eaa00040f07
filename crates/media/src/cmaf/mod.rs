//! CMAF (ISO/IEC 23000-19): plans the segments of a movie, and packages them.
//!
//! A [`Planner`] walks the sample tables of all tracks in parallel, in windows of presentation time that start at sync samples
//! of the reference track. The part of a track in a window is a segment. Whole windows with about 32 MiB of source form a
//! [`WorkUnit`], which contains the byte ranges of the source to read and everything else that packaging needs, except the
//! keys. Several movies may form one package, as a ladder of rates or with more languages: they are planned as one movie that
//! has all their tracks. After the last work unit, the planner returns the [`Presentation`], from which init segments and
//! manifests are written. A [`PlanFile`] stores both.
//!
//! A [`Packager`] turns a work unit and its source bytes into [`Segment`]s.

mod brands;
mod frame_rate;
mod gop;
mod identity;
mod init_segment;
mod moof;
mod one_segment;
mod options;
mod output_bounds;
mod packager;
mod plan_file;
mod planned_size;
mod planner;
mod presentation;
mod protection;
mod rung_alignment;
mod sap;
mod segment;
mod segment_boundaries;
mod segment_head;
mod segment_size;
mod segment_sizes;
mod sidecars;
mod sidx;
mod single_file;
mod source_buffers;
mod source_ranges;
mod streaming;
mod styp;
mod text_samples;
mod track_encryptor;
mod track_planner;
mod track_selection;
mod work_unit;

pub use frame_rate::FrameRate;
pub(crate) use frame_rate::WELL_KNOWN as WELL_KNOWN_FRAME_RATES;
pub(crate) use identity::{INIT_SEGMENT, MAPPED_SIDECAR, SIDECAR, SINGLE_FILE, segment_name, webvtt_name};
pub use identity::{ParseRepresentationIdError, RepresentationId, SegmentId};
pub use one_segment::one_segment;
pub use options::{Layout, PlanOptions, UnsupportedTracks};
pub use output_bounds::{FREE_SEGMENTS, MANY_SEGMENTS, MAX_SEGMENTS};
pub use packager::{Packager, package_work_unit};
pub use plan_file::{
    PLAN_PREFIX, PlanFile, PlanIndex, PlanWriter, index_end, presentation_range, read_presentation, read_work_unit,
};
pub use planner::{MAX_WINDOW_BYTES, Planner};
pub use presentation::{Presentation, Representation, SegmentTime, Sidecar};
pub use protection::{KeyParameters, ProtectedTracks, Protection};
pub use sap::{SapType, StreamAccessPoint};
pub use segment::Segment;
pub use segment_size::SegmentSize;
pub use segment_sizes::{SegmentSizes, SizedRepresentation};
pub(crate) use sidecars::package_sidecar;
pub use sidecars::{SidecarSource, TextFile};
pub use single_file::{FileHead, file_heads};
pub use source_buffers::SourceBuffers;
pub use streaming::{PackagedSegment, StreamingPackager};
pub use track_selection::MAX_INPUTS;
pub use work_unit::{Extent, PlannedSample, SegmentPlan, SourceRange, WorkUnit, WorkUnitTrack};
