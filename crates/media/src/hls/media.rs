//! Media playlists (RFC 8216bis 4.4.3, 4.4.4).

use std::fmt::Write;

use super::keys::keys;
use super::{HlsOptions, INDEPENDENT_SEGMENTS};
use crate::cmaf::{Layout, Presentation, Representation, SegmentSize, SegmentTime, Sidecar};
use crate::track::TrackKind;

/// Path of a track's media playlist.
pub(super) fn path(name: &str) -> String {
    format!("{name}/media.m3u8")
}

/// Path of a track's playlist of key pictures.
pub(super) fn key_pictures_path(name: &str) -> String {
    format!("{name}/iframes.m3u8")
}

/// The playlist of all segments of a track.
pub(super) fn segments(own: &Representation, files: &Files<'_>, options: &HlsOptions) -> String {
    let kind = if own.has_independent_segments() { INDEPENDENT_SEGMENTS } else { "" };
    playlist(own, &own.segments, kind, Some(&files.init(own)), files.segments(own), options)
}

/// The playlist of a track of text.
///
/// A playlist begins when the presentation does, and says nothing of times but how long segments last: where text begins
/// later than what it belongs to, its first segment lasts longer by that.
pub(super) fn subtitles(presentation: &Presentation, own: &Representation, files: &Files<'_>) -> String {
    let mut segments = own.segments.clone();
    if let Some(first) = segments.first_mut() {
        let start = start_of_media(presentation, own).unwrap_or(first.start).min(first.start);
        first.duration = first.end().saturating_sub(start);
        first.start = start;
    }
    let options = HlsOptions::default();
    if own.has_text_files() {
        let entries = segments.iter().zip(1..).map(|(_, number)| Resource::text(number)).collect();
        return playlist(own, &segments, "", None, entries, &options);
    }
    playlist(own, &segments, "", Some(&files.init(own)), files.segments(own), &options)
}

/// The playlist of a file of subtitles: one segment, as long as what it belongs to.
pub(super) fn sidecar(presentation: &Presentation, own: &Sidecar) -> String {
    let lasts = |own: &Representation| {
        let start = own.segments.first().map_or(0, |first| first.start);
        seconds(own.segments.last().map_or(0, SegmentTime::end).saturating_sub(start), own)
    };
    let duration = presentation.representations.iter().map(lasts).fold(0.0, f64::max);
    let target = duration.ceil();
    format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{target:.0}\n#EXT-X-PLAYLIST-TYPE:VOD\n\
         #EXTINF:{duration:.6},\n{}\n#EXT-X-ENDLIST\n",
        own.hls_name()
    )
}

/// When the first segment of the first track of video, or of audio, starts; in units of `own`.
fn start_of_media(presentation: &Presentation, own: &Representation) -> Option<u64> {
    let of = |kind| presentation.representations.iter().find(|other| other.kind == kind);
    let media = of(TrackKind::Video).or_else(|| of(TrackKind::Audio))?;
    let start = own.timescale.rescale(media.segments.first()?.start, media.timescale)?;
    let origin = own.timescale.rescale(media.presentation_time_offset, media.timescale)?;
    Some(start.saturating_add(own.presentation_time_offset).saturating_sub(origin))
}

/// The playlist of the pictures that segments begin with (4.4.3.6): each as long as its segment, read up to its last byte.
pub(super) fn key_pictures(own: &Representation, files: &Files<'_>, options: &HlsOptions) -> String {
    playlist(own, &own.segments, "#EXT-X-I-FRAMES-ONLY\n", Some(&files.init(own)), files.key_pictures(own), options)
}

/// Where the parts of a track lie.
pub(super) struct Files<'p> {
    pub(super) layout: Layout,
    pub(super) sizes: &'p [SegmentSize],
}

/// A resource of a playlist: a file, or a range of it as length and start.
struct Resource {
    uri: String,
    range: Option<(u64, u64)>,
}

/// The single file of a track, as its playlists name it.
const SINGLE_FILE: &str = "media.mp4";

impl Files<'_> {
    fn init(&self, own: &Representation) -> Resource {
        match self.layout {
            Layout::Segments => Resource { uri: "init.mp4".to_owned(), range: None },
            Layout::SingleFile => Resource::of_single_file(own.index_range().start, 0),
        }
    }

    fn segments(&self, own: &Representation) -> Vec<Resource> {
        match self.layout {
            Layout::Segments => {
                own.segments.iter().zip(1..).map(|(_, number)| Resource::segment(number, None)).collect()
            }
            Layout::SingleFile => self.ranges(own, |size| size.bytes),
        }
    }

    fn key_pictures(&self, own: &Representation) -> Vec<Resource> {
        let entry = |(number, size): (u32, &SegmentSize)| Resource::segment(number, Some((size.entry_bytes, 0)));
        match self.layout {
            Layout::Segments => (1..).zip(self.sizes).map(entry).collect(),
            Layout::SingleFile => self.ranges(own, |size| size.entry_bytes),
        }
    }

    /// The first bytes of every segment of a single file.
    fn ranges(&self, own: &Representation, bytes: impl Fn(&SegmentSize) -> u64) -> Vec<Resource> {
        let ranges = own.byte_ranges(self.sizes).zip(self.sizes);
        ranges.map(|(range, size)| Resource::of_single_file(bytes(size), range.start)).collect()
    }
}

impl Resource {
    fn segment(number: u32, range: Option<(u64, u64)>) -> Self {
        Self { uri: format!("{number}.m4s"), range }
    }

    fn text(number: u32) -> Self {
        Self { uri: format!("{number}.vtt"), range: None }
    }

    fn of_single_file(length: u64, start: u64) -> Self {
        Self { uri: SINGLE_FILE.to_owned(), range: Some((length, start)) }
    }
}

/// A playlist of the segments of a track at `entries`, which may last otherwise than in the track.
fn playlist(
    own: &Representation,
    segments: &[SegmentTime],
    kind: &str,
    init: Option<&Resource>,
    entries: Vec<Resource>,
    options: &HlsOptions,
) -> String {
    let longest = segments.iter().map(|segment| segment.duration).max().unwrap_or(0);
    let target = longest.div_ceil(u64::from(own.timescale.hz()).max(1));
    let mut text =
        format!("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-PLAYLIST-TYPE:VOD\n{kind}");
    if let Some(init) = init {
        let range = init.range.map(|(length, start)| format!(",BYTERANGE=\"{length}@{start}\"")).unwrap_or_default();
        line(&mut text, format_args!("#EXT-X-MAP:URI=\"{}\"{range}", init.uri));
    }
    if let Some(encryption) = &own.encryption {
        for attributes in keys(encryption, options) {
            line(&mut text, format_args!("#EXT-X-KEY:{attributes}"));
        }
    }
    for (segment, resource) in segments.iter().zip(entries) {
        line(&mut text, format_args!("#EXTINF:{:.6},", seconds(segment.duration, own)));
        if let Some((length, start)) = resource.range {
            line(&mut text, format_args!("#EXT-X-BYTERANGE:{length}@{start}"));
        }
        line(&mut text, format_args!("{}", resource.uri));
    }
    text.push_str("#EXT-X-ENDLIST\n");
    text
}

/// Seconds of `units`, as playlists state them: decimal, for people's clocks; segments themselves carry exact times.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a segment's duration is far below 2^53 units")]
pub(super) fn seconds(units: u64, own: &Representation) -> f64 {
    units as f64 / f64::from(own.timescale.hz())
}

/// Appends a line.
pub(super) fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    // Formatting into a String cannot fail.
    let _ = writeln!(text, "{content}");
}
