//! The attributes of an item, read and written by name.

use std::collections::HashMap;
use std::ops::Range;
use std::str::FromStr;

use serde::Serialize;
use vpp_media::cmaf::RepresentationId;
use vpp_pipeline::domain::resource_usage::ResourceUsage;

use aws_sdk_dynamodb::types::AttributeValue;

/// An item of the table.
pub(super) type Item = HashMap<String, AttributeValue>;

/// An attribute of an item is missing or malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the attribute {0} is missing or malformed")]
pub(super) struct Malformed(pub(super) &'static str);

/// Creates a string attribute.
pub(super) fn string(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// Creates a number attribute.
pub(super) fn number(number: impl ToString + Copy) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// Encodes a byte range as a map of offset and length.
pub(super) fn range(name: &'static str, range: &Range<u64>) -> Result<AttributeValue, Malformed> {
    let length = range.end.checked_sub(range.start).ok_or(Malformed(name))?;
    let fields = [("offset", range.start), ("length", length)];
    Ok(AttributeValue::M(fields.map(|(name, value)| (name.to_owned(), number(value))).into()))
}

/// Encodes a value as compact JSON text.
pub(super) fn json(name: &'static str, value: &impl Serialize) -> Result<AttributeValue, Malformed> {
    serde_json::to_string(value).map(string).map_err(|_| Malformed(name))
}

/// Encodes representations as text, separated by commas.
pub(super) fn write_ids(ids: &[RepresentationId]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    ids.join(",")
}

/// Decodes representations that [`write_ids`] encoded.
pub(super) fn read_ids(text: &str, name: &'static str) -> Result<Vec<RepresentationId>, Malformed> {
    let ids = text.split(',').filter(|id| !id.is_empty());
    ids.map(|id| id.parse().map_err(|_| Malformed(name))).collect()
}

/// Encodes a resource usage as a map.
pub(super) fn usage(usage: &ResourceUsage) -> AttributeValue {
    let ResourceUsage { millis, gets, puts, peak_memory } = *usage;
    let fields = [("millis", millis), ("gets", gets), ("puts", puts), ("peak_memory", peak_memory)];
    AttributeValue::M(fields.into_iter().map(|(name, value)| (name.to_owned(), number(value))).collect())
}

/// An item under construction.
#[derive(Debug, Default)]
pub(super) struct Writer(Item);

impl Writer {
    pub(super) fn set(mut self, name: &str, value: AttributeValue) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    /// Sets an attribute if there is a value.
    pub(super) fn optional(self, name: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    pub(super) fn finish(self) -> Item {
        self.0
    }
}

/// An item being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'i>(pub(super) &'i Item);

impl<'i> Reader<'i> {
    /// Returns whether the item has an attribute.
    pub(super) fn has(self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Reads a string.
    pub(super) fn text(self, name: &'static str) -> Result<&'i str, Malformed> {
        self.0.get(name).and_then(|value| value.as_s().ok()).map(String::as_str).ok_or(Malformed(name))
    }

    /// Reads a string and parses it.
    pub(super) fn parsed<T: FromStr>(self, name: &'static str) -> Result<T, Malformed> {
        self.text(name)?.parse().map_err(|_| Malformed(name))
    }

    /// Reads a number.
    pub(super) fn number<T: FromStr>(self, name: &'static str) -> Result<T, Malformed> {
        let digits = self.0.get(name).and_then(|value| value.as_n().ok()).ok_or(Malformed(name))?;
        digits.parse().map_err(|_| Malformed(name))
    }

    /// Reads a byte range.
    pub(super) fn range(self, name: &'static str) -> Result<Range<u64>, Malformed> {
        let map = Reader(self.0.get(name).and_then(|value| value.as_m().ok()).ok_or(Malformed(name))?);
        let (offset, length): (u64, u64) = (map.number("offset")?, map.number("length")?);
        Ok(offset..offset.checked_add(length).ok_or(Malformed(name))?)
    }

    /// Reads the resource usage, which items of older versions do not have.
    pub(super) fn usage(self, name: &'static str) -> Result<Option<ResourceUsage>, Malformed> {
        self.optional(name, |item, name| {
            let map = item.map(name)?;
            Ok(ResourceUsage {
                millis: map.number("millis")?,
                gets: map.number("gets")?,
                puts: map.number("puts")?,
                peak_memory: map.number("peak_memory")?,
            })
        })
    }

    /// Reads a map.
    pub(super) fn map(self, name: &'static str) -> Result<Reader<'i>, Malformed> {
        self.0.get(name).and_then(|value| value.as_m().ok()).map(Reader).ok_or(Malformed(name))
    }

    /// Calls `read` if the item has the attribute.
    pub(super) fn optional<T>(
        self,
        name: &'static str,
        read: impl Fn(Self, &'static str) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        self.0.contains_key(name).then(|| read(self, name)).transpose()
    }
}
