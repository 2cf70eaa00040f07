//! Trick mode (DASH-IF IOP 4.3, 3.2.9): adaptation sets from which players show a video fast.

use super::finding::{Attribute, Findings};
use super::manifests::Representation;

const TRICK_MODE: &str = "http://dashif.org/guidelines/trickmode";

/// Requires that every adaptation set for trick mode names a video set for normal playback, and has the segments and the codec
/// parameters of one of its representations.
pub(super) fn check(representations: &[Representation<'_>], findings: &mut Findings) {
    for found in representations.iter().filter(|found| found.is_special()) {
        let place = format!("stream.mpd {}", found.id);
        let main = found.set.descriptors("EssentialProperty", TRICK_MODE).next();
        let of_main = |other: &&Representation<'_>| {
            !other.is_special()
                && main.is_some()
                && other.set.get("id") == main
                && other.get("contentType") == Some("video")
        };
        let members: Vec<_> = representations.iter().filter(of_main).collect();
        let named = main.unwrap_or("no scheme of trick mode");
        findings.require(!members.is_empty(), &place, Attribute::TrickMode, "the id of a video set", named);
        if members.is_empty() {
            continue;
        }
        for segment in found.segments.iter().filter(|segment| !segment.file.is_file()) {
            findings.require(false, &place, Attribute::TrickMode, "a segment that exists", segment.file.display());
        }
        // Bytes that the package has for normal playback: no second copy of the key frames.
        let is_same =
            |other: &&&Representation<'_>| other.segments == found.segments && other.timescale == found.timescale;
        let Some(copied) = members.iter().find(is_same) else {
            findings.require(false, &place, Attribute::TrickMode, "the segments of a representation", "others");
            continue;
        };
        for name in ["codecs", "width", "height", "bandwidth"] {
            findings.compare(&place, Attribute::TrickMode, copied.get(name), found.get(name));
        }
    }
}
