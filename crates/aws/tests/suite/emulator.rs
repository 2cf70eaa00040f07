//! A local AWS for one test: `MiniStack`, which `make test` installs, on a free port. It stops when the test ends.

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

/// A running emulator.
pub(crate) struct Emulator {
    process: Child,
    port: u16,
    /// Its data directory.
    _home: TempDir,
}

impl Emulator {
    /// Starts an emulator, and waits until it accepts connections.
    pub(crate) fn start() -> Self {
        let program = program();
        assert!(program.exists(), "the local AWS is not installed: run `make test`");
        let home = TempDir::new().unwrap();
        let port = free_port();
        let starting = crate::START.lock().unwrap_or_else(PoisonError::into_inner);
        let process = Command::new(program)
            .env_clear()
            .envs([("PATH", "/usr/bin:/bin"), ("LANG", "C.UTF-8"), ("BIND_HOST", "127.0.0.1")])
            .envs([("IOT_MTLS_ENABLED", "0"), ("SFTP_ENABLED", "0")])
            .env("GATEWAY_PORT", port.to_string())
            .env("HOME", home.path())
            .current_dir(home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        drop(starting);
        let emulator = Self { process, port, _home: home };
        let deadline = Instant::now() + START;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(Instant::now() < deadline, "the local AWS did not start");
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

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.local/venvs/emulator/bin/ministack")
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr()).unwrap().port()
}
