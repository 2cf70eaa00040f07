//! The response of a key provider: the CPIX document of the request, with keys and DRM signalling filled in.
//!
//! The document is untrusted input and becomes part of manifests. So a key must be sixteen bytes under the requested key id,
//! initialisation data must be one complete `pssh` box of its system, and the `FairPlay` URI must not be able to end its
//! attribute. Errors state the problem without repeating values that could be secret.

use data_encoding::BASE64;
use vpp_media::cenc::{ConstantIv, ContentKey, Drm, KeyId, ParseDrmError, Pssh, Scheme};
use zeroize::Zeroizing;

use super::drm_system::DrmSystem;
use super::xml::Element;

/// A key from a provider.
pub(super) struct ProviderKey {
    pub(super) key: ContentKey,
    /// The initialisation vector to encrypt with, if the provider specifies one.
    pub(super) iv: Option<ConstantIv>,
    pub(super) drm: Drm,
}

/// The reason that a response is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum CpixError {
    #[error("it is not a CPIX document")]
    NotCpix,
    #[error("it has no key for the requested key id {0}")]
    NoKey(KeyId),
    #[error("it has several keys for {0}")]
    ManyKeys(KeyId),
    #[error("its key is for another scheme than the requested {0}")]
    OtherScheme(&'static str),
    #[error("its key is not 16 plaintext bytes in base64 (pskc:PlainValue)")]
    NotAKey,
    #[error("its explicitIV is not 16 bytes in base64")]
    NotAnIv,
    #[error("its signalling for {0} is invalid: {1}")]
    Drm(&'static str, ParseDrmError),
    #[error("its signalling for FairPlay is not an HLS tag with a URI, in base64")]
    NotHlsSignalling,
    #[error("it has no signalling for {0}, which was requested")]
    NoSignalling(&'static str),
}

/// Reads the response to a request for the key `kid`.
pub(super) fn read(bytes: &[u8], kid: KeyId, scheme: Scheme, systems: &[DrmSystem]) -> Result<ProviderKey, CpixError> {
    let document = std::str::from_utf8(bytes).ok().and_then(Element::parse);
    let document = document.filter(|root| root.name == "CPIX").ok_or(CpixError::NotCpix)?;
    let has_kid = |element: &&Element| element.attribute("kid").and_then(|text| text.parse().ok()) == Some(kid);
    let keys = document.all(&["ContentKeyList", "ContentKey"]);
    let key = only(keys.into_iter().filter(has_kid)).map_err(|count| match count {
        NotOne::None => CpixError::NoKey(kid),
        NotOne::Several => CpixError::ManyKeys(kid),
    })?;
    if key.attribute("commonEncryptionScheme").is_some_and(|name| name != scheme.name()) {
        return Err(CpixError::OtherScheme(scheme.name()));
    }
    let iv = key.attribute("explicitIV").map(|text| bytes_of(text).ok_or(CpixError::NotAnIv)).transpose()?;
    let value = only(key.all(&["Data", "Secret", "PlainValue"]).into_iter()).map_err(|_| CpixError::NotAKey)?;
    let content_key = ContentKey::new(*bytes_of(&value.text).ok_or(CpixError::NotAKey)?);

    let mut drm = Drm::default();
    let signalled = document.all(&["DRMSystemList", "DRMSystem"]);
    for system in systems.iter().filter(|system| system.supports(scheme)) {
        let system_id = system.system_id().to_string();
        let has_system =
            |element: &&Element| element.attribute("systemId").is_some_and(|id| id.eq_ignore_ascii_case(&system_id));
        let elements: Vec<&Element> =
            signalled.iter().copied().filter(|element| has_kid(element) && has_system(element)).collect();
        let invalid = |error| CpixError::Drm(system.name(), error);
        let data = |name: &str, accepts: &dyn Fn(&Element) -> bool| {
            let mut all = elements.iter().flat_map(|element| element.all(&[name]));
            let found = all.find(|element| accepts(element) && !element.text.is_empty());
            found.map(|element| element.text.as_str()).ok_or(CpixError::NoSignalling(system.name()))
        };
        match system {
            DrmSystem::Widevine => drm.widevine = Some(Pssh::widevine(data("PSSH", &|_| true)?).map_err(invalid)?),
            DrmSystem::PlayReady => drm.playready = Some(Pssh::playready(data("PSSH", &|_| true)?).map_err(invalid)?),
            DrmSystem::FairPlay => {
                let is_media = |element: &Element| element.attribute("playlist").is_none_or(|name| name == "media");
                let uri = uri(data("HLSSignalingData", &is_media)?).ok_or(CpixError::NotHlsSignalling)?;
                drm.fairplay = Some(uri.parse().map_err(invalid)?);
            }
        }
    }
    Ok(ProviderKey { key: content_key, iv: iv.map(|iv| ConstantIv::new(*iv)), drm })
}

/// The reason that there is not exactly one element.
enum NotOne {
    None,
    Several,
}

/// Returns the only element of `all`.
fn only<'e>(mut all: impl Iterator<Item = &'e Element>) -> Result<&'e Element, NotOne> {
    let first = all.next().ok_or(NotOne::None)?;
    if all.next().is_some() { Err(NotOne::Several) } else { Ok(first) }
}

fn bytes_of(base64: &str) -> Option<Zeroizing<[u8; 16]>> {
    let bytes = Zeroizing::new(BASE64.decode(base64.as_bytes()).ok()?);
    bytes.as_slice().try_into().ok().map(Zeroizing::new)
}

/// Returns the `URI` of an `EXT-X-KEY` tag (RFC 8216 4.3.2.4).
fn uri(base64: &str) -> Option<String> {
    let text = String::from_utf8(BASE64.decode(base64.as_bytes()).ok()?).ok()?;
    let (_, rest) = text.split_once("URI=\"")?;
    rest.split_once('"').map(|(uri, _)| uri.to_owned())
}
