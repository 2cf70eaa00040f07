//! Reads a package as a player does: the manifest, and every file that it references.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use dash_mpd_core::{AdaptationSet, MPD, SegmentBase, SegmentTemplate};
use mp4_atom::{Decode, Moof};

use crate::boxes;
use crate::sidx::SegmentIndex;

/// A package on disk, with its parsed manifest.
#[derive(Debug)]
pub struct Package {
    /// The directory of the manifest.
    pub directory: PathBuf,
    /// The text of the manifest.
    pub text: String,
    /// The manifest as `dash-mpd-core` parses it.
    pub mpd: MPD,
    /// All representations but those for trick mode, in manifest order.
    pub representations: Vec<Representation>,
    /// The adaptation sets for trick mode.
    pub trick_modes: Vec<TrickMode>,
}

/// An adaptation set for trick mode (DASH-IF IOP 3.2.9).
#[derive(Debug)]
pub struct TrickMode {
    /// `@id` of the adaptation set that it belongs to.
    pub main: String,
    /// Its representations.
    pub representations: Vec<Representation>,
}

/// A representation, with the files of its `SegmentTemplate` or the single file of its `SegmentBase`.
#[derive(Debug, Clone)]
pub struct Representation {
    /// `@id`.
    pub id: String,
    /// `@contentType` of its adaptation set.
    pub content_type: String,
    /// `@codecs`.
    pub codecs: String,
    /// `@lang` of its adaptation set.
    pub language: Option<String>,
    /// `@bandwidth`, in bits per second.
    pub bandwidth: u64,
    /// The timescale of all times below, in units per second.
    pub timescale: u64,
    /// `@presentationTimeOffset`.
    pub presentation_time_offset: u64,
    /// The file that holds the init segment.
    pub init: PathBuf,
    /// The byte range of the init segment in that file; `None` if it is the whole file.
    pub init_range: Option<Range<u64>>,
    /// The segments of the timeline, with repetitions expanded.
    pub segments: Vec<Segment>,
    /// The byte range and the content of the segment index of a single file.
    pub index: Option<(Range<u64>, SegmentIndex)>,
    /// The protection that the manifest signals.
    pub protection: Option<Protection>,
}

/// A segment of the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// `$Number$`.
    pub number: u64,
    /// Start on the media timeline.
    pub start: u64,
    /// Duration.
    pub duration: u64,
    /// The file that holds the segment.
    pub path: PathBuf,
    /// Its byte range in that file; `None` if it is the whole file.
    pub range: Option<Range<u64>>,
}

/// The descriptor `urn:mpeg:dash:mp4protection:2011`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protection {
    /// Its `@value`, such as `cbcs`.
    pub scheme: String,
    /// Its `@cenc:default_KID`.
    pub default_kid: String,
}

/// A sample as the movie fragment of a segment lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Decode time.
    pub decode_time: u64,
    /// Decode time plus composition offset.
    pub composition_time: i64,
    /// Duration.
    pub duration: u32,
    /// Length in bytes.
    pub size: u32,
    /// Whether its sample flags mark it as a sync sample.
    pub sync: bool,
}

impl Package {
    /// Iterates over the video and audio representations, without text.
    pub fn media(&self) -> impl Iterator<Item = &Representation> {
        self.representations.iter().filter(|representation| representation.content_type != "text")
    }

    /// Reads the manifest `stream.mpd` of a directory.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn open(directory: &Path) -> Self {
        let text = fs::read_to_string(directory.join("stream.mpd")).expect("the package has a manifest");
        Self::parse(directory, text)
    }

    /// Reads a directory with `text` in place of its manifest.
    ///
    /// # Panics
    /// When `text` is not a manifest.
    #[must_use]
    pub fn parse(directory: &Path, text: String) -> Self {
        let mpd = dash_mpd_core::parse(&text).expect("the manifest parses");
        let (mut representations, mut trick_modes) = (Vec::new(), Vec::new());
        for set in mpd.periods.iter().flat_map(|period| &period.adaptations) {
            let members = representations_of(directory, set);
            match trick_mode_of(set) {
                Some(main) => trick_modes.push(TrickMode { main: main.to_owned(), representations: members }),
                None => representations.extend(members),
            }
        }
        Self { directory: directory.to_owned(), text, mpd, representations, trick_modes }
    }

    /// Returns the representation with this id.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn representation(&self, id: &str) -> &Representation {
        let found = self.representations.iter().find(|representation| representation.id == id);
        found.unwrap_or_else(|| panic!("no representation {id}"))
    }

    /// Lists every file below the directory, as sorted paths relative to it.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        files(&self.directory)
    }
}

/// Returns the id of the adaptation set that a set for trick mode belongs to, if the set is one.
#[must_use]
pub fn trick_mode_of(set: &AdaptationSet) -> Option<&str> {
    let is_trick_mode = |scheme: &str| scheme == "http://dashif.org/guidelines/trickmode";
    let property = set.essential_property.iter().find(|property| is_trick_mode(&property.schemeIdUri))?;
    Some(property.value.as_deref().unwrap_or_default())
}

/// Lists every file below a directory, as sorted paths relative to it.
///
/// # Panics
/// When the directory cannot be read.
#[must_use]
pub fn files(directory: &Path) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).expect("the directory exists") {
            let path = entry.expect("its entries can be read").path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(directory).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// Reads a file, or a byte range of it.
fn read(path: &Path, range: Option<&Range<u64>>) -> Vec<u8> {
    let Some(range) = range else { return fs::read(path).expect("the file exists") };
    let mut file = fs::File::open(path).expect("the file exists");
    file.seek(SeekFrom::Start(range.start)).expect("the file is seekable");
    let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap()];
    file.read_exact(&mut bytes).expect("the file contains the range");
    bytes
}

impl Representation {
    /// Reads the init segment.
    pub fn init_bytes(&self) -> Vec<u8> {
        read(&self.init, self.init_range.as_ref())
    }
}

impl Segment {
    /// Reads the segment.
    pub fn bytes(&self) -> Vec<u8> {
        read(&self.path, self.range.as_ref())
    }

    /// Returns the length of the segment in bytes.
    pub fn length(&self) -> u64 {
        let whole = || fs::metadata(&self.path).expect("the segment exists").len();
        self.range.as_ref().map_or_else(whole, |range| range.end - range.start)
    }

    /// Lists the samples of the segment's movie fragment.
    ///
    /// # Panics
    /// When the segment is not one fragment of one track, or a sample property is neither in the `trun` nor a default of the
    /// `tfhd`.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        let moof = self.moof();
        let [traf] = moof.traf.as_slice() else { panic!("{} does not have exactly one track", self.path.display()) };
        let mut decode_time = traf.tfdt.as_ref().expect("a tfdt").base_media_decode_time;
        let mut samples = Vec::new();
        for entry in traf.trun.iter().flat_map(|trun| trun.samples.iter()) {
            let flags = entry.flags.or(traf.tfhd.default_sample_flags).expect("sample flags");
            let duration = entry.duration.or(traf.tfhd.default_sample_duration).expect("a sample duration");
            samples.push(Sample {
                decode_time,
                composition_time: i64::try_from(decode_time).unwrap() + entry.cts.unwrap_or(0),
                duration,
                size: entry.size.or(traf.tfhd.default_sample_size).expect("a sample size"),
                sync: flags & 0x0001_0000 == 0,
            });
            decode_time += u64::from(duration);
        }
        samples
    }

    /// Returns the bytes of each sample as they are in the segment, encrypted or clear.
    ///
    /// # Panics
    /// When there is not exactly one `mdat` box.
    #[must_use]
    pub fn sample_bytes(&self) -> Vec<Vec<u8>> {
        let bytes = self.bytes();
        let mut rest = boxes::one(&bytes, "mdat");
        let take = |sample: Sample| {
            let (bytes, remaining) = rest.split_at(usize::try_from(sample.size).unwrap());
            rest = remaining;
            bytes.to_vec()
        };
        self.samples().into_iter().map(take).collect()
    }

    /// Returns the protected byte ranges of every sample, from the subsamples of `senc`. Expects a constant IV, and so no IV
    /// per sample.
    ///
    /// # Panics
    /// When the segment has no `senc` box.
    #[must_use]
    pub fn protected_ranges(&self) -> Vec<Vec<Range<usize>>> {
        let bytes = self.bytes();
        protected_ranges(boxes::one(&bytes, "moof/traf/senc"), 0)
    }

    /// Parses the movie fragment box with `mp4-atom`.
    ///
    /// # Panics
    /// When there is not exactly one.
    #[must_use]
    pub fn moof(&self) -> Moof {
        let bytes = self.bytes();
        let found: Vec<_> = positions(&bytes).into_iter().filter(|(kind, ..)| kind == b"moof").collect();
        let [(_, start, end)] = found.as_slice() else {
            panic!("{} does not have exactly one fragment", self.path.display())
        };
        Moof::decode(&mut &bytes[*start..*end]).expect("mp4-atom reads the fragment")
    }
}

/// Returns the protected byte ranges of every sample from the payload of a `senc` box. Each sample's entry starts with an IV
/// of `iv_bytes`.
///
/// # Panics
/// When the payload ends early.
#[must_use]
pub fn protected_ranges(senc: &[u8], iv_bytes: usize) -> Vec<Vec<Range<usize>>> {
    let count = u32::from_be_bytes(senc[4..8].try_into().unwrap());
    let mut rest = &senc[8..];
    let mut number = |length: usize| {
        let (field, remaining) = rest.split_at(length);
        rest = remaining;
        field.iter().fold(0, |number: usize, byte| number.wrapping_shl(8) | usize::from(*byte))
    };
    let sample = |_| {
        number(iv_bytes);
        let (mut at, entries) = (0, number(2));
        let range = |_| {
            let start = at + number(2);
            at = start + number(4);
            start..at
        };
        (0..entries).map(range).filter(|range| !range.is_empty()).collect()
    };
    (0..count).map(sample).collect()
}

/// Lists the boxes of a file: type, offset, offset of the end.
fn positions(bytes: &[u8]) -> Vec<([u8; 4], usize, usize)> {
    let mut at = 0;
    let place = |(kind, payload): (&[u8], &[u8])| {
        let start = at;
        at += 8 + payload.len();
        (kind.try_into().unwrap(), start, at)
    };
    boxes::children(bytes).map(place).collect()
}

fn representations_of(directory: &Path, set: &AdaptationSet) -> Vec<Representation> {
    let protection =
        set.ContentProtection.iter().find(|descriptor| descriptor.schemeIdUri == "urn:mpeg:dash:mp4protection:2011");
    let protection = protection.map(|descriptor| Protection {
        scheme: descriptor.value.clone().unwrap_or_default(),
        default_kid: descriptor.default_KID.clone().unwrap_or_default(),
    });
    let read = |representation: &dash_mpd_core::Representation| {
        let id = representation.id.clone().expect("a representation has an id");
        let bandwidth = representation.bandwidth.expect("a representation has a bandwidth");
        let media = match (
            &representation.SegmentBase,
            representation.SegmentTemplate.as_ref().or(set.SegmentTemplate.as_ref()),
        ) {
            (Some(base), None) => MediaLocation::of_single_file(directory, representation, base),
            (None, Some(template)) => MediaLocation::of_files(directory, &id, bandwidth, template),
            _ => panic!("{id} has neither a segment template nor a segment base, or both"),
        };
        Representation {
            content_type: set.contentType.clone().unwrap_or_default(),
            codecs: representation.codecs.clone().or_else(|| set.codecs.clone()).unwrap_or_default(),
            language: set.lang.clone(),
            timescale: media.timescale.unwrap_or(1),
            presentation_time_offset: media.presentation_time_offset.unwrap_or(0),
            protection: protection.clone(),
            bandwidth,
            init: media.init,
            init_range: media.init_range,
            segments: media.segments,
            index: media.index,
            id,
        }
    };
    set.representations.iter().map(read).collect()
}

/// The files and byte ranges of a representation.
struct MediaLocation {
    timescale: Option<u64>,
    presentation_time_offset: Option<u64>,
    init: PathBuf,
    init_range: Option<Range<u64>>,
    segments: Vec<Segment>,
    index: Option<(Range<u64>, SegmentIndex)>,
}

impl MediaLocation {
    fn of_files(directory: &Path, id: &str, bandwidth: u64, template: &SegmentTemplate) -> Self {
        let fill = |pattern: &Option<String>, number: u64| {
            let pattern = pattern.as_deref().expect("the template names its files");
            let name = pattern.replace("$RepresentationID$", id).replace("$Number$", &number.to_string());
            let name = name.replace("$Bandwidth$", &bandwidth.to_string());
            assert!(!name.contains('$'), "unknown identifier in {pattern}");
            directory.join(name)
        };
        let segment = |(number, start, duration)| {
            let path = fill(&template.media, number);
            Segment { number, start, duration, path, range: None }
        };
        Self {
            timescale: template.timescale,
            presentation_time_offset: template.presentationTimeOffset,
            init: fill(&template.initialization, 0),
            init_range: None,
            segments: timeline(template).map(segment).collect(),
            index: None,
        }
    }

    fn of_single_file(directory: &Path, representation: &dash_mpd_core::Representation, base: &SegmentBase) -> Self {
        let [url] = representation.BaseURL.as_slice() else { panic!("not exactly one BaseURL") };
        let path = directory.join(&url.base);
        let index_range = range(base.indexRange.as_deref());
        let index = SegmentIndex::parse(&read(&path, Some(&index_range)));
        let (mut start, mut at) = (index.earliest_presentation_time, index_range.end + index.first_offset);
        let mut segments = Vec::new();
        for (number, reference) in (1..).zip(&index.references) {
            let (duration, size) = (u64::from(reference.duration), u64::from(reference.size));
            segments.push(Segment { number, start, duration, path: path.clone(), range: Some(at..at + size) });
            (start, at) = (start + duration, at + size);
        }
        let init = base.Initialization.as_ref().expect("SegmentBase has an Initialization");
        Self {
            timescale: base.timescale,
            presentation_time_offset: base.presentationTimeOffset,
            init_range: Some(range(init.range.as_deref())),
            init: path,
            segments,
            index: Some((index_range, index)),
        }
    }
}

/// Parses a byte range attribute: first and last byte.
fn range(text: Option<&str>) -> Range<u64> {
    let (first, last) = text.and_then(|text| text.split_once('-')).expect("a byte range");
    first.parse().expect("a number")..last.parse::<u64>().expect("a number") + 1
}

/// Iterates over the segments of a timeline: number, start, duration.
fn timeline(template: &SegmentTemplate) -> impl Iterator<Item = (u64, u64, u64)> {
    let entries = &template.SegmentTimeline.as_ref().expect("a segment timeline").segments;
    let mut time = 0;
    let mut segments = Vec::new();
    for entry in entries {
        time = entry.t.unwrap_or(time);
        for _ in 0..=entry.r.unwrap_or(0) {
            segments.push((time, entry.d));
            time += entry.d;
        }
    }
    let first = template.startNumber.unwrap_or(1);
    (first..).zip(segments).map(|(number, (start, duration))| (number, start, duration))
}
