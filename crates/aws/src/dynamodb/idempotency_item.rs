//! An idempotency key as an item, with the resource id that it is bound to. The binding ends at the time in `forget_at`;
//! DynamoDB deletes the item later.

use vpp_pipeline::domain::timestamp::Timestamp;

use super::attributes::{Item, Malformed, Reader, Writer, number, string};

/// Sort key of an idempotency key.
pub(super) const SK: &str = "claim";

pub(super) fn write(key: &str, answer: &str, forget_at: Timestamp) -> Item {
    Writer::default()
        .set("pk", string(format!("claim#{key}")))
        .set("sk", string(SK))
        .set("answer", string(answer))
        .set("forget_at", number(forget_at.unix_seconds()))
        .finish()
}

/// Reads the resource id that the key is bound to.
pub(super) fn read(item: &Item) -> Result<String, Malformed> {
    Reader(item).text("answer").map(str::to_owned)
}
