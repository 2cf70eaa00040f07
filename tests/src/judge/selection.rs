//! By what players and viewers select a track: language, roles, and the default.

use std::collections::BTreeSet;

use isolang::Language;

use super::finding::{Attribute, Findings};
use super::pair::Pair;
use super::playlist::AttributeList;
use super::track::{Kind, Track};

const ROLE: &str = "urn:mpeg:dash:role:2011";

/// Bibliographic codes of ISO 639-2 that differ from the terminological ones.
const BIBLIOGRAPHIC: [(&str, &str); 6] =
    [("fre", "fra"), ("ger", "deu"), ("dut", "nld"), ("chi", "zho"), ("gre", "ell"), ("cze", "ces")];

/// The roles of ffprobe's dispositions (ISO/IEC 23009-1 5.8.5.5).
const ROLES: [(&str, &str); 4] =
    [("dub", "dub"), ("comment", "commentary"), ("visual_impaired", "description"), ("descriptions", "description")];

/// Returns the language as a BCP 47 tag: the shortest code of ISO 639 (RFC 5646 2.2.1).
pub(super) fn language(track: &Track<'_>) -> Option<String> {
    let code = track.stream.tag("language").filter(|code| !["und", "mis", "zxx", "mul"].contains(code))?;
    let code = BIBLIOGRAPHIC.iter().find(|(from, _)| *from == code).map_or(code, |(_, to)| to);
    let short = Language::from_639_3(code).and_then(|language| language.to_639_1());
    Some(short.unwrap_or(code).to_owned())
}

/// Returns the roles that the file states for a track.
fn stated_roles(track: &Track<'_>) -> BTreeSet<&'static str> {
    let kinds = track.source.kinds(track.stream.index);
    let is = |disposition| track.stream.is(disposition) || kinds.iter().any(|kind| kind == disposition);
    let mut roles: BTreeSet<_> = match track.kind {
        Kind::Text if is("forced") => [Some("forced-subtitle")],
        Kind::Text if is("hearing_impaired") || is("captions") => [Some("caption")],
        Kind::Text => [Some("subtitle")],
        Kind::Audio if is("hearing_impaired") => [Some("enhanced-audio-intelligibility")],
        _ => [None],
    }
    .into_iter()
    .flatten()
    .collect();
    if track.kind == Kind::Audio {
        roles.extend(ROLES.iter().filter(|(disposition, _)| is(disposition)).map(|(_, role)| role));
    }
    roles
}

/// Returns which of some tracks is presented by default: the first that is enabled in the file (ISO/IEC 14496-12 8.3.2.3), one without
/// a special role before others.
pub(super) fn main<'p>(members: impl Iterator<Item = &'p Pair<'p>>) -> Option<&'p Pair<'p>> {
    members.min_by_key(|pair| (!pair.track.stream.is("default"), !stated_roles(pair.track).is_empty()))
}

/// Returns the default of a group: the main audio, or a bit rate or codec alternative of it, or else the main one of the group.
pub(super) fn default<'p>(group: &[&'p Pair<'p>], pairs: &'p [Pair<'p>]) -> Option<&'p Pair<'p>> {
    let main_of_all = main(pairs.iter().filter(|pair| pair.track.kind == Kind::Audio))?;
    let set = |pair: &Pair<'_>| pair.representation.set.get("id").map(str::to_owned);
    let alternative = group.iter().copied().find(|pair| set(pair) == set(main_of_all));
    alternative.or_else(|| main(group.iter().copied()))
}

/// Checks language and roles of a representation's adaptation set.
pub(super) fn check_set(pair: &Pair<'_>, pairs: &[Pair<'_>], findings: &mut Findings) {
    let (place, set) = (pair.place(), pair.representation.set);
    if pair.track.kind != Kind::Video {
        findings.compare(&place, Attribute::Language, language(pair.track), set.get("lang"));
    }
    let mut expected = stated_roles(pair.track);
    let is_main = match pair.track.kind {
        Kind::Text => false,
        Kind::Video => !pair.track.is_alternative,
        Kind::Audio => {
            let main = main(pairs.iter().filter(|other| other.track.kind == Kind::Audio));
            main.is_some_and(|main| main.representation.set.get("id") == set.get("id"))
        }
    };
    if is_main {
        expected.insert("main");
    } else if expected.is_empty() {
        expected.insert("alternate");
    }
    let found: BTreeSet<_> = set.descriptors("Role", ROLE).collect();
    findings.compare(&place, Attribute::Role, Some(format!("{expected:?}")), Some(format!("{found:?}")));
}

/// Checks that the members of an audio adaptation set are alternatives of one rendition: of one language that is known, or of one
/// file.
pub(super) fn check_members(pair: &Pair<'_>, set: &[&Pair<'_>], findings: &mut Findings) {
    let is_alternative = |other: &&Pair<'_>| {
        let languages = [pair, *other].map(|pair| language(pair.track));
        pair.track.id == other.track.id || (languages[0].is_some() && languages[0] == languages[1])
    };
    if pair.track.kind == Kind::Audio {
        let ids = || set.iter().map(|pair| pair.track.id.as_str()).collect::<Vec<_>>().join(", ");
        let holds = set.iter().all(is_alternative);
        findings.require(holds, &pair.place(), Attribute::AdaptationSet, "alternatives of one rendition", ids());
    }
}

/// Checks a rendition. `is_default` is that of the group's members which the file presents by default.
pub(super) fn check_rendition(pair: &Pair<'_>, rendition: &AttributeList, is_default: bool, findings: &mut Findings) {
    let place = format!("stream.m3u8 EXT-X-MEDIA {} {}", rendition["GROUP-ID"], pair.track.id);
    let get = |name: &str| rendition.get(name).map(String::as_str);
    findings.compare(&place, Attribute::Language, language(pair.track), get("LANGUAGE"));
    let yes_or_no = |holds: bool| if holds { "YES" } else { "NO" };
    findings.compare(&place, Attribute::Default, Some(yes_or_no(is_default)), Some(get("DEFAULT").unwrap_or("NO")));
    let roles = stated_roles(pair.track);
    let is_automatic = is_default || !roles.contains("commentary");
    findings.compare(
        &place,
        Attribute::Autoselect,
        Some(yes_or_no(is_automatic)),
        Some(get("AUTOSELECT").unwrap_or("NO")),
    );
    let forced = yes_or_no(roles.contains("forced-subtitle"));
    findings.compare(&place, Attribute::Forced, Some(forced), Some(get("FORCED").unwrap_or("NO")));
}
