//! A package as an item.
//!
//! The state is the status and the times of the steps that led to it; [`super::transitions`] writes them, one step at a time.
//! A clear package has no key id, key or IV, and an option that was not requested has no attribute.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use data_encoding::HEXLOWER;
use vpp_media::cenc::{ConstantIv, Drm, ParseDrmError, Pssh};
use vpp_media::cmaf::{KeyParameters, Layout, Protection, UnsupportedTracks};
use vpp_pipeline::domain::content::Source;
use vpp_pipeline::domain::content_key::WrappedKey;
use vpp_pipeline::domain::id::{ContentId, PackageId};
use vpp_pipeline::domain::list_shard::shard;
use vpp_pipeline::domain::object::ETag;
use vpp_pipeline::domain::package::{Encryption, Package, PackageInput, Progress};
use vpp_pipeline::domain::package_options::{PackageOptions, ProtectionOptions};
use vpp_pipeline::domain::resource_usage::ResourceUsage;
use vpp_pipeline::domain::state::{Failure, Planned, Stage, State, Status};
use vpp_pipeline::domain::subtitles::{SubtitleDescription, SubtitleFile, SubtitleKind};
use vpp_pipeline::domain::when::{RetentionDays, When};
use vpp_pipeline::ports::PackageDeletion;

use super::attributes::{Item, Malformed, Reader, Writer, json, number, range, read_ids, string, usage};
use super::revision_progress;

/// Sort key of every package.
pub(super) const SK: &str = "package";

/// The list of packages: the start of the names of its shards, and of every package's partition key.
pub(super) const LIST: &str = "package";
/// The index that lists packages by time. It holds only the attributes that filters use, so counting a work unit does not write
/// to it.
pub(super) const INDEX: &str = "packages_by_time";

/// The attribute with the further contents of a package.
const FURTHER_INPUTS: &str = "further_inputs";
/// The attribute with the representations that are signalled as encrypted and of which nothing is encrypted.
pub(super) const NOTHING_ENCRYPTED: &str = "nothing_encrypted";
/// The attribute of a package that is made on demand.
pub(super) const WHEN: &str = "when";
/// The attribute with the days until segments that are made on demand expire.
const RETENTION_DAYS: &str = "retention_days";
/// The attribute with the number of segments that were made on demand.
pub(super) const SEGMENTS_MADE: &str = "segments_made";
/// The attribute with the subtitle files of a package.
const SUBTITLES: &str = "subtitles";

/// Returns the ids of all contents of a package, in the form that filters match.
fn inputs(package: &Package) -> String {
    let ids: Vec<&str> = package.contents().map(ContentId::as_str).collect();
    ids.join(",")
}

/// Prefix of the partition key of a package.
const PREFIX: &str = "package#";

/// Returns the partition key of a package and of its receipts.
pub(super) fn pk(id: &PackageId) -> String {
    format!("{PREFIX}{id}")
}

/// Encodes a new package.
pub(super) fn write(package: &Package) -> Result<Item, Malformed> {
    let source = &package.source;
    let item = Writer::default()
        .set("pk", string(pk(&package.id)))
        .set("sk", string(SK))
        .set("packaged_content_id", string(package.id.as_str()))
        .set("input_content_id", string(package.content.as_str()))
        .set("input_content_origin", string(source.location.to_string()))
        .set("etag", string(source.etag.as_str()))
        .set("source_bytes", number(source.bytes))
        .set("moov", range("moov", &source.index)?)
        .optional(FURTHER_INPUTS, write_further(&package.further_inputs)?)
        .set("created_at", string(package.created_at.to_string()))
        .set("attempt", number(package.attempt))
        .set("listed", string(shard(LIST, package.id.as_str())))
        .set("inputs", string(inputs(package)))
        .set("work_units_done", number(package.progress.work_units_done))
        .set("bytes_read", number(package.progress.bytes_read))
        .optional("usage_ingest", package.usage.get(&Stage::Ingest).map(usage))
        .set("bytes_written", number(package.progress.bytes_written))
        .optional(WHEN, Some(package.when).filter(|when| *when != When::default()).map(|when| string(when.name())))
        .optional(RETENTION_DAYS, package.retention.map(|retention| number(retention.days())))
        .set("status", string(Status::Queued.as_str()));
    let item = write_options(item, &package.options)?;
    Ok(package.encryption.iter().fold(item, write_encryption).finish())
}

/// A further content: id, location, `ETag`, length, and the start and end of its `moov` box.
type InputRow = (ContentId, String, String, u64, u64, u64);

/// Encodes the further contents of a package as one compact JSON text. Most packages have none.
fn write_further(inputs: &[PackageInput]) -> Result<Option<AttributeValue>, Malformed> {
    let row = |PackageInput { content, source }: &PackageInput| -> InputRow {
        let Source { location, etag, bytes, index } = source;
        (content.clone(), location.to_string(), etag.as_str().to_owned(), *bytes, index.start, index.end)
    };
    let rows: Vec<InputRow> = inputs.iter().map(row).collect();
    Some(rows).filter(|rows| !rows.is_empty()).map(|rows| json(FURTHER_INPUTS, &rows)).transpose()
}

fn read_further(item: Reader<'_>) -> Result<Vec<PackageInput>, Malformed> {
    let Some(text) = item.optional(FURTHER_INPUTS, Reader::text)? else { return Ok(Vec::new()) };
    let rows: Vec<InputRow> = serde_json::from_str(text).map_err(|_| Malformed(FURTHER_INPUTS))?;
    let input = |(content, location, etag, bytes, start, end): InputRow| {
        let location = location.parse().map_err(|_| Malformed(FURTHER_INPUTS))?;
        Ok(PackageInput { content, source: Source { location, etag: ETag::new(&etag), bytes, index: start..end } })
    };
    rows.into_iter().map(input).collect()
}

/// A subtitle file: id, location, `ETag` and length; language, label and kind.
type SubtitlesRow = (ContentId, String, String, u64, String, Option<String>, String);

/// Encodes the subtitle files of a package as one compact JSON text. Most packages have none.
fn write_subtitles(subtitles: &[SubtitleFile]) -> Result<Option<AttributeValue>, Malformed> {
    let row = |SubtitleFile { content, location, etag, bytes, description }: &SubtitleFile| -> SubtitlesRow {
        let SubtitleDescription { language, label, kind } = description.clone();
        let (location, etag) = (location.to_string(), etag.as_str().to_owned());
        (content.clone(), location, etag, *bytes, language, label, kind.name().to_owned())
    };
    let rows: Vec<SubtitlesRow> = subtitles.iter().map(row).collect();
    Some(rows).filter(|rows| !rows.is_empty()).map(|rows| json(SUBTITLES, &rows)).transpose()
}

fn read_subtitles(item: Reader<'_>) -> Result<Vec<SubtitleFile>, Malformed> {
    let Some(text) = item.optional(SUBTITLES, Reader::text)? else { return Ok(Vec::new()) };
    let rows: Vec<SubtitlesRow> = serde_json::from_str(text).map_err(|_| Malformed(SUBTITLES))?;
    let subtitles = |(content, location, etag, bytes, language, label, kind): SubtitlesRow| {
        let location = location.parse().map_err(|_| Malformed(SUBTITLES))?;
        let kind = SubtitleKind::from_name(&kind).ok_or(Malformed(SUBTITLES))?;
        Ok(SubtitleFile {
            content,
            location,
            etag: ETag::new(&etag),
            bytes,
            description: SubtitleDescription { language, label, kind },
        })
    };
    rows.into_iter().map(subtitles).collect()
}

fn write_options(item: Writer, options: &PackageOptions) -> Result<Writer, Malformed> {
    let (scheme, tracks) = options.protection.names();
    let Drm { widevine, playready, fairplay } = &options.drm;
    let item = item
        .set("segment_ms", number(options.segment_duration.as_millis()))
        .set("scheme", string(scheme))
        .set("encrypt", string(tracks))
        .optional("audio_only", options.audio_only.then(|| string("true")))
        .optional(
            "unsupported",
            (options.unsupported != UnsupportedTracks::default()).then(|| string(options.unsupported.name())),
        )
        .optional(
            "layout",
            Some(options.layout).filter(|layout| *layout != Layout::default()).map(|layout| string(layout.name())),
        )
        .optional(SUBTITLES, write_subtitles(&options.subtitles)?)
        .optional("widevine", widevine.as_ref().map(|pssh| string(pssh.to_string())))
        .optional("playready", playready.as_ref().map(|pssh| string(pssh.to_string())))
        .optional("fairplay", fairplay.as_ref().map(|uri| string(uri.to_string())));
    Ok(item)
}

fn write_encryption(item: Writer, encryption: &Encryption) -> Writer {
    let Encryption { protection, key, audio_key } = encryption;
    let iv = |key: KeyParameters| string(HEXLOWER.encode(key.iv.as_bytes()));
    item.set("kid", string(protection.key.kid.to_string()))
        .set("iv", iv(protection.key))
        .set("video_key", string(key.to_string()))
        .optional("audio_kid", protection.audio_key.map(|key| string(key.kid.to_string())))
        .optional("audio_iv", protection.audio_key.map(iv))
        .optional("audio_key", audio_key.as_ref().map(|key| string(key.to_string())))
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
        further_inputs: read_further(item)?,
        options: options(item)?,
        when: when(item)?,
        retention: retention(item)?,
        encryption: encryption(item)?,
        created_at: item.parsed("created_at")?,
        attempt: item.optional("attempt", Reader::number)?.unwrap_or_default(),
        output_file_path: item.optional("output_file_path", Reader::text)?.map(str::to_owned),
        progress: Progress {
            work_units_done: item.number("work_units_done")?,
            bytes_read: item.number("bytes_read")?,
            bytes_written: item.number("bytes_written")?,
            segments_made: item.optional(SEGMENTS_MADE, Reader::number)?.unwrap_or_default(),
        },
        usage: read_usage(item)?,
        nothing_encrypted: match item.optional(NOTHING_ENCRYPTED, Reader::text)? {
            Some(text) => read_ids(text, NOTHING_ENCRYPTED)?,
            None => Vec::new(),
        },
        revisions: revision_progress::read_progress(item)?,
        state: state(item)?,
    })
}

/// Returns the attribute with the resource usage of a stage.
pub(super) fn usage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Ingest => "usage_ingest",
        Stage::Fragment => "usage_fragment",
        Stage::Encrypt => "usage_encrypt",
        Stage::Dash => "usage_dash",
    }
}

fn read_usage(item: Reader<'_>) -> Result<BTreeMap<Stage, ResourceUsage>, Malformed> {
    let stages = [Stage::Ingest, Stage::Fragment, Stage::Encrypt, Stage::Dash].into_iter();
    let read = stages.map(|stage| Ok(item.usage(usage_name(stage))?.map(|usage| (stage, usage))));
    read.filter_map(Result::transpose).collect()
}

fn options(item: Reader<'_>) -> Result<PackageOptions, Malformed> {
    Ok(PackageOptions {
        protection: protection_options(item)?,
        segment_duration: Duration::from_millis(item.number("segment_ms")?),
        audio_only: item.optional("audio_only", Reader::text)?.is_some(),
        unsupported: match item.optional("unsupported", Reader::text)? {
            Some(name) => UnsupportedTracks::from_name(name).ok_or(Malformed("unsupported"))?,
            None => UnsupportedTracks::default(),
        },
        layout: layout(item)?,
        subtitles: read_subtitles(item)?,
        drm: Drm {
            widevine: pssh(item, "widevine", Pssh::widevine)?,
            playready: pssh(item, "playready", Pssh::playready)?,
            fairplay: item.optional("fairplay", Reader::parsed)?,
        },
    })
}

fn when(item: Reader<'_>) -> Result<When, Malformed> {
    let name = item.optional(WHEN, Reader::text)?;
    name.map_or(Ok(When::default()), |name| When::from_name(name).ok_or(Malformed(WHEN)))
}

fn retention(item: Reader<'_>) -> Result<Option<RetentionDays>, Malformed> {
    let days = item.optional(RETENTION_DAYS, Reader::number)?;
    days.map(|days| RetentionDays::new(days).ok_or(Malformed(RETENTION_DAYS))).transpose()
}

fn layout(item: Reader<'_>) -> Result<Layout, Malformed> {
    let name = item.optional("layout", Reader::text)?;
    name.map_or(Ok(Layout::default()), |name| Layout::from_name(name).ok_or(Malformed("layout")))
}

fn protection_options(item: Reader<'_>) -> Result<ProtectionOptions, Malformed> {
    ProtectionOptions::from_names(item.text("scheme")?, item.text("encrypt")?).ok_or(Malformed("scheme"))
}

fn pssh(
    item: Reader<'_>,
    name: &'static str,
    parse: fn(&str) -> Result<Pssh, ParseDrmError>,
) -> Result<Option<Pssh>, Malformed> {
    item.optional(name, Reader::text)?.map(|text| parse(text).map_err(|_| Malformed(name))).transpose()
}

fn encryption(item: Reader<'_>) -> Result<Option<Encryption>, Malformed> {
    let (scheme, tracks) = match protection_options(item)? {
        ProtectionOptions::Clear => return Ok(None),
        ProtectionOptions::Encrypt { scheme, tracks } => (scheme, tracks),
    };
    let key = key_parameters(item, "kid", "iv")?;
    let audio_key = item.optional("audio_kid", |_, _| key_parameters(item, "audio_kid", "audio_iv"))?;
    Ok(Some(Encryption {
        protection: Protection { scheme, tracks, key, audio_key },
        key: wrapped_key(item, "video_key")?,
        audio_key: item.optional("audio_key", |_, name| wrapped_key(item, name))?,
    }))
}

fn key_parameters(item: Reader<'_>, kid: &'static str, iv: &'static str) -> Result<KeyParameters, Malformed> {
    let bytes = HEXLOWER.decode(item.text(iv)?.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    Ok(KeyParameters { kid: item.parsed(kid)?, iv: ConstantIv::new(bytes.ok_or(Malformed(iv))?) })
}

fn wrapped_key(item: Reader<'_>, name: &'static str) -> Result<WrappedKey, Malformed> {
    WrappedKey::from_base64(item.text(name)?).ok_or(Malformed(name))
}

/// Reads the deletion of a package that is Deleting, and nothing else of it. Where the state before cannot be read, or segments
/// expire and are made again, or the package was edited, functions may have started work until the deletion.
pub(super) fn read_deletion(item: &Item) -> Result<Option<PackageDeletion>, Malformed> {
    let item = Reader(item);
    if item.text("status") != Ok(Status::Deleting.as_str()) {
        return Ok(None);
    }
    let before = state(item).ok().filter(|_| !item.has(RETENTION_DAYS) && !revision_progress::is_edited(item));
    let at_rest_since = match before.and_then(|state| state.at_rest_since()) {
        Some(since) => since,
        None => item.parsed("deleting_at")?,
    };
    Ok(Some(PackageDeletion { attempt: item.number("attempt")?, at_rest_since }))
}

fn state(item: Reader<'_>) -> Result<State, Malformed> {
    Ok(match item.parsed("status")? {
        Status::Queued => State::Queued,
        Status::Fragmented => State::Fragmented(plan(item)?),
        Status::Encrypted => State::Encrypted { plan: plan(item)?, at: item.parsed("encrypted_at")? },
        Status::Ready => ready(item)?,
        Status::Failed => failed(item)?,
        Status::Deleting => {
            let before = match (item.has("failed_at"), item.has("ready_at")) {
                (true, _) => failed(item)?,
                (_, true) => ready(item)?,
                _ => before(item)?,
            };
            State::Deleting { at: item.parsed("deleting_at")?, before: Box::new(before) }
        }
    })
}

fn ready(item: Reader<'_>) -> Result<State, Malformed> {
    Ok(State::Ready { plan: plan(item)?, encrypted_at: item.parsed("encrypted_at")?, at: item.parsed("ready_at")? })
}

fn failed(item: Reader<'_>) -> Result<State, Malformed> {
    Ok(State::Failed { failure: failure(item)?, at: item.parsed("failed_at")?, before: Box::new(before(item)?) })
}

/// Reads the state before a failure: that of the last step that has a time.
fn before(item: Reader<'_>) -> Result<State, Malformed> {
    let Some(at) = item.optional("fragmented_at", Reader::parsed)? else {
        return Ok(State::Queued);
    };
    let plan = Planned { at, ..plan(item)? };
    let encrypted_at = item.optional("encrypted_at", Reader::parsed)?;
    Ok(encrypted_at.map_or(State::Fragmented(plan), |at| State::Encrypted { plan, at }))
}

fn plan(item: Reader<'_>) -> Result<Planned, Malformed> {
    Ok(Planned { at: item.parsed("fragmented_at")?, work_units: item.number("work_units_total")? })
}

fn failure(item: Reader<'_>) -> Result<Failure, Malformed> {
    let failure = item.map("failure")?;
    Ok(Failure {
        stage: failure.parsed("stage")?,
        code: failure.text("code")?.to_owned(),
        message: failure.text("message")?.to_owned(),
    })
}
