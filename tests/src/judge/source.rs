//! A source file, as the outside tools read it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::ffprobe::Probe;
use super::shaka_packager;
use super::source_boxes::{cut_fragment, edit_shift, movie_box};
use crate::boxes;

/// A source file. It is probed once per process.
#[derive(Debug)]
pub struct Source {
    pub(super) path: PathBuf,
    pub(super) probe: Probe,
    /// The payload of its movie box.
    movie: Vec<u8>,
    /// The codec strings that Shaka Packager states, by the index of the stream.
    pub(super) codecs: BTreeMap<usize, shaka_packager::Stated>,
}

impl Source {
    /// Probes a file, unless it is probed already.
    ///
    /// # Panics
    /// When ffprobe cannot read it.
    #[must_use]
    pub fn of(path: &Path) -> Arc<Self> {
        static CACHE: Mutex<BTreeMap<PathBuf, Arc<Source>>> = Mutex::new(BTreeMap::new());
        if let Some(source) = CACHE.lock().expect("no holder of the lock panics").get(path) {
            return Arc::clone(source);
        }
        let mut probe = Probe::of(path);
        let movie = movie_box(path).expect("the source is readable").unwrap_or_default();
        if let Some(fragment) = cut_fragment(path).expect("the source is readable") {
            probe.cut(fragment);
        }
        for stream in &mut probe.streams {
            if let Some(shift) = edit_shift(&movie, stream.index) {
                stream.align(shift);
            }
        }
        let codecs = shaka_packager::stated_by_shaka(path, &probe);
        let source = Arc::new(Self { path: path.to_owned(), probe, movie, codecs });
        CACHE.lock().expect("no holder of the lock panics").insert(path.to_owned(), Arc::clone(&source));
        source
    }

    /// Returns the number of packets of each stream.
    #[must_use]
    pub fn packet_counts(&self) -> Vec<usize> {
        self.probe.streams.iter().map(|stream| stream.packets.len()).collect()
    }

    /// Returns whether Shaka Packager states codecs of this file.
    #[must_use]
    pub fn is_read_by_shaka(&self) -> bool {
        !self.codecs.is_empty()
    }

    /// Returns the values of the `kind` boxes of a track (ISO/IEC 14496-12 8.10.4), which ffprobe does not read of every codec.
    pub(super) fn kinds(&self, stream: usize) -> Vec<String> {
        let value = |kind: &[u8]| {
            let mut strings = kind[4..].split(|byte| *byte == 0).skip(1);
            String::from_utf8_lossy(strings.next().unwrap_or_default()).into_owned()
        };
        let tracks = boxes::all(&self.movie, "trak");
        tracks
            .get(stream)
            .map(|track| boxes::all(track, "udta/kind"))
            .unwrap_or_default()
            .into_iter()
            .map(value)
            .collect()
    }

    /// Returns the codec strings of the sample entries `avc1` of a track, by `AVCProfileIndication`, `profile_compatibility` and
    /// `AVCLevelIndication` of their decoder configuration records (RFC 6381 3.3).
    pub(super) fn avc_entries(&self, stream: usize) -> Vec<String> {
        let tracks = boxes::all(&self.movie, "trak");
        let records = tracks.get(stream).map(|track| boxes::all(track, "mdia/minf/stbl/stsd/avc1/avcC"));
        let string = |record: &[u8]| format!("avc1.{:02x}{:02x}{:02x}", record[1], record[2], record[3]);
        records.unwrap_or_default().into_iter().map(string).collect()
    }

    /// Returns whether a track has a sample entry of IAMF.
    pub(super) fn is_iamf(&self) -> bool {
        !boxes::all(&self.movie, "trak/mdia/minf/stbl/stsd/iamf").is_empty()
    }

    /// Returns whether the movie box has an edit list.
    pub(super) fn has_edit_list(&self) -> bool {
        !boxes::all(&self.movie, "trak/edts/elst").is_empty()
    }

    /// Returns whether the decoder configuration record of its H.265 track states that all parameter sets are in it.
    pub(super) fn has_complete_parameter_sets(&self) -> bool {
        let records = boxes::all(&self.movie, "trak/mdia/minf/stbl/stsd/hev1/hvcC");
        !records.is_empty()
            && records.iter().all(|record| parameter_set_arrays(record).iter().all(|header| header >> 7 == 1))
    }
}

/// Returns the first byte of each array of parameter sets in an HEVC decoder configuration record: `array_completeness` and the
/// NAL unit type (ISO/IEC 14496-15 8.3.3.1.2).
fn parameter_set_arrays(record: &[u8]) -> Vec<u8> {
    let number = |at: usize| usize::from(u16::from_be_bytes(record[at..at + 2].try_into().unwrap()));
    let (mut at, mut headers) = (23, Vec::new());
    for _ in 0..record[22] {
        headers.push(record[at]);
        let units = number(at + 1);
        at = (0..units).fold(at + 3, |at, _| at + 2 + number(at));
    }
    // VPS, SPS and PPS.
    headers.retain(|header| (32..=34).contains(&(header & 0x3f)));
    headers
}
