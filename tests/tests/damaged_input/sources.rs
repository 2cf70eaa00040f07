//! The files that are damaged.

use std::fs;
use std::path::{Path, PathBuf};

use vpp_tests::fixtures;

/// Larger files have no structure that a smaller one lacks, and take longer to process.
const MAX_BYTES: u64 = 256 * 1024;

/// The format that a file is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Movie,
    Subtitles,
}

/// An undamaged file.
pub struct Source {
    pub name: String,
    pub format: Format,
    pub file: Vec<u8>,
    /// The offset and size of each box that is an index, and of each other box's header.
    pub structure: Vec<(usize, usize)>,
    /// Number of bytes of all `structure`.
    pub structure_bytes: usize,
}

impl Source {
    pub fn new(name: &str, format: Format, file: Vec<u8>) -> Self {
        let structure = if format == Format::Movie { structure(&file) } else { vec![(0, file.len())] };
        let structure_bytes = structure.iter().map(|(_, size)| size).sum();
        Self { name: name.to_owned(), format, file, structure, structure_bytes }
    }

    /// Returns the offset of byte `position` of the structure.
    pub fn structure_offset(&self, position: usize) -> usize {
        let mut rest = position;
        for (offset, size) in &self.structure {
            if rest < *size {
                return offset + rest;
            }
            rest -= size;
        }
        panic!("{position} is beyond the structure of {}", self.name)
    }
}

/// Returns the indexes of a file, and the headers of its other boxes. Stops at the first box that is not complete.
fn structure(file: &[u8]) -> Vec<(usize, usize)> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(header) = file.get(at..at + 8) {
        let size = u32::from_be_bytes(header[..4].try_into().unwrap()) as usize;
        if size < 8 || size > file.len() - at {
            break;
        }
        let is_index = matches!(&header[4..], b"ftyp" | b"moov" | b"moof" | b"sidx" | b"mfra");
        found.push((at, if is_index { size } else { 8 }));
        at += size;
    }
    if found.is_empty() { vec![(0, file.len())] } else { found }
}

/// Returns the movies of the short test: H.264; H.265; AV1, VP9 and five audio codecs; fragments with an index each; an edit list
/// with an empty edit; QuickTime; text tracks; WebM.
pub fn few() -> Vec<Source> {
    let names = [
        "still.mp4",
        "hevc.mp4",
        "codecs.mp4",
        "fragments-dash.mp4",
        "late-audio.mp4",
        "quicktime.mov",
        "timed-text.mp4",
        "ttml.mp4",
        "vp9-opus.webm",
    ];
    let movies = names.map(|name| {
        // The movie with every codec is a fixture of the engine's unit tests.
        let engine = fixtures::root().join("crates/media/tests/support").join(name);
        read(&if engine.exists() { engine } else { fixtures::fixture(name) })
    });
    movies.into_iter().chain(subtitles()).collect()
}

/// Returns every fixture and every file of the corpus that is not too large, and the files of the short test.
pub fn all() -> Vec<Source> {
    let fixtures = fixtures::fixtures(&[fixtures::good(), fixtures::bad(), fixtures::matroska()].concat());
    let folders = ["good", "bad", "edge"].into_iter().filter_map(fixtures::corpus_folder);
    let corpus = folders.flat_map(|folder| {
        let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    });
    let is_small = |path: &PathBuf| (1..=MAX_BYTES).contains(&fs::metadata(path).unwrap().len());
    let small = fixtures.into_iter().chain(corpus).filter(is_small).map(|path| read(&path));
    few().into_iter().chain(small).collect()
}

fn read(path: &Path) -> Source {
    Source::new(&path.file_name().unwrap().to_string_lossy(), Format::Movie, fs::read(path).unwrap())
}

fn subtitles() -> Vec<Source> {
    const WEBVTT: &str = "WEBVTT - a title\n\nSTYLE\n::cue { color: lime }\n\nREGION\nid:fred\nwidth:40%\n\nNOTE a comment\n\n\
        first\n00:00:01.000 --> 00:00:02.500 line:0 align:start\n<v Ann>Hello <i>there</i> &amp; <00:00:02.000>you\n\n\
        00:02.000 --> 01:00:03.000\n- One\n- Two\n";
    const SRT: &str = "1\r\n00:00:01,000 --> 00:00:02,500\r\n{\\an8}One <i>two <b>x</i></b> &amp;\r\n\r\n2\r\n00:00:03,000 --> \
        00:00:04,000 X1:1\r\n<font color=red>Three</font>\r\n";
    const TTML: &str = "<?xml version='1.0'?><tt xmlns='http://www.w3.org/ns/ttml' ttp:frameRate='25'><head><layout><region \
        xml:id='r' tts:origin='10% 5%' tts:extent='80% 20%'/></layout></head><body begin='1s'><div timeContainer='seq'><p \
        region='r' dur='00:00:02:12'>One<br/><span begin='1s'>two</span> &#x266a;</p><p dur='50f'>three</p></div></body></tt>";
    const SCC: &str = "Scenarist_SCC V1.0\n\n00:00:01;00\t94ae 94ae 9420 9420 9470 9470 c8e5 ecec 942f 942f\n\n00:00:03:00\t\
        9425 9425 94ad 94ad 9470 9470 cdef 13b0 94a1\n\n00:00:05;00\t9429 91d0 c180 94a4 942c\n";
    let files = [("webvtt", WEBVTT), ("srt", SRT), ("ttml", TTML), ("scc", SCC)];
    files.map(|(name, text)| Source::new(name, Format::Subtitles, text.into())).into()
}
