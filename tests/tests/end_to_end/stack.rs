//! The stack under test: the whole template on a separate local AWS with IAM enforced, from the first test that needs it to the
//! end of this process.

use std::cell::Cell;
use std::io::{BufRead, BufReader};
use std::panic::catch_unwind;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use vpp_tests::fixtures::root;

use crate::http::send;
use crate::speke_server;
use crate::webhook_receiver::receiver;

/// The time limit of [`eventually`], long enough for a busy machine.
const TIMEOUT: Duration = Duration::from_mins(4);
/// The pause between two polls of a condition.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// A deployed stack.
#[derive(Debug)]
pub(crate) struct Stack {
    description: Value,
    address: String,
    operator: OnceLock<String>,
    /// The process that runs the stack until its standard input closes, at the end of this process at the latest.
    _holder: Child,
}

/// A stack that starts when the first test needs it, with its parameters. A stack that failed to start is not started again.
struct LazyStack(OnceLock<Option<Stack>>, fn() -> Vec<String>);

impl LazyStack {
    fn get(&'static self) -> &'static Stack {
        self.0.get_or_init(|| catch_unwind(|| Stack::start(&self.1())).ok()).as_ref().expect("the stack starts")
    }
}

thread_local! {
    /// The stack of this thread's test, if it is not the default one.
    static SELECTED: Cell<Option<&'static Stack>> = const { Cell::new(None) };
}

/// Returns the stack of the calling thread's test.
pub(crate) fn stack() -> &'static Stack {
    static DEFAULT: LazyStack = LazyStack(OnceLock::new(), Vec::new);
    SELECTED.get().unwrap_or_else(|| DEFAULT.get())
}

/// Selects, for this thread's test, a stack whose CDN requires signed paths and whose keys come from a DRM provider.
pub(crate) fn use_private_stack() {
    static PRIVATE: LazyStack = LazyStack(OnceLock::new(), || {
        let parameters = ["PrivatePlayback=true".to_owned(), format!("KeyProviderUrl={}", speke_server::address())];
        parameters.into_iter().flat_map(|parameter| ["--parameter".to_owned(), parameter]).collect()
    });
    SELECTED.set(Some(PRIVATE.get()));
}

impl Stack {
    fn start(parameters: &[String]) -> Self {
        // The receiver gets every event of every test.
        let webhook = format!("WebhookUrl={}", receiver().url());
        let mut holder = infra(&["hold", "--parameter", &webhook]);
        let mut holder =
            holder.args(parameters).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3 starts");
        let mut line = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).expect("the process describes the stack");
        assert!(!line.is_empty(), "the stack did not start: {:?}", holder.wait());
        let description: Value = serde_json::from_str(&line).expect("the description is JSON");
        let endpoint = description["endpoint"].as_str().expect("an endpoint");
        let address = endpoint.strip_prefix("http://").expect("plain HTTP").to_owned();
        // The emulator's audit log records the messages that are sent to the queues.
        let recording = r#"{"cloudtrail._recording_enabled": "true"}"#;
        send(&address, "POST", "/_ministack/config", &[], recording.into()).expect("recording");
        Self { address, description, operator: OnceLock::new(), _holder: holder }
    }

    /// Returns an output of the stack.
    pub(crate) fn output(&self, name: &str) -> &str {
        self.description[name].as_str().unwrap_or_else(|| panic!("the stack has no {name}"))
    }

    /// Returns the operators' token, which `read` reads once.
    pub(crate) fn operator(&self, read: impl FnOnce() -> String) -> &str {
        self.operator.get_or_init(read)
    }

    /// Returns the host and port of all services.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Returns the log of all functions.
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

/// Polls a condition until it returns a value.
pub(crate) fn eventually<T>(condition: &str, mut poll: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = poll() {
            return value;
        }
        assert!(start.elapsed() < TIMEOUT, "timed out waiting for {condition}");
        std::thread::sleep(POLL_INTERVAL);
    }
}
