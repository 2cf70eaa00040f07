//! A package on disk as a player meets it: the manifest, and every file it leads to.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use dash_mpd_core::{AdaptationSet, MPD, SegmentBase, SegmentTemplate};
use mp4_atom::{Decode, Moof};

use crate::index::SegmentIndex;

/// A package: its directory, and what its manifest says.
#[derive(Debug)]
pub struct Package {
    /// Where the manifest lies.
    pub directory: PathBuf,
    /// The manifest as written.
    pub text: String,
    /// The manifest as an outside parser reads it.
    pub mpd: MPD,
    /// All representations, in the order of the manifest.
    pub representations: Vec<Representation>,
}

/// A representation, and the files its template names or the single file its base does.
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
    /// Units per second of every time below.
    pub timescale: u64,
    /// `@presentationTimeOffset`.
    pub presentation_time_offset: u64,
    /// The file of the init segment.
    pub init: PathBuf,
    /// Where in that file the init segment lies, when there is more in it.
    pub init_range: Option<Range<u64>>,
    /// The timeline, written out.
    pub segments: Vec<Segment>,
    /// The segment index of a single file, and where it lies.
    pub index: Option<(Range<u64>, SegmentIndex)>,
    /// What the manifest says of its protection.
    pub protection: Option<Protection>,
}

/// A segment of the timeline.
#[derive(Debug, Clone)]
pub struct Segment {
    /// `$Number$`.
    pub number: u64,
    /// When it starts, on the timeline of the media.
    pub start: u64,
    /// How long it lasts.
    pub duration: u64,
    /// The file.
    pub path: PathBuf,
    /// Where in that file it lies, when there is more in it.
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
    /// Decode time and composition offset.
    pub composition_time: i64,
    /// How long it lasts.
    pub duration: u32,
    /// Length in bytes.
    pub size: u32,
    /// Whether the flags say that it is a sync sample.
    pub sync: bool,
}

impl Package {
    /// The representations of pictures and sound, without those of text.
    pub fn media(&self) -> impl Iterator<Item = &Representation> {
        self.representations.iter().filter(|own| own.content_type != "text")
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

    /// The package of a directory if `text` were its manifest.
    ///
    /// # Panics
    /// When the manifest is none.
    #[must_use]
    pub fn parse(directory: &Path, text: String) -> Self {
        let mpd = dash_mpd_core::parse(&text).expect("the manifest parses");
        let representations = mpd.periods.iter().flat_map(|period| &period.adaptations);
        let representations = representations.flat_map(|set| representations_of(directory, set)).collect();
        Self { directory: directory.to_owned(), text, mpd, representations }
    }

    /// The representation of this id.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn representation(&self, id: &str) -> &Representation {
        let found = self.representations.iter().find(|representation| representation.id == id);
        found.unwrap_or_else(|| panic!("no representation {id}"))
    }

    /// Every file below the directory, as paths relative to it, sorted.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        files(&self.directory)
    }
}

/// Every file below a directory, as paths relative to it, sorted.
///
/// # Panics
/// When the directory cannot be read.
#[must_use]
pub fn files(directory: &Path) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).expect("the directory is there") {
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

/// The bytes of a file, or of a range of it.
fn read(path: &Path, range: Option<&Range<u64>>) -> Vec<u8> {
    let Some(range) = range else { return fs::read(path).expect("the file is there") };
    let mut file = fs::File::open(path).expect("the file is there");
    file.seek(SeekFrom::Start(range.start)).expect("it can be sought");
    let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap()];
    file.read_exact(&mut bytes).expect("the range lies in the file");
    bytes
}

impl Representation {
    /// The bytes of the init segment.
    pub fn init_bytes(&self) -> Vec<u8> {
        read(&self.init, self.init_range.as_ref())
    }
}

impl Segment {
    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        read(&self.path, self.range.as_ref())
    }

    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        let whole = || fs::metadata(&self.path).expect("the segment is there").len();
        self.range.as_ref().map_or_else(whole, |range| range.end - range.start)
    }

    /// The samples its movie fragment lists.
    ///
    /// # Panics
    /// When the file is not one fragment of one track with everything stated per sample.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        let moof = self.moof();
        let [traf] = moof.traf.as_slice() else { panic!("{} has not one track", self.path.display()) };
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

    /// The samples' bytes as they lie in the segment, encrypted or not.
    ///
    /// # Panics
    /// When there is not exactly one media data box.
    #[must_use]
    pub fn sample_bytes(&self) -> Vec<Vec<u8>> {
        let bytes = self.bytes();
        let mut rest = crate::boxes::one(&bytes, "mdat");
        let take = |sample: Sample| {
            let (own, behind) = rest.split_at(usize::try_from(sample.size).unwrap());
            rest = behind;
            own.to_vec()
        };
        self.samples().into_iter().map(take).collect()
    }

    /// The protected ranges of every sample, by the subsamples of `senc` (a constant IV, so no IV for each sample).
    ///
    /// # Panics
    /// When the segment has no subsamples.
    #[must_use]
    pub fn protected_ranges(&self) -> Vec<Vec<Range<usize>>> {
        let bytes = self.bytes();
        protected_ranges(crate::boxes::one(&bytes, "moof/traf/senc"), 0)
    }

    /// The movie fragment box, as `mp4-atom` reads it.
    ///
    /// # Panics
    /// When there is not exactly one.
    #[must_use]
    pub fn moof(&self) -> Moof {
        let bytes = self.bytes();
        let found: Vec<_> = positions(&bytes).into_iter().filter(|(kind, ..)| kind == b"moof").collect();
        let [(_, start, end)] = found.as_slice() else { panic!("{} has not one fragment", self.path.display()) };
        Moof::decode(&mut &bytes[*start..*end]).expect("mp4-atom reads the fragment")
    }
}

/// The protected ranges of every sample that the payload of a `senc` box lists, behind IVs of `iv` bytes.
///
/// # Panics
/// When it ends early.
#[must_use]
pub fn protected_ranges(senc: &[u8], iv: usize) -> Vec<Vec<Range<usize>>> {
    let count = u32::from_be_bytes(senc[4..8].try_into().unwrap());
    let mut rest = &senc[8..];
    let mut number = |length: usize| {
        let (own, behind) = rest.split_at(length);
        rest = behind;
        own.iter().fold(0, |number: usize, byte| number.wrapping_shl(8) | usize::from(*byte))
    };
    let sample = |_| {
        number(iv);
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

/// The boxes of a file: type, first byte, byte behind the last.
fn positions(bytes: &[u8]) -> Vec<([u8; 4], usize, usize)> {
    let mut at = 0;
    let place = |(kind, payload): (&[u8], &[u8])| {
        let start = at;
        at += 8 + payload.len();
        (kind.try_into().unwrap(), start, at)
    };
    crate::boxes::children(bytes).map(place).collect()
}

fn representations_of(directory: &Path, set: &AdaptationSet) -> Vec<Representation> {
    let protection = set.ContentProtection.iter().find(|own| own.schemeIdUri == "urn:mpeg:dash:mp4protection:2011");
    let protection = protection.map(|own| Protection {
        scheme: own.value.clone().unwrap_or_default(),
        default_kid: own.default_KID.clone().unwrap_or_default(),
    });
    let read = |own: &dash_mpd_core::Representation| {
        let id = own.id.clone().expect("a representation has an id");
        let bandwidth = own.bandwidth.expect("a representation has a bandwidth");
        let media = match (&own.SegmentBase, own.SegmentTemplate.as_ref().or(set.SegmentTemplate.as_ref())) {
            (Some(base), None) => Media::of_single_file(directory, own, base),
            (None, Some(template)) => Media::of_files(directory, &id, bandwidth, template),
            _ => panic!("{id} has neither a segment template nor a segment base, or both"),
        };
        Representation {
            content_type: set.contentType.clone().unwrap_or_default(),
            codecs: own.codecs.clone().or_else(|| set.codecs.clone()).unwrap_or_default(),
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

/// Where the media of a representation lies.
struct Media {
    timescale: Option<u64>,
    presentation_time_offset: Option<u64>,
    init: PathBuf,
    init_range: Option<Range<u64>>,
    segments: Vec<Segment>,
    index: Option<(Range<u64>, SegmentIndex)>,
}

impl Media {
    fn of_files(directory: &Path, id: &str, bandwidth: u64, template: &SegmentTemplate) -> Self {
        let fill = |pattern: &Option<String>, number: u64| {
            let pattern = pattern.as_deref().expect("the template names its files");
            let name = pattern.replace("$RepresentationID$", id).replace("$Number$", &number.to_string());
            let name = name.replace("$Bandwidth$", &bandwidth.to_string());
            assert!(!name.contains('$'), "an identifier of {pattern} is not known");
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

    fn of_single_file(directory: &Path, own: &dash_mpd_core::Representation, base: &SegmentBase) -> Self {
        let [url] = own.BaseURL.as_slice() else { panic!("not one BaseURL") };
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
        let init = base.Initialization.as_ref().expect("the base says where the init segment lies");
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

/// A byte range as attributes state it: first and last.
fn range(text: Option<&str>) -> Range<u64> {
    let (first, last) = text.and_then(|text| text.split_once('-')).expect("a byte range");
    first.parse().expect("a number")..last.parse::<u64>().expect("a number") + 1
}

/// The segments of a timeline: number, start, duration.
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
