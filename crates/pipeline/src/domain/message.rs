//! What travels between the stages: ids and byte ranges, never a key.

use std::ops::Range;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::id::{ContentId, PackageId};
use crate::domain::part_plan::PartSpan;

/// A message of a queue of this platform.
pub trait Message: Serialize + DeserializeOwned + Send + Sync {
    /// The id of what it is about. Messages about one thing are a group.
    fn subject(&self) -> &str;

    /// The work unit of the package, if it is about one.
    fn work_unit(&self) -> Option<u32> {
        None
    }
}

/// The version every message carries. A message of another version is not read as this one.
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
            other => Err(D::Error::custom(format_args!("unknown message schema {other}"))),
        }
    }
}

/// Plan this package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FragmentMessage {
    schema: Schema,
    packaged_content_id: PackageId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attempt: Option<u64>,
}

/// Make one work unit of this package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkUnitMessage {
    schema: Schema,
    packaged_content_id: PackageId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attempt: Option<u64>,
    /// Number of the work unit, from 0.
    pub work_unit: u32,
    /// Where the work unit's section lies in the plan.
    pub section: Section,
    /// How the work unit goes into the parts of single files; none when segments are files, or the work unit is all of the files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<PartSpan>,
}

/// A byte range of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Bytes from the start of the plan.
    pub offset: u64,
    /// Length in bytes.
    pub length: u64,
}

/// Write this package's manifests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DashMessage {
    schema: Schema,
    packaged_content_id: PackageId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attempt: Option<u64>,
}

/// Delete this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletionMessage {
    schema: Schema,
    /// What.
    #[serde(flatten)]
    pub target: DeletionTarget,
}

/// What is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum DeletionTarget {
    /// All that was made of a package in one of its attempts.
    Package {
        /// The package.
        packaged_content_id: PackageId,
        /// Its attempt.
        attempt: u64,
    },
    /// A content's file.
    Content {
        /// The content.
        input_content_id: ContentId,
    },
}

impl DeletionMessage {
    /// For this.
    #[must_use]
    pub fn new(target: DeletionTarget) -> Self {
        Self { schema: Schema, target }
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

impl From<Range<u64>> for Section {
    fn from(range: Range<u64>) -> Self {
        Self { offset: range.start, length: range.end.saturating_sub(range.start) }
    }
}

impl Section {
    /// The bytes from its start to its end.
    #[must_use]
    pub fn range(self) -> Range<u64> {
        self.offset..self.offset.saturating_add(self.length)
    }
}

macro_rules! about_a_package {
    ($($message:ident),+) => {
        $(impl $message {
            /// The package it is about.
            #[must_use]
            pub fn package(&self) -> &PackageId {
                &self.packaged_content_id
            }

            /// The attempt of the package that it belongs to; none for any.
            #[must_use]
            pub fn attempt(&self) -> Option<u64> {
                self.attempt
            }

            /// The same, of this attempt.
            #[must_use]
            pub fn for_attempt(self, attempt: u64) -> Self {
                Self { attempt: Some(attempt), ..self }
            }
        })+
    };
}

about_a_package!(FragmentMessage, WorkUnitMessage, DashMessage);

impl FragmentMessage {
    /// For `package`.
    #[must_use]
    pub fn new(package: PackageId) -> Self {
        Self { schema: Schema, packaged_content_id: package, attempt: None }
    }
}

impl WorkUnitMessage {
    /// For the work unit of `package` whose plan lies at `section`.
    #[must_use]
    pub fn new(package: PackageId, work_unit: u32, section: Section) -> Self {
        Self { schema: Schema, packaged_content_id: package, attempt: None, work_unit, section, spans: Vec::new() }
    }

    /// The same, of a work unit that goes into parts.
    #[must_use]
    pub fn with_spans(self, spans: Vec<PartSpan>) -> Self {
        Self { spans, ..self }
    }
}

impl DashMessage {
    /// For `package`.
    #[must_use]
    pub fn new(package: PackageId) -> Self {
        Self { schema: Schema, packaged_content_id: package, attempt: None }
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
    fn a_deletion_names_its_package_and_run_or_its_content() -> Result<(), Box<dyn std::error::Error>> {
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
    fn a_message_of_another_schema_is_not_read() {
        let text = format!(r#"{{"schema":2,"packaged_content_id":"{ID}"}}"#);
        assert!(serde_json::from_str::<FragmentMessage>(&text).is_err());
        let text = format!(r#"{{"schema":1,"packaged_content_id":"{ID}"}}"#);
        assert!(serde_json::from_str::<FragmentMessage>(&text).is_ok());
    }
}
