//! A platform in memory, as far as a caller sees it: uploads by parts, contents, packages.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::{Value, json};

use crate::TOKEN;
use crate::server::{Body, Reply, Request, Serve, start};

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// It is answered with this status, and does nothing.
    Status(u16),
    /// The connection ends in the middle of its body.
    CutInside,
    /// It does what it does, and the answer is lost.
    Lost,
    /// It is never answered, and does nothing.
    Hang,
}

/// Says what goes wrong with the nth request of this kind: method, path, and how many there were.
type Faults = Box<dyn Fn(&str, &str, usize) -> Option<Fault> + Send + Sync>;

#[derive(Debug, Default, Clone)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) parts: BTreeMap<u64, Vec<u8>>,
    pub(crate) whole: bool,
    given_up: bool,
}

impl Upload {
    /// What has arrived, one part behind the other.
    pub(crate) fn content(&self) -> Vec<u8> {
        self.parts.values().flatten().copied().collect()
    }
}

#[derive(Default)]
struct State {
    uploads: BTreeMap<String, Upload>,
    keys: HashMap<String, String>,
    calls: Vec<String>,
    seen: Vec<Value>,
    /// Answers to `GET` of a path, one after the other; the last stays.
    scripts: HashMap<String, Vec<Value>>,
    signatures: usize,
    hanging: usize,
}

/// The platform.
pub(crate) struct World {
    part_bytes: u64,
    faults: Mutex<Faults>,
    state: Mutex<State>,
    changed: Condvar,
    address: Mutex<String>,
}

impl World {
    /// One that listens, and cuts files into parts of `part_bytes`.
    pub(crate) fn start(part_bytes: u64) -> Arc<Self> {
        let world = Arc::new(Self {
            part_bytes,
            faults: Mutex::new(Box::new(|_, _, _| None)),
            state: Mutex::default(),
            changed: Condvar::new(),
            address: Mutex::default(),
        });
        *world.address.lock().unwrap() = start(Arc::clone(&world));
        world
    }

    pub(crate) fn api(&self) -> String {
        format!("http://{}", self.address.lock().unwrap())
    }

    /// From now on this goes wrong.
    pub(crate) fn fail(&self, faults: impl Fn(&str, &str, usize) -> Option<Fault> + Send + Sync + 'static) {
        *self.faults.lock().unwrap() = Box::new(faults);
    }

    /// What a `GET` of this path answers, time after time.
    pub(crate) fn script(&self, path: &str, answers: Vec<Value>) {
        let answers = answers.into_iter().rev().collect();
        self.state.lock().unwrap().scripts.insert(path.to_owned(), answers);
    }

    /// All requests so far: method and path.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.state.lock().unwrap().calls.clone()
    }

    /// How many requests there were that begin like this.
    pub(crate) fn count(&self, begin: &str) -> usize {
        self.calls().iter().filter(|call| call.starts_with(begin)).count()
    }

    /// Forgets the requests so far.
    pub(crate) fn forget_calls(&self) {
        self.state.lock().unwrap().calls.clear();
    }

    /// The bodies of requests for packages, and the queries of lists.
    pub(crate) fn seen(&self) -> Vec<Value> {
        self.state.lock().unwrap().seen.clone()
    }

    /// An upload is not known any more.
    pub(crate) fn give_up(&self, id: &str) {
        self.state.lock().unwrap().uploads.get_mut(id).unwrap().given_up = true;
    }

    pub(crate) fn uploads(&self) -> Vec<Upload> {
        self.state.lock().unwrap().uploads.values().cloned().collect()
    }

    /// Waits until so many parts have arrived, and so many requests hang.
    pub(crate) fn wait_for(&self, parts: usize, hanging: usize) {
        let arrived = |state: &State| state.uploads.values().map(|own| own.parts.len()).sum::<usize>();
        let waiting = |state: &mut State| arrived(state) < parts || state.hanging < hanging;
        drop(self.changed.wait_while(self.state.lock().unwrap(), waiting).unwrap());
    }

    fn fault(&self, request: &Request) -> Option<Fault> {
        let call = format!("{} {}", request.method, request.path);
        let times = self.calls().iter().filter(|own| **own == call).count();
        (self.faults.lock().unwrap())(&request.method, &request.path, times)
    }

    fn view(&self, id: &str, from: u64, state: &mut State) -> Value {
        let upload = state.uploads[id].clone();
        let part_bytes = self.part_bytes.min(upload.bytes);
        let parts = upload.bytes.div_ceil(part_bytes);
        let missing = (from..=parts).filter(|part| !upload.parts.contains_key(part));
        let urls: Vec<_> = missing
            .take(4)
            .map(|part| {
                state.signatures += 1;
                json!({"part": part, "url": format!("{}/bucket/{id}/{part}?signature={}", self.api(), state.signatures)})
            })
            .collect();
        let arrived: Vec<_> = upload.parts.keys().collect();
        json!({
            "upload_id": id, "name": upload.name, "bytes": upload.bytes, "part_bytes": part_bytes, "parts": parts,
            "arrived": arrived, "urls": urls, "expires_at": "2030-01-01T00:00:00Z",
        })
    }

    fn put(&self, request: &Request) -> Reply {
        assert_eq!(request.headers.get("authorization"), None, "the token is for the API alone");
        assert!(!request.headers.contains_key("transfer-encoding"), "the bucket wants a length");
        let mut words = request.path.split('/').skip(2);
        let (id, part) = (words.next().unwrap(), words.next().unwrap().parse().unwrap());
        let mut state = self.state.lock().unwrap();
        state.uploads.get_mut(id).unwrap().parts.insert(part, request.body.clone());
        Reply::Answer(200, String::new())
    }

    fn api_answer(&self, request: &Request) -> Reply {
        if request.headers.get("authorization") != Some(&format!("Bearer {TOKEN}")) {
            return problem(401, "credential_missing");
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let mut state = self.state.lock().unwrap();
        let path: Vec<_> = request.path.trim_matches('/').split('/').collect();
        match (request.method.as_str(), &path[..]) {
            ("POST", ["uploads"]) => {
                let fresh = format!("upload{}", state.uploads.len());
                let key = request.headers["idempotency-key"].clone();
                let id = state.keys.entry(key).or_insert(fresh).clone();
                if state.uploads.get(&id).is_some_and(|own| own.given_up) {
                    return problem(409, "upload_expired");
                }
                let name = body["name"].as_str().unwrap().to_owned();
                let bytes = body["bytes"].as_u64().unwrap();
                state.uploads.entry(id.clone()).or_insert(Upload { name, bytes, ..Upload::default() });
                Reply::Answer(201, self.view(&id, 1, &mut state).to_string())
            }
            ("GET", ["uploads", id]) => {
                let from = request.query.split('&').find_map(|own| own.strip_prefix("from=")).unwrap();
                Reply::Answer(200, self.view(id, from.parse().unwrap(), &mut state).to_string())
            }
            ("DELETE", ["uploads", id]) => {
                state.uploads.get_mut(*id).unwrap().given_up = true;
                Reply::Answer(200, json!({"upload_id": id, "status": "GivenUp"}).to_string())
            }
            ("POST", ["uploads", id, "complete"]) => {
                let upload = state.uploads.get_mut(*id).unwrap();
                let missing: Vec<_> = (1..=upload.bytes.div_ceil(self.part_bytes.min(upload.bytes)))
                    .filter(|part| !upload.parts.contains_key(part))
                    .collect();
                if !missing.is_empty() {
                    let problem = json!({"code": "upload_incomplete", "detail": "it is not whole", "missing": missing});
                    return Reply::Answer(409, problem.to_string());
                }
                upload.whole = true;
                let content = format!("content-of-{}", upload.name.replace(['.', ' '], "-"));
                let origin = format!("s3://uploads/{id}/{}", upload.name);
                Reply::Answer(
                    200,
                    json!({"upload_id": id, "input_content_id": content, "input_content_origin": origin}).to_string(),
                )
            }
            ("POST", ["packaged_content"]) => {
                state.seen.push(body);
                Reply::Answer(202, package("Queued", 0).to_string())
            }
            ("POST", ["packaged_content", _, "playback_tokens"]) => {
                state.seen.push(body);
                let token = json!({"token": "playback", "expires_at": "2030-01-01T00:00:00Z", "license_url": "https://l",
                    "urls": {"dash": "https://cdn.example/leave/stream.mpd", "hls": "https://cdn.example/leave/main.m3u8"}});
                Reply::Answer(201, token.to_string())
            }
            ("POST", ["packaged_content", _, "retry"]) => Reply::Answer(202, package("Queued", 0).to_string()),
            ("DELETE", [_, _]) => Reply::Answer(202, package("Deleting", 0).to_string()),
            ("GET", _) => {
                if path.len() == 1 {
                    state.seen.push(request.query.clone().into());
                }
                let script = state.scripts.get_mut(&request.path);
                let next = script.and_then(|own| if own.len() > 1 { own.pop() } else { own.last().cloned() });
                match next.filter(|own| !own.is_null()) {
                    Some(answer) => Reply::Answer(200, answer.to_string()),
                    None if path[0] == "input_content" => problem(404, "content_not_found"),
                    None => problem(404, "package_not_found"),
                }
            }
            _ => problem(404, "route_not_found"),
        }
    }
}

/// A package as the platform shows it, after so many of four work units.
pub(crate) fn package(status: &str, work_units: u64) -> Value {
    let total = if status == "Queued" { Value::Null } else { json!(4) };
    let failure =
        (status == "Failed").then(|| json!({"stage": "encrypt", "code": "source_changed", "message": "it was"}));
    json!({
        "packaged_content_id": "thepackage", "input_content_id": "thecontent", "status": status,
        "progress": {"work_units_done": work_units, "work_units_total": total, "bytes_done": 10 * work_units, "bytes_total": 40},
        "url": "https://cdn.example/thepackage/stream.mpd", "failure": failure, "created_at": "2026-01-01T00:00:00Z",
        "urls": {"dash": "https://cdn.example/thepackage/stream.mpd", "hls": "https://cdn.example/thepackage/main.m3u8"},
    })
}

/// A content as the platform shows it.
pub(crate) fn content(status: &str) -> Value {
    let mut content = json!({
        "input_content_id": "thecontent", "input_content_origin": "s3://uploads/a.mp4", "status": status, "bytes": 1000,
        "created_at": "2026-01-01T00:00:00Z",
    });
    match status {
        "Refused" => (content["code"], content["message"]) = ("no_video".into(), "there is no video in it".into()),
        _ => content["packaged_content_id"] = "thepackage".into(),
    }
    content
}

fn problem(status: u16, code: &str) -> Reply {
    let problem = json!({"type": "about:blank", "status": status, "code": code, "detail": format!("this is {code}")});
    Reply::Answer(status, problem.to_string())
}

impl Serve for World {
    fn begins(&self, request: &Request) -> Body {
        if matches!(self.fault(request), Some(Fault::CutInside)) {
            self.state.lock().unwrap().calls.push(format!("{} {}", request.method, request.path));
            return Body::Half;
        }
        Body::Whole
    }

    fn answer(&self, request: &Request) -> Reply {
        let fault = self.fault(request);
        self.state.lock().unwrap().calls.push(format!("{} {}", request.method, request.path));
        match fault {
            Some(Fault::Status(status)) => return problem(status, &format!("status_{status}")),
            Some(Fault::Hang) => {
                self.state.lock().unwrap().hanging += 1;
                self.changed.notify_all();
                loop {
                    std::thread::park();
                }
            }
            _ => {}
        }
        let reply = if request.path.starts_with("/bucket/") { self.put(request) } else { self.api_answer(request) };
        self.changed.notify_all();
        if matches!(fault, Some(Fault::Lost)) { Reply::Cut } else { reply }
    }
}
