//! A webhook receiver: listens on this machine until this process ends, and records every delivery.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Mutex, OnceLock};
use std::thread;

use serde_json::{Value, json};

/// The first delivery of an event that contains this text gets a redirect in response.
pub(crate) const REDIRECTED: &str = "redirected";

/// A request as it arrived, and the status of the response.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) line: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    pub(crate) answer: u16,
}

impl Delivery {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Returns the event in the body.
    pub(crate) fn event(&self) -> Value {
        serde_json::from_str::<Value>(&self.body).expect("JSON")["data"].take()
    }

    /// Returns the delivery with its secret, as `npm::event_errors` expects it.
    pub(crate) fn with_secret(&self, secret: &str) -> Value {
        json!({"headers": self.headers, "body": self.body, "secret": format!("whsec_{secret}")})
    }
}

/// The receiver, with the deliveries so far.
#[derive(Debug)]
pub(crate) struct Receiver {
    port: u16,
    deliveries: Mutex<Vec<Delivery>>,
}

/// Returns the only receiver of this process.
pub(crate) fn receiver() -> &'static Receiver {
    static RECEIVER: OnceLock<Receiver> = OnceLock::new();
    RECEIVER.get_or_init(|| {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.expect("a connection");
                thread::spawn(move || receiver().answer(&stream));
            }
        });
        Receiver { port, deliveries: Mutex::default() }
    })
}

impl Receiver {
    /// Returns its URL.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// Returns all deliveries in order.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.deliveries.lock().unwrap().clone()
    }

    /// Returns the deliveries with `text` in their bodies.
    pub(crate) fn deliveries_with(&self, text: &str) -> Vec<Delivery> {
        self.deliveries().into_iter().filter(|delivery| delivery.body.contains(text)).collect()
    }

    fn answer(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            let read = reader.read_line(&mut line).expect("a line");
            if read == 0 || line.trim_end().is_empty() {
                break;
            }
            lines.push(line.trim_end().to_owned());
        }
        let header = |line: &String| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        let headers: BTreeMap<String, String> = lines.iter().skip(1).filter_map(header).collect();
        let mut body = vec![0; headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0)];
        reader.read_exact(&mut body).expect("a body");
        let mut delivery = Delivery {
            line: lines.into_iter().next().unwrap_or_default(),
            headers,
            body: String::from_utf8(body).expect("text"),
            answer: 204,
        };
        let mut deliveries = self.deliveries.lock().unwrap();
        let first = deliveries.iter().all(|earlier| earlier.header("webhook-id") != delivery.header("webhook-id"));
        if first && delivery.body.contains(REDIRECTED) {
            delivery.answer = 307;
        }
        let answer = delivery.answer;
        deliveries.push(delivery);
        drop(deliveries);
        let location = format!("Location: http://127.0.0.1:{}/elsewhere\r\n", self.port);
        let head = format!("HTTP/1.1 {answer} Status\r\n{location}Content-Length: 0\r\nConnection: close\r\n\r\n");
        // A sender that has closed the connection retries.
        let _ = (&mut { stream }).write_all(head.as_bytes());
    }
}
