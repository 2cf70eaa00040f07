//! The receipt of a work unit as an item.
//!
//! Segments are one compact JSON text, `[["v1",3,1048576,30211,"<SHA-256 in base64>"],…]`. A segment takes some 75 bytes, so
//! the thousand segments that a work unit may have stay far below DynamoDB's limit of 400 KB. A segment of a single file has
//! no digest.
//!
//! The part spans of single files, at most two per track, are JSON too: `[["v1",2,31457280,"<SHA-256>","<ETag>"],…]`. Part 0
//! is the whole file. A span without `ETag` is staged in the work bucket.

use data_encoding::BASE64_NOPAD;
use vpp_media::cmaf::{SegmentId, SegmentSize};
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::domain::object::{Digest, ETag};
use vpp_pipeline::domain::receipt::{PartLocation, PartReceipt, Receipt, SegmentReceipt};

use super::attributes::{Item, Malformed, Reader, Writer, json, number, read_ids, string, usage, write_ids};
use super::package_item::pk;

/// Prefix of the sort key of every receipt.
pub(super) const PREFIX: &str = "unit#";

/// The attribute with the representations of which bytes are encrypted.
const ENCRYPTED: &str = "encrypted";

/// Returns the sort key of the receipt of a work unit. With eight digits, keys sort like numbers.
pub(super) fn sk(work_unit: u32) -> String {
    format!("{PREFIX}{work_unit:08}")
}

/// Representation, number, length, length up to the end of the first sample, digest.
type SegmentRow = (String, u32, u64, u64, String);

/// Representation, part number, length, digest, `ETag`.
type PartRow = (String, u16, u64, String, Option<String>);

pub(super) fn write(id: &PackageId, receipt: &Receipt) -> Result<Item, Malformed> {
    let row = |segment: &SegmentReceipt| -> SegmentRow {
        let digest = segment.digest.map(|digest| BASE64_NOPAD.encode(&digest.0)).unwrap_or_default();
        let SegmentSize { bytes, first_sample_end } = segment.size;
        (segment.id.representation.to_string(), segment.id.number, bytes, first_sample_end, digest)
    };
    let rows: Vec<SegmentRow> = receipt.segments.iter().map(row).collect();
    let part_row = |span: &PartReceipt| -> PartRow {
        let (part, etag) = match &span.location {
            PartLocation::File => (0, None),
            PartLocation::Uploaded { part, etag } => (*part, Some(etag.as_str().to_owned())),
            PartLocation::Staged { part } => (*part, None),
        };
        (span.representation.to_string(), part, span.bytes, BASE64_NOPAD.encode(&span.digest.0), etag)
    };
    let parts: Vec<PartRow> = receipt.parts.iter().map(part_row).collect();
    let parts = Some(parts).filter(|parts| !parts.is_empty()).map(|parts| json("parts", &parts));
    let item = Writer::default()
        .optional("parts", parts.transpose()?)
        .optional(ENCRYPTED, receipt.encrypted.as_deref().map(|ids| string(write_ids(ids))))
        .set("pk", string(pk(id)))
        .set("sk", string(sk(receipt.work_unit)))
        .set("work_unit", number(receipt.work_unit))
        .set("bytes_read", number(receipt.bytes_read))
        .set("usage", usage(&receipt.usage))
        .set("bytes_written", number(receipt.bytes_written()))
        .set("segments", json("segments", &rows)?);
    Ok(item.finish())
}

pub(super) fn read(item: &Item) -> Result<Receipt, Malformed> {
    let item = Reader(item);
    let rows: Vec<SegmentRow> = serde_json::from_str(item.text("segments")?).map_err(|_| Malformed("segments"))?;
    let decode_digest = |digest: String| -> Option<Digest> {
        let digest = BASE64_NOPAD.decode(digest.as_bytes()).ok()?;
        digest.try_into().ok().map(Digest)
    };
    let segment = |(representation, number, bytes, first_sample_end, digest): SegmentRow| {
        let size = SegmentSize { bytes, first_sample_end };
        let digest = if digest.is_empty() { None } else { Some(decode_digest(digest)?) };
        let id = SegmentId { representation: representation.parse().ok()?, number };
        Some(SegmentReceipt { id, size, digest })
    };
    let part_receipt = |(representation, part, bytes, digest, etag): PartRow| {
        let location = match (part, etag) {
            (0, _) => PartLocation::File,
            (part, Some(etag)) => PartLocation::Uploaded { part, etag: ETag::new(&etag) },
            (part, None) => PartLocation::Staged { part },
        };
        let representation = representation.parse().ok()?;
        Some(PartReceipt { representation, bytes, digest: decode_digest(digest)?, location })
    };
    let parts: Vec<PartRow> = match item.optional("parts", Reader::text)? {
        Some(parts) => serde_json::from_str(parts).map_err(|_| Malformed("parts"))?,
        None => Vec::new(),
    };
    let parts: Option<Vec<PartReceipt>> = parts.into_iter().map(part_receipt).collect();
    let segments: Option<Vec<SegmentReceipt>> = rows.into_iter().map(segment).collect();
    Ok(Receipt {
        work_unit: item.number("work_unit")?,
        bytes_read: item.number("bytes_read")?,
        segments: segments.ok_or(Malformed("segments"))?,
        parts: parts.ok_or(Malformed("parts"))?,
        encrypted: item.optional(ENCRYPTED, Reader::text)?.map(|text| read_ids(text, ENCRYPTED)).transpose()?,
        usage: item.usage("usage")?.unwrap_or_default(),
    })
}
