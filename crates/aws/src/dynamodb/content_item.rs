//! A content as an item. DynamoDB deletes the item of a deleted content, its tombstone, at the time in `forget_at`. A content that
//! replaces the tombstone has no such attribute.
//!
//! The preflight report is one JSON text. Only API responses contain it. So a report of another version, which cannot be
//! decoded, is omitted, and the content remains readable.

use vpp_media::preflight::RequiredOptions;
use vpp_media::sidecar::SubtitleFormat;
use vpp_pipeline::domain::content::{Content, MediaInfo, Refusal, Verdict};
use vpp_pipeline::domain::id::ContentId;
use vpp_pipeline::domain::list_shard::shard;
use vpp_pipeline::domain::object::ETag;
use vpp_pipeline::domain::subtitles::SubtitleInfo;
use vpp_pipeline::ports::DeletedFile;

use super::attributes::{Item, Malformed, Reader, Writer, json, number, range, string, usage};

/// Sort key of every content.
pub(super) const SK: &str = "content";
/// The list of contents: the start of the names of its shards, and of every content's partition key.
pub(super) const LIST: &str = "content";
/// The value of `media` of a subtitle file.
pub(super) const SUBTITLES: &str = "subtitles";
/// The index that lists contents by time.
pub(super) const INDEX: &str = "by_kind";

/// Prefix of the partition key of a content.
const PREFIX: &str = "content#";

/// Returns the partition key of a content.
pub(super) fn pk(id: &ContentId) -> String {
    format!("{PREFIX}{id}")
}

pub(super) fn write(content: &Content) -> Result<Item, Malformed> {
    let item = Writer::default()
        .set("pk", string(pk(&content.id)))
        .set("sk", string(SK))
        .optional("kind", (!content.is_deleted()).then(|| string(shard(LIST, content.id.as_str()))))
        .optional("deleted_at", content.deleted_at.map(|at| string(at.to_string())))
        .set("input_content_id", string(content.id.as_str()))
        .set("input_content_origin", string(content.location.to_string()))
        .set("etag", string(content.etag.as_str()))
        .optional("version_id", content.version_id.as_deref().map(string))
        .set("bytes", number(content.bytes))
        .set("bytes_read", number(content.bytes_read))
        .set("usage", usage(&content.usage))
        .set("created_at", string(content.created_at.to_string()))
        .set("status", string(content.status()));
    let item = match &content.verdict {
        Verdict::Ingested(info) => write_info(item, info)?,
        Verdict::Subtitles(info) => item
            .set("media", string(SUBTITLES))
            .set("format", json("format", &info.format)?)
            .set("warnings", json("warnings", &info.warnings)?),
        Verdict::Refused(refusal) => {
            let item = item.set("code", string(&refusal.code)).set("message", string(&refusal.message));
            let remedies: Vec<&str> = refusal.remedies.iter().map(|options| options.name()).collect();
            let item = item.optional("packageable_with", (!remedies.is_empty()).then(|| string(remedies.join(" "))));
            refusal.media_info.iter().try_fold(item, |item, info| write_info(item, info))?
        }
    };
    Ok(item.finish())
}

fn write_info(item: Writer, info: &MediaInfo) -> Result<Writer, Malformed> {
    Ok(item
        .set("moov", range("moov", &info.index)?)
        .optional("video_track_number", info.video_track_number.map(number))
        .set("report", json("report", &info.report)?)
        .optional("preflight", info.preflight.as_ref().map(|report| json("preflight", report)).transpose()?)
        .optional("packaged_content_id", info.package.as_ref().map(|id| string(id.as_str()))))
}

fn read_info(item: Reader<'_>) -> Result<MediaInfo, Malformed> {
    Ok(MediaInfo {
        index: item.range("moov")?,
        video_track_number: item.optional("video_track_number", Reader::number)?,
        report: serde_json::from_str(item.text("report")?).map_err(|_| Malformed("report"))?,
        preflight: item.optional("preflight", Reader::text)?.and_then(|text| serde_json::from_str(text).ok()),
        package: item.optional("packaged_content_id", Reader::parsed)?,
    })
}

/// Reads what ingest has found in a subtitle file. Items of older versions have no format: they are all of WebVTT files.
fn read_subtitles(item: Reader<'_>) -> Result<SubtitleInfo, Malformed> {
    let format = item.optional("format", Reader::text)?.map(serde_json::from_str).transpose();
    Ok(SubtitleInfo {
        format: format.map_err(|_| Malformed("format"))?.unwrap_or(SubtitleFormat::WebVtt),
        warnings: item
            .optional("warnings", Reader::text)?
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default(),
    })
}

/// Reads the options with which a refused file can be packaged. An item without them, but with an index, is of a file without
/// video, from before other options were stored.
fn read_remedies(item: Reader<'_>) -> Result<Vec<RequiredOptions>, Malformed> {
    match item.optional("packageable_with", Reader::text)? {
        Some(names) => {
            let options = names.split(' ').map(RequiredOptions::from_name).collect::<Option<_>>();
            options.ok_or(Malformed("packageable_with"))
        }
        None if item.optional("moov", |_, _| Ok(()))?.is_some() => {
            Ok(vec![RequiredOptions { audio_only: true, ..RequiredOptions::default() }])
        }
        None => Ok(Vec::new()),
    }
}

/// Reads the file of a content that is marked as deleted, and nothing else of it.
pub(super) fn read_deleted_file(item: &Item) -> Result<Option<DeletedFile>, Malformed> {
    let item = Reader(item);
    if !item.has("deleted_at") {
        return Ok(None);
    }
    Ok(Some(DeletedFile {
        location: item.parsed("input_content_origin")?,
        version_id: item.optional("version_id", Reader::text)?.map(str::to_owned),
        etag: ETag::new(item.text("etag")?),
    }))
}

pub(super) fn read(item: &Item) -> Result<Content, Malformed> {
    let item = Reader(item);
    let verdict = match item.text("status")? {
        "Ingested" if item.optional("media", Reader::text)? == Some(SUBTITLES) => {
            Verdict::Subtitles(read_subtitles(item)?)
        }
        "Ingested" => Verdict::Ingested(read_info(item)?),
        "Refused" => Verdict::Refused(Refusal {
            code: item.text("code")?.to_owned(),
            message: item.text("message")?.to_owned(),
            media_info: item.optional("moov", |item, _| read_info(item))?.map(Box::new),
            remedies: read_remedies(item)?,
        }),
        _ => return Err(Malformed("status")),
    };
    Ok(Content {
        id: item.parsed("input_content_id")?,
        location: item.parsed("input_content_origin")?,
        etag: ETag::new(item.text("etag")?),
        version_id: item.optional("version_id", Reader::text)?.map(str::to_owned),
        bytes: item.number("bytes")?,
        bytes_read: item.number("bytes_read")?,
        usage: item.usage("usage")?.unwrap_or_default(),
        created_at: item.parsed("created_at")?,
        verdict,
        deleted_at: item.optional("deleted_at", Reader::parsed)?,
    })
}
