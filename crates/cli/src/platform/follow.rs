//! Looking again and again, until it is done.
//!
//! One thread looks at everything that is followed, in turn, with pauses that grow while nothing changes. Things to follow may
//! come in while it looks: the files of an upload, as they arrive.

use std::sync::mpsc::{Receiver, TryRecvError};
use std::thread;
use std::time::Duration;

use indicatif::ProgressBar;
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::platform::http::{Platform, get, post};
use crate::platform::request;
use crate::platform::show::{Show, number, progress, text};

const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What is done when a content is judged.
#[derive(Debug, Clone)]
pub(crate) enum Then {
    /// Nothing.
    Stop,
    /// Follow the package that the platform made of its own accord.
    FollowOwn,
    /// Ask for a package with these fields, and perhaps follow it.
    Ask { fields: Map<String, Value>, follow: bool },
}

/// How far it is.
#[derive(Debug, Clone)]
enum Stage {
    Verdict { content: String, then: Then },
    Package { id: String },
    Gone { path: String },
}

/// Something that is followed.
#[derive(Debug)]
pub(crate) struct Followed {
    /// The file or id that a person knows it by.
    name: String,
    /// Whether the name is a file's.
    is_file: bool,
    stage: Stage,
    seen: Value,
    bar: Option<ProgressBar>,
}

impl Followed {
    /// A content, and what then.
    pub(crate) fn content(content: &str, then: Then) -> Self {
        Self::new(content, Stage::Verdict { content: content.to_owned(), then })
    }

    /// A package.
    pub(crate) fn package(id: &str) -> Self {
        Self::new(id, Stage::Package { id: id.to_owned() })
    }

    /// What is at a path of the API, until nothing is.
    pub(crate) fn gone(id: &str, path: String) -> Self {
        Self::new(id, Stage::Gone { path })
    }

    /// It is what came of a file.
    pub(crate) fn of_file(self, file: &str) -> Self {
        Self { name: file.to_owned(), is_file: true, ..self }
    }

    fn new(name: &str, stage: Stage) -> Self {
        Self { name: name.to_owned(), is_file: false, stage, seen: Value::Null, bar: None }
    }

    fn file(&self) -> Option<&str> {
        self.is_file.then_some(self.name.as_str())
    }
}

/// What one look came to.
enum Look {
    Same,
    Changed,
    Done,
}

/// Follows all of these. What fails is shown; the rest goes on.
pub(crate) fn follow(platform: &Platform, show: &Show, mut all: Vec<Followed>, more: Option<Receiver<Followed>>) {
    let mut more = more;
    let mut pause = SHORTEST_PAUSE;
    loop {
        if let Some(source) = &more {
            let open = take(source, &mut all);
            more = more.filter(|_| open);
        }
        if all.is_empty() && more.is_none() {
            return;
        }
        let mut changed = false;
        all.retain_mut(|own| match look(platform, show, own) {
            Ok(Look::Same) => true,
            Ok(Look::Changed) => {
                changed = true;
                true
            }
            ended => {
                changed = true;
                own.bar.iter().for_each(ProgressBar::finish_and_clear);
                ended.err().iter().for_each(|failure| show.failed(&own.name, failure));
                false
            }
        });
        pause = if changed { SHORTEST_PAUSE } else { (pause * 3 / 2).min(LONGEST_PAUSE) };
        if !all.is_empty() {
            thread::sleep(pause);
        }
    }
}

/// Takes what has come, and waits when there is nothing else to do. Answers whether more may come.
fn take(source: &Receiver<Followed>, all: &mut Vec<Followed>) -> bool {
    if all.is_empty() {
        match source.recv() {
            Ok(own) => all.push(own),
            Err(_) => return false,
        }
    }
    loop {
        match source.try_recv() {
            Ok(own) => all.push(own),
            Err(TryRecvError::Empty) => return true,
            Err(TryRecvError::Disconnected) => return false,
        }
    }
}

fn look(platform: &Platform, show: &Show, own: &mut Followed) -> Result<Look, Failure> {
    match own.stage.clone() {
        Stage::Verdict { content, then } => {
            let Some(content) = found(platform, &format!("/input_content/{content}"))? else { return Ok(Look::Same) };
            judged(platform, show, own, &content, then)
        }
        Stage::Package { id } => {
            let package = platform.ask(get(&format!("/packaged_content/{id}")))?;
            if package == own.seen {
                return Ok(Look::Same);
            }
            show_package(show, own, &package);
            own.seen = package;
            ended(&own.seen).map(|done| if done { Look::Done } else { Look::Changed })
        }
        Stage::Gone { path } => {
            if found(platform, &path)?.is_some() {
                return Ok(Look::Same);
            }
            show.event("deleted", None, json!({"id": own.name}));
            show.answer(&format!("{}  deleted", own.name));
            Ok(Look::Done)
        }
    }
}

/// What is at a path, or nothing when nothing is there.
fn found(platform: &Platform, path: &str) -> Result<Option<Value>, Failure> {
    match platform.ask(get(path)) {
        Err(Failure::Platform(problem)) if problem.status == 404 && problem.code.ends_with("_not_found") => Ok(None),
        other => other.map(Some),
    }
}

/// A content has its verdict.
fn judged(platform: &Platform, show: &Show, own: &mut Followed, content: &Value, then: Then) -> Result<Look, Failure> {
    show_content(show, own.file(), content);
    let status = text(content, "status");
    if status == "Refused" {
        return Err(Failure::refused(text(content, "code").to_owned(), text(content, "message")));
    }
    show.say(&format!("{}: {status}", own.name));
    let id = match then {
        _ if status != "Ingested" => return Ok(Look::Done),
        Then::Stop => return Ok(Look::Done),
        Then::FollowOwn => match text(content, "packaged_content_id") {
            "" => {
                show.say(&format!("{}: nothing is packaged on upload here: ask for it with vpp request", own.name));
                return Ok(Look::Done);
            }
            id => id.to_owned(),
        },
        Then::Ask { fields, follow } => {
            let body = request::body(fields, &[text(content, "input_content_id").to_owned()], &[]);
            let package = platform.ask(post("/packaged_content").body(&body))?;
            if !follow {
                show_package(show, own, &package);
                show.answer(&line(own.file(), &package));
                return Ok(Look::Done);
            }
            text(&package, "packaged_content_id").to_owned()
        }
    };
    own.stage = Stage::Package { id };
    Ok(Look::Changed)
}

fn show_content(show: &Show, file: Option<&str>, content: &Value) {
    show.event("content", file, json!({"content": content}));
}

fn show_package(show: &Show, own: &mut Followed, package: &Value) {
    show.event("package", own.file(), json!({"package": package}));
    let bar = own.bar.get_or_insert_with(|| show.work_units(&own.name));
    bar.set_length(number(&package["progress"], "work_units_total"));
    bar.set_position(number(&package["progress"], "work_units_done"));
    let now = progress(package);
    if progress(&own.seen) != now {
        show.progress(bar, &own.name, now);
    }
    if text(package, "status") == "Ready" {
        show.answer(&line(own.file(), package));
    }
}

/// A package on a line.
pub(crate) fn line(file: Option<&str>, package: &Value) -> String {
    let fields = [text(package, "packaged_content_id"), text(package, "status"), text(package, "url")];
    fields.into_iter().chain(file).collect::<Vec<_>>().join("  ")
}

/// Whether a package is Ready, or is still to be; that it has failed is a failure.
pub(crate) fn ended(package: &Value) -> Result<bool, Failure> {
    match text(package, "status") {
        "Ready" => Ok(true),
        "Failed" => {
            let failure = &package["failure"];
            let message = format!("in {}: {}", text(failure, "stage"), text(failure, "message"));
            Err(Failure::refused(text(failure, "code").to_owned(), message))
        }
        _ => Ok(false),
    }
}
