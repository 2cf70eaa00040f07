//! The request to a key provider: a CPIX document whose keys and DRM signalling are empty.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, Event};
use vpp_media::cmaf::ProtectedTracks;
use vpp_pipeline::domain::content_key::KeyRequest;

use super::drm_system::DrmSystem;

/// Writes the document (CPIX 2.3, as SPEKE v2.0 profiles it): one key, the DRM systems to signal, and the tracks that the key
/// encrypts.
pub(super) fn document(key_use: &KeyRequest<'_>, systems: &[DrmSystem]) -> io::Result<Vec<u8>> {
    let kid = key_use.package.kid().to_string();
    let kid = ("kid", kid.as_str());
    let mut writer = Writer::new(Vec::new());
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let root = writer.create_element("cpix:CPIX").with_attributes([
        ("contentId", key_use.package.as_str()),
        ("version", "2.3"),
        ("xmlns:cpix", "urn:dashif:org:cpix"),
        ("xmlns:pskc", "urn:ietf:params:xml:ns:keyprov:pskc"),
    ]);
    root.write_inner_content(|w| {
        w.create_element("cpix:ContentKeyList").write_inner_content(|w| {
            let scheme = ("commonEncryptionScheme", key_use.scheme.name());
            w.create_element("cpix:ContentKey").with_attributes([kid, scheme]).write_empty().map(|_| ())
        })?;
        w.create_element("cpix:DRMSystemList").write_inner_content(|w| {
            for system in systems.iter().filter(|system| system.supports(key_use.scheme)) {
                let id = system.system_id().to_string();
                let element = w.create_element("cpix:DRMSystem").with_attributes([kid, ("systemId", id.as_str())]);
                element.write_inner_content(|w| match system {
                    DrmSystem::Widevine | DrmSystem::PlayReady => {
                        w.create_element("cpix:PSSH").write_empty().map(|_| ())
                    }
                    DrmSystem::FairPlay => {
                        let data = w.create_element("cpix:HLSSignalingData").with_attribute(("playlist", "media"));
                        data.write_empty().map(|_| ())
                    }
                })?;
            }
            Ok(())
        })?;
        w.create_element("cpix:ContentKeyUsageRuleList").write_inner_content(|w| {
            let (tracks, filters): (_, &[&str]) = match (key_use.audio_only, key_use.tracks) {
                (true, _) => ("AUDIO", &["cpix:AudioFilter"]),
                (false, ProtectedTracks::Video) => ("VIDEO", &["cpix:VideoFilter"]),
                (false, ProtectedTracks::All) => ("ALL", &["cpix:VideoFilter", "cpix:AudioFilter"]),
            };
            let rule =
                w.create_element("cpix:ContentKeyUsageRule").with_attributes([kid, ("intendedTrackType", tracks)]);
            rule.write_inner_content(|w| {
                filters.iter().try_for_each(|filter| w.create_element(*filter).write_empty().map(|_| ()))
            })?;
            Ok(())
        })?;
        Ok(())
    })?;
    Ok(writer.into_inner())
}
