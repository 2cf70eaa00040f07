//! ffmpeg's demuxers and decoders, an independent reader of files: packet by packet and frame by frame.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

use tempfile::NamedTempFile;

use crate::decrypt::KEY;
use crate::{boxes, fixtures, package};

/// A sample as ffmpeg's demuxer returns it. Times are in units of the track's timescale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Decode time.
    pub dts: i64,
    /// Presentation time.
    pub pts: i64,
    /// Duration.
    pub duration: i64,
    /// Length in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// Whether it is marked as a sync sample.
    pub sync: bool,
}

/// A decoded video frame or block of audio samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Presentation time in units of the track's timescale.
    pub pts: i64,
    /// Hash of its samples, in hex.
    pub sha256: String,
}

/// How to treat the edit list of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edits {
    /// Times are on the media timeline, without the edit list.
    Ignored,
    /// Times are on the presentation timeline, with the edit list applied.
    Applied,
}

/// Returns a command that runs the pinned ffmpeg.
pub fn ffmpeg() -> Command {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| fixtures::make(&["--ffmpeg"]).trim().into());
    let mut command = Command::new(program);
    command.args(["-hide_banner", "-nostdin", "-loglevel", "warning"]);
    command
}

/// Lists every sample of a stream, such as `0:v:0`, in decode order.
///
/// # Panics
/// When ffmpeg cannot read it.
#[must_use]
pub fn packets(file: &Path, stream: &str, edits: Edits) -> Vec<Packet> {
    // `framehash` lists the bytes of each packet, `framecrc` its flags.
    let copy = ["-map", stream, "-c", "copy", "-copyinkf", "-f"];
    let flags = NamedTempFile::new().expect("a temporary file");
    let mut command = read(file, edits, &["-y"]);
    command.args(copy).arg("framecrc").arg(flags.path());
    let hashed = rows(&run(&command, &[&copy[..], &["framehash"]].concat()));
    let flagged = rows(&std::fs::read_to_string(flags.path()).expect("ffmpeg lists text"));
    assert_eq!(hashed.len(), flagged.len(), "both listings have every packet of {}", file.display());
    let packet = |(hashed, flagged): (&Vec<String>, &Vec<String>)| Packet {
        dts: hashed[1].parse().unwrap(),
        pts: hashed[2].parse().unwrap(),
        duration: hashed[3].parse().unwrap(),
        size: hashed[4].parse().unwrap(),
        sha256: hashed[5].clone(),
        // ffmpeg prints the flags unless the key frame flag, bit 0, is the only one.
        sync: flagged.iter().find_map(|field| field.strip_prefix("F=0x")).is_none_or(|flags| {
            let flags = u32::from_str_radix(flags, 16).unwrap();
            flags & 1 == 1
        }),
    };
    hashed.iter().zip(&flagged).map(packet).collect()
}

/// Lists every sample of a stream, as [`packets`] does, once per process: for files that no test changes.
///
/// # Panics
/// When ffmpeg cannot read it.
#[must_use]
pub fn source_packets(file: &Path, stream: &str, edits: Edits) -> Vec<Packet> {
    static CACHE: Mutex<BTreeMap<(PathBuf, String, Edits), Vec<Packet>>> = Mutex::new(BTreeMap::new());
    let request = (file.to_owned(), stream.to_owned(), edits);
    if let Some(cached) = CACHE.lock().expect("no holder of the lock panics").get(&request) {
        return cached.clone();
    }
    let listed = packets(file, stream, edits);
    CACHE.lock().expect("no holder of the lock panics").insert(request, listed.clone());
    listed
}

/// Returns ffmpeg's description of the video of a file: `h264 (High) (avc1 / 0x31637661), yuv420p(progressive), 720x576 [SAR
/// 64:45 DAR 16:9], …`.
///
/// # Panics
/// When it finds no video.
#[must_use]
pub fn video(file: &Path) -> String {
    let mut command = ffmpeg();
    let output = command.args(["-loglevel", "info", "-i"]).arg(file).output().expect("ffmpeg starts");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.lines().find_map(|line| line.split_once("Video: ")).expect("a video").1.to_owned()
}

/// Returns the timescale of a stream, in units per second.
///
/// # Panics
/// When ffmpeg cannot read it.
#[must_use]
pub fn timescale(file: &Path, stream: &str) -> i64 {
    let copy = ["-map", stream, "-c", "copy", "-f", "framehash"];
    let listing = run(&read(file, Edits::Ignored, &[]), &copy);
    let base = listing.lines().find_map(|line| line.strip_prefix("#tb 0: 1/")).expect("a time base");
    base.parse().unwrap()
}

/// Decodes a stream and lists its frames in presentation order. `options` precede the input.
///
/// # Panics
/// When ffmpeg cannot read it, or an error occurs while it decodes.
#[must_use]
pub fn frames(file: &Path, stream: &str, edits: Edits, options: &[&str]) -> Vec<Frame> {
    let decode = ["-map", stream, "-fps_mode", "passthrough", "-enc_time_base", "demux"];
    // Hashing raw frames takes most of the time, so this uses a fast hash: resistance to collisions does not matter here.
    let decode = [&decode[..], &["-hash", "murmur3", "-f", "framehash"]].concat();
    let frame = |row: Vec<String>| Frame { pts: row[2].parse().unwrap(), sha256: row[5].clone() };
    // Warnings concern the source's encoder, and occur for the source and the package alike.
    let options = [&["-loglevel", "error"], options].concat();
    rows(&run(&read(file, edits, &options), &decode)).into_iter().map(frame).collect()
}

/// Returns the length of every H.264 slice header or H.265 slice segment header of a stream, in slice order.
///
/// A length is in bytes of the NAL unit, with the NAL unit header and without emulation prevention bytes, rounded up.
///
/// # Panics
/// When ffmpeg cannot read it.
#[must_use]
pub fn slice_headers(file: &Path, stream: &str) -> Vec<usize> {
    let mut command = read(file, Edits::Ignored, &["-loglevel", "trace"]);
    let trace = ["-map", stream, "-c", "copy", "-copyinkf", "-bsf:v", "trace_headers", "-f", "null", "-"];
    let output = command.args(trace).output().expect("ffmpeg starts");
    assert!(output.status.success());
    let text = String::from_utf8_lossy(&output.stderr);
    let mut bits: Vec<usize> = Vec::new();
    let mut in_slice = false;
    for line in text.lines().filter_map(|line| line.strip_prefix("[trace_headers @ ")?.split_once("] ")) {
        // A line of a syntax element: position of its first bit, name, bits, equals sign, value.
        let fields: Vec<_> = line.1.split_whitespace().collect();
        match fields.as_slice() {
            ["Slice", "Header"] | ["Slice", "Segment", "Header"] => {
                in_slice = true;
                bits.push(0);
            }
            [at, _, element, "=", _] if in_slice => {
                *bits.last_mut().unwrap() = at.parse::<usize>().unwrap() + element.len();
            }
            [_, _, _, "=", _] => {}
            _ => in_slice = false,
        }
    }
    bits.into_iter().map(|bits| bits.div_ceil(8)).collect()
}

/// Encrypts a stream with ffmpeg's `cenc` muxer, and returns the protected byte ranges of every sample, in whole blocks.
///
/// # Panics
/// When ffmpeg cannot encrypt it.
#[must_use]
pub fn cenc_ranges(file: &Path, stream: &str, scratch: &Path) -> Vec<Vec<Range<usize>>> {
    let encrypted = scratch.join("cenc.mp4");
    let mut command = read(file, Edits::Ignored, &["-y"]);
    command.args(["-map", stream, "-c", "copy", "-movflags", "frag_keyframe+empty_moov"]);
    command.args(["-encryption_scheme", "cenc-aes-ctr", "-encryption_key", KEY.key, "-encryption_kid", KEY.kid]);
    let output = command.arg(&encrypted).output().expect("ffmpeg starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bytes = std::fs::read(encrypted).expect("ffmpeg wrote the file");
    boxes::all(&bytes, "moof/traf/senc").into_iter().flat_map(|senc| package::protected_ranges(senc, 8)).collect()
}

/// Reads every packet of every stream and returns ffmpeg's warnings and errors: the empty string for a good file. `options`
/// precede the input.
#[must_use]
pub fn warnings(file: &Path, options: &[&str]) -> String {
    // `nobuffer` prevents probing: ffmpeg's DASH demuxer restarts at the first segment when probing reaches the last.
    let mut command = read(file, Edits::Applied, &[options, &["-fflags", "nobuffer"]].concat());
    let output = command.args(["-map", "0", "-c", "copy", "-f", "null", "-"]).output().expect("ffmpeg starts");
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { messages } else { format!("{messages} ({})", output.status) }
}

fn read(file: &Path, edits: Edits, options: &[&str]) -> Command {
    let mut command = ffmpeg();
    command.args(options);
    if edits == Edits::Ignored {
        command.args(["-ignore_editlist", "1"]);
    }
    command.arg("-copyts").arg("-i").arg(file);
    command
}

fn run(command: &Command, arguments: &[&str]) -> String {
    let mut command = clone(command);
    let output = command.args(arguments).arg("-").output().expect("ffmpeg starts");
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && messages.is_empty(), "{command:?}: {messages}");
    String::from_utf8(output.stdout).expect("ffmpeg lists text")
}

/// Copies a command: `Command` does not implement `Clone`.
fn clone(command: &Command) -> Command {
    let mut copy = Command::new(command.get_program());
    copy.args(command.get_args());
    copy
}

/// Splits the lines of a listing into fields, without comments.
fn rows(listing: &str) -> Vec<Vec<String>> {
    let fields = |line: &str| line.split(',').map(|field| field.trim().to_owned()).collect();
    listing.lines().filter(|line| !line.starts_with('#')).map(fields).collect()
}
