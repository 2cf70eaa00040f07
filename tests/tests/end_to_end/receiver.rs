//! A receiver of webhooks: it listens on this machine as long as this process lives, and remembers all that it was sent.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Mutex, OnceLock};
use std::thread;

use serde_json::{Value, json};

/// What the key of a file has in it whose first event is not taken, but led elsewhere.
pub(crate) const LED_ELSEWHERE: &str = "led-elsewhere";

/// A request, as it came, and what was answered.
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

    /// What it tells.
    pub(crate) fn event(&self) -> Value {
        serde_json::from_str::<Value>(&self.body).expect("JSON")["data"].take()
    }

    /// As `npm::complaints` takes it.
    pub(crate) fn with_secret(&self, secret: &str) -> Value {
        json!({"headers": self.headers, "body": self.body, "secret": format!("whsec_{secret}")})
    }
}

/// The receiver.
#[derive(Debug)]
pub(crate) struct Receiver {
    port: u16,
    deliveries: Mutex<Vec<Delivery>>,
}

/// The one receiver of this process.
pub(crate) fn receiver() -> &'static Receiver {
    static RECEIVER: OnceLock<Receiver> = OnceLock::new();
    RECEIVER.get_or_init(|| {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.expect("a connection");
                thread::spawn(move || receiver().take(&stream));
            }
        });
        Receiver { port, deliveries: Mutex::default() }
    })
}

impl Receiver {
    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// All that it was sent, in order.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.deliveries.lock().unwrap().clone()
    }

    /// What it was sent that has `text` in it.
    pub(crate) fn about(&self, text: &str) -> Vec<Delivery> {
        self.deliveries().into_iter().filter(|own| own.body.contains(text)).collect()
    }

    fn take(&self, stream: &TcpStream) {
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
        let first = deliveries.iter().all(|own| own.header("webhook-id") != delivery.header("webhook-id"));
        if first && delivery.body.contains(LED_ELSEWHERE) {
            delivery.answer = 307;
        }
        let answer = delivery.answer;
        deliveries.push(delivery);
        drop(deliveries);
        let location = format!("Location: http://127.0.0.1:{}/elsewhere\r\n", self.port);
        let head = format!("HTTP/1.1 {answer} Well\r\n{location}Content-Length: 0\r\nConnection: close\r\n\r\n");
        // Who has hung up meanwhile sends again.
        let _ = (&mut { stream }).write_all(head.as_bytes());
    }
}
