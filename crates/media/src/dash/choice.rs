//! What players choose an adaptation set by, beside its language: name, accessibility, role (ISO/IEC 23009-1 5.3.7, 5.8.4).

use std::io;

use quick_xml::events::BytesText;

use super::mpd::Xml;
use crate::cmaf::Choice;
use crate::track::Role;

/// Schemes of `Role` and `Accessibility` (ISO/IEC 23009-1 5.8.5.5; ETSI TS 103 285 7.1.2).
const ROLE: &str = "urn:mpeg:dash:role:2011";
const AUDIO_PURPOSE: &str = "urn:tva:metadata:cs:AudioPurposeCS:2007";

/// Writes the labels, in the order of the schema.
pub(super) fn labels(xml: &mut Xml, choice: Choice<'_>) -> io::Result<()> {
    if let Some(label) = choice.label {
        xml.create_element("Label").write_text_content(BytesText::new(label))?;
    }
    let mut descriptor = |name: &str, scheme: &str, value: &str| {
        xml.create_element(name).with_attributes([("schemeIdUri", scheme), ("value", value)]).write_empty().map(drop)
    };
    for (scheme, value) in choice.roles.iter().filter_map(|role| accessibility(*role)) {
        descriptor("Accessibility", scheme, value)?;
    }
    choice.roles.into_iter().try_for_each(|role| descriptor("Role", ROLE, role.value()))
}

/// What a role means for who sees or hears little.
fn accessibility(role: Role) -> Option<(&'static str, &'static str)> {
    match role {
        Role::Description => Some((AUDIO_PURPOSE, "1")),
        Role::Caption | Role::EnhancedAudioIntelligibility => Some((AUDIO_PURPOSE, "2")),
        Role::Sign | Role::EasyReader => Some((ROLE, role.value())),
        _ => None,
    }
}
