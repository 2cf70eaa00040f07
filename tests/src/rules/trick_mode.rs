//! Rules of adaptation sets for trick mode (DASH-IF IOP 3.2.9).

use super::manifest::sap_type;
use super::report::Report;
use crate::package::{Package, Representation, trick_mode_of};

/// Requires that every video set with several segments, all of which can be decoded from their key frame, has one set for trick
/// mode, and no other set has one. Its only representation names the segments of the member with the lowest bit rate.
pub(super) fn check(package: &Package, report: &mut Report) {
    let sets = || package.mpd.periods.iter().flat_map(|period| &period.adaptations);
    let mut expected = 0;
    for set in sets().filter(|set| set.contentType.as_deref() == Some("video") && trick_mode_of(set).is_none()) {
        let ids = set.representations.iter().filter_map(|representation| representation.id.as_deref());
        let members = ids.map(|id| package.representation(id));
        let Some(lowest) = members.min_by_key(|member| member.bandwidth) else { continue };
        if lowest.segments.len() < 2 || lowest.segments.iter().any(|segment| sap_type(segment) != 1) {
            continue;
        }
        expected += 1;
        let id = set.id.as_deref().unwrap_or_default();
        let of_set = package.trick_modes.iter().filter(|trick| trick.main == id);
        let found: Vec<_> = of_set.flat_map(|trick| &trick.representations).collect();
        let holds = matches!(found[..], [trick] if is_same_media(trick, lowest));
        report.require(holds, || format!("set {id}: no trick mode with the segments of {}", lowest.id));
    }
    let found = package.trick_modes.len();
    report.require(found == expected, || format!("{found} sets for trick mode instead of {expected}"));
    for set in sets().filter(|set| trick_mode_of(set).is_some()) {
        let id = set.id.as_deref().unwrap_or_default();
        // Both attributes are about all frames (ISO/IEC 23009-1 5.3.7.2), and only key frames depend on no other.
        let is_of_all = set.codingDependency == Some(false)
            || set.maxPlayoutRate.is_some()
            || set.representations.iter().any(|it| it.codingDependency == Some(false) || it.maxPlayoutRate.is_some());
        report.require(!is_of_all, || format!("set {id}: a property of the key frames is stated of all frames"));
        let parts = set.representations.iter().flat_map(|representation| &representation.SubRepresentation);
        let is_described = parts.map(|part| part.codingDependency).eq([Some(false)]);
        report.require(is_described, || format!("set {id}: no description of the key frames"));
    }
}

/// Returns whether two representations are of the same segments, with the same times, codec, bit rate and protection.
fn is_same_media(a: &Representation, b: &Representation) -> bool {
    let media = |of: &Representation| {
        (of.init.clone(), of.init_range.clone(), of.segments.clone(), of.timescale, of.presentation_time_offset)
    };
    let properties = |of: &Representation| (of.codecs.clone(), of.bandwidth, of.protection.clone());
    media(a) == media(b) && properties(a) == properties(b)
}
