//! Messages between the stages: ids and byte ranges, never a key.

use std::ops::Range;

use serde::de::{self, DeserializeOwned};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::id::{ContentId, PackageId};
use crate::domain::part_plan::PartSpan;
use crate::error::Error;

/// A message of one of the platform's queues.
pub trait Message: Serialize + DeserializeOwned + Send + Sync {
    /// Returns the id of the content or package.
    fn subject(&self) -> &str;

    /// Returns the message group. A fair queue delivers messages of other groups before those of a group that occupies most of
    /// its consumers.
    fn group(&self) -> &str {
        self.subject()
    }

    /// Returns the number of the work unit, if the message is about one.
    fn work_unit(&self) -> Option<u32> {
        None
    }
}

/// The schema version of a message. Messages of another version are refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Schema;

const SCHEMA: u8 = 1;

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(SCHEMA)
    }
}

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer)? {
            SCHEMA => Ok(Self),
            other => Err(de::Error::custom(format_args!("unknown message schema {other}"))),
        }
    }
}

/// A request to plan a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FragmentMessage {
    schema: Schema,
    packaged_content_id: PackageId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attempt: Option<u64>,
}

/// A request to encrypt one work unit of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkUnitMessage {
    schema: Schema,
    packaged_content_id: PackageId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attempt: Option<u64>,
    /// Number of the work unit, from 0.
    pub work_unit: u32,
    /// The byte range of the work unit's section in the plan.
    pub section: Section,
    /// The part spans of the work unit in single files; empty when segments are files, or when the package has one work unit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<PartSpan>,
    /// Whether the package has many segments for its size. All such packages are one message group, so that many small files
    /// with many segments do not delay others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_dense: bool,
}

/// The message group of the work units of all packages that have many segments for their size.
const DENSE: &str = "dense";

/// A byte range of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Offset from the start of the plan, in bytes.
    pub offset: u64,
    /// Length in bytes.
    pub length: u64,
}

/// A request to write a package's manifests: those of a package that becomes Ready, or those of its latest revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DashMessage {
    schema: Schema,
    packaged_content_id: PackageId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attempt: Option<u64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_edit: bool,
}

/// A request to delete a package's objects or a content's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletionMessage {
    schema: Schema,
    /// The target.
    #[serde(flatten)]
    pub target: DeletionTarget,
    /// The invalidation of the CDN's cache that has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalidation: Option<String>,
    /// How often the deletion has sent its message again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub passes: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The target of a deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum DeletionTarget {
    /// The objects of one attempt of a package.
    Package {
        /// The package.
        packaged_content_id: PackageId,
        /// The attempt.
        attempt: u64,
    },
    /// A content's file.
    Content {
        /// The content.
        input_content_id: ContentId,
    },
}

impl DeletionMessage {
    /// Creates a request to delete `target`.
    #[must_use]
    pub fn new(target: DeletionTarget) -> Self {
        Self { schema: Schema, target, invalidation: None, passes: 0 }
    }
}

impl Message for DeletionMessage {
    fn subject(&self) -> &str {
        match &self.target {
            DeletionTarget::Package { packaged_content_id, .. } => packaged_content_id.as_str(),
            DeletionTarget::Content { input_content_id } => input_content_id.as_str(),
        }
    }
}

impl Section {
    /// Returns the section with the bytes of `range`.
    ///
    /// # Errors
    /// When the range ends before it starts.
    pub fn of(range: &Range<u64>) -> Result<Self, Error> {
        let length = range.end.checked_sub(range.start).ok_or_else(bad_section)?;
        Ok(Self { offset: range.start, length })
    }

    /// Returns the section as a range.
    ///
    /// # Errors
    /// When its end does not fit 64 bits.
    pub fn range(self) -> Result<Range<u64>, Error> {
        let end = self.offset.checked_add(self.length).ok_or_else(bad_section)?;
        Ok(self.offset..end)
    }
}

fn bad_section() -> Error {
    Error::permanent("bad_plan", "a section of the plan has no valid byte range")
}

macro_rules! about_a_package {
    ($($message:ident),+) => {
        $(impl $message {
            /// Returns the package.
            #[must_use]
            pub fn package(&self) -> &PackageId {
                &self.packaged_content_id
            }

            /// Returns the attempt of the package that the message belongs to; `None` for any.
            #[must_use]
            pub fn attempt(&self) -> Option<u64> {
                self.attempt
            }

            /// Sets the attempt.
            #[must_use]
            pub fn for_attempt(self, attempt: u64) -> Self {
                Self { attempt: Some(attempt), ..self }
            }
        })+
    };
}

about_a_package!(FragmentMessage, WorkUnitMessage, DashMessage);

impl FragmentMessage {
    /// Creates a message about `package`.
    #[must_use]
    pub fn new(package: PackageId) -> Self {
        Self { schema: Schema, packaged_content_id: package, attempt: None }
    }
}

impl WorkUnitMessage {
    /// Creates a message about the work unit of `package` with the plan section `section`.
    #[must_use]
    pub fn new(package: PackageId, work_unit: u32, section: Section) -> Self {
        Self {
            schema: Schema,
            packaged_content_id: package,
            attempt: None,
            work_unit,
            section,
            spans: Vec::new(),
            is_dense: false,
        }
    }

    /// Sets the part spans.
    #[must_use]
    pub fn with_spans(self, spans: Vec<PartSpan>) -> Self {
        Self { spans, ..self }
    }

    /// Sets whether the package has many segments for its size.
    #[must_use]
    pub fn of_dense_package(self, is_dense: bool) -> Self {
        Self { is_dense, ..self }
    }
}

impl DashMessage {
    /// Creates a message about `package`.
    #[must_use]
    pub fn new(package: PackageId) -> Self {
        Self { schema: Schema, packaged_content_id: package, attempt: None, is_edit: false }
    }

    /// Creates a request to publish the latest revision of `package`.
    #[must_use]
    pub fn of_edit(package: PackageId) -> Self {
        Self { is_edit: true, ..Self::new(package) }
    }

    /// Returns whether the message requests the publication of the latest revision: see [`crate::stages::publish`].
    #[must_use]
    pub fn is_edit(&self) -> bool {
        self.is_edit
    }
}

impl Message for FragmentMessage {
    fn subject(&self) -> &str {
        self.packaged_content_id.as_str()
    }
}

impl Message for WorkUnitMessage {
    fn subject(&self) -> &str {
        self.packaged_content_id.as_str()
    }

    fn group(&self) -> &str {
        if self.is_dense { DENSE } else { self.subject() }
    }

    fn work_unit(&self) -> Option<u32> {
        Some(self.work_unit)
    }
}

impl Message for DashMessage {
    fn subject(&self) -> &str {
        self.packaged_content_id.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "abcdefghijklmnopqrstuvwxyz";

    #[test]
    fn a_work_unit_message_has_the_documented_shape() -> Result<(), Box<dyn std::error::Error>> {
        let section = Section { offset: 123, length: 456 };
        let json = serde_json::to_value(WorkUnitMessage::new(ID.parse()?, 3, section))?;
        let expected = serde_json::json!({
            "schema": 1, "packaged_content_id": ID, "work_unit": 3, "section": {"offset": 123, "length": 456}
        });
        assert_eq!(json, expected);
        Ok(())
    }

    #[test]
    fn a_deletion_names_its_package_and_attempt_or_its_content() -> Result<(), Box<dyn std::error::Error>> {
        let package = DeletionTarget::Package { packaged_content_id: ID.parse()?, attempt: 7 };
        let content = DeletionTarget::Content { input_content_id: ID.parse()? };
        for (target, expected) in [
            (package, serde_json::json!({"schema": 1, "packaged_content_id": ID, "attempt": 7})),
            (content, serde_json::json!({"schema": 1, "input_content_id": ID})),
        ] {
            let message = DeletionMessage::new(target);
            assert_eq!(serde_json::to_value(&message)?, expected);
            assert_eq!(serde_json::from_value::<DeletionMessage>(expected)?, message);
        }
        Ok(())
    }

    #[test]
    fn a_message_of_another_schema_version_is_refused() {
        let text = format!(r#"{{"schema":2,"packaged_content_id":"{ID}"}}"#);
        assert!(serde_json::from_str::<FragmentMessage>(&text).is_err());
        let text = format!(r#"{{"schema":1,"packaged_content_id":"{ID}"}}"#);
        assert!(serde_json::from_str::<FragmentMessage>(&text).is_ok());
    }
}
