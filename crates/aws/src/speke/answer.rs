//! What a key provider answers: the document it was asked with, filled in.
//!
//! It comes from outside and becomes part of manifests. So a key is sixteen bytes under the id that was asked for, initialisation
//! data is one whole box of its system, and `FairPlay`'s address a URI that cannot break out of its attribute. Whatever is not so
//! is said, without repeating what could be secret.

use data_encoding::BASE64;
use vpp_media::cenc::{ConstantIv, ContentKey, Drm, KeyId, ParseDrmError, Pssh, Scheme};
use zeroize::Zeroizing;

use super::System;
use super::xml::Element;

/// What was answered.
pub(super) struct Provided {
    pub(super) key: ContentKey,
    /// The vector to encrypt with, where the provider names one.
    pub(super) iv: Option<ConstantIv>,
    pub(super) drm: Drm,
}

/// Why an answer cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Wrong {
    #[error("it is no CPIX document")]
    NotCpix,
    #[error("it has no key for {0}, which was asked for")]
    NoKey(KeyId),
    #[error("it has several keys for {0}")]
    ManyKeys(KeyId),
    #[error("its key is for another scheme than {0}, which was asked for")]
    OtherScheme(&'static str),
    #[error("its key is not the base64 of 16 bytes in the clear (pskc:PlainValue)")]
    NotAKey,
    #[error("its explicitIV is not the base64 of 16 bytes")]
    NotAnIv,
    #[error("what it says for {0} cannot be used: {1}")]
    Drm(&'static str, ParseDrmError),
    #[error("what it says for FairPlay is not the base64 of a playlist's tag that has a URI")]
    NotSignalling,
    #[error("it says nothing for {0}, which was asked for")]
    NoSystem(&'static str),
}

/// Reads what was answered to a question for this key.
pub(super) fn read(bytes: &[u8], kid: KeyId, scheme: Scheme, systems: &[System]) -> Result<Provided, Wrong> {
    let document = std::str::from_utf8(bytes).ok().and_then(Element::parse);
    let document = document.filter(|root| root.name == "CPIX").ok_or(Wrong::NotCpix)?;
    let is_ours = |element: &&Element| element.attribute("kid").and_then(|text| text.parse().ok()) == Some(kid);
    let keys = document.all(&["ContentKeyList", "ContentKey"]);
    let key = one(keys.into_iter().filter(is_ours))
        .map_err(|many| if many { Wrong::ManyKeys(kid) } else { Wrong::NoKey(kid) })?;
    if key.attribute("commonEncryptionScheme").is_some_and(|own| own != scheme.name()) {
        return Err(Wrong::OtherScheme(scheme.name()));
    }
    let iv = key.attribute("explicitIV").map(|text| bytes_of(text).ok_or(Wrong::NotAnIv)).transpose()?;
    let value = one(key.all(&["Data", "Secret", "PlainValue"]).into_iter()).map_err(|_| Wrong::NotAKey)?;
    let content_key = ContentKey::new(*bytes_of(&value.text).ok_or(Wrong::NotAKey)?);

    let mut drm = Drm::default();
    let said = document.all(&["DRMSystemList", "DRMSystem"]);
    for system in systems.iter().filter(|system| system.knows(scheme)) {
        let own = said.iter().filter(|said| {
            is_ours(said) && said.attribute("systemId").is_some_and(|id| id.eq_ignore_ascii_case(system.id()))
        });
        let own: Vec<&Element> = own.copied().collect();
        let wrong = |error| Wrong::Drm(system.name(), error);
        let data = |path: &str, chosen: &dyn Fn(&Element) -> bool| {
            let all = own
                .iter()
                .flat_map(|own| own.all(&[path]))
                .filter(|element| chosen(element) && !element.text.is_empty());
            all.map(|element| element.text.as_str()).next().ok_or(Wrong::NoSystem(system.name()))
        };
        match system {
            System::Widevine => drm.widevine = Some(Pssh::widevine(data("PSSH", &|_| true)?).map_err(wrong)?),
            System::PlayReady => drm.playready = Some(Pssh::playready(data("PSSH", &|_| true)?).map_err(wrong)?),
            System::FairPlay => {
                let is_media = |element: &Element| element.attribute("playlist").is_none_or(|own| own == "media");
                let uri = uri(data("HLSSignalingData", &is_media)?).ok_or(Wrong::NotSignalling)?;
                drm.fairplay = Some(uri.parse().map_err(wrong)?);
            }
        }
    }
    Ok(Provided { key: content_key, iv: iv.map(|iv| ConstantIv::new(*iv)), drm })
}

/// The only one; or whether there are several.
fn one<'e>(mut all: impl Iterator<Item = &'e Element>) -> Result<&'e Element, bool> {
    let first = all.next().ok_or(false)?;
    if all.next().is_some() { Err(true) } else { Ok(first) }
}

fn bytes_of(base64: &str) -> Option<Zeroizing<[u8; 16]>> {
    let bytes = Zeroizing::new(BASE64.decode(base64.as_bytes()).ok()?);
    bytes.as_slice().try_into().ok().map(Zeroizing::new)
}

/// The `URI` of an `EXT-X-KEY` tag (RFC 8216 4.3.2.4).
fn uri(base64: &str) -> Option<String> {
    let text = String::from_utf8(BASE64.decode(base64.as_bytes()).ok()?).ok()?;
    let (_, rest) = text.split_once("URI=\"")?;
    rest.split_once('"').map(|(uri, _)| uri.to_owned())
}
