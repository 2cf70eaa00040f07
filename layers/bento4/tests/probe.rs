//! The command as ingest runs it: its reports, its refusals, and its limits.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use vpp_scale::movie::Movie;
use vpp_tests::fixtures::{self, fixture};

/// `O_NONBLOCK` of Linux.
const O_NONBLOCK: i32 = 0o4000;

fn probe(file: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mp4probe")).args(arguments).arg(file).output().unwrap()
}

/// Returns the report on a valid file.
fn report(file: &Path) -> Value {
    let output = probe(file, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns the error for a file that cannot be described.
fn error(file: &Path, arguments: &[&str]) -> String {
    let output = probe(file, arguments);
    assert_eq!(output.status.code(), Some(1), "{}: {}", file.display(), output.status);
    assert!(output.stdout.is_empty());
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    error["error"].as_str().unwrap().to_owned()
}

#[test]
fn a_movie_is_described_in_full() {
    let report = report(&fixture("two-languages.mp4"));
    let expected = json!({
        "bento4": "1.6.0-641",
        "container": {
            "major_brand": "isom", "compatible_brands": ["isom", "iso2", "avc1", "mp41"],
            "timescale": report["container"]["timescale"], "duration": report["container"]["duration"],
            "fragmented": false, "fast_start": false,
        },
        "tracks": [
            {
                "id": 1, "type": "video", "codec": "avc1.64000C", "sample_entry": "avc1", "language": "und",
                "timescale": 12_800, "duration": 128_000, "sample_count": 250, "width": 320, "height": 180,
                "protected": false, "scheme": null,
            },
            {
                "id": 2, "type": "audio", "codec": "mp4a.40.2", "sample_entry": "mp4a", "language": "eng",
                "timescale": 48_000, "duration": 481_024, "sample_count": 470, "sample_rate": 48_000, "channels": 2,
                "protected": false, "scheme": null,
            },
            {
                "id": 3, "type": "audio", "codec": "mp4a.40.2", "sample_entry": "mp4a", "language": "fra",
                "timescale": 44_100, "duration": 442_024, "sample_count": 432, "sample_rate": 44_100, "channels": 2,
                "protected": false, "scheme": null,
            },
        ],
    });
    assert_eq!(report, expected);
    let seconds =
        report["container"]["duration"].as_f64().unwrap() / report["container"]["timescale"].as_f64().unwrap();
    assert!((10.0..10.1).contains(&seconds), "{seconds}");
}

#[test]
fn the_report_has_the_brand_and_the_position_of_the_movie_box() {
    let quicktime = report(&fixture("quicktime.mov"));
    assert_eq!(quicktime["container"]["major_brand"], "qt  ");
    assert_eq!(quicktime["container"]["fast_start"], false);
    assert_eq!(report(&fixture("sample.mp4"))["container"]["fast_start"], true);
}

#[test]
fn the_report_has_the_protection_scheme_and_the_original_format() {
    let report = report(&fixture("encrypted.mp4"));
    let protection =
        |track: &Value| [track["protected"].clone(), track["scheme"].clone(), track["sample_entry"].clone()];
    let tracks: Vec<_> = report["tracks"].as_array().unwrap().iter().map(protection).collect();
    assert_eq!(tracks, [[json!(true), json!("cenc"), json!("avc1")], [json!(true), json!("cenc"), json!("mp4a")]]);
}

#[test]
fn codecs_that_cannot_be_packaged_are_described_too() {
    let entry = |name: &str| report(&fixture(name))["tracks"][0]["sample_entry"].clone();
    assert_eq!([entry("mpeg-4-part-2.mp4"), entry("prores.mov")], ["mp4v", "apcn"]);
}

#[test]
fn every_fixture_that_packages_is_described() {
    for movie in fixtures::fixtures(&fixtures::good()) {
        let report = report(&movie);
        assert_eq!(report["tracks"][0]["type"], "video", "{}", movie.display());
    }
}

#[test]
fn a_file_without_a_movie_is_refused() {
    let names = [
        "empty.mp4",
        "text.mp4",
        "picture.mp4",
        "sound.mp4",
        "transport-stream.mp4",
        "moov-cut.mp4",
        "moov-missing.mp4",
    ];
    for name in names.into_iter().chain(["avc.mkv"]) {
        assert_eq!(error(&fixture(name), &[]), "the file has no movie box that Bento4 can read", "{name}");
    }
    assert_eq!(error(Path::new("/no/such/file"), &[]), "the file cannot be opened");
}

#[test]
fn an_invalid_command_line_has_its_own_exit_status() {
    for arguments in [&["--memory-mib"][..], &["--memory-mib", "much"], &["--fast"], &["another"]] {
        assert_eq!(probe(Path::new("movie.mp4"), arguments).status.code(), Some(2), "{arguments:?}");
    }
}

/// A sparse file needs only the boxes up to the movie box. Here all media data, ten minutes of it, is a hole.
#[test]
fn a_sparse_file_with_only_the_headers_has_the_same_report() {
    let scratch = TempDir::new().unwrap();
    for name in ["film-moov-first.mp4", "film-moov-last.mp4", "open-ended.mp4"] {
        let whole = fixture(name);
        let sparse = scratch.path().join(name);
        copy_headers(&whole, &sparse);
        assert_eq!(report(&sparse), report(&whole), "{name}");
    }
}

/// Copies the headers of all top-level boxes, and the whole of `ftyp` and `moov`, to their offsets in a sparse file.
fn copy_headers(from: &Path, to: &Path) {
    let (mut from, mut to) = (File::open(from).unwrap(), File::create(to).unwrap());
    let length = from.metadata().unwrap().len();
    to.set_len(length).unwrap();
    let mut at = 0;
    while at < length {
        let mut header = [0; 16];
        from.seek(SeekFrom::Start(at)).unwrap();
        from.read_exact(&mut header).unwrap();
        let size = match u64::from(u32::from_be_bytes(header[..4].try_into().unwrap())) {
            0 => length - at,
            1 => u64::from_be_bytes(header[8..].try_into().unwrap()),
            size => size,
        };
        let copied = if [b"ftyp", b"moov"].contains(&header[4..8].try_into().unwrap()) { size } else { 16.min(size) };
        let mut bytes = vec![0; usize::try_from(copied).unwrap()];
        from.seek(SeekFrom::Start(at)).unwrap();
        from.read_exact(&mut bytes).unwrap();
        to.seek(SeekFrom::Start(at)).unwrap();
        to.write_all(&bytes).unwrap();
        at += size;
    }
}

#[test]
fn a_movie_that_does_not_fit_in_memory_is_refused() {
    // Sixty million samples of size zero: the table is a hole in the file, but Bento4 holds it in memory.
    let scratch = TempDir::new().unwrap();
    let file = scratch.path().join("long.mp4");
    let samples: u32 = 60_000_000;
    let nested = |kinds: &[&[u8; 4]], mut inner: u32| {
        let mut headers = Vec::new();
        for kind in kinds.iter().rev() {
            inner += 8;
            headers.splice(0..0, [&inner.to_be_bytes()[..], *kind].concat());
        }
        headers
    };
    let table = [&[0; 8][..], &samples.to_be_bytes()].concat();
    let path: [&[u8; 4]; 6] = [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsz"];
    let headers = nested(&path, 12 + 4 * samples);
    fs::write(&file, [&b"\0\0\0\x10ftypisom\0\0\0\0"[..], &headers, &table].concat()).unwrap();
    let length = fs::metadata(&file).unwrap().len() + 4 * u64::from(samples);
    File::options().write(true).open(&file).unwrap().set_len(length).unwrap();

    assert_eq!(error(&file, &["--memory-mib", "100"]), "the movie does not fit in the memory limit");
    assert_eq!(probe(&file, &["--memory-mib", "2000"]).status.code(), Some(0), "with enough memory it is described");
}

#[test]
fn the_movie_box_of_a_week_is_described_within_the_limits() {
    let movie = Movie::new(1 << 40, 7 * 24 * 60 * 60, 1);
    let scratch = TempDir::new().unwrap();
    let path = scratch.path().join("week.mp4");
    let mut file = File::create(&path).unwrap();
    file.write_all(&movie.read(0..movie.header_len())).unwrap();
    file.set_len(movie.len()).unwrap();
    let counts = report(&path)["tracks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|track| track["sample_count"].clone())
        .collect::<Vec<_>>();
    assert_eq!(counts, [15_120_000, 30_240_000]);
}

/// Lambda does not document whether its sandbox allows a process to confine itself. Here a filter denies one system call to the
/// thread, and the processes that it starts inherit the filter.
#[cfg(target_os = "linux")]
#[test]
fn a_process_that_cannot_be_confined_opens_no_file_unless_that_is_allowed() {
    use seccompiler::{SeccompAction, SeccompFilter, apply_filter};
    for denied in [libc::SYS_seccomp, libc::SYS_prlimit64] {
        let denying = std::thread::spawn(move || {
            let rules = [(denied, Vec::new())].into_iter().collect();
            let denial = SeccompAction::Errno(libc::EPERM.unsigned_abs());
            let architecture = std::env::consts::ARCH.try_into().unwrap();
            let filter = SeccompFilter::new(rules, SeccompAction::Allow, denial, architecture).unwrap();
            apply_filter(&seccompiler::BpfProgram::try_from(filter).unwrap()).unwrap();
            let sample = fixture("sample.mp4");
            let (required, allowed) = (probe(&sample, &[]), probe(&sample, &["--allow-unconfined"]));
            let missing = probe(Path::new("/no/such/file"), &[]);
            (required, allowed, missing)
        });
        let (required, allowed, missing) = denying.join().unwrap();
        assert_eq!(required.status.code(), Some(3));
        assert!(String::from_utf8(required.stderr).unwrap().contains("the process cannot be confined"));
        assert!(required.stdout.is_empty());
        assert_eq!(missing.status.code(), Some(3), "whether the file can be opened is unknown");
        assert_eq!(allowed.status.code(), Some(0));
    }
}

/// The file is a named pipe, so the process blocks when it opens the file until the test opens the other end.
#[test]
fn every_limit_is_in_force_before_the_file_is_opened() {
    let scratch = TempDir::new().unwrap();
    let pipe = scratch.path().join("pipe.mp4");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut child = Command::new(env!("CARGO_BIN_EXE_mp4probe"))
        .args(["--memory-mib", "64", "--cpu-seconds", "3"])
        .arg(&pipe)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let opened = loop {
        // Without a reader this fails immediately. When it succeeds, the process is opening its file.
        match File::options().write(true).custom_flags(O_NONBLOCK).open(&pipe) {
            Ok(opened) => break opened,
            Err(_) => assert_eq!(child.try_wait().unwrap(), None, "it never opened its file"),
        }
    };
    // A process has its limits until it is waited for, even after it has exited.
    let limits = fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    drop(opened);
    assert_eq!(child.wait().unwrap().code(), Some(1), "a pipe cannot be described");
    let limit = |name: &str| -> Vec<String> {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().take(2).map(str::to_owned).collect()
    };
    assert_eq!(limit("Max address space"), ["67108864", "67108864"]);
    assert_eq!(limit("Max cpu time"), ["3", "3"]);
    assert_eq!(limit("Max file size"), ["1048576", "1048576"]);
    assert_eq!(limit("Max core file size"), ["0", "0"]);
    // SECCOMP_MODE_FILTER, which the process cannot disable.
    assert!(status.contains("\nSeccomp:\t2\n") && status.contains("\nNoNewPrivs:\t1\n"), "{status}");
}
