//! Reads a part of a stored plan: the index, the presentation, or the section of a work unit.

use std::ops::Range;

use vpp_media::cmaf::{
    PLAN_PREFIX, PlanIndex, Presentation, WorkUnit, index_end, presentation_range, read_presentation, read_work_unit,
};

use crate::domain::layout;
use crate::domain::object::Location;
use crate::domain::package::Package;
use crate::error::Error;
use crate::ports::ObjectStore;

/// Reads the presentation of a package's plan.
pub(crate) async fn presentation<S: ObjectStore>(
    store: &S,
    work_bucket: &str,
    package: &Package,
) -> Result<Presentation, Error> {
    let end = |start: &[u8]| presentation_range(start).map(|range| range.end);
    let bytes = read_start(store, work_bucket, package, end).await?;
    let range = presentation_range(&bytes).map_err(Error::of_media)?;
    let inside = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
    let encoded = inside.and_then(|(start, end)| bytes.get(start..end)).unwrap_or_default();
    read_presentation(encoded).map_err(Error::of_media)
}

/// Reads the index of a package's plan.
pub(crate) async fn index<S: ObjectStore>(store: &S, work_bucket: &str, package: &Package) -> Result<PlanIndex, Error> {
    let bytes = read_start(store, work_bucket, package, index_end).await?;
    PlanIndex::read(&bytes).map_err(Error::of_media)
}

/// Reads a work unit, whose section of a package's plan has this byte range.
pub(crate) async fn work_unit<S: ObjectStore>(
    store: &S,
    work_bucket: &str,
    package: &Package,
    section: Range<u64>,
) -> Result<WorkUnit, Error> {
    read_work_unit(&read(store, work_bucket, package, section).await?).map_err(Error::of_media)
}

/// Reads a plan up to the offset that `end` finds in its first bytes: in one GET for most movies.
async fn read_start<S: ObjectStore>(
    store: &S,
    work_bucket: &str,
    package: &Package,
    end: impl Fn(&[u8]) -> vpp_media::Result<u64>,
) -> Result<Vec<u8>, Error> {
    let read = |range| read(store, work_bucket, package, range);
    let mut bytes = read(0..PLAN_PREFIX).await?;
    let end = end(&bytes).map_err(Error::of_media)?;
    if end > bytes.len() as u64 {
        let rest = read(bytes.len() as u64..end).await?;
        bytes.extend_from_slice(&rest);
    }
    Ok(bytes)
}

async fn read<S: ObjectStore>(
    store: &S,
    work_bucket: &str,
    package: &Package,
    range: Range<u64>,
) -> Result<Vec<u8>, Error> {
    let at = Location::new(work_bucket, layout::plan_key(&package.id));
    store.read(&at, None, range).await.map_err(|error| error.into_error("reading the plan"))
}
