//! A local AWS for one test: one of several implementations, on a free port. It stops when the test ends.

use std::future::Future;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use aws_config::{Region, SdkConfig};
use aws_sdk_s3::config::Credentials;
use tempfile::TempDir;

/// Time limit for the start of the emulator on a busy machine.
const START: Duration = Duration::from_mins(1);

/// The environment variable with the command line of a further implementation. `{port}` stands for the port of its endpoint.
const FURTHER: &str = "VPP_AWS_EMULATOR";

/// An implementation of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Implementation {
    /// `MiniStack`, which also runs the whole template.
    MiniStack,
    /// The server of `moto`.
    Moto,
    /// The command line in the environment.
    Further(String),
}

impl Implementation {
    /// Returns the implementations that `make test` installs, and the one in the environment.
    pub(crate) fn all() -> Vec<Self> {
        let further = std::env::var(FURTHER).ok().map(Self::Further);
        [Self::MiniStack, Self::Moto].into_iter().chain(further).collect()
    }

    fn command(&self, port: u16) -> Command {
        let port = port.to_string();
        match self {
            Self::MiniStack => {
                let mut command = Command::new(installed("emulator", "ministack"));
                command.env_clear().env("GATEWAY_PORT", port).env("BIND_HOST", "127.0.0.1");
                command.envs([("IOT_MTLS_ENABLED", "0"), ("SFTP_ENABLED", "0")]);
                command
            }
            Self::Moto => {
                let mut command = Command::new(installed("moto", "moto_server"));
                command.env_clear().args(["--host", "127.0.0.1", "--port", port.as_str()]);
                command
            }
            Self::Further(line) => {
                let line = line.replace("{port}", &port);
                let mut words = line.split_whitespace();
                let mut command = Command::new(words.next().expect("a command line"));
                command.args(words);
                command
            }
        }
    }
}

/// A running emulator.
pub(crate) struct Emulator {
    process: Child,
    port: u16,
    /// Its data directory.
    _home: TempDir,
}

impl Emulator {
    /// Starts an emulator, and waits until it accepts connections.
    pub(crate) fn start(implementation: &Implementation) -> Self {
        let home = TempDir::new().unwrap();
        let port = free_port();
        let starting = crate::START.lock().unwrap_or_else(PoisonError::into_inner);
        let process = implementation
            .command(port)
            .envs([("PATH", "/usr/bin:/bin"), ("LANG", "C.UTF-8")])
            .env("HOME", home.path())
            .current_dir(home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        drop(starting);
        let mut emulator = Self { process, port, _home: home };
        let deadline = Instant::now() + START;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let ended = emulator.process.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "{implementation:?} did not start: {ended:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
        emulator
    }

    /// Returns the client configuration.
    pub(crate) async fn config(&self) -> SdkConfig {
        vpp_aws::configuration()
            .endpoint_url(format!("http://127.0.0.1:{}", self.port))
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .load()
            .await
    }
}

/// Runs a test against a separate emulator of an implementation.
pub(crate) fn on_aws<F: Future<Output = ()>>(implementation: &Implementation, test: impl FnOnce(SdkConfig) -> F) {
    let emulator = Emulator::start(implementation);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { test(emulator.config().await).await });
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns the path of a program in a virtual environment of the checkout.
fn installed(environment: &str, program: &str) -> PathBuf {
    let environments = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.local/venvs");
    let path = environments.join(environment).join("bin").join(program);
    assert!(path.exists(), "{program} is not installed: run `make test`");
    path
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr()).unwrap().port()
}
