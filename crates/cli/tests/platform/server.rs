//! HTTP/1.1 as a server speaks it, with the faults of networks.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// A request, as far as it is read.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// By names in small letters.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// What a server does with a request.
#[derive(Debug)]
pub(crate) enum Reply {
    Answer(u16, String),
    /// Ends the connection without a word.
    Cut,
}

/// What is done with a request whose head is read: how much of its body is read at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    Whole,
    /// Half of it, and then the connection is cut.
    Half,
}

/// Serves requests.
pub(crate) trait Serve: Send + Sync + 'static {
    fn begins(&self, request: &Request) -> Body;
    fn answer(&self, request: &Request) -> Reply;
}

/// Serves until the process ends, and answers host and port.
pub(crate) fn start(serve: Arc<impl Serve>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            thread::spawn(move || connection(stream, &*serve));
        }
    });
    address
}

fn connection(stream: TcpStream, serve: &impl Serve) {
    exchange(&mut BufReader::new(stream), serve);
}

/// Serves the requests of one connection, whatever it runs on.
pub(crate) fn exchange<S: Read + Write>(stream: &mut BufReader<S>, serve: &impl Serve) {
    while let Some(mut request) = head(stream) {
        let length: u64 = request.headers.get("content-length").map_or(0, |own| own.parse().unwrap());
        let plan = serve.begins(&request);
        let wanted = if plan == Body::Half { length / 2 } else { length };
        // Who goes away in the middle has sent no request.
        let read = stream.by_ref().take(wanted).read_to_end(&mut request.body);
        if plan == Body::Half || read.is_err() || request.body.len() as u64 != wanted {
            return;
        }
        match serve.answer(&request) {
            Reply::Cut => return,
            Reply::Answer(status, body) => {
                let head = format!("HTTP/1.1 {status} Status\r\nContent-Length: {}\r\n\r\n", body.len());
                if stream.get_mut().write_all(format!("{head}{body}").as_bytes()).is_err() {
                    return;
                }
            }
        }
    }
}

fn head(stream: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    Some(Request { method, path: path.to_owned(), query: query.to_owned(), headers, body: Vec::new() })
}
