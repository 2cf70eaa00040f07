//! `vpp upload`: files go straight to the bucket, in parts, by addresses that the API signs.
//!
//! A few lanes take turns at all that is to be done: announce a file, send a part, say that a file is complete. A part that fails
//! is sent again, to a new address, while the others go on; what has arrived is never sent twice. The rule: a file is complete when
//! each part was taken by the bucket, here or before an interruption, as the API lists them. See [`super::memory`] for how an
//! interrupted upload is found again.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::SystemTime;

use indicatif::ProgressBar;
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::platform::args::Upload;
use crate::platform::follow::{Followed, Then, follow, line};
use crate::platform::http::{Missed, Platform, delete, get, post};
use crate::platform::memory::{self, Memory};
use crate::platform::request::{self, Beside};
use crate::platform::show::{Show, bytes, number, text};
use crate::platform::{files, lanes};

/// How often a file is said to be complete, when the platform misses parts of it.
const ROUNDS: u32 = 3;

/// Runs the command.
pub(crate) fn run(args: &Upload, platform: &Platform, show: &Show) -> Result<(), Failure> {
    let mut paths = files::find(&args.paths)?;
    let beside: Vec<_> = args.wishes.beside().collect();
    let together = args.together || !beside.is_empty();
    if !args.together && !beside.is_empty() && paths.len() > 1 {
        return Err(Failure::usage("subtitles are of one movie, or of several with --together"));
    }
    let movies = paths.len();
    for own in &beside {
        paths.push(fs::canonicalize(&own.given.path).map_err(Failure::io(&own.given.path))?);
    }
    let fields = args.wishes.fields(&args.connection)?;
    let asks = args.package || args.wishes.any();
    let then = match (asks && !together, args.follow && !together) {
        (true, _) => Some(Then::Ask { fields: fields.clone(), follow: args.follow }),
        (false, true) => Some(Then::FollowOwn),
        (false, false) => together.then_some(Then::Stop),
    };
    memory::tidy();
    let sending: Vec<_> = paths.iter().map(|path| Sending::new(path, show)).collect::<Result<_, _>>()?;
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let follower = then.is_some().then(|| scope.spawn(|| follow(platform, show, Vec::new(), Some(receiver))));
        let work = Work {
            platform,
            show,
            sending: &sending,
            then,
            followed: Mutex::new(sender),
            is_in_vain: AtomicBool::new(false),
        };
        let first = (0..sending.len()).map(Job::Announce).collect();
        lanes::run(usize::from(args.parallel), first, |job| work.done(job));
        if work.is_in_vain.load(Ordering::Relaxed) {
            let left = sending.iter().filter(|own| own.state().content.is_none()).count();
            show.say(&format!("{left} of {} files are not sent: the same command goes on with them", sending.len()));
        }
        drop(work);
        if follower.is_some_and(|own| own.join().is_err()) {
            show.failed("", &Failure::refused("internal", "a thread of this command has ended by mistake"));
        }
    });
    if together && show.is_well() {
        let ids: Vec<String> = sending.iter().filter_map(|own| own.state().content.clone()).collect();
        let (contents, texts) = ids.split_at_checked(movies).unwrap_or_default();
        let beside: Vec<(Beside, String)> = beside.into_iter().zip(texts.iter().cloned()).collect();
        ask(platform, show, fields, contents, &beside, args.follow)?;
    }
    Ok(())
}

/// Asks for a package of contents that are judged, and perhaps follows it.
pub(crate) fn ask(
    platform: &Platform,
    show: &Show,
    fields: Map<String, Value>,
    contents: &[String],
    beside: &[(Beside, String)],
    stay: bool,
) -> Result<(), Failure> {
    let body = request::body(fields, contents, beside);
    let package = platform.ask(post("/packaged_content").body(&body))?;
    if stay {
        follow(platform, show, vec![Followed::package(text(&package, "packaged_content_id"))], None);
    } else {
        show.event("package", None, json!({"package": package}));
        show.answer(&line(None, &package));
    }
    Ok(())
}

/// A file on its way.
#[derive(Debug)]
struct Sending {
    path: PathBuf,
    /// What a person calls it.
    name: String,
    bytes: u64,
    modified: SystemTime,
    bar: ProgressBar,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    upload: String,
    part_bytes: u64,
    /// Addresses of parts, as far as they are known and not used.
    addresses: HashMap<u64, String>,
    /// Parts that have not arrived.
    left: usize,
    rounds: u32,
    memory: Option<Memory>,
    file: Option<Arc<File>>,
    /// It has failed: what still waits of it is left.
    is_over: bool,
    /// Tenths that were told of.
    tenths: u64,
    /// What it has become.
    content: Option<String>,
}

impl Sending {
    fn new(path: &Path, show: &Show) -> Result<Self, Failure> {
        let found = fs::metadata(path).map_err(Failure::io(path))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let modified = found.modified().map_err(Failure::io(path))?;
        let bar = show.bytes(&name, found.len());
        Ok(Self { path: path.into(), name, bytes: found.len(), modified, bar, state: Mutex::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn part_length(&self, part: u64, part_bytes: u64) -> u64 {
        self.bytes.saturating_sub(part.saturating_sub(1).saturating_mul(part_bytes)).min(part_bytes)
    }
}

/// Something to do. Files are known by their place.
#[derive(Debug, Clone, Copy)]
enum Job {
    Announce(usize),
    Send(usize, u64),
    Complete(usize),
}

struct Work<'a> {
    platform: &'a Platform,
    show: &'a Show,
    sending: &'a [Sending],
    then: Option<Then>,
    followed: Mutex<Sender<Followed>>,
    /// The platform does not answer, or not to this token: no other file would fare better.
    is_in_vain: AtomicBool,
}

impl Work<'_> {
    /// Does a piece of work, and says what it brings. What fails ends its file, and no other.
    fn done(&self, job: Job) -> Vec<Job> {
        let (Job::Announce(file) | Job::Send(file, _) | Job::Complete(file)) = job;
        let Some(own) = self.sending.get(file) else { return Vec::new() };
        if own.state().is_over || self.is_in_vain.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let brought = match job {
            Job::Announce(_) => self.announce(file, own),
            Job::Send(_, part) => self.send(file, own, part),
            Job::Complete(_) => self.complete(file, own),
        };
        brought.unwrap_or_else(|failure| {
            if !std::mem::replace(&mut own.state().is_over, true) {
                own.bar.finish_and_clear();
                self.show.failed(&own.name, &failure);
            }
            self.is_in_vain.fetch_or(failure.concerns_all(), Ordering::Relaxed);
            Vec::new()
        })
    }

    fn announce(&self, file: usize, own: &Sending) -> Result<Vec<Job>, Failure> {
        let mut memory = Memory::of(self.platform.api(), &own.path, own.bytes, own.modified)?;
        let upload = match self.announced(own, &memory) {
            // Its parts were kept for as long as they are: it begins anew.
            Err(Failure::Platform(problem)) if problem.code == "upload_expired" => {
                memory.renew()?;
                self.announced(own, &memory)?
            }
            other => other?,
        };
        let arrived: Vec<u64> = numbers(&upload, "arrived");
        let part_bytes = number(&upload, "part_bytes").max(1);
        let missing = (1..=number(&upload, "parts")).filter(|part| !arrived.contains(part));
        let jobs: Vec<_> = missing.map(|part| Job::Send(file, part)).collect();
        let sent = arrived.iter().map(|part| own.part_length(*part, part_bytes)).sum();
        let mut state = own.state();
        own.bar.set_position(sent);
        own.bar.reset_eta();
        if memory.resumed && sent > 0 {
            self.show.say(&format!("{}: {} of {} had arrived", own.name, bytes(sent), bytes(own.bytes)));
        }
        text(&upload, "upload_id").clone_into(&mut state.upload);
        (state.part_bytes, state.left) = (part_bytes, jobs.len());
        state.memory = Some(memory);
        state.file = Some(Arc::new(File::open(&own.path).map_err(Failure::io(&own.path))?));
        learn(&mut state, &upload);
        self.tell(own, &mut state, sent, true);
        Ok(if jobs.is_empty() { vec![Job::Complete(file)] } else { jobs })
    }

    fn announced(&self, own: &Sending, memory: &Memory) -> Result<Value, Failure> {
        let body = json!({"name": own.name, "bytes": own.bytes});
        self.platform.ask(post("/uploads").body(&body).idempotency_key(memory.idempotency_key()))
    }

    fn send(&self, file: usize, own: &Sending, part: u64) -> Result<Vec<Job>, Failure> {
        self.platform.try_again(|| self.send_once(own, part))?;
        let mut state = own.state();
        state.left = state.left.saturating_sub(1);
        self.tell(own, &mut state, own.bar.position(), false);
        Ok(if state.left == 0 { vec![Job::Complete(file)] } else { Vec::new() })
    }

    fn send_once(&self, own: &Sending, part: u64) -> Result<(), Missed> {
        let Some((file, part_bytes, address)) = self.address(own, part)? else { return Ok(()) };
        let length = own.part_length(part, part_bytes);
        let start = part.saturating_sub(1).saturating_mul(part_bytes);
        let seen = Arc::new(Seen::default());
        let piece = Piece { file, at: start, left: length, bar: own.bar.clone(), seen: Arc::clone(&seen) };
        let put = self.platform.put(&address, length, piece);
        if put.is_err() {
            own.bar.dec(seen.sent.load(Ordering::Relaxed));
        }
        match seen.fault.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(fault) if fault.kind() == io::ErrorKind::UnexpectedEof => Err(self.changed(own).into()),
            Some(fault) => Err(Failure::io(&own.path)(fault).into()),
            None => put,
        }
    }

    /// The file, how it is cut, and where a part goes; nothing when it need not go there any more. An address is used once: after a
    /// failure another is asked for, because the first may be over.
    fn address(&self, own: &Sending, part: u64) -> Result<Option<(Arc<File>, u64, String)>, Failure> {
        let mut state = own.state();
        if !state.addresses.contains_key(&part) && !state.is_over {
            let (path, from) = (format!("/uploads/{}", state.upload), part.to_string());
            drop(state);
            let upload = self.platform.ask(get(&path).query(&[("from", &from), ("limit", "100")]))?;
            state = own.state();
            if numbers(&upload, "arrived").contains(&part) {
                own.bar.inc(own.part_length(part, state.part_bytes));
                return Ok(None);
            }
            learn(&mut state, &upload);
        }
        let Some(file) = state.file.clone().filter(|_| !state.is_over) else { return Ok(None) };
        let address = state.addresses.remove(&part).ok_or_else(|| {
            Failure::refused(
                "upload_incomplete",
                format!("the platform gave no address for part {part}: run the command again"),
            )
        })?;
        Ok(Some((file, state.part_bytes, address)))
    }

    fn complete(&self, file: usize, own: &Sending) -> Result<Vec<Job>, Failure> {
        let path = format!("/uploads/{}", own.state().upload);
        let now = fs::metadata(&own.path).map_err(Failure::io(&own.path))?;
        if now.len() != own.bytes || now.modified().map_err(Failure::io(&own.path))? != own.modified {
            return Err(self.changed(own));
        }
        let whole = match self.platform.ask(post(&format!("{path}/complete"))) {
            Err(Failure::Platform(problem)) if !problem.missing.is_empty() => {
                let mut state = own.state();
                state.rounds += 1;
                if state.rounds >= ROUNDS {
                    return Err(Failure::Platform(problem));
                }
                (state.left, state.addresses) = (problem.missing.len(), HashMap::new());
                let parts = problem.missing.iter().map(|part| own.part_length(u64::from(*part), state.part_bytes));
                own.bar.dec(parts.sum());
                return Ok(problem.missing.iter().map(|part| Job::Send(file, u64::from(*part))).collect());
            }
            other => other?,
        };
        let content = text(&whole, "input_content_id").to_owned();
        let mut state = own.state();
        state.memory.iter().for_each(Memory::forget);
        (state.file, state.content) = (None, Some(content.clone()));
        own.bar.finish_and_clear();
        let mut view = view(own, &state, own.bytes);
        for name in ["input_content_id", "input_content_origin"] {
            view[name] = text(&whole, name).into();
        }
        self.show.event("upload", Some(&own.name), view);
        self.show.say(&format!("{}: {} sent", own.name, bytes(own.bytes)));
        match &self.then {
            Some(then) => {
                let followed = Followed::content(&content, then.clone()).of_file(&own.name);
                let _ = self.followed.lock().unwrap_or_else(PoisonError::into_inner).send(followed);
            }
            None => self.show.answer(&format!("{content}  {}", own.name)),
        }
        Ok(Vec::new())
    }

    /// Gives a file up that is no longer what was announced.
    fn changed(&self, own: &Sending) -> Failure {
        let mut state = own.state();
        let (memory, path) = (state.memory.take(), format!("/uploads/{}", state.upload));
        drop(state);
        if let Some(memory) = memory {
            memory.forget();
            let _ = self.platform.ask(delete(&path));
        }
        Failure::refused("file_changed", "the file was changed while it was sent: run the command again")
    }

    /// Tells of every tenth.
    fn tell(&self, own: &Sending, state: &mut State, sent: u64, begins: bool) {
        let tenths = sent.saturating_mul(10).checked_div(own.bytes).unwrap_or(10);
        if begins || (tenths > state.tenths && sent < own.bytes) {
            state.tenths = tenths;
            self.show.event("upload", Some(&own.name), view(own, state, sent));
            if own.bytes > state.part_bytes {
                self.show.progress(&own.bar, &own.name, format!("{} of {}", bytes(sent), bytes(own.bytes)));
            }
        }
    }
}

fn view(own: &Sending, state: &State, sent: u64) -> Value {
    json!({"upload_id": state.upload, "bytes": own.bytes, "bytes_sent": sent.min(own.bytes)})
}

fn numbers(answer: &Value, name: &str) -> Vec<u64> {
    answer.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_u64).collect()
}

/// Keeps the addresses of an answer.
fn learn(state: &mut State, upload: &Value) {
    for own in upload["urls"].as_array().into_iter().flatten() {
        state.addresses.insert(number(own, "part"), text(own, "url").to_owned());
    }
}

/// The bytes of a part, as they are read to be sent.
struct Piece {
    file: Arc<File>,
    at: u64,
    left: u64,
    bar: ProgressBar,
    seen: Arc<Seen>,
}

/// What is known of a part afterwards.
#[derive(Default)]
struct Seen {
    /// Bytes that were read, of which nobody knows how many have arrived when the part was not taken.
    sent: AtomicU64,
    /// Why the file could not be read, which is no fault of the network.
    fault: Mutex<Option<io::Error>>,
}

impl Read for Piece {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let Some(buffer) = buffer.get_mut(..wanted).filter(|own| !own.is_empty()) else { return Ok(0) };
        let read = match self.file.read_at(buffer, self.at) {
            Ok(0) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file has become shorter")),
            other => other,
        };
        let count = read.map_err(|error| {
            let kind = error.kind();
            *self.seen.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            io::Error::from(kind)
        })?;
        let bytes = count as u64;
        (self.at, self.left) = (self.at + bytes, self.left - bytes);
        self.bar.inc(bytes);
        self.seen.sent.fetch_add(bytes, Ordering::Relaxed);
        Ok(count)
    }
}
