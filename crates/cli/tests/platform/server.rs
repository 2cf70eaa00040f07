//! An HTTP/1.1 server that can break connections.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

/// A received request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// The headers by lower-case name.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// The reply to a request.
#[derive(Debug)]
pub(crate) enum Reply {
    Response(u16, String),
    /// Close the connection without a response.
    Close,
}

/// A fault while the body of a request is received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyFault {
    None,
    /// The connection breaks after half of the body.
    BreakAfterHalf,
}

/// Handles requests.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Called before the body is received.
    fn body_fault(&self, request: &Request) -> BodyFault;
    fn respond(&self, request: &Request) -> Reply;
}

/// Starts a server that runs until the process ends, and returns its host and port.
pub(crate) fn start(handler: Arc<impl Handler>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let handler = Arc::clone(&handler);
            thread::spawn(move || serve_connection(&mut BufReader::new(stream), &*handler));
        }
    });
    address
}

/// Serves the requests of a connection, over TCP or TLS.
pub(crate) fn serve_connection<S: Read + Write>(stream: &mut BufReader<S>, handler: &impl Handler) {
    while let Some(mut request) = read_head(stream) {
        let length: u64 = request.headers.get("content-length").map_or(0, |value| value.parse().unwrap());
        let fault = handler.body_fault(&request);
        let expected = if fault == BodyFault::BreakAfterHalf { length / 2 } else { length };
        // A client that closes the connection within the body has sent no request.
        let read = stream.by_ref().take(expected).read_to_end(&mut request.body);
        if fault == BodyFault::BreakAfterHalf || read.is_err() || request.body.len() as u64 != expected {
            return;
        }
        match handler.respond(&request) {
            Reply::Close => return,
            Reply::Response(status, body) => {
                let head = format!("HTTP/1.1 {status} Status\r\nContent-Length: {}\r\n\r\n", body.len());
                if stream.get_mut().write_all(format!("{head}{body}").as_bytes()).is_err() {
                    return;
                }
            }
        }
    }
}

/// Reads the request line and the headers; `None` at the end of the connection.
fn read_head(stream: &mut impl BufRead) -> Option<Request> {
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
