//! Events: every change of state of a content or a package.
//!
//! A function that changes a state does not publish the event itself: a crash between the write and the publication would
//! lose it. Instead the catalog has a change stream, and `notifications::announce` turns each change into an event. So an
//! event is delivered at least once. It is a function of the change and of the URL of the streams; its `id` is one of the change
//! alone: the item, its attempt and what it has become. Within an attempt a package enters no status twice and becomes playable
//! once, so the id is unique, and a receiver can drop duplicates by it.
//!
//! An event lists the public members of its subject one by one. Nothing else, such as a key in any form, can get into it.
//! `infra/events.schema.json` is the schema, and tests compare the two. A version of the schema may gain members; removing one
//! or changing its meaning needs another version.

use serde::Serialize;

use crate::domain::content::Content;
use crate::domain::layout;
use crate::domain::package::Package;
use crate::domain::state::{Failure, State, Status};
use crate::domain::timestamp::Timestamp;

/// The version of the schema.
const SCHEMA: u8 = 1;
/// The status of a deleted item.
const DELETED: &str = "Deleted";
/// What a package becomes that players can play, beside its status.
const PLAYABLE: &str = "Playable";

/// A change of an item, from the catalog's change stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<T> {
    /// The item before the change; `None` for a new item.
    pub before: Option<Box<T>>,
    /// The item after the change; `None` for a deleted item.
    pub after: Option<Box<T>>,
    /// The time in the change stream, in whole seconds. The states have more exact times.
    pub at: Timestamp,
}

/// A changed item.
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
    Content(ContentMembers),
    Package(PackageMembers),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct ContentMembers {
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
struct PackageMembers {
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
    failure: Option<FailureMembers>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct FailureMembers {
    stage: &'static str,
    code: String,
    message: String,
}

impl Event {
    /// Returns the events of a change, none when it leaves the state as it is. `delivery_url` is the start of every stream's
    /// URL, without a trailing slash.
    #[must_use]
    pub fn of(changed: &Changed, delivery_url: &str) -> Vec<Self> {
        match changed {
            Changed::Content(change) => content_event(change).into_iter().collect(),
            Changed::Package(change) => package_events(change, delivery_url),
        }
    }

    /// Returns the id, which is the same for every delivery.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the type, such as `package.ready`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Creates the event that the subject, which has this id and attempt, has become `what`.
    fn new(subject: Subject, what: &str, id: &str, attempt: u64, at: Timestamp) -> Self {
        let name = match &subject {
            Subject::Content(_) => "content",
            Subject::Package(_) => "package",
        };
        let what = what.to_lowercase();
        // No full stop: a webhook's signed message uses it as separator.
        let id = format!("{name}-{id}-{attempt}-{what}");
        Self { schema: SCHEMA, id, kind: format!("{name}.{what}"), at, subject }
    }
}

fn content_event(change: &Change<Content>) -> Option<Event> {
    let status = |content: &Content| if content.is_deleted() { DELETED } else { content.status() };
    let previous_status = change.before.as_deref().map(status);
    let content = change.after.as_deref().or(change.before.as_deref())?;
    let now = if change.after.is_some() { status(content) } else { DELETED };
    // A new verdict on the same file is an event, even if the status is the same.
    let same_verdict = change.before.as_ref().is_some_and(|before| before.created_at == content.created_at);
    if same_verdict && previous_status == Some(now) {
        return None;
    }
    let at = match (now == DELETED, content.deleted_at) {
        (false, _) => content.created_at,
        (true, deleted_at) => deleted_at.unwrap_or(change.at),
    };
    let refusal = content.refusal();
    let members = ContentMembers {
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
    Some(Event::new(Subject::Content(members), now, content.id.as_str(), content.created_at.unix_millis(), at))
}

fn package_events(change: &Change<Package>, delivery_url: &str) -> Vec<Event> {
    let before = change.before.as_deref();
    let Some(package) = change.after.as_deref().or(before) else { return Vec::new() };
    let changed_state =
        before.is_none_or(|before| (before.status(), before.attempt) != (package.status(), package.attempt));
    if change.after.is_some() && !changed_state {
        return Vec::new();
    }
    let is_deleted = change.after.is_none();
    let retried = before.is_some_and(|before| before.attempt != package.attempt);
    let is_playable = !is_deleted && package.playable_at().is_some();
    let was_playable = !retried && before.is_some_and(|before| before.playable_at().is_some());
    let at = if is_deleted {
        // The change stream has whole seconds.
        change.at.max(package.status_since())
    } else if retried {
        Timestamp::from_unix_millis(package.attempt)
    } else {
        package.status_since()
    };
    let members = PackageMembers {
        packaged_content_id: package.id.to_string(),
        attempt: package.attempt,
        input_content_ids: package.contents().map(ToString::to_string).collect(),
        created_at: package.created_at,
        status: if is_deleted { DELETED } else { package.status().as_str() },
        previous_status: before.map(|before| before.status().as_str()),
        work_units_total: package.state.plan().map(|plan| plan.work_units),
        url: is_playable.then(|| layout::manifest_url(delivery_url, &package.id)),
        failure: match &package.state {
            State::Failed { failure, .. } if !is_deleted => Some(failure.into()),
            _ => None,
        },
    };
    let playable = (is_playable && !was_playable).then_some(PLAYABLE);
    let event = |what| Event::new(Subject::Package(members.clone()), what, package.id.as_str(), package.attempt, at);
    [Some(members.status), playable].into_iter().flatten().map(event).collect()
}

impl From<&Failure> for FailureMembers {
    fn from(failure: &Failure) -> Self {
        Self { stage: failure.stage.as_str(), code: failure.code.clone(), message: failure.message.clone() }
    }
}

/// Returns all event types.
#[must_use]
pub fn types() -> Vec<String> {
    let of = |name: &str, statuses: &[&str]| -> Vec<String> {
        statuses.iter().map(|status| format!("{name}.{}", status.to_lowercase())).collect()
    };
    let states =
        [Status::Queued, Status::Fragmented, Status::Encrypted, Status::Ready, Status::Failed, Status::Deleting];
    let states = states.map(Status::as_str);
    [of("content", &["Ingested", "Refused", DELETED]), of("package", &states), of("package", &[PLAYABLE, DELETED])]
        .concat()
}
