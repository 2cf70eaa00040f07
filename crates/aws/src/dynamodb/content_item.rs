//! A content as an item.
//!
//! Preflight is one JSON text: nothing but what is answered depends on it, so one of a version that this one cannot read is
//! left out, and keeps nobody from the content.

use serde::Serialize;
use vpp_pipeline::domain::content::{Content, MediaInfo, Refusal, Verdict};
use vpp_pipeline::domain::id::ContentId;
use vpp_pipeline::ports::{Cursor, ETag};

use super::attributes::{Item, Malformed, Reader, Writer, number, range, spent, string};

/// Sort key of every content.
pub(super) const SK: &str = "content";
/// Partition key of every content in the index.
pub(super) const KIND: &str = "content";
/// What a content is that is no movie.
pub(super) const SUBTITLES: &str = "subtitles";
/// The index that lists contents by time.
pub(super) const INDEX: &str = "by_kind";

/// Partition key of a content.
pub(super) fn pk(id: &ContentId) -> String {
    format!("content#{id}")
}

/// A place in the index.
pub(super) fn index_key(cursor: &Cursor<ContentId>) -> Item {
    Writer::default()
        .set("pk", string(pk(&cursor.id)))
        .set("sk", string(SK))
        .set("kind", string(KIND))
        .set("created_at", string(cursor.created_at.to_string()))
        .finish()
}

pub(super) fn write(content: &Content) -> Result<Item, Malformed> {
    let item = Writer::default()
        .set("pk", string(pk(&content.id)))
        .set("sk", string(SK))
        .maybe("kind", (!content.is_deleted()).then(|| string(KIND)))
        .maybe("deleted_at", content.deleted_at.map(|at| string(at.to_string())))
        .set("input_content_id", string(content.id.as_str()))
        .set("input_content_origin", string(content.location.to_string()))
        .set("etag", string(content.etag.as_str()))
        .maybe("version_id", content.version_id.as_deref().map(string))
        .set("bytes", number(content.bytes))
        .set("bytes_read", number(content.bytes_read))
        .set("spent", spent(&content.spent))
        .set("created_at", string(content.created_at.to_string()))
        .set("status", string(content.status()));
    let item = match &content.verdict {
        Verdict::Ingested(facts) => write_facts(item, facts)?,
        Verdict::Subtitles => item.set("media", string(SUBTITLES)),
        Verdict::Refused(refusal) => {
            let item = item.set("code", string(&refusal.code)).set("message", string(&refusal.message));
            refusal.facts.iter().try_fold(item, |item, facts| write_facts(item, facts))?
        }
    };
    Ok(item.finish())
}

fn write_facts(item: Writer, facts: &MediaInfo) -> Result<Writer, Malformed> {
    Ok(item
        .set("moov", range(&facts.index))
        .maybe("video_track_number", facts.video_track_number.map(number))
        .set("report", string(json(&facts.report, "report")?))
        .maybe("preflight", facts.preflight.as_ref().map(|own| json(own, "preflight")).transpose()?.map(string))
        .maybe("packaged_content_id", facts.package.as_ref().map(|id| string(id.as_str()))))
}

fn read_facts(item: Reader<'_>) -> Result<MediaInfo, Malformed> {
    Ok(MediaInfo {
        index: item.range("moov")?,
        video_track_number: item.maybe("video_track_number", Reader::number)?,
        report: serde_json::from_str(item.text("report")?).map_err(|_| Malformed("report"))?,
        preflight: item.maybe("preflight", Reader::text)?.and_then(|text| serde_json::from_str(text).ok()),
        package: item.maybe("packaged_content_id", Reader::parsed)?,
    })
}

fn json(value: &impl Serialize, name: &'static str) -> Result<String, Malformed> {
    serde_json::to_string(value).map_err(|_| Malformed(name))
}

pub(super) fn read(item: &Item) -> Result<Content, Malformed> {
    let item = Reader(item);
    let verdict = match item.text("status")? {
        "Ingested" if item.maybe("media", Reader::text)? == Some(SUBTITLES) => Verdict::Subtitles,
        "Ingested" => Verdict::Ingested(read_facts(item)?),
        "Refused" => Verdict::Refused(Refusal {
            code: item.text("code")?.to_owned(),
            message: item.text("message")?.to_owned(),
            facts: item.maybe("moov", |item, _| read_facts(item))?.map(Box::new),
        }),
        _ => return Err(Malformed("status")),
    };
    Ok(Content {
        id: item.parsed("input_content_id")?,
        location: item.parsed("input_content_origin")?,
        etag: ETag::new(item.text("etag")?),
        version_id: item.maybe("version_id", Reader::text)?.map(str::to_owned),
        bytes: item.number("bytes")?,
        bytes_read: item.number("bytes_read")?,
        spent: item.spent("spent")?.unwrap_or_default(),
        created_at: item.parsed("created_at")?,
        verdict,
        deleted_at: item.maybe("deleted_at", Reader::parsed)?,
    })
}
