//! The indexes of the table, and the filters of their lists.

use vpp_pipeline::domain::listing::{ContentFilter, PackageFilter, VerdictKind};

use super::{content_item, package_item};

/// A filter expression, with its names and values.
#[derive(Debug, Default)]
pub(super) struct Filter {
    pub(super) clauses: Vec<&'static str>,
    pub(super) names: Vec<(&'static str, &'static str)>,
    pub(super) values: Vec<(&'static str, String)>,
}

impl Filter {
    fn and(&mut self, clause: &'static str, name: Option<(&'static str, &'static str)>, value: (&'static str, &str)) {
        self.clauses.push(clause);
        self.names.extend(name);
        self.values.push((value.0, value.1.to_owned()));
    }

    pub(super) fn of_contents(requested: &ContentFilter) -> Self {
        const STATUS: Option<(&str, &str)> = Some(("#status", "status"));
        let mut filter = Self::default();
        match requested.verdict {
            Some(VerdictKind::Ingested) => {
                filter.and("#status = :status AND attribute_not_exists(media)", STATUS, (":status", "Ingested"));
            }
            Some(VerdictKind::Subtitles) => filter.and("media = :media", None, (":media", content_item::SUBTITLES)),
            Some(VerdictKind::Refused) => filter.and("#status = :status", STATUS, (":status", "Refused")),
            None => {}
        }
        if let Some(origin) = &requested.origin {
            filter.and("begins_with(input_content_origin, :origin)", None, (":origin", origin));
        }
        filter
    }

    pub(super) fn of_packages(requested: &PackageFilter) -> Self {
        let mut filter = Self::default();
        if let Some(status) = requested.status {
            filter.and("#status = :status", Some(("#status", "status")), (":status", status.as_str()));
        }
        if let Some(content) = &requested.content {
            filter.and("contains(#inputs, :content)", Some(("#inputs", "inputs")), (":content", content.as_str()));
        }
        filter
    }
}

/// An index of the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Index {
    pub(super) name: &'static str,
    /// The attribute with the partition key: the shard of the list.
    pub(super) shard: &'static str,
    /// The list.
    pub(super) list: &'static str,
}

pub(super) const CONTENTS: Index = Index { name: content_item::INDEX, shard: "kind", list: content_item::LIST };
pub(super) const PACKAGES: Index = Index { name: package_item::INDEX, shard: "listed", list: package_item::LIST };
