//! The stack under test: the whole template on a local AWS of its own, with IAM enforced, from the first test that needs it
//! to the end of this process.

use std::cell::Cell;
use std::io::{BufRead, BufReader};
use std::panic::catch_unwind;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use vpp_tests::fixtures::root;

use crate::http::send;
use crate::provider;
use crate::receiver::receiver;

/// How long anything awaited may take. Generous: a busy machine is no failure.
const PATIENCE: Duration = Duration::from_mins(4);
/// Pause between two looks at a condition.
const PAUSE: Duration = Duration::from_millis(200);

/// A deployed stack.
#[derive(Debug)]
pub(crate) struct Stack {
    description: Value,
    address: String,
    operator: OnceLock<String>,
    /// Its standard input is what holds the stack: the end of this process closes it.
    _holder: Child,
}

/// A stack that is started with the first test that needs it. What did not start once is not started again for the next.
struct Started(OnceLock<Option<Stack>>, fn() -> Vec<String>);

impl Started {
    fn get(&'static self) -> &'static Stack {
        self.0.get_or_init(|| catch_unwind(|| Stack::start(&self.1())).ok()).as_ref().expect("the stack starts")
    }
}

thread_local! {
    /// The stack of this thread's test, if it is not that of most.
    static OWN: Cell<Option<&'static Stack>> = const { Cell::new(None) };
}

/// The stack of the test that asks: one for nearly all of this process.
pub(crate) fn stack() -> &'static Stack {
    static PLAIN: Started = Started(OnceLock::new(), Vec::new);
    OWN.get().unwrap_or_else(|| PLAIN.get())
}

/// From here on, this thread's test is on a stack whose CDN asks for leave, and whose keys a DRM provider makes.
pub(crate) fn go_private() {
    static PRIVATE: Started = Started(OnceLock::new(), || {
        let parameters = ["PrivatePlayback=true".to_owned(), format!("KeyProviderUrl={}", provider::address())];
        parameters.into_iter().flat_map(|parameter| ["--parameter".to_owned(), parameter]).collect()
    });
    OWN.set(Some(PRIVATE.get()));
}

impl Stack {
    fn start(parameters: &[String]) -> Self {
        // Every event of every test is sent to the receiver.
        let webhook = format!("WebhookUrl={}", receiver().url());
        let mut holder = infra(&["hold", "--parameter", &webhook]);
        let mut holder =
            holder.args(parameters).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3 starts");
        let mut line = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).expect("the stack describes itself");
        assert!(!line.is_empty(), "the stack did not start: {:?}", holder.wait());
        let description: Value = serde_json::from_str(&line).expect("the stack describes itself in JSON");
        let endpoint = description["endpoint"].as_str().expect("an endpoint");
        let address = endpoint.strip_prefix("http://").expect("plain HTTP").to_owned();
        // The emulator's audit log shows which messages went through the queues.
        let recording = r#"{"cloudtrail._recording_enabled": "true"}"#;
        send(&address, "POST", "/_ministack/config", &[], recording.into()).expect("recording");
        Self { address, description, operator: OnceLock::new(), _holder: holder }
    }

    /// Something that the stack says of itself.
    pub(crate) fn output(&self, name: &str) -> &str {
        self.description[name].as_str().unwrap_or_else(|| panic!("the stack has no {name}"))
    }

    /// The token of its operators, which `read` reads once.
    pub(crate) fn operator(&self, read: impl FnOnce() -> String) -> &str {
        self.operator.get_or_init(read)
    }

    /// Host and port of everything.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What all functions logged.
    pub(crate) fn logs(&self) -> String {
        let output = infra(&["--instance", self.output("instance"), "logs"]).output().expect("python3 starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

fn infra(arguments: &[&str]) -> Command {
    let mut command = Command::new("python3");
    command.args(["-m", "infra.local"]).args(arguments).current_dir(root()).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Looks until there is something to see.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(PAUSE);
    }
}
