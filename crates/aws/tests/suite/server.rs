//! A minimal HTTP server, for adapters whose service the emulator does not have: it records requests and sends the responses
//! that the test specifies.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

/// A recorded request: its request line and headers, and its body.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Request {
    /// Returns the value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// A server that handles as many requests as it has responses.
pub(crate) struct Server {
    /// Its URL, without a trailing slash.
    pub(crate) address: String,
    thread: JoinHandle<Vec<Request>>,
}

impl Server {
    /// Starts a server with these responses: status and body.
    pub(crate) fn start(responses: impl IntoIterator<Item = (u16, String)>) -> Self {
        let responses: Vec<_> = responses.into_iter().collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            let mut requests = Vec::new();
            for (status, body) in responses {
                let (stream, _) = listener.accept().unwrap();
                requests.push(respond(stream, status, &body));
            }
            requests
        });
        Self { address, thread }
    }

    /// Returns the recorded requests, after all responses are sent.
    pub(crate) fn requests(self) -> Vec<Request> {
        self.thread.join().unwrap()
    }
}

fn respond(mut stream: TcpStream, status: u16, body: &str) -> Request {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "the request ends early: {head}");
    }
    let mut request = Request { head, body: String::new() };
    let length = request.header("content-length").map_or(0, |length| length.trim().parse().unwrap());
    reader.take(length).read_to_string(&mut request.body).unwrap();
    let head = format!("HTTP/1.1 {status} Test\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    request
}
