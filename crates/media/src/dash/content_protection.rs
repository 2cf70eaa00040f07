//! `ContentProtection` (ISO/IEC 23009-1 5.8.4.1; DASH-IF IOP part 6): the scheme, and the key systems.

use std::io;

use quick_xml::events::BytesText;

use super::options::MpdOptions;
use super::xml::{Xml, text_element};
use crate::cenc::{SystemId, TrackEncryption};

const MP4_PROTECTION: &str = "urn:mpeg:dash:mp4protection:2011";

/// Writes the descriptor of the scheme, and then one for each key system.
///
/// `ClearKey` needs only the key id, which the descriptor of the scheme contains. It must not have a `pssh`: dash.js passes one
/// to browsers in place of the key id, and they refuse it.
pub(super) fn write_content_protection(
    xml: &mut Xml,
    encryption: &TrackEncryption,
    options: &MpdOptions,
) -> io::Result<()> {
    xml.create_element("ContentProtection")
        .with_attributes([
            ("schemeIdUri", MP4_PROTECTION),
            ("value", encryption.scheme().name()),
            ("cenc:default_KID", &encryption.kid.to_string()),
        ])
        .write_empty()?;
    write_system(xml, SystemId::CLEAR_KEY, "ClearKey1.0", |xml| {
        let Some(url) = &options.licence_url else { return Ok(()) };
        // The current element and its predecessor: some players support only one of them.
        text_element(xml, "dashif:laurl", url)?;
        let predecessor = xml.create_element("clearkey:Laurl").with_attribute(("Lic_type", "EME-1.0"));
        predecessor.write_text_content(BytesText::new(url)).map(drop)
    })?;
    if let Some(pssh) = &options.drm.widevine {
        write_system(xml, SystemId::WIDEVINE, "Widevine", |xml| text_element(xml, "cenc:pssh", &pssh.base64()))?;
    }
    if let Some(pssh) = &options.drm.playready {
        write_system(xml, SystemId::PLAYREADY, "MSPR 2.0", |xml| {
            text_element(xml, "cenc:pssh", &pssh.base64())?;
            text_element(xml, "mspr:pro", &pssh.data_base64())
        })?;
    }
    Ok(())
}

/// Writes the descriptor of a key system.
fn write_system(
    xml: &mut Xml,
    system: SystemId,
    name: &str,
    content: impl FnOnce(&mut Xml) -> io::Result<()>,
) -> io::Result<()> {
    let scheme = format!("urn:uuid:{system}");
    let element = xml.create_element("ContentProtection");
    element.with_attributes([("schemeIdUri", scheme.as_str()), ("value", name)]).write_inner_content(content).map(drop)
}
