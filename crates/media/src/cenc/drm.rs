//! Signalling of DRM systems in manifests. Their licence servers deliver the key; the packager only signals how to request it.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64;

use super::key_encoding::write_uuid;
use crate::isobmff::BoxView;

/// The DRM systems that a package signals in addition to `ClearKey`. All of it is public.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drm {
    /// Widevine's initialisation data.
    pub widevine: Option<Pssh>,
    /// `PlayReady`'s initialisation data.
    pub playready: Option<Pssh>,
    /// The URI by which `FairPlay` requests the key.
    pub fairplay: Option<FairPlayUri>,
}

impl Drm {
    /// Returns whether the package signals no DRM system.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Returns these systems, and those of `other` that are not among them.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            widevine: self.widevine.or(other.widevine),
            playready: self.playready.or(other.playready),
            fairplay: self.fairplay.or(other.fairplay),
        }
    }
}

/// The `SystemID` of a DRM system (ISO/IEC 23001-7 8.1), shown as a UUID, as in DASH-IF's registry of system ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SystemId([u8; 16]);

impl SystemId {
    /// `ClearKey`.
    pub const CLEAR_KEY: Self = Self(*b"\xe2\x71\x9d\x58\xa9\x85\xb3\xc9\x78\x1a\xb0\x30\xaf\x78\xd3\x0e");
    /// `FairPlay`.
    pub const FAIRPLAY: Self = Self(*b"\x94\xce\x86\xfb\x07\xff\x4f\x43\xad\xb8\x93\xd2\xfa\x96\x8c\xa2");
    /// `PlayReady`.
    pub const PLAYREADY: Self = Self(*b"\x9a\x04\xf0\x79\x98\x40\x42\x86\xab\x92\xe6\x5b\xe0\x88\x5f\x95");
    /// Widevine.
    pub const WIDEVINE: Self = Self(*b"\xed\xef\x8b\xa9\x79\xd6\x4a\xce\xa3\xc8\x27\xdc\xd5\x1d\x21\xed");
}

impl fmt::Display for SystemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_uuid(f, &self.0)
    }
}

/// A `ProtectionSystemSpecificHeaderBox` (`pssh`, ISO/IEC 23001-7 8.1), from the operator of the licence server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pssh {
    raw: Vec<u8>,
    /// Start of the system's data in `raw`. It ends with the box.
    data: usize,
}

/// A reason why a text is not initialisation data, or the URI, of a DRM system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseDrmError {
    /// Not base64.
    #[error("expected the base64 of one pssh box")]
    Base64,
    /// Not one `pssh` box.
    #[error("expected one whole pssh box of version 0 or 1")]
    NotPssh,
    /// A `pssh` box for another system.
    #[error("this pssh box is for another DRM system")]
    OtherSystem,
    /// Too large for manifests, which repeat it.
    #[error("expected a pssh box of at most {MAX_PSSH} bytes")]
    TooLarge,
    /// Not a `FairPlay` URI.
    #[error("expected a URI that begins with skd:// and has no spaces, quotes or control characters")]
    Uri,
}

/// Maximum size of a `pssh` box in bytes: `PlayReady` boxes have about a kilobyte, and manifests repeat them for each track.
const MAX_PSSH: usize = 8 * 1024;

impl Pssh {
    /// Decodes Widevine's box from base64.
    ///
    /// # Errors
    /// [`ParseDrmError`].
    pub fn widevine(base64: &str) -> Result<Self, ParseDrmError> {
        Self::of(base64, SystemId::WIDEVINE)
    }

    /// Decodes `PlayReady`'s box from base64.
    ///
    /// # Errors
    /// [`ParseDrmError`].
    pub fn playready(base64: &str) -> Result<Self, ParseDrmError> {
        Self::of(base64, SystemId::PLAYREADY)
    }

    fn of(base64: &str, system: SystemId) -> Result<Self, ParseDrmError> {
        if base64.len() > MAX_PSSH * 2 {
            return Err(ParseDrmError::TooLarge);
        }
        let raw = BASE64.decode(base64.as_bytes()).map_err(|_| ParseDrmError::Base64)?;
        if raw.len() > MAX_PSSH {
            return Err(ParseDrmError::TooLarge);
        }
        let data = data_start(&raw, system)?;
        Ok(Self { raw, data })
    }

    /// Returns the base64 of the whole box.
    pub(crate) fn base64(&self) -> String {
        BASE64.encode(&self.raw)
    }

    /// Returns the base64 of the system's data: for `PlayReady`, the `PlayReady` Object.
    pub(crate) fn data_base64(&self) -> String {
        BASE64.encode(self.raw.get(self.data..).unwrap_or_default())
    }
}

impl fmt::Display for Pssh {
    /// Writes the base64 of the box.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base64())
    }
}

/// Checks that `raw` is one `pssh` box of `system`, and returns the start of its data.
fn data_start(raw: &[u8], system: SystemId) -> Result<usize, ParseDrmError> {
    let whole = BoxView::parse(raw, 0).ok().filter(|found| found.kind == b"pssh" && found.raw.len() == raw.len());
    let (version, _, mut reader) = whole.and_then(|found| found.full().ok()).ok_or(ParseDrmError::NotPssh)?;
    let mut body = || {
        let found = SystemId(*reader.bytes(16).ok()?.first_chunk()?);
        if version == 1 {
            let kids = u64::from(reader.u32().ok()?);
            reader.skip(usize::try_from(kids.checked_mul(16)?).ok()?).ok()?;
        }
        let length = usize::try_from(reader.u32().ok()?).ok()?;
        let start = raw.len().checked_sub(length).filter(|_| version <= 1 && reader.rest().len() == length)?;
        Some((found, start))
    };
    let (found, start) = body().ok_or(ParseDrmError::NotPssh)?;
    if found == system { Ok(start) } else { Err(ParseDrmError::OtherSystem) }
}

/// The URI by which `FairPlay` requests the key: `skd://...`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FairPlayUri(String);

impl FromStr for FairPlayUri {
    type Err = ParseDrmError;

    fn from_str(text: &str) -> Result<Self, ParseDrmError> {
        let printable = text.len() <= 1024
            && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"')
            && !text.contains("{$");
        let is_skd = printable && text.strip_prefix("skd://").is_some_and(|rest| !rest.is_empty());
        if is_skd { Ok(Self(text.to_owned())) } else { Err(ParseDrmError::Uri) }
    }
}

impl fmt::Display for FairPlayUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pssh(version: u8, system: SystemId, kids: &[[u8; 16]], data: &[u8]) -> Vec<u8> {
        let mut w = crate::isobmff::BoxWriter::new();
        w.full(b"pssh", version, 0, |w| {
            w.raw(&system.0);
            if version == 1 {
                w.u32(kids.len() as u32);
                kids.iter().for_each(|kid| w.raw(kid));
            }
            w.u32(data.len() as u32);
            w.raw(data);
        });
        w.finish().unwrap()
    }

    #[test]
    fn a_system_id_is_shown_as_its_uuid() {
        let ids = [SystemId::CLEAR_KEY, SystemId::FAIRPLAY, SystemId::PLAYREADY, SystemId::WIDEVINE];
        let expected = [
            "e2719d58-a985-b3c9-781a-b030af78d30e",
            "94ce86fb-07ff-4f43-adb8-93d2fa968ca2",
            "9a04f079-9840-4286-ab92-e65be0885f95",
            "edef8ba9-79d6-4ace-a3c8-27dcd51d21ed",
        ];
        assert_eq!(ids.map(|id| id.to_string()), expected);
    }

    #[test]
    fn a_pssh_of_its_system_stays_unchanged() {
        for (version, kids) in [(0, &[][..]), (1, &[[7; 16], [8; 16]][..])] {
            let text = BASE64.encode(&pssh(version, SystemId::PLAYREADY, kids, b"object"));
            let read = Pssh::playready(&text).unwrap();
            assert_eq!((read.to_string(), read.data_base64()), (text, BASE64.encode(b"object")));
        }
    }

    #[test]
    fn other_boxes_and_other_systems_are_refused() {
        let good = pssh(0, SystemId::WIDEVINE, &[], b"data");
        let of = |bytes: &[u8]| Pssh::widevine(&BASE64.encode(bytes)).unwrap_err();
        assert_eq!(of(&pssh(0, SystemId::PLAYREADY, &[], b"data")), ParseDrmError::OtherSystem);
        assert_eq!(of(&[&good[..], b"more"].concat()), ParseDrmError::NotPssh);
        for cut in 0..good.len() {
            assert_eq!(of(&good[..cut]), ParseDrmError::NotPssh, "cut at {cut}");
        }
        assert_eq!(of(&pssh(2, SystemId::WIDEVINE, &[], b"data")), ParseDrmError::NotPssh);
        assert_eq!(of(&pssh(0, SystemId::WIDEVINE, &[], &[0; MAX_PSSH])), ParseDrmError::TooLarge);
        assert_eq!(Pssh::widevine("a?"), Err(ParseDrmError::Base64));
    }

    #[test]
    fn a_fairplay_uri_cannot_break_out_of_its_attribute() {
        assert_eq!("skd://key/1?x=2".parse::<FairPlayUri>().unwrap().to_string(), "skd://key/1?x=2");
        for text in ["skd://", "https://key", "skd://a\"b", "skd://a b", "skd://a\nb", "skd://ä", "skd://{$a}"] {
            assert_eq!(text.parse::<FairPlayUri>(), Err(ParseDrmError::Uri), "{text}");
        }
    }
}
