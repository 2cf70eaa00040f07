//! The files that the origin can make, by their paths.

use vpp_media::cmaf::SegmentId;

use crate::domain::id::PackageId;
use crate::domain::layout::{self, Headers};

/// A segment, or its text, that a viewer requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestedFile {
    pub(super) package: PackageId,
    pub(super) segment: SegmentId,
    pub(super) kind: FileKind,
    pub(super) headers: Headers,
}

/// The form of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    /// A movie fragment.
    Segment,
    /// A WebVTT text file.
    Text,
}

impl RequestedFile {
    /// Parses a path such as `<packaged_content_id>/v1/3.m4s`. Only the spelling that manifests state is a path.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let (package, rest) = path.split_once('/')?;
        let (representation, name) = rest.split_once('/')?;
        let (number, extension) = name.split_once('.')?;
        let (representation, number) = (representation.parse().ok()?, number.parse().ok()?);
        let segment = SegmentId { representation, number };
        let (kind, spelling) = match extension {
            "m4s" => (FileKind::Segment, segment.path()),
            "vtt" if rest.starts_with('t') => (FileKind::Text, segment.webvtt_path()),
            _ => return None,
        };
        let (package, headers) = (package.parse().ok()?, layout::output_headers(rest));
        (spelling == rest).then_some(Self { package, segment, kind, headers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGE: &str = "abcdefghijklmnopqrstuvwxyz";

    #[test]
    fn a_segment_has_one_path() {
        let parse = |rest: &str| RequestedFile::parse(&format!("{PACKAGE}/{rest}"));
        let parts = |requested: RequestedFile| (requested.segment.path(), requested.kind);
        assert_eq!(parse("v1/3.m4s").map(parts), Some(("v1/3.m4s".to_owned(), FileKind::Segment)));
        assert_eq!(parse("t2/10.vtt").map(parts), Some(("t2/10.m4s".to_owned(), FileKind::Text)));
        for other in
            ["", "v1", "v1/", "v1/3", "v1/03.m4s", "v1/+3.m4s", "v1/3.M4S", "v1/3.mp4", "v1/3.m4s/", "v01/3.m4s"]
        {
            assert_eq!(parse(other), None, "{other}");
        }
        for other in
            ["v1/init.mp4", "stream.mpd", "v1//3.m4s", "v1/3.vtt", "v1/4294967296.m4s", "../v1/3.m4s", "x1/3.m4s"]
        {
            assert_eq!(parse(other), None, "{other}");
        }
        assert_eq!(RequestedFile::parse("short/v1/3.m4s"), None);
    }
}
