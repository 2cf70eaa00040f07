//! The selection metadata of an adaptation set, except its language: name, accessibility, and role (ISO/IEC 23009-1 5.3.7,
//! 5.8.4).

use std::collections::BTreeSet;
use std::io;

use super::captions::write_captions;
use super::xml::{Xml, descriptor, text_element};
use crate::codec::CaptionService;
use crate::manifest::SelectionMetadata;
use crate::track::Role;

/// Schemes of `Role` and `Accessibility` (ISO/IEC 23009-1 5.8.5.5; ETSI TS 103 285 7.1.2).
const ROLE: &str = "urn:mpeg:dash:role:2011";
const AUDIO_PURPOSE: &str = "urn:tva:metadata:cs:AudioPurposeCS:2007";

/// Writes name, accessibility with closed captions, and roles, in the order of the schema.
pub(super) fn write_selection(
    xml: &mut Xml,
    metadata: &SelectionMetadata<'_>,
    captions: &BTreeSet<CaptionService>,
) -> io::Result<()> {
    if let Some(label) = metadata.label {
        text_element(xml, "Label", label)?;
    }
    for (scheme, value) in metadata.roles.iter().filter_map(|role| accessibility(*role)) {
        descriptor(xml, "Accessibility", scheme, value)?;
    }
    write_captions(xml, captions)?;
    metadata.roles.iter().try_for_each(|role| descriptor(xml, "Role", ROLE, role.value()))
}

/// Returns the accessibility descriptor that a role implies.
fn accessibility(role: Role) -> Option<(&'static str, &'static str)> {
    match role {
        Role::Description => Some((AUDIO_PURPOSE, "1")),
        Role::Caption | Role::EnhancedAudioIntelligibility => Some((AUDIO_PURPOSE, "2")),
        Role::Sign | Role::EasyReader => Some((ROLE, role.value())),
        _ => None,
    }
}
