//! The process of the probe, with programs that behave as a parser of untrusted input may.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use tempfile::{NamedTempFile, TempPath};
use vpp_aws::ProbeProcess;
use vpp_pipeline::domain::probe_report::ProbeReport;
use vpp_pipeline::ports::{FileChunk, Probe, ProbeError};

use crate::START;

const REPORT: &str =
    r#"{"bento4":"1.6.0","container":{"major_brand":"isom","timescale":1000,"duration":5},"tracks":[]}"#;

/// Returns a shell script as a program.
fn program(script: &str) -> TempPath {
    let mut file = NamedTempFile::new().unwrap();
    writeln!(file, "#!/bin/sh\n{script}").unwrap();
    file.as_file().set_permissions(Permissions::from_mode(0o700)).unwrap();
    file.into_temp_path()
}

fn probe(script: &str, length: u64, pieces: &[FileChunk<'_>]) -> Result<ProbeReport, ProbeError> {
    let _alone = START.lock().unwrap_or_else(PoisonError::into_inner);
    let program = program(script);
    let process = ProbeProcess::new(program.to_str().unwrap(), Duration::from_secs(2));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(process.probe(length, pieces))
}

#[test]
fn a_report_is_read() {
    let report = probe(&format!("echo '{REPORT}'"), 10, &[]).unwrap();
    assert_eq!(report.container.major_brand.as_deref(), Some("isom"));
}

#[test]
fn the_file_is_as_long_as_the_upload_and_has_the_byte_spans_at_their_offsets() {
    let script = format!(
        r#"test "$(stat -c %s "$1")" = 5000000000000 || exit 3
        test "$(dd if="$1" bs=1 skip=4999999999990 count=4 2>/dev/null)" = moov || exit 3
        test "$(stat -c %b "$1")" -lt 100 || exit 3
        echo '{REPORT}'"#
    );
    probe(&script, 5_000_000_000_000, &[(0, b"ftyp"), (4_999_999_999_990, b"moov")]).unwrap();
}

#[test]
fn a_refusal_carries_the_reason_of_the_probe() {
    let refused = probe(r#"echo '{"error":"no moov"}' >&2; exit 1"#, 10, &[]);
    assert!(matches!(refused, Err(ProbeError::Refused { reason }) if reason == "no moov"));
}

#[test]
fn a_probe_that_did_not_open_the_file_gives_no_verdict() {
    let not_confined = r#"echo '{"error":"no filter"}' >&2; exit 3"#;
    let not_linked = "echo 'version GLIBC_2.99 not found' >&2; exit 1";
    for script in [not_confined, not_linked, "exit 2", "exit 126", "exit 127"] {
        let result = probe(script, 10, &[]);
        assert!(matches!(result, Err(ProbeError::Unavailable(_))), "{script}: {result:?}");
    }
}

#[test]
fn the_probe_reads_files_unconfined_only_if_that_is_allowed() {
    let script = format!("test \"$1\" = --allow-unconfined || exit 3\necho '{REPORT}'");
    assert!(matches!(probe(&script, 10, &[]), Err(ProbeError::Unavailable(_))));
    let _alone = START.lock().unwrap_or_else(PoisonError::into_inner);
    let program = program(&script);
    let process = ProbeProcess::new(program.to_str().unwrap(), Duration::from_secs(2)).allow_unconfined(true);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(process.probe(10, &[])).unwrap();
}

#[test]
fn a_crash_is_not_a_refusal() {
    let crashed = probe("kill -SEGV $$", 10, &[]);
    assert!(matches!(crashed, Err(ProbeError::Crashed { how }) if how == "signal 11"));
    assert!(matches!(probe("exit 9", 10, &[]), Err(ProbeError::Crashed { .. })));
}

#[test]
fn a_probe_that_hangs_is_stopped() {
    let start = Instant::now();
    assert!(matches!(probe("exec sleep 60", 10, &[]), Err(ProbeError::TimedOut { .. })));
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn too_much_output_is_truncated() {
    assert!(probe("exec yes", 10, &[]).is_err());
    assert!(matches!(
        probe("head -c 3000000 /dev/zero; exit 0", 10, &[]),
        Err(ProbeError::InvalidReport | ProbeError::Crashed { .. })
    ));
}

#[test]
fn the_probe_has_no_credentials() {
    let script =
        format!("test \"$(env | grep -vc -e ^PATH= -e ^PWD= -e ^SHLVL= -e ^_=)\" = 0 || exit 3\necho '{REPORT}'");
    probe(&script, 10, &[]).unwrap();
}

#[test]
fn a_missing_probe_gives_no_verdict() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let absent = ProbeProcess::new("no-such-program", Duration::from_secs(1));
    assert!(matches!(runtime.block_on(absent.probe(10, &[])), Err(ProbeError::Unavailable(_))));
}
