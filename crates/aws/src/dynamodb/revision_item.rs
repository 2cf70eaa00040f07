//! A revision of a package as an item, and the updates of the package that belong to it.
//!
//! The edits are one JSON text. They are bounded: a package has at most some dozens of tracks, 64 added subtitle files and 256
//! chapters, which take far less than DynamoDB's limit of 400 KB.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use vpp_pipeline::domain::id::{ContentId, PackageId};
use vpp_pipeline::domain::object::ETag;
use vpp_pipeline::domain::revision::{Publication, Revision, UploadedText};
use vpp_pipeline::domain::state::Status;
use vpp_pipeline::domain::unreadable::RecordKind;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{Commit, Revisions};

use super::attributes::{Item, Malformed, Reader, Writer, json, number, string};
use super::package_item;
use super::revision_progress::{FAILURE, LATEST, PUBLISHED, write_failure};
use super::table::{DynamoCatalog, Transacted, condition, malformed};
use super::transitions::in_attempt;

/// The attribute with the edits of a revision.
const EDITS: &str = "edits";
/// The attribute with the uploaded files of a revision.
const FILES: &str = "files";
/// The statuses in which a package may have been planned and is neither failed nor deleted.
const EDITABLE: [(&str, Status); 3] =
    [(":fragmented", Status::Fragmented), (":encrypted", Status::Encrypted), (":ready", Status::Ready)];

/// Content id, location, entity tag, bytes.
type FileRow = (ContentId, String, String, u64);

fn sk(revision: u32) -> String {
    format!("revision#{revision:08}")
}

fn write(id: &PackageId, revision: &Revision) -> Result<Item, Malformed> {
    let row = |file: &UploadedText| -> FileRow {
        let UploadedText { content, location, etag, bytes } = file;
        (content.clone(), location.to_string(), etag.as_str().to_owned(), *bytes)
    };
    let files: Vec<FileRow> = revision.files.iter().map(row).collect();
    let item = Writer::default()
        .set("pk", string(package_item::pk(id)))
        .set("sk", string(sk(revision.number)))
        .set("number", number(revision.number))
        .set("created_at", string(revision.created_at.to_string()))
        .optional("restored", revision.restored.map(number))
        .set(EDITS, json(EDITS, &revision.edits)?)
        .set(FILES, json(FILES, &files)?)
        .set("last_added", number(revision.last_added));
    Ok(item.finish())
}

fn read(item: &Item) -> Result<Revision, Malformed> {
    let item = Reader(item);
    let rows: Vec<FileRow> = serde_json::from_str(item.text(FILES)?).map_err(|_| Malformed(FILES))?;
    let file = |(content, location, etag, bytes): FileRow| {
        let location = location.parse().map_err(|_| Malformed(FILES))?;
        Ok(UploadedText { content, location, etag: ETag::new(&etag), bytes })
    };
    Ok(Revision {
        number: item.number("number")?,
        created_at: item.parsed("created_at")?,
        restored: item.optional("restored", Reader::number)?,
        edits: serde_json::from_str(item.text(EDITS)?).map_err(|_| Malformed(EDITS))?,
        files: rows.into_iter().map(file).collect::<Result<_, _>>()?,
        last_added: item.number("last_added")?,
    })
}

/// Builds the update that makes a revision the latest of its package.
fn make_latest(table: &str, id: &PackageId, attempt: u64, revision: &Revision) -> Result<Update, BuildError> {
    let follows = match revision.number {
        1 => "attribute_not_exists(#latest)",
        _ => "#latest = :before",
    };
    let statuses = EDITABLE.map(|(name, _)| name).join(", ");
    let (in_attempt, of) = in_attempt(attempt);
    let mut update = Update::builder()
        .table_name(table)
        .key("pk", string(package_item::pk(id)))
        .key("sk", string(package_item::SK))
        .update_expression("SET #latest = :latest")
        .condition_expression(format!("{follows} AND {in_attempt} AND #status IN ({statuses})"))
        .expression_attribute_names("#latest", LATEST)
        .expression_attribute_names("#attempt", "attempt")
        .expression_attribute_names("#status", "status")
        .expression_attribute_values(":latest", number(revision.number));
    if revision.number > 1 {
        update = update.expression_attribute_values(":before", number(revision.number - 1));
    }
    if let Some(of) = of {
        update = update.expression_attribute_values(":of", of);
    }
    for (name, status) in EDITABLE {
        update = update.expression_attribute_values(name, string(status.as_str()));
    }
    update.build()
}

impl Revisions for DynamoCatalog {
    async fn commit_revision(&self, id: &PackageId, attempt: u64, revision: &Revision) -> Result<Commit, Unavailable> {
        let item = write(id, revision).map_err(malformed)?;
        let update = make_latest(&self.table, id, attempt, revision);
        let update = update.map_err(|error| Unavailable::new("UpdateItem", error.into()))?;
        let writes = vec![
            TransactWriteItem::builder().put(self.put_new(item)?).build(),
            TransactWriteItem::builder().update(update).build(),
        ];
        Ok(match self.transact(writes, revision.number).await? {
            Transacted::Committed => Commit::Done,
            Transacted::ConditionFailed(_) => Commit::Stale,
        })
    }

    async fn revision(&self, id: &PackageId, number: u32) -> Result<Option<Revision>, Unavailable> {
        self.record(&package_item::pk(id), &sk(number), RecordKind::Revision, read).await
    }

    async fn settle_revision(
        &self,
        id: &PackageId,
        attempt: u64,
        publication: &Publication,
    ) -> Result<(), Unavailable> {
        let Publication { number: revision, is_written, failure } = publication;
        let mut sets = Vec::new();
        sets.extend(is_written.then_some("#published = :number"));
        sets.extend(failure.is_some().then_some("#failure = :failure"));
        let set = if sets.is_empty() { String::new() } else { format!("SET {}", sets.join(", ")) };
        let remove = if failure.is_none() { " REMOVE #failure" } else { "" };
        let later = "#latest >= :number AND (attribute_not_exists(#published) OR #published <= :number)";
        let (in_attempt, of) = in_attempt(attempt);
        let request = self.update_package(id).update_expression(format!("{set}{remove}"));
        let mut request = request
            .condition_expression(format!("{in_attempt} AND {later}"))
            .expression_attribute_names("#attempt", "attempt")
            .expression_attribute_names("#latest", LATEST)
            .expression_attribute_names("#published", PUBLISHED)
            .expression_attribute_names("#failure", FAILURE)
            .expression_attribute_values(":number", number(*revision));
        if let Some(of) = of {
            request = request.expression_attribute_values(":of", of);
        }
        if let Some(failure) = failure {
            request = request.expression_attribute_values(":failure", write_failure(failure));
        }
        condition(request.send().await, "UpdateItem").map(|_| ())
    }
}
