//! Polling of contents, packages and deletions until they are complete.
//!
//! One thread polls every item in turn, with pauses that grow while nothing changes. Items may be added while it polls: the files
//! of an upload, as each is complete.

use std::sync::mpsc::{Receiver, TryRecvError};
use std::thread;
use std::time::Duration;

use indicatif::ProgressBar;
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::platform::api_request::{get, post};
use crate::platform::client::PlatformClient;
use crate::platform::package_request;
use crate::platform::reporter::Reporter;
use crate::platform::responses::{
    is_complete, is_playable, number, package_line, package_progress, require_accepted, text,
};

const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The action after a content is ingested.
#[derive(Debug, Clone)]
pub(crate) enum AfterIngest {
    /// Stop following it.
    Stop,
    /// Follow the package that the platform creates on upload.
    FollowPackage,
    /// Request a package with these fields, and optionally follow it.
    RequestPackage { fields: Map<String, Value>, follow: bool },
}

/// The resource that is polled.
#[derive(Debug, Clone)]
enum Target {
    /// A content, until it is ingested or refused.
    Content { id: String, then: AfterIngest },
    /// A package, until it is Ready or Failed, or playable if it is made on demand.
    Package { id: String },
    /// A resource that is being deleted, until it is not found.
    Deletion { path: String },
}

/// An item that is followed.
#[derive(Debug)]
pub(crate) struct FollowedItem {
    /// The file name or ID that is printed.
    name: String,
    /// Whether the name is that of an uploaded file.
    is_file: bool,
    target: Target,
    last_response: Value,
    bar: Option<ProgressBar>,
}

impl FollowedItem {
    /// Follows a content, and then performs the action.
    pub(crate) fn content(id: &str, then: AfterIngest) -> Self {
        Self::new(id, Target::Content { id: id.to_owned(), then })
    }

    /// Follows a package.
    pub(crate) fn package(id: &str) -> Self {
        Self::new(id, Target::Package { id: id.to_owned() })
    }

    /// Follows a deletion, by the path of the resource.
    pub(crate) fn deletion(id: &str, path: String) -> Self {
        Self::new(id, Target::Deletion { path })
    }

    /// Sets the uploaded file that the item belongs to.
    pub(crate) fn of_file(self, file: &str) -> Self {
        Self { name: file.to_owned(), is_file: true, ..self }
    }

    fn new(name: &str, target: Target) -> Self {
        Self { name: name.to_owned(), is_file: false, target, last_response: Value::Null, bar: None }
    }

    fn file(&self) -> Option<&str> {
        self.is_file.then_some(self.name.as_str())
    }
}

/// The result of a poll.
enum PollResult {
    Unchanged,
    Changed,
    Complete,
}

/// Follows the items, and those that arrive through `added`, until all are complete. A failure is reported and ends its item only.
pub(crate) fn follow(
    platform: &PlatformClient,
    reporter: &Reporter,
    mut items: Vec<FollowedItem>,
    mut added: Option<Receiver<FollowedItem>>,
) {
    let mut pause = SHORTEST_PAUSE;
    loop {
        if let Some(receiver) = &added {
            let is_open = receive_added(receiver, &mut items);
            added = added.filter(|_| is_open);
        }
        if items.is_empty() && added.is_none() {
            return;
        }
        let mut changed = false;
        items.retain_mut(|item| match poll(platform, reporter, item) {
            Ok(PollResult::Unchanged) => true,
            Ok(PollResult::Changed) => {
                changed = true;
                true
            }
            ended => {
                changed = true;
                item.bar.iter().for_each(ProgressBar::finish_and_clear);
                ended.err().iter().for_each(|failure| reporter.failure(&item.name, failure));
                false
            }
        });
        pause = if changed { SHORTEST_PAUSE } else { (pause * 3 / 2).min(LONGEST_PAUSE) };
        if !items.is_empty() {
            thread::sleep(pause);
        }
    }
}

/// Receives added items; waits for one if there is no other item. Returns whether further items may arrive.
fn receive_added(receiver: &Receiver<FollowedItem>, items: &mut Vec<FollowedItem>) -> bool {
    if items.is_empty() {
        match receiver.recv() {
            Ok(item) => items.push(item),
            Err(_) => return false,
        }
    }
    loop {
        match receiver.try_recv() {
            Ok(item) => items.push(item),
            Err(TryRecvError::Empty) => return true,
            Err(TryRecvError::Disconnected) => return false,
        }
    }
}

fn poll(platform: &PlatformClient, reporter: &Reporter, item: &mut FollowedItem) -> Result<PollResult, Failure> {
    match item.target.clone() {
        Target::Content { id, then } => match find(platform, &format!("/input_content/{id}"))? {
            Some(content) => after_ingest(platform, reporter, item, &content, then),
            None => Ok(PollResult::Unchanged),
        },
        Target::Package { id } => {
            let package = platform.send(get(&format!("/packaged_content/{id}")))?;
            if package == item.last_response {
                return Ok(PollResult::Unchanged);
            }
            report_package(reporter, item, &package);
            item.last_response = package;
            is_complete(&item.last_response)
                .map(|complete| if complete { PollResult::Complete } else { PollResult::Changed })
        }
        Target::Deletion { path } => {
            if find(platform, &path)?.is_some() {
                return Ok(PollResult::Unchanged);
            }
            reporter.json_line("deleted", None, json!({"id": item.name}));
            reporter.result(&format!("{}  deleted", item.name));
            Ok(PollResult::Complete)
        }
    }
}

/// Returns the resource at a path; `None` if it does not exist.
fn find(platform: &PlatformClient, path: &str) -> Result<Option<Value>, Failure> {
    match platform.send(get(path)) {
        Err(Failure::Platform(problem)) if problem.status == 404 && problem.code.ends_with("_not_found") => Ok(None),
        other => other.map(Some),
    }
}

/// Reports a content whose ingest is complete, and performs the action.
fn after_ingest(
    platform: &PlatformClient,
    reporter: &Reporter,
    item: &mut FollowedItem,
    content: &Value,
    then: AfterIngest,
) -> Result<PollResult, Failure> {
    reporter.json_line("content", item.file(), json!({"content": content}));
    require_accepted(content)?;
    let status = text(content, "status");
    reporter.notice(&format!("{}: {status}", item.name));
    let id = match then {
        _ if status != "Ingested" => return Ok(PollResult::Complete),
        AfterIngest::Stop => return Ok(PollResult::Complete),
        AfterIngest::FollowPackage => match text(content, "packaged_content_id") {
            "" => {
                reporter.notice(&format!(
                    "{}: this platform does not package on upload: request a package with vpp request",
                    item.name
                ));
                return Ok(PollResult::Complete);
            }
            id => id.to_owned(),
        },
        AfterIngest::RequestPackage { fields, follow } => {
            let body = package_request::body(fields, &[text(content, "input_content_id").to_owned()], &[]);
            let package = platform.send(post("/packaged_content").body(&body))?;
            if !follow {
                report_package(reporter, item, &package);
                reporter.result(&package_line(item.file(), &package));
                return Ok(PollResult::Complete);
            }
            text(&package, "packaged_content_id").to_owned()
        }
    };
    item.target = Target::Package { id };
    Ok(PollResult::Changed)
}

fn report_package(reporter: &Reporter, item: &mut FollowedItem, package: &Value) {
    reporter.json_line("package", item.file(), json!({"package": package}));
    let bar = item.bar.get_or_insert_with(|| reporter.package_bar(&item.name));
    bar.set_length(number(&package["progress"], "work_units_total"));
    bar.set_position(number(&package["progress"], "work_units_done"));
    let progress = package_progress(package);
    if package_progress(&item.last_response) != progress {
        reporter.progress(bar, &item.name, progress);
    }
    let is_complete = is_complete(package).is_ok_and(|complete| complete);
    if is_playable(package) && !is_playable(&item.last_response) && !is_complete {
        reporter.notice(&format!("{}: plays from now on: {}", item.name, text(package, "url")));
    }
    if is_complete {
        reporter.result(&package_line(item.file(), package));
    }
}
