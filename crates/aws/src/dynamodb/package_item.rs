//! A package as an item.
//!
//! The state is its status and the times of the steps that led there; [`super::transitions`] writes those, one step at a
//! time. A clear package has neither kid, key nor IV.

use std::time::Duration;

use data_encoding::HEXLOWER;
use vpp_media::cenc::ConstantIv;
use vpp_media::cmaf::Protection;
use vpp_pipeline::content::Source;
use vpp_pipeline::id::PackageId;
use vpp_pipeline::package::{Encryption, Package, Tally, Treatment};
use vpp_pipeline::ports::{ETag, WrappedKey};
use vpp_pipeline::state::{Failure, Planned, State, Status};

use super::attributes::{Item, Malformed, Reader, Writer, number, range, string};

/// Sort key of every package.
pub(super) const SK: &str = "package";

/// Partition key of a package and of its receipts.
pub(super) fn pk(id: &PackageId) -> String {
    format!("package#{id}")
}

/// A package that has just been asked for.
pub(super) fn write(package: &Package) -> Item {
    let (scheme, tracks) = package.treatment().names();
    let encryption = package.encryption.as_ref();
    let protection = encryption.map(|encryption| encryption.protection);
    let source = &package.source;
    Writer::default()
        .set("pk", string(pk(&package.id)))
        .set("sk", string(SK))
        .set("packaged_content_id", string(package.id.as_str()))
        .set("input_content_id", string(package.content.as_str()))
        .set("input_content_origin", string(source.location.to_string()))
        .set("etag", string(source.etag.as_str()))
        .set("source_bytes", number(source.bytes))
        .set("moov", range(&source.index))
        .set("segment_ms", number(package.segment_duration.as_millis()))
        .set("scheme", string(scheme))
        .set("encrypt", string(tracks))
        .maybe("kid", protection.map(|protection| string(protection.kid.to_string())))
        .maybe("iv", protection.map(|protection| string(HEXLOWER.encode(protection.iv.as_bytes()))))
        .maybe("video_key", encryption.map(|encryption| string(encryption.key.to_string())))
        .set("created_at", string(package.created_at.to_string()))
        .set("slices_done", number(package.tally.slices_done))
        .set("bytes_read", number(package.tally.bytes_read))
        .set("bytes_written", number(package.tally.bytes_written))
        .set("status", string(Status::Queued.as_str()))
        .finish()
}

pub(super) fn read(item: &Item) -> Result<Package, Malformed> {
    let item = Reader(item);
    Ok(Package {
        id: item.parsed("packaged_content_id")?,
        content: item.parsed("input_content_id")?,
        source: Source {
            location: item.parsed("input_content_origin")?,
            etag: ETag::new(item.text("etag")?),
            bytes: item.number("source_bytes")?,
            index: item.range("moov")?,
        },
        segment_duration: Duration::from_millis(item.number("segment_ms")?),
        encryption: encryption(item)?,
        created_at: item.parsed("created_at")?,
        output_file_path: item.maybe("output_file_path", Reader::text)?.map(str::to_owned),
        tally: Tally {
            slices_done: item.number("slices_done")?,
            bytes_read: item.number("bytes_read")?,
            bytes_written: item.number("bytes_written")?,
        },
        state: state(item)?,
    })
}

fn encryption(item: Reader<'_>) -> Result<Option<Encryption>, Malformed> {
    let treatment = Treatment::from_names(item.text("scheme")?, item.text("encrypt")?);
    let (scheme, tracks) = match treatment.ok_or(Malformed("scheme"))? {
        Treatment::Clear => return Ok(None),
        Treatment::Encrypt { scheme, tracks } => (scheme, tracks),
    };
    let iv = HEXLOWER.decode(item.text("iv")?.as_bytes()).ok().and_then(|iv| iv.try_into().ok());
    let iv = ConstantIv::new(iv.ok_or(Malformed("iv"))?);
    let key = WrappedKey::from_base64(item.text("video_key")?).ok_or(Malformed("video_key"))?;
    Ok(Some(Encryption { protection: Protection { scheme, tracks, kid: item.parsed("kid")?, iv }, key }))
}

fn state(item: Reader<'_>) -> Result<State, Malformed> {
    Ok(match item.parsed("status")? {
        Status::Queued => State::Queued,
        Status::Fragmented => State::Fragmented(plan(item)?),
        Status::Encrypted => State::Encrypted { plan: plan(item)?, at: item.parsed("encrypted_at")? },
        Status::Ready => State::Ready {
            plan: plan(item)?,
            encrypted_at: item.parsed("encrypted_at")?,
            at: item.parsed("ready_at")?,
            url: item.text("url")?.to_owned(),
        },
        Status::Failed => {
            State::Failed { failure: failure(item)?, at: item.parsed("failed_at")?, before: Box::new(before(item)?) }
        }
    })
}

/// The state a failed package was in: the last step it has a time of.
fn before(item: Reader<'_>) -> Result<State, Malformed> {
    let Some(at) = item.maybe("fragmented_at", Reader::parsed)? else {
        return Ok(State::Queued);
    };
    let plan = Planned { at, ..plan(item)? };
    let encrypted_at = item.maybe("encrypted_at", Reader::parsed)?;
    Ok(encrypted_at.map_or(State::Fragmented(plan), |at| State::Encrypted { plan, at }))
}

fn plan(item: Reader<'_>) -> Result<Planned, Malformed> {
    Ok(Planned { at: item.parsed("fragmented_at")?, slices: item.number("slices_total")? })
}

fn failure(item: Reader<'_>) -> Result<Failure, Malformed> {
    let failure = item.map("failure")?;
    Ok(Failure {
        stage: failure.parsed("stage")?,
        code: failure.text("code")?.to_owned(),
        message: failure.text("message")?.to_owned(),
    })
}
