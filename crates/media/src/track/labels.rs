//! The label and roles of a track, by which players and viewers select it, next to its language.
//!
//! Files state roles in two vocabularies: `kind` boxes (ISO/IEC 14496-12 8.10.4) have roles of DASH or HTML, `tagc` boxes
//! (QuickTime File Format, "Track characteristics") have Apple's media characteristics. Both are mapped to roles of DASH
//! (ISO/IEC 23009-1 5.8.5.5), and HLS characteristics follow from those.
//!
//! The label is the name that a person has typed: `name` or `titl` of the user data. Handlers have names as well, but most are
//! the name of the program that wrote the file. Such a name is not used as a label.

use serde::{Deserialize, Serialize};

use super::role::Role;
use crate::isobmff::BoxView;
use crate::plain_text::is_plain_text;

/// Maximum number of characters in a label.
const MAX_LABEL: usize = 100;

/// The label and roles of a track.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackLabels {
    /// A name for viewers.
    pub label: Option<String>,
    /// Its roles, in order and without duplicates.
    pub roles: Vec<Role>,
}

impl TrackLabels {
    /// Reads the user data and handler of a track. A box that does not parse is ignored, because it is not a reason to refuse a
    /// movie.
    pub(super) fn parse(trak: &BoxView<'_>, mdia: &BoxView<'_>, is_forced: bool) -> Self {
        let mut roles = Vec::new();
        let mut label = None;
        let user_data = trak.child(b"udta").ok().flatten();
        for child in user_data.iter().flat_map(BoxView::children).map_while(Result::ok).take(256) {
            match &child.kind.0 {
                b"kind" => {
                    let mut strings = child.payload.get(4..).unwrap_or_default().split(|byte| *byte == 0);
                    let (scheme, value) = (strings.next().unwrap_or_default(), strings.next().unwrap_or_default());
                    roles.extend_from_slice(Role::of_kind(scheme, value));
                }
                b"tagc" => roles.extend(Role::of_characteristic(child.payload)),
                b"name" => label = name(child.payload).or(label),
                // Version and flags, language; then the title (3GPP TS 26.244 8.3).
                b"titl" => label = label.or_else(|| name(child.payload.get(6..)?)),
                _ => {}
            }
        }
        if is_forced {
            roles.push(Role::ForcedSubtitle);
        }
        roles.sort_unstable();
        roles.dedup();
        Self { label: label.or_else(|| handler_name(mdia)), roles }
    }
}

/// Decodes a stored name: UTF-8, with or without a terminating zero byte.
fn name(bytes: &[u8]) -> Option<String> {
    let text = bytes.split(|byte| *byte == 0).find(|text| !text.is_empty())?;
    let text = std::str::from_utf8(text).ok()?.trim();
    let is_label = !text.is_empty() && text.chars().count() <= MAX_LABEL && is_plain_text(text);
    is_label.then(|| text.to_owned())
}

/// Parts of handler names that programs write, in lower case.
const PROGRAMS: [&str; 14] = [
    "handler",
    "handle",
    "media",
    "gpac",
    "bento4",
    "l-smash",
    "lavf",
    "mainconcept",
    "google",
    "video",
    "audio",
    "sound",
    "subtitle",
    "track",
];

/// Channel layouts, which HandBrake writes as names of audio handlers.
const CHANNEL_LAYOUTS: [&str; 3] = ["mono", "stereo", "surround"];

/// Returns the name of a track's handler (ISO/IEC 14496-12 8.4.3), unless it names a program or a kind of media.
fn handler_name(mdia: &BoxView<'_>) -> Option<String> {
    // Version and flags, pre_defined, handler_type, reserved.
    let bytes = mdia.child(b"hdlr").ok()??.payload.get(24..)?;
    // QuickTime stores a length byte before the name.
    let counted = bytes.split_first().filter(|(length, rest)| usize::from(**length) == rest.len() && !rest.is_empty());
    let handler = name(counted.map_or(bytes, |(_, rest)| rest))?;
    let lower_case = handler.to_lowercase();
    let is_label = handler.chars().count() > 1
        && !PROGRAMS.iter().any(|word| lower_case.contains(word))
        && !CHANNEL_LAYOUTS.contains(&lower_case.as_str());
    is_label.then_some(handler)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isobmff::BoxWriter;

    fn parsed(user_data: &[(&[u8; 4], &[u8])], handler: &[u8]) -> TrackLabels {
        let mut w = BoxWriter::new();
        w.plain(b"trak", |w| {
            w.plain(b"udta", |w| user_data.iter().for_each(|(kind, payload)| w.plain(kind, |w| w.raw(payload))));
            w.plain(b"mdia", |w| w.plain(b"hdlr", |w| w.raw(&[&[0; 24], handler].concat())));
        });
        let bytes = w.finish().unwrap();
        let trak = BoxView::parse(&bytes, 0).unwrap();
        TrackLabels::parse(&trak, &trak.child(b"mdia").unwrap().unwrap(), false)
    }

    fn roles(user_data: &[(&[u8; 4], &[u8])]) -> Vec<&'static str> {
        parsed(user_data, b"").roles.into_iter().map(Role::value).collect()
    }

    #[test]
    fn roles_are_read_from_the_vocabularies_of_dash_html_and_apple() {
        assert_eq!(roles(&[(b"kind", b"\0\0\0\0urn:mpeg:dash:role:2011\0dub\0")]), ["dub"]);
        assert_eq!(roles(&[(b"kind", b"\0\0\0\0about:html-kind\0main-desc\0")]), ["main", "description"]);
        assert_eq!(roles(&[(b"tagc", b"public.accessibility.describes-video")]), ["description"]);
        assert_eq!(roles(&[(b"tagc", b"public.easy-to-read"), (b"tagc", b"public.easy-to-read")]), ["easyreader"]);
        assert!(roles(&[(b"kind", b"\0\0\0\0urn:mine\0main"), (b"kind", b"\0"), (b"tagc", b"mine")]).is_empty());
    }

    #[test]
    fn a_label_is_a_name_that_a_person_has_typed() {
        let label = |user_data: &[(&[u8; 4], &[u8])], handler: &[u8]| parsed(user_data, handler).label;
        assert_eq!(label(&[(b"name", b"Director")], b"SoundHandler\0").as_deref(), Some("Director"));
        assert_eq!(label(&[(b"titl", b"\0\0\0\0\x15\xc7Title\0")], b"").as_deref(), Some("Title"));
        assert_eq!(label(&[], b"Deutsch\0").as_deref(), Some("Deutsch"));
        assert_eq!(label(&[], b"\x07Deutsch").as_deref(), Some("Deutsch"), "QuickTime");
        for program in
            ["SoundHandler", "Core Media Audio", "ISO Media file produced by Google Inc.", "Stereo", "\x1fGPAC"]
        {
            assert_eq!(label(&[], program.as_bytes()), None, "{program}");
        }
        for name in ["\x1b[2J", "a\u{fffe}", "a\u{ffff}", "a\u{202e}b"] {
            assert_eq!(label(&[(b"name", name.as_bytes())], b""), None, "{name:?}");
        }
    }
}
