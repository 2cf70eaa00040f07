//! Reads the presentation from the front of a stored plan.

use vpp_media::cmaf::{PRESENTATION_PREFIX, Presentation, presentation_range, read_presentation};

use crate::domain::layout;
use crate::domain::object::Location;
use crate::domain::package::Package;
use crate::error::Error;
use crate::ports::ObjectStore;

/// Reads the presentation of a package's plan: in one GET for most movies.
pub(crate) async fn presentation<S: ObjectStore>(
    store: &S,
    work_bucket: &str,
    package: &Package,
) -> Result<Presentation, Error> {
    let at = Location::new(work_bucket, layout::plan_key(&package.id));
    let read = |range| async {
        let bytes = store.read(&at, None, range).await;
        bytes.map_err(|error| error.into_error("reading the plan"))
    };
    let mut bytes = read(0..PRESENTATION_PREFIX).await?;
    let range = presentation_range(&bytes).map_err(Error::of_media)?;
    if range.end > bytes.len() as u64 {
        let rest = read(bytes.len() as u64..range.end).await?;
        bytes.extend_from_slice(&rest);
    }
    let inside = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
    let encoded = inside.and_then(|(start, end)| bytes.get(start..end)).unwrap_or_default();
    read_presentation(encoded).map_err(Error::of_media)
}
