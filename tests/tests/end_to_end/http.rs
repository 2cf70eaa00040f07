//! A minimal HTTP/1.1 client: one request and one response per connection.
//!
//! The stack has one address on this machine for everything, whatever host a URL names. The `Host` header alone selects the CDN
//! or the API.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

/// The time without data after which reading fails.
const READ_TIMEOUT: Duration = Duration::from_mins(2);

/// The body of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Body<'b> {
    Bytes(&'b [u8]),
    /// A file, which need not fit in memory.
    File(&'b Path),
}

impl Body<'_> {
    fn length(self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(path) => path.metadata().expect("the file exists").len(),
        }
    }
}

impl<'b> From<&'b str> for Body<'b> {
    fn from(text: &'b str) -> Self {
        Self::Bytes(text.as_bytes())
    }
}

/// Names and values of headers.
pub(crate) type Headers = Vec<(String, String)>;

/// The response to a request.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Headers,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Returns the value of a header, or the empty string.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {} {}", self.status, self.text()))
    }

    /// Returns the response if its status is a success.
    pub(crate) fn expect(self, request: &str) -> Self {
        assert!((200..300).contains(&self.status), "{request}: {} {}", self.status, self.text());
        self
    }
}

/// Sends a request to `address`, a host and port.
pub(crate) fn send(address: &str, method: &str, target: &str, headers: &[(String, String)], body: Body<'_>) -> Answer {
    let mut stream = TcpStream::connect(address).expect("the stack listens");
    stream.set_read_timeout(Some(READ_TIMEOUT)).unwrap();
    let mut head = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.length());
    headers.iter().for_each(|(name, value)| head.extend([name, ": ", value, "\r\n"]));
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head.extend(["Host: ", address, "\r\n"]);
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).expect("the request is sent");
    match body {
        Body::Bytes(bytes) => stream.write_all(bytes).expect("the body is sent"),
        Body::File(path) => {
            std::io::copy(&mut File::open(path).unwrap(), &mut stream).expect("the body is sent");
        }
    }
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("the stack answers");
    parse(method, &bytes)
}

fn parse(method: &str, bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("headers end");
    let head = std::str::from_utf8(&bytes[..end]).expect("headers are text");
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut answer = Answer {
        status: status.parse().expect("a status"),
        headers: lines.filter_map(header).collect(),
        body: bytes[end + 4..].to_vec(),
    };
    if answer.header("transfer-encoding") == "chunked" {
        answer.body = unchunk(&answer.body);
    } else if method != "HEAD" && !answer.header("content-length").is_empty() {
        assert_eq!(answer.header("content-length"), answer.body.len().to_string(), "the body is complete");
    }
    answer
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n").expect("a chunk's size");
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return body;
        }
        body.extend(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 2 + size + 2..];
    }
}
