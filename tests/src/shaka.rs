//! Shaka Packager, an independent packager: its encryption of samples, to compare with.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::decrypt::KEY;
use crate::{boxes, npm, package};

/// An encrypted track: init segment and segments in one file.
#[derive(Debug)]
pub struct EncryptedTrack {
    /// Its samples in decode order.
    pub samples: Vec<Sample>,
    /// The file.
    pub joined: PathBuf,
    /// The constant IV of the track, or the IV of its first sample.
    pub iv: Vec<u8>,
}

/// An encrypted sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Its encrypted bytes.
    pub bytes: Vec<u8>,
    /// The byte ranges that `senc` lists as protected.
    pub protected: Vec<Range<usize>>,
}

impl EncryptedTrack {
    /// Reads a file of an init segment and segments.
    ///
    /// # Panics
    /// When the file is malformed or not encrypted.
    #[must_use]
    pub fn read(joined: PathBuf) -> Self {
        let file = fs::read(&joined).expect("the file exists");
        let tenc = boxes::one(&file, "moov/trak/mdia/minf/stbl/stsd/encv/sinf/schi/tenc");
        let iv_size = usize::from(tenc[7]);
        let iv = match iv_size {
            0 => tenc[25..].to_vec(),
            _ => boxes::all(&file, "moof/traf/senc")[0][8..8 + iv_size].to_vec(),
        };
        let fragments = boxes::all(&file, "moof").into_iter().zip(boxes::all(&file, "mdat"));
        let samples = fragments.flat_map(|(moof, mdat)| samples(moof, mdat, iv_size)).collect();
        Self { samples, joined, iv }
    }
}

/// Encrypts the first video track of a movie with the default key of the tests and this IV.
///
/// # Panics
/// When Shaka Packager fails, or its output is malformed.
#[must_use]
pub fn encrypt(movie: &Path, scheme: &str, iv: &[u8], scratch: &Path) -> EncryptedTrack {
    let folder = scratch.join("shaka");
    fs::create_dir_all(&folder).expect("the folder is created");
    let (init, segments) = (folder.join("init.mp4"), folder.join("$Number$.m4s"));
    let (input, init_path, segments) = (movie.display(), init.display(), segments.display());
    let track = format!("in={input},stream=video,init_segment={init_path},segment_template={segments}");
    let iv = iv.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let mut command = command();
    command.arg(track).args(["--enable_raw_key_encryption", "--clear_lead", "0", "--protection_scheme", scheme]);
    command.args(["--keys", &format!("key_id={}:key={}", KEY.kid, KEY.key), "--iv", &iv]);
    let output = command.output().expect("Shaka Packager starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut file = fs::read(init).expect("there is an init segment");
    let segments = (1..).map_while(|number| fs::read(folder.join(format!("{number}.m4s"))).ok());
    segments.for_each(|segment| file.extend(segment));
    let joined = scratch.join("shaka.mp4");
    fs::write(&joined, file).expect("the joined file is written");
    EncryptedTrack::read(joined)
}

/// Returns a command that runs Shaka Packager.
#[must_use]
pub fn command() -> Command {
    Command::new(program())
}

/// Packages the first audio track of a movie into one file, encrypted with the default key of the tests if there are a scheme and
/// an IV. Returns the file and the MPD.
///
/// # Panics
/// When Shaka Packager fails.
#[must_use]
pub fn package_audio(movie: &Path, encryption: Option<(&str, &str)>, scratch: &Path) -> (Vec<u8>, String) {
    let (file, mpd) = (scratch.join("shaka-audio.mp4"), scratch.join("shaka.mpd"));
    let mut command = Command::new(program());
    command.arg(format!("in={},stream=audio,output={}", movie.display(), file.display())).arg("--mpd_output").arg(&mpd);
    if let Some((scheme, iv)) = encryption {
        command.args(["--enable_raw_key_encryption", "--clear_lead", "0", "--protection_scheme", scheme, "--iv", iv]);
        command.args(["--keys", &format!("key_id={}:key={}", KEY.kid, KEY.key)]);
    }
    let output = command.output().expect("Shaka Packager starts");
    assert!(output.status.success(), "{}: {}", movie.display(), String::from_utf8_lossy(&output.stderr));
    (fs::read(file).expect("the file is written"), fs::read_to_string(mpd).expect("the MPD is written"))
}

fn program() -> PathBuf {
    let system = if cfg!(target_os = "macos") { "osx" } else { "linux" };
    let processor = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    npm::packages().join(format!("node_modules/shaka-packager/bin/packager-{system}-{processor}"))
}

/// Returns the samples of a movie fragment with one track, whose track runs are contiguous in the media data.
fn samples(moof: &[u8], mdat: &[u8], iv_size: usize) -> Vec<Sample> {
    let protected = package::protected_ranges(boxes::one(moof, "traf/senc"), iv_size);
    let (sizes, mut rest) = (sizes(moof), mdat);
    assert_eq!(protected.len(), sizes.len(), "senc lists every sample");
    let take = |(protected, size)| {
        let (bytes, remaining) = rest.split_at(size);
        rest = remaining;
        Sample { bytes: bytes.to_vec(), protected }
    };
    let samples = protected.into_iter().zip(sizes).map(take).collect();
    assert!(rest.is_empty(), "the media data has bytes that belong to no sample");
    samples
}

/// Returns the sizes of the samples of a movie fragment with one track.
fn sizes(moof: &[u8]) -> Vec<usize> {
    let word = |bytes: &[u8], at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let tfhd = boxes::one(moof, "traf/tfhd");
    let flags = word(tfhd, 0);
    let optional = |flag: u32, size: usize| if flags & flag == 0 { 0 } else { size };
    let default = (flags & 0x10 != 0).then(|| word(tfhd, 8 + optional(1, 8) + optional(2, 4) + optional(8, 4)));
    let run = |trun: &&[u8]| {
        let (flags, count) = (word(trun, 0), word(trun, 4));
        let head = 8 + [1, 4].iter().filter(|flag| flags & **flag != 0).count() * 4;
        let fields = [0x100, 0x200, 0x400, 0x800].map(|flag| usize::from(flags & flag != 0) * 4);
        let entry: usize = fields.iter().sum();
        let size = |index: usize| match default {
            Some(size) if fields[1] == 0 => size,
            _ => word(trun, head + index * entry + fields[0]),
        };
        (0..count as usize).map(size).map(|size| size as usize).collect::<Vec<_>>()
    };
    boxes::all(moof, "traf/trun").iter().flat_map(run).collect()
}
