//! ffmpeg as a witness: what it finds in a file, packet by packet and frame by frame.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

use tempfile::NamedTempFile;

use crate::decrypt::KEY;
use crate::{boxes, fixtures, package};

/// One sample as ffmpeg's demuxer delivers it. Times are in units of the track's timescale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Decode time.
    pub dts: i64,
    /// Presentation time.
    pub pts: i64,
    /// How long it lasts.
    pub duration: i64,
    /// Length in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// Whether it is marked as a sync sample.
    pub sync: bool,
}

/// One decoded picture or block of sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Presentation time in units of the track's timescale.
    pub pts: i64,
    /// Hash of its samples, in hex.
    pub sha256: String,
}

/// How a file is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edits {
    /// On the timeline of the media itself, without its edit list.
    Ignored,
    /// On the timeline of the presentation, edit list applied.
    Applied,
}

/// The pinned ffmpeg.
pub fn ffmpeg() -> Command {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| fixtures::make(&["--ffmpeg"]).trim().into());
    let mut command = Command::new(program);
    command.args(["-hide_banner", "-nostdin", "-loglevel", "warning"]);
    command
}

/// Every sample of one stream, named as in `0:v:0`, in decode order.
///
/// # Panics
/// When ffmpeg cannot read it.
#[must_use]
pub fn packets(file: &Path, stream: &str, edits: Edits) -> Vec<Packet> {
    // Bytes are in one kind of listing, flags in another.
    let copy = ["-map", stream, "-c", "copy", "-copyinkf", "-f"];
    let flags = NamedTempFile::new().expect("a file for a listing");
    let mut command = read(file, edits, &["-y"]);
    command.args(copy).arg("framecrc").arg(flags.path());
    let hashed = rows(&run(&command, &[&copy[..], &["framehash"]].concat()));
    let flagged = rows(&std::fs::read_to_string(flags.path()).expect("ffmpeg lists text"));
    assert_eq!(hashed.len(), flagged.len(), "both listings are of {}", file.display());
    let packet = |(hashed, flagged): (&Vec<String>, &Vec<String>)| Packet {
        dts: hashed[1].parse().unwrap(),
        pts: hashed[2].parse().unwrap(),
        duration: hashed[3].parse().unwrap(),
        size: hashed[4].parse().unwrap(),
        sha256: hashed[5].clone(),
        // The flags are printed only when they are not those of a key frame alone; bit 0 says key frame.
        sync: flagged.iter().find_map(|field| field.strip_prefix("F=0x")).is_none_or(|flags| {
            let flags = u32::from_str_radix(flags, 16).unwrap();
            flags & 1 == 1
        }),
    };
    hashed.iter().zip(&flagged).map(packet).collect()
}

/// The same of a file that nobody changes: it is listed once, however many ask.
///
/// # Panics
/// When ffmpeg cannot read it.
#[must_use]
pub fn source_packets(file: &Path, stream: &str, edits: Edits) -> Vec<Packet> {
    static KEPT: Mutex<BTreeMap<(PathBuf, String, Edits), Vec<Packet>>> = Mutex::new(BTreeMap::new());
    let asked = (file.to_owned(), stream.to_owned(), edits);
    if let Some(kept) = KEPT.lock().expect("nobody panics with it").get(&asked) {
        return kept.clone();
    }
    let listed = packets(file, stream, edits);
    KEPT.lock().expect("nobody panics with it").insert(asked, listed.clone());
    listed
}

/// Units per second of the times of a stream.
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

/// Every frame of one stream, decoded, in presentation order. `options` stand before the input.
///
/// # Panics
/// When ffmpeg cannot read it, or an error occurs while it decodes.
#[must_use]
pub fn frames(file: &Path, stream: &str, edits: Edits, options: &[&str]) -> Vec<Frame> {
    let decode = ["-map", stream, "-fps_mode", "passthrough", "-enc_time_base", "demux"];
    // Of raw pictures the hash is most of the work, and here nobody is to be kept from finding another with the same.
    let decode = [&decode[..], &["-hash", "murmur3", "-f", "framehash"]].concat();
    let frame = |row: Vec<String>| Frame { pts: row[2].parse().unwrap(), sha256: row[5].clone() };
    // Warnings are about what the source's encoder wrote, and are the same for both.
    let options = [&["-loglevel", "error"], options].concat();
    rows(&run(&read(file, edits, &options), &decode)).into_iter().map(frame).collect()
}

/// The length of every H.264 slice header or H.265 slice segment header of a stream, in the order of the slices: bytes of the NAL unit without its emulation
/// prevention bytes, NAL header included, rounded up.
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
        // A syntax element: its first bit, its name, its bits, an equals sign, its value.
        let fields: Vec<_> = line.1.split_whitespace().collect();
        match fields.as_slice() {
            ["Slice", "Header"] | ["Slice", "Segment", "Header"] => {
                in_slice = true;
                bits.push(0);
            }
            [at, _, own, "=", _] if in_slice => *bits.last_mut().unwrap() = at.parse::<usize>().unwrap() + own.len(),
            [_, _, _, "=", _] => {}
            _ => in_slice = false,
        }
    }
    bits.into_iter().map(|bits| bits.div_ceil(8)).collect()
}

/// The bytes that ffmpeg's own encryption by `cenc` protects of every sample of a stream, in whole blocks.
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
    let bytes = std::fs::read(encrypted).expect("ffmpeg wrote it");
    boxes::all(&bytes, "moof/traf/senc").into_iter().flat_map(|senc| package::protected_ranges(senc, 8)).collect()
}

/// Reads every packet of every stream and returns what ffmpeg had to say about it: nothing, for a good file. `options`
/// stand before the input.
#[must_use]
pub fn complaints(file: &Path, options: &[&str]) -> String {
    // ffmpeg's DASH demuxer starts again at the first segment when its look ahead has seen the last one: no look ahead.
    let mut command = read(file, Edits::Applied, &[options, &["-fflags", "nobuffer"]].concat());
    let output = command.args(["-map", "0", "-c", "copy", "-f", "null", "-"]).output().expect("ffmpeg starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { said } else { format!("{said} ({})", output.status) }
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
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{command:?}: {said}");
    String::from_utf8(output.stdout).expect("ffmpeg lists text")
}

/// `Command` has no `Clone`.
fn clone(command: &Command) -> Command {
    let mut copy = Command::new(command.get_program());
    copy.args(command.get_args());
    copy
}

/// The lines of a listing that are not comments, in fields.
fn rows(listing: &str) -> Vec<Vec<String>> {
    let fields = |line: &str| line.split(',').map(|field| field.trim().to_owned()).collect();
    listing.lines().filter(|line| !line.starts_with('#')).map(fields).collect()
}
