//! The invariants: after every step, and in every final world.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures_executor::block_on;
use vpp_media::cmaf::Layout;
use vpp_pipeline::domain::content::Verdict;
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::domain::message::{DashMessage, FragmentMessage};
use vpp_pipeline::domain::package::{Package, Progress};
use vpp_pipeline::domain::revision::RevisionProgress;
use vpp_pipeline::domain::state::{State, Status};
use vpp_pipeline::domain::when::When;
use vpp_pipeline::stages::dash::Settings;
use vpp_pipeline::stages::publish::Publish;
use vpp_pipeline::testing::{MemoryEdgeCache, Stored, all_receipts};

use crate::broken_rules::BrokenRule;
use crate::ports::ObservedCalls;
use crate::work::{Request, Work};
use crate::world::{Budget, Event, Rules, World};

/// Codes that a failed package may have: its retries are exhausted, or its source has changed.
const REASONS: [&str; 3] = ["retries_exhausted", "source_changed", "source_missing"];

/// The objects of a run without faults, by key, and its package.
type FaultFreeRun = (BTreeMap<String, Stored>, Package);
/// Runs without faults, by the package and its wrapped key.
type FaultFreeRuns = BTreeMap<(PackageId, Option<String>), Arc<FaultFreeRun>>;

/// Checks the invariants after a step of `work`; `before` is the package before it.
pub(crate) fn after_step(before: Option<&Package>, world: &World, work: &Work) -> Result<(), String> {
    let after = world.package();
    moves_forward(before, after.as_ref(), work)?;
    let Some(package) = after else { return Ok(()) };
    let (expected, whole) = &*fault_free(world, &package);
    let output = world.store.bucket("output");
    // What the manifests of an edited package state is checked when nothing runs.
    let is_edited = |key: &str| package.revisions.latest > 0 && is_manifest(key);
    let other = output.iter().find(|(key, stored)| !is_edited(key) && expected.get(*key) != Some(stored));
    if let Some((key, _)) = other {
        return Err(format!("{key} is not what a run without faults writes"));
    }
    // Viewers request one segment.
    if package.progress.segments_made > 1 {
        return Err(format!("{} segments are counted as made", package.progress.segments_made));
    }
    if package.status() == Status::Ready {
        if let Some(missing) = expected.keys().find(|key| !output.contains_key(*key)) {
            return Err(format!("Ready without {missing}"));
        }
        // What the origin has made is read and written in addition.
        let (done, made) = (package.progress, package.progress.segments_made);
        let counted =
            if made == 0 { done == whole.progress } else { done.work_units_done == whole.progress.work_units_done };
        if !counted || package.state.plan().map(|plan| plan.work_units) != Some(2) {
            return Err(format!("Ready with wrong counters: {:?}", package.progress));
        }
    }
    Ok(())
}

/// Checks that each arrow of the state machine is taken by one kind of work.
fn moves_forward(before: Option<&Package>, after: Option<&Package>, work: &Work) -> Result<(), String> {
    use Status::{Deleting, Encrypted, Failed, Fragmented, Queued, Ready};
    let (from, to) = (before.map(Package::status), after.map(Package::status));
    if from == to {
        return Ok(());
    }
    let may = match (from, to) {
        (None, Some(Queued)) => matches!(work, Work::Upload(_) | Work::Request(Request::Package(_))),
        (Some(Queued), Some(Fragmented)) => matches!(work, Work::Fragment(_)),
        (Some(Fragmented), Some(Encrypted)) => matches!(work, Work::Encrypt(_)),
        (Some(Encrypted), Some(Ready)) => matches!(work, Work::Dash(_)),
        (Some(Queued | Fragmented | Encrypted), Some(Failed)) => !matches!(work, Work::Request(_)),
        (Some(Failed), Some(Queued | Fragmented | Encrypted)) => matches!(work, Work::Request(Request::Retry(_))),
        (Some(_), Some(Deleting)) => matches!(work, Work::Request(Request::Deletion(_))),
        (Some(Deleting), None) => matches!(work, Work::Delete(_)),
        _ => false,
    };
    if may { Ok(()) } else { Err(format!("{from:?} became {to:?} by {work:?}")) }
}

/// Checks the invariants of a final world.
pub(crate) fn at_rest(world: &World) -> Result<(), String> {
    let Some(package) = world.package() else { return at_rest_without_package(world) };
    is_latest_revision(world, &package)?;
    match &package.state {
        State::Ready { .. } => Ok(()),
        State::Fragmented(_) if package.when == When::OnDemand => at_rest_on_demand(world),
        State::Failed { failure, .. } if REASONS.contains(&failure.code.as_str()) && !failure.message.is_empty() => {
            Ok(())
        }
        State::Failed { failure, .. } => Err(format!("Failed without a reason: {failure:?}")),
        _ => Err(format!("stuck: {}", package.status())),
    }
}

/// Checks that a package that is made on demand has no segments but the one that viewers request.
fn at_rest_on_demand(world: &World) -> Result<(), String> {
    let output = world.store.bucket("output");
    let is_segment = |key: &str| key.rsplit_once('.').is_some_and(|(_, extension)| extension == "m4s");
    let other = output.keys().find(|key| is_segment(key) && !key.ends_with(crate::world::VIEWED));
    other.map_or(Ok(()), |key| Err(format!("{key} was made, and nobody requested it")))
}

fn is_manifest(key: &str) -> bool {
    key.rsplit_once('.').is_some_and(|(_, extension)| ["mpd", "m3u8"].contains(&extension))
}

/// Checks that the latest revision is published: publishing it once more changes nothing.
fn is_latest_revision(world: &World, package: &Package) -> Result<(), String> {
    let RevisionProgress { latest, published, failure } = &package.revisions;
    if *latest == 0 || failure.is_some() {
        return Ok(());
    }
    if published != latest {
        return Err(format!("revision {latest} is not published, but {published}"));
    }
    let (store, catalog) = (world.store.fork(), world.catalog.fork());
    let (work_bucket, output_bucket) = ("work".to_owned(), "output".to_owned());
    let settings = Settings { work_bucket, output_bucket, delivery_url: "https://cdn.example".to_owned() };
    let publish = Publish { store: store.clone(), catalog, edge_cache: MemoryEdgeCache::default(), settings };
    block_on(publish.handle(&DashMessage::of_edit(package.id.clone()))).map_err(|error| error.to_string())?;
    if store.bucket("output") != world.store.bucket("output") {
        return Err(format!("the manifests are not those of revision {latest}"));
    }
    Ok(())
}

/// Checks a final world without a package: there was none, for a reason, or it was deleted completely.
fn at_rest_without_package(world: &World) -> Result<(), String> {
    let contents = world.catalog.all_contents();
    let content = contents.first().ok_or("the upload has no content")?;
    if let Verdict::Refused(refusal) = &content.verdict
        && refusal.code.is_empty()
    {
        return Err("refused without a reason".to_owned());
    }
    let left: Vec<_> = ["output", "work"].iter().flat_map(|bucket| world.store.bucket(bucket).into_keys()).collect();
    if !left.is_empty() || world.store.open_uploads() > 0 {
        return Err(format!("there is no package, but {left:?} and {} uploads remain", world.store.open_uploads()));
    }
    if let Some(id) = content.media_info().and_then(|facts| facts.package.as_ref())
        && !block_on(all_receipts(&world.catalog, id)).is_empty()
    {
        return Err("there is no package, but receipts remain".to_owned());
    }
    Ok(())
}

/// Packages the same package without faults.
fn fault_free(world: &World, package: &Package) -> Arc<FaultFreeRun> {
    static KNOWN: OnceLock<Mutex<FaultFreeRuns>> = OnceLock::new();
    let known = KNOWN.get_or_init(Mutex::default);
    let key = (package.id.clone(), package.encryption.as_ref().map(|encryption| encryption.key.to_string()));
    if let Some(known) = known.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Arc::clone(known);
    }
    let rules = Rules {
        concurrency: 1,
        max_receives: 8,
        broken: BrokenRule::No,
        checked: false,
        observed: ObservedCalls { sources: false, objects: false },
        package_on_upload: true,
        layout: Layout::default(),
        part_bytes: crate::PART_BYTES,
        when: When::Ahead,
    };
    let content = world.catalog.all_contents().remove(0);
    let progress = Progress { bytes_read: content.bytes_read, ..Progress::default() };
    let revisions = RevisionProgress::default();
    let queued = Package {
        state: State::Queued,
        progress,
        output_file_path: None,
        when: When::Ahead,
        revisions,
        ..package.clone()
    };
    let mut run =
        World::uploaded(Budget::NONE).with_package(&content, &queued, FragmentMessage::new(queued.id.clone()));
    while let Some(event) = run.events(&rules).first().copied() {
        assert!(!matches!(event, Event::Wait | Event::Pause), "no message is delayed");
        run = run.after(event, &rules);
    }
    let package = run.package().expect("a package");
    assert_eq!(package.status(), Status::Ready, "{:?}", package.state);
    let whole = Arc::new((run.store.bucket("output"), package));
    known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&whole));
    whole
}
