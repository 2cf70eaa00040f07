//! The judge is silent on every good package, and names every fault that is planted in one.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;
use vpp_tests::decrypt::KEY;
use vpp_tests::judge::{self, Finding, Manifests, Request, Source};
use vpp_tests::{movies, vpp};

/// Packages files, and judges the manifests.
fn judged(inputs: &[&Path], arguments: &[&str], request: Request) -> Vec<Finding> {
    let scratch = TempDir::new().unwrap();
    let folder = scratch.path().join("package");
    let audio_only: &[&str] = if request.audio_only { &["--audio-only"] } else { &[] };
    let output = vpp::package_inputs(inputs, &folder, &[arguments, audio_only].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let sources: Vec<_> = inputs.iter().map(|input| Source::of(input)).collect();
    judge::findings(&sources, request, &Manifests::open(&folder))
}

/// Packages and judges every movie with the arguments that `arguments` returns, on two threads. Fails with all findings.
fn assert_silent(arguments: impl Fn(&Path) -> Vec<&'static str> + Sync) {
    let movies = movies::all();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut lines = Vec::new();
        while let Some(movie) = movies.get(next.fetch_add(1, Ordering::Relaxed)) {
            let request = Request { audio_only: movies::is_audio_only(movie), ..Request::default() };
            let name = movie.file_name().unwrap().to_string_lossy();
            let findings = judged(&[movie], &arguments(movie), request);
            lines.extend(findings.iter().map(|finding| format!("{name}: {finding}")));
        }
        lines
    };
    let lines = std::thread::scope(|scope| {
        let workers = [scope.spawn(work), scope.spawn(work)];
        workers.map(|worker| worker.join().unwrap()).concat()
    });
    assert!(lines.is_empty(), "{} findings:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn the_judge_is_silent_on_every_package_in_segments() {
    assert_silent(|_| vec!["--scheme", "clear"]);
}

#[test]
fn the_judge_is_silent_on_every_encrypted_package_in_single_files() {
    assert_silent(|movie| {
        let scheme = if movies::supports_scheme(movie, "cbcs") { "cbcs" } else { "cenc" };
        let key = ["--key", KEY.key, "--kid", KEY.kid, "--scheme", scheme, "--encrypt", "all"];
        [&key[..], &["--layout", "single-file"]].concat()
    });
}
