//! A work unit's receipt as an item.
//!
//! Segments are one compact JSON text, `[["v1",3,1048576,30211,"<SHA-256 in base64>"],…]`: some 75 bytes each, so that the thousand
//! segments a work unit may have stay far below DynamoDB's 400 KB; a segment of a single file has no digest. So are the pieces of single files, at most two a track:
//! `[["v1",2,31457280,"<SHA-256>","<ETag>"],…]`, part 0 being the file itself, and no `ETag` meaning that the piece is kept.

use data_encoding::BASE64_NOPAD;
use vpp_media::cmaf::SegmentSize;
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::ports::{Digest, ETag, PartLocation, PartReceipt, Receipt, SegmentReceipt};

use super::attributes::{Item, Malformed, Reader, Writer, number, spent, string};
use super::package_item::pk;

/// Start of every receipt's sort key.
pub(super) const PREFIX: &str = "unit#";

/// Sort key of the receipt of a work unit: eight digits sort as the numbers do.
pub(super) fn sk(work_unit: u32) -> String {
    format!("{PREFIX}{work_unit:08}")
}

/// Representation, number, bytes, bytes to the end of the first sample, digest.
type Row = (String, u32, u64, u64, String);

/// Representation, part, bytes, digest, `ETag`.
type PieceRow = (String, u16, u64, String, Option<String>);

pub(super) fn write(id: &PackageId, receipt: &Receipt) -> Result<Item, Malformed> {
    let row = |segment: &SegmentReceipt| -> Row {
        let digest = segment.digest.map(|digest| BASE64_NOPAD.encode(&digest.0)).unwrap_or_default();
        let SegmentSize { bytes, entry_bytes } = segment.size;
        (segment.representation.clone(), segment.number, bytes, entry_bytes, digest)
    };
    let rows: Vec<Row> = receipt.segments.iter().map(row).collect();
    let piece = |piece: &PartReceipt| -> PieceRow {
        let (part, etag) = match &piece.place {
            PartLocation::File => (0, None),
            PartLocation::Uploaded { part, etag } => (*part, Some(etag.as_str().to_owned())),
            PartLocation::Kept { part } => (*part, None),
        };
        (piece.representation.clone(), part, piece.bytes, BASE64_NOPAD.encode(&piece.digest.0), etag)
    };
    let pieces: Vec<PieceRow> = receipt.pieces.iter().map(piece).collect();
    let pieces = Some(pieces).filter(|pieces| !pieces.is_empty()).map(|pieces| serde_json::to_string(&pieces));
    let pieces = pieces.transpose().map_err(|_| Malformed("pieces"))?;
    let item = Writer::default()
        .maybe("pieces", pieces.map(string))
        .set("pk", string(pk(id)))
        .set("sk", string(sk(receipt.work_unit)))
        .set("work_unit", number(receipt.work_unit))
        .set("bytes_read", number(receipt.bytes_read))
        .set("spent", spent(&receipt.spent))
        .set("bytes_written", number(receipt.bytes_written()))
        .set("segments", string(serde_json::to_string(&rows).map_err(|_| Malformed("segments"))?));
    Ok(item.finish())
}

pub(super) fn read(item: &Item) -> Result<Receipt, Malformed> {
    let item = Reader(item);
    let rows: Vec<Row> = serde_json::from_str(item.text("segments")?).map_err(|_| Malformed("segments"))?;
    let read = |digest: String| -> Option<Digest> {
        let digest = BASE64_NOPAD.decode(digest.as_bytes()).ok()?;
        digest.try_into().ok().map(Digest)
    };
    let segment = |(representation, number, bytes, entry_bytes, digest): Row| {
        let size = SegmentSize { bytes, entry_bytes };
        let digest = if digest.is_empty() { None } else { Some(read(digest)?) };
        Some(SegmentReceipt { representation, number, size, digest })
    };
    let piece = |(representation, part, bytes, digest, etag): PieceRow| {
        let place = match (part, etag) {
            (0, _) => PartLocation::File,
            (part, Some(etag)) => PartLocation::Uploaded { part, etag: ETag::new(&etag) },
            (part, None) => PartLocation::Kept { part },
        };
        Some(PartReceipt { representation, bytes, digest: read(digest)?, place })
    };
    let pieces: Vec<PieceRow> = match item.maybe("pieces", Reader::text)? {
        Some(pieces) => serde_json::from_str(pieces).map_err(|_| Malformed("pieces"))?,
        None => Vec::new(),
    };
    let pieces: Option<Vec<PartReceipt>> = pieces.into_iter().map(piece).collect();
    let segments: Option<Vec<SegmentReceipt>> = rows.into_iter().map(segment).collect();
    Ok(Receipt {
        work_unit: item.number("work_unit")?,
        bytes_read: item.number("bytes_read")?,
        segments: segments.ok_or(Malformed("segments"))?,
        pieces: pieces.ok_or(Malformed("pieces"))?,
        spent: item.spent("spent")?.unwrap_or_default(),
    })
}
