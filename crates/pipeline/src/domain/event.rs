//! What is told to others: every change of state of a content and of a package, as an event.
//!
//! Nobody who changes a state tells of it: between the write and the telling it could crash, and the event would be lost. The
//! catalog itself tells which of its items have changed, for as long as it takes, and [`crate::notifications::announce`] makes events of that.
//! So an event comes at least once, and perhaps again. What it says is a function of the change alone, its `id` most of all:
//! the item, its attempt and its status. Within an attempt a status is never entered twice, so the id is that of one event and of no
//! other, and whoever remembers ids can drop what comes again.
//!
//! An event names what is public of its subject, member by member: what it does not name, such as a key in any form, cannot get
//! into it. `infra/events.schema.json` describes all of it, and the tests hold the two to each other. Members may be added under one
//! version of the schema; none changes its meaning or goes without another.

use serde::Serialize;

use crate::domain::content::Content;
use crate::domain::package::Package;
use crate::domain::state::{Failure, State, Status};
use crate::domain::timestamp::Timestamp;

/// The version of the schema.
const SCHEMA: u8 = 1;
/// Status of what is gone.
const DELETED: &str = "Deleted";

/// A change of an item, as the catalog tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<T> {
    /// What it was; nothing of a new one.
    pub before: Option<Box<T>>,
    /// What it is; nothing when it is gone.
    pub after: Option<Box<T>>,
    /// When, as the catalog has noted it. The states say it more exactly, where they do.
    pub at: Timestamp,
}

/// An item that has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// A content.
    Content(Change<Content>),
    /// A package.
    Package(Change<Package>),
}

/// A change of state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    schema: u8,
    id: String,
    #[serde(rename = "type")]
    kind: String,
    at: Timestamp,
    #[serde(flatten)]
    subject: Subject,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Subject {
    Content(ContentFacts),
    Package(PackageFacts),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct ContentFacts {
    input_content_id: String,
    input_content_origin: String,
    bytes: u64,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packaged_content_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct PackageFacts {
    packaged_content_id: String,
    attempt: u64,
    input_content_ids: Vec<String>,
    created_at: Timestamp,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    work_units_total: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureFacts>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct FailureFacts {
    stage: &'static str,
    code: String,
    message: String,
}

impl Event {
    /// What is to be told of a change; nothing where it changes no state.
    #[must_use]
    pub fn of(changed: &Changed) -> Option<Self> {
        match changed {
            Changed::Content(change) => content_event(change),
            Changed::Package(change) => package_event(change),
        }
    }

    /// Its own, whenever it comes.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its type, such as `package.ready`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    fn new(subject: Subject, id: &str, attempt: u64, at: Timestamp) -> Self {
        let (name, status) = match &subject {
            Subject::Content(content) => ("content", content.status),
            Subject::Package(package) => ("package", package.status),
        };
        let status = status.to_lowercase();
        // No full stop: what a webhook signs is parted by them.
        let id = format!("{name}-{id}-{attempt}-{status}");
        Self { schema: SCHEMA, id, kind: format!("{name}.{status}"), at, subject }
    }
}

fn content_event(change: &Change<Content>) -> Option<Event> {
    let status = |content: &Content| if content.is_deleted() { DELETED } else { content.status() };
    let previous_status = change.before.as_deref().map(status);
    let content = change.after.as_deref().or(change.before.as_deref())?;
    let now = if change.after.is_some() { status(content) } else { DELETED };
    // Another verdict on the same file is told, though it be the same.
    let same_verdict = change.before.as_ref().is_some_and(|before| before.created_at == content.created_at);
    if same_verdict && previous_status == Some(now) {
        return None;
    }
    let at = match (now == DELETED, content.deleted_at) {
        (false, _) => content.created_at,
        (true, deleted_at) => deleted_at.unwrap_or(change.at),
    };
    let refusal = content.refusal();
    let facts = ContentFacts {
        input_content_id: content.id.to_string(),
        input_content_origin: content.location.to_string(),
        bytes: content.bytes,
        status: now,
        previous_status,
        verdict: content.preflight_verdict(),
        code: refusal.map(|refusal| refusal.code.clone()),
        message: refusal.map(|refusal| refusal.message.clone()),
        packaged_content_id: content.media_info().and_then(|info| info.package.as_ref()).map(ToString::to_string),
    };
    Some(Event::new(Subject::Content(facts), content.id.as_str(), content.created_at.unix_millis(), at))
}

fn package_event(change: &Change<Package>) -> Option<Event> {
    let before = change.before.as_deref();
    let package = change.after.as_deref().or(before)?;
    let moved = before.is_none_or(|before| (before.status(), before.attempt) != (package.status(), package.attempt));
    if change.after.is_some() && !moved {
        return None;
    }
    let gone = change.after.is_none();
    let retried = before.is_some_and(|before| before.attempt != package.attempt);
    let at = if gone {
        // The catalog notes seconds, no less.
        change.at.max(package.status_since())
    } else if retried {
        Timestamp::from_unix_millis(package.attempt)
    } else {
        package.status_since()
    };
    let facts = PackageFacts {
        packaged_content_id: package.id.to_string(),
        attempt: package.attempt,
        input_content_ids: package.contents().map(ToString::to_string).collect(),
        created_at: package.created_at,
        status: if gone { DELETED } else { package.status().as_str() },
        previous_status: before.map(|before| before.status().as_str()),
        work_units_total: package.state.plan().map(|plan| plan.work_units),
        url: match &package.state {
            State::Ready { url, .. } if !gone => Some(url.clone()),
            _ => None,
        },
        failure: match &package.state {
            State::Failed { failure, .. } if !gone => Some(failure.into()),
            _ => None,
        },
    };
    Some(Event::new(Subject::Package(facts), package.id.as_str(), package.attempt, at))
}

impl From<&Failure> for FailureFacts {
    fn from(failure: &Failure) -> Self {
        Self { stage: failure.stage.as_str(), code: failure.code.clone(), message: failure.message.clone() }
    }
}

/// Every type there is.
#[must_use]
pub fn types() -> Vec<String> {
    let of = |name: &str, statuses: &[&str]| -> Vec<String> {
        statuses.iter().map(|status| format!("{name}.{}", status.to_lowercase())).collect()
    };
    let states =
        [Status::Queued, Status::Fragmented, Status::Encrypted, Status::Ready, Status::Failed, Status::Deleting];
    let states = states.map(Status::as_str);
    [of("content", &["Ingested", "Refused", DELETED]), of("package", &states), of("package", &[DELETED])].concat()
}
