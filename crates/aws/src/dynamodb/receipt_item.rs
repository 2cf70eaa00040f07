//! A slice's receipt as an item.
//!
//! Segments are one compact JSON text, `[["v1",3,1048576,30211,"<SHA-256 in base64>"],…]`: some 75 bytes each, so that the thousand
//! segments a slice may have stay far below DynamoDB's 400 KB.

use data_encoding::BASE64_NOPAD;
use vpp_media::cmaf::SegmentSize;
use vpp_pipeline::id::PackageId;
use vpp_pipeline::ports::{Digest, Receipt, SegmentReceipt};

use super::attributes::{Item, Malformed, Reader, Writer, number, string};
use super::package_item::pk;

/// Start of every receipt's sort key.
pub(super) const PREFIX: &str = "slice#";

/// Sort key of the receipt of a slice: eight digits sort as the numbers do.
pub(super) fn sk(slice: u32) -> String {
    format!("{PREFIX}{slice:08}")
}

/// Representation, number, bytes, bytes to the end of the first sample, digest.
type Row = (String, u32, u64, u64, String);

pub(super) fn write(id: &PackageId, receipt: &Receipt) -> Result<Item, Malformed> {
    let row = |segment: &SegmentReceipt| -> Row {
        let digest = BASE64_NOPAD.encode(&segment.digest.0);
        let SegmentSize { bytes, entry_bytes } = segment.size;
        (segment.representation.clone(), segment.number, bytes, entry_bytes, digest)
    };
    let rows: Vec<Row> = receipt.segments.iter().map(row).collect();
    let item = Writer::default()
        .set("pk", string(pk(id)))
        .set("sk", string(sk(receipt.slice)))
        .set("slice", number(receipt.slice))
        .set("bytes_read", number(receipt.bytes_read))
        .set("bytes_written", number(receipt.bytes_written()))
        .set("segments", string(serde_json::to_string(&rows).map_err(|_| Malformed("segments"))?));
    Ok(item.finish())
}

pub(super) fn read(item: &Item) -> Result<Receipt, Malformed> {
    let item = Reader(item);
    let rows: Vec<Row> = serde_json::from_str(item.text("segments")?).map_err(|_| Malformed("segments"))?;
    let segment = |(representation, number, bytes, entry_bytes, digest): Row| {
        let digest = BASE64_NOPAD.decode(digest.as_bytes()).ok().and_then(|digest| digest.try_into().ok());
        let size = SegmentSize { bytes, entry_bytes };
        Some(SegmentReceipt { representation, number, size, digest: Digest(digest?) })
    };
    let segments: Option<Vec<SegmentReceipt>> = rows.into_iter().map(segment).collect();
    Ok(Receipt {
        slice: item.number("slice")?,
        bytes_read: item.number("bytes_read")?,
        segments: segments.ok_or(Malformed("segments"))?,
    })
}
