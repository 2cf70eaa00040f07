//! An in-memory platform with the API that the commands use: multipart uploads, contents and packages.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::{Value, json};

use crate::TOKEN;
use crate::server::{BodyFault, Handler, Reply, Request, start};

/// A fault of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// The request has no effect and the response has this status.
    Status(u16),
    /// The connection breaks in the middle of the request body.
    BrokenBody,
    /// The request has its effect, and the response is lost.
    LostResponse,
    /// The request has no effect and never gets a response.
    Hang,
}

/// Returns the fault of a request, from its method, its path, and the number of earlier requests with the same two.
type Faults = Box<dyn Fn(&str, &str, usize) -> Option<Fault> + Send + Sync>;

#[derive(Debug, Default, Clone)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) parts: BTreeMap<u64, Vec<u8>>,
    pub(crate) complete: bool,
    aborted: bool,
}

impl Upload {
    /// Returns the arrived parts, concatenated.
    pub(crate) fn content(&self) -> Vec<u8> {
        self.parts.values().flatten().copied().collect()
    }
}

#[derive(Default)]
struct State {
    uploads: BTreeMap<String, Upload>,
    idempotency_keys: HashMap<String, String>,
    requests: Vec<String>,
    recorded: Vec<Value>,
    /// Responses to `GET` requests of a path, in reverse order. The last response is repeated.
    responses: HashMap<String, Vec<Value>>,
    signatures: usize,
    hanging: usize,
}

/// A platform.
pub(crate) struct FakePlatform {
    part_bytes: u64,
    faults: Mutex<Faults>,
    state: Mutex<State>,
    changed: Condvar,
    address: Mutex<String>,
}

impl FakePlatform {
    /// Starts a platform that splits files into parts of `part_bytes`.
    pub(crate) fn start(part_bytes: u64) -> Arc<Self> {
        let platform = Arc::new(Self {
            part_bytes,
            faults: Mutex::new(Box::new(|_, _, _| None)),
            state: Mutex::default(),
            changed: Condvar::new(),
            address: Mutex::default(),
        });
        *platform.address.lock().unwrap() = start(Arc::clone(&platform));
        platform
    }

    pub(crate) fn api(&self) -> String {
        format!("http://{}", self.address.lock().unwrap())
    }

    /// Injects faults from now on.
    pub(crate) fn inject(&self, faults: impl Fn(&str, &str, usize) -> Option<Fault> + Send + Sync + 'static) {
        *self.faults.lock().unwrap() = Box::new(faults);
    }

    /// Sets the successive responses to `GET` requests of a path.
    pub(crate) fn set_responses(&self, path: &str, responses: Vec<Value>) {
        let responses = responses.into_iter().rev().collect();
        self.state.lock().unwrap().responses.insert(path.to_owned(), responses);
    }

    /// Returns the method and path of every request so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }

    /// Returns the number of requests that start with a prefix.
    pub(crate) fn count(&self, prefix: &str) -> usize {
        self.requests().iter().filter(|call| call.starts_with(prefix)).count()
    }

    /// Clears the recorded requests.
    pub(crate) fn clear_requests(&self) {
        self.state.lock().unwrap().requests.clear();
    }

    /// Returns the bodies of `POST` requests about packages, and the queries of lists.
    pub(crate) fn recorded(&self) -> Vec<Value> {
        self.state.lock().unwrap().recorded.clone()
    }

    /// Aborts an upload.
    pub(crate) fn abort(&self, id: &str) {
        self.state.lock().unwrap().uploads.get_mut(id).unwrap().aborted = true;
    }

    pub(crate) fn uploads(&self) -> Vec<Upload> {
        self.state.lock().unwrap().uploads.values().cloned().collect()
    }

    /// Waits until this number of parts has arrived and this number of requests hangs.
    pub(crate) fn wait_for(&self, parts: usize, hanging: usize) {
        let arrived = |state: &State| state.uploads.values().map(|upload| upload.parts.len()).sum::<usize>();
        let waiting = |state: &mut State| arrived(state) < parts || state.hanging < hanging;
        drop(self.changed.wait_while(self.state.lock().unwrap(), waiting).unwrap());
    }

    fn fault(&self, request: &Request) -> Option<Fault> {
        let call = format!("{} {}", request.method, request.path);
        let times = self.requests().iter().filter(|earlier| **earlier == call).count();
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
        assert_eq!(request.headers.get("authorization"), None, "the token is sent to the API only");
        assert!(!request.headers.contains_key("transfer-encoding"), "S3 requires a length");
        let mut words = request.path.split('/').skip(2);
        let (id, part) = (words.next().unwrap(), words.next().unwrap().parse().unwrap());
        let mut state = self.state.lock().unwrap();
        state.uploads.get_mut(id).unwrap().parts.insert(part, request.body.clone());
        Reply::Response(200, String::new())
    }

    fn api_response(&self, request: &Request) -> Reply {
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
                let id = state.idempotency_keys.entry(key).or_insert(fresh).clone();
                if state.uploads.get(&id).is_some_and(|upload| upload.aborted) {
                    return problem(409, "upload_expired");
                }
                let name = body["name"].as_str().unwrap().to_owned();
                let bytes = body["bytes"].as_u64().unwrap();
                state.uploads.entry(id.clone()).or_insert(Upload { name, bytes, ..Upload::default() });
                Reply::Response(201, self.view(&id, 1, &mut state).to_string())
            }
            ("GET", ["uploads", id]) => {
                let from = request.query.split('&').find_map(|pair| pair.strip_prefix("from=")).unwrap();
                Reply::Response(200, self.view(id, from.parse().unwrap(), &mut state).to_string())
            }
            ("DELETE", ["uploads", id]) => {
                state.uploads.get_mut(*id).unwrap().aborted = true;
                Reply::Response(200, json!({"upload_id": id, "status": "Aborted"}).to_string())
            }
            ("POST", ["uploads", id, "complete"]) => {
                let upload = state.uploads.get_mut(*id).unwrap();
                let missing: Vec<_> = (1..=upload.bytes.div_ceil(self.part_bytes.min(upload.bytes)))
                    .filter(|part| !upload.parts.contains_key(part))
                    .collect();
                if !missing.is_empty() {
                    let problem =
                        json!({"code": "upload_incomplete", "detail": "the upload is incomplete", "missing": missing});
                    return Reply::Response(409, problem.to_string());
                }
                upload.complete = true;
                let content = format!("content-of-{}", upload.name.replace(['.', ' '], "-"));
                let origin = format!("s3://uploads/{id}/{}", upload.name);
                Reply::Response(
                    200,
                    json!({"upload_id": id, "input_content_id": content, "input_content_origin": origin}).to_string(),
                )
            }
            ("POST", ["packaged_content"]) => {
                state.recorded.push(body);
                Reply::Response(202, package("Queued", 0).to_string())
            }
            ("POST", ["packaged_content", _, "playback_tokens"]) => {
                state.recorded.push(body);
                let token = json!({"token": "playback", "expires_at": "2030-01-01T00:00:00Z", "license_url": "https://l",
                    "urls": {"dash": "https://cdn.example/signed/stream.mpd", "hls": "https://cdn.example/signed/stream.m3u8"}});
                Reply::Response(201, token.to_string())
            }
            ("POST", ["packaged_content", _, "ahead"]) => Reply::Response(202, package("Fragmented", 0).to_string()),
            ("POST", ["packaged_content", _, "retry"]) => Reply::Response(202, package("Queued", 0).to_string()),
            ("DELETE", [_, _]) => Reply::Response(202, package("Deleting", 0).to_string()),
            ("GET", _) => {
                if path.len() == 1 {
                    state.recorded.push(request.query.clone().into());
                }
                let responses = state.responses.get_mut(&request.path);
                let next =
                    responses.and_then(
                        |responses| if responses.len() > 1 { responses.pop() } else { responses.last().cloned() },
                    );
                match next.filter(|response| !response.is_null()) {
                    Some(response) => Reply::Response(200, response.to_string()),
                    None if path[0] == "input_content" => problem(404, "content_not_found"),
                    None => problem(404, "package_not_found"),
                }
            }
            _ => problem(404, "route_not_found"),
        }
    }
}

/// Returns the representation of a package, with a number of completed work units out of four.
pub(crate) fn package(status: &str, work_units: u64) -> Value {
    let total = if status == "Queued" { Value::Null } else { json!(4) };
    let failure =
        (status == "Failed").then(|| json!({"stage": "encrypt", "code": "source_changed", "message": "it was"}));
    json!({
        "packaged_content_id": "thepackage", "input_content_id": "thecontent", "status": status,
        "playable": status == "Ready", "when": "ahead",
        "progress": {"work_units_done": work_units, "work_units_total": total, "bytes_done": 10 * work_units, "bytes_total": 40},
        "url": "https://cdn.example/thepackage/stream.mpd", "failure": failure, "created_at": "2026-01-01T00:00:00Z",
        "urls": {"dash": "https://cdn.example/thepackage/stream.mpd", "hls": "https://cdn.example/thepackage/stream.m3u8"},
    })
}

/// Returns the representation of a content.
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
    Reply::Response(status, problem.to_string())
}

impl Handler for FakePlatform {
    fn body_fault(&self, request: &Request) -> BodyFault {
        if matches!(self.fault(request), Some(Fault::BrokenBody)) {
            self.state.lock().unwrap().requests.push(format!("{} {}", request.method, request.path));
            return BodyFault::BreakAfterHalf;
        }
        BodyFault::None
    }

    fn respond(&self, request: &Request) -> Reply {
        let fault = self.fault(request);
        self.state.lock().unwrap().requests.push(format!("{} {}", request.method, request.path));
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
        let reply = if request.path.starts_with("/bucket/") { self.put(request) } else { self.api_response(request) };
        self.changed.notify_all();
        if matches!(fault, Some(Fault::LostResponse)) { Reply::Close } else { reply }
    }
}
