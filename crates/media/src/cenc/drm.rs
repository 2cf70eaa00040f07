//! What DRM systems are told in manifests: their licence servers hand out the key, we only pass on how to ask for it.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64;

use crate::isobmff::BoxView;

/// Widevine's `SystemID`.
pub(crate) const WIDEVINE: SystemId = SystemId(*b"\xed\xef\x8b\xa9\x79\xd6\x4a\xce\xa3\xc8\x27\xdc\xd5\x1d\x21\xed");
/// `PlayReady`'s `SystemID`.
pub(crate) const PLAYREADY: SystemId = SystemId(*b"\x9a\x04\xf0\x79\x98\x40\x42\x86\xab\x92\xe6\x5b\xe0\x88\x5f\x95");

/// The DRM systems a package is signalled for, beside `ClearKey`. All of it is public.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drm {
    /// Widevine's initialisation data.
    pub widevine: Option<Pssh>,
    /// `PlayReady`'s initialisation data.
    pub playready: Option<Pssh>,
    /// Where `FairPlay` asks for the key.
    pub fairplay: Option<FairPlayUri>,
}

impl Drm {
    /// Whether no system is signalled.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// These, and of `other` those that are not among them.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            widevine: self.widevine.or(other.widevine),
            playready: self.playready.or(other.playready),
            fairplay: self.fairplay.or(other.fairplay),
        }
    }
}

/// `SystemID` of a DRM system, a UUID.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct SystemId(pub(crate) [u8; 16]);

/// A `ProtectionSystemSpecificHeaderBox` (ISO/IEC 23001-7 8.1) that a licence server's owner has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pssh {
    raw: Vec<u8>,
    /// Where in `raw` the system's own data begins; it ends with the box.
    data: usize,
}

/// Why a text is not the initialisation data, or the address, of a DRM system.
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
    /// More than manifests should repeat.
    #[error("expected a pssh box of at most {MAX_PSSH} bytes")]
    TooLarge,
    /// Not a URI of `FairPlay`.
    #[error("expected a URI that begins with skd:// and has no spaces, quotes or control characters")]
    Uri,
}

/// Bytes of a `pssh` box: `PlayReady`'s have a kilobyte or so, and manifests repeat them for each track.
const MAX_PSSH: usize = 8 * 1024;

impl Pssh {
    /// Widevine's box, from base64.
    ///
    /// # Errors
    /// [`ParseDrmError`].
    pub fn widevine(base64: &str) -> Result<Self, ParseDrmError> {
        Self::of(base64, WIDEVINE)
    }

    /// `PlayReady`'s box, from base64.
    ///
    /// # Errors
    /// [`ParseDrmError`].
    pub fn playready(base64: &str) -> Result<Self, ParseDrmError> {
        Self::of(base64, PLAYREADY)
    }

    fn of(base64: &str, system: SystemId) -> Result<Self, ParseDrmError> {
        if base64.len() > MAX_PSSH.saturating_mul(2) {
            return Err(ParseDrmError::TooLarge);
        }
        let raw = BASE64.decode(base64.as_bytes()).map_err(|_| ParseDrmError::Base64)?;
        if raw.len() > MAX_PSSH {
            return Err(ParseDrmError::TooLarge);
        }
        let data = data_length(&raw, system)?;
        Ok(Self { data: raw.len().saturating_sub(data), raw })
    }

    /// The whole box.
    pub(crate) fn base64(&self) -> String {
        BASE64.encode(&self.raw)
    }

    /// The system's own data: for `PlayReady`, its object.
    pub(crate) fn data_base64(&self) -> String {
        BASE64.encode(self.raw.get(self.data..).unwrap_or_default())
    }
}

impl fmt::Display for Pssh {
    /// The base64 that it is read from.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base64())
    }
}

/// The length of the data of a box that must be a `pssh` of `system` and nothing more.
fn data_length(raw: &[u8], system: SystemId) -> Result<usize, ParseDrmError> {
    let whole = BoxView::parse(raw, 0).ok().filter(|found| found.kind == b"pssh" && found.raw.len() == raw.len());
    let (version, _, mut reader) = whole.and_then(|found| found.full().ok()).ok_or(ParseDrmError::NotPssh)?;
    let mut body = || {
        let found = SystemId(*reader.bytes(16).ok()?.first_chunk()?);
        if version == 1 {
            let kids = u64::from(reader.u32().ok()?);
            reader.skip(usize::try_from(kids.checked_mul(16)?).ok()?).ok()?;
        }
        let length = usize::try_from(reader.u32().ok()?).ok()?;
        (version <= 1 && reader.rest().len() == length).then_some((found, length))
    };
    let (found, length) = body().ok_or(ParseDrmError::NotPssh)?;
    if found == system { Ok(length) } else { Err(ParseDrmError::OtherSystem) }
}

/// Where `FairPlay` asks for the key: `skd://...`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FairPlayUri(String);

impl FromStr for FairPlayUri {
    type Err = ParseDrmError;

    fn from_str(text: &str) -> Result<Self, ParseDrmError> {
        let printable = text.len() <= 1024 && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
        let right = printable && text.strip_prefix("skd://").is_some_and(|rest| !rest.is_empty());
        if right { Ok(Self(text.to_owned())) } else { Err(ParseDrmError::Uri) }
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
        w.finish()
    }

    #[test]
    fn a_pssh_of_its_system_is_kept_as_it_is() {
        for (version, kids) in [(0, &[][..]), (1, &[[7; 16], [8; 16]][..])] {
            let text = BASE64.encode(&pssh(version, PLAYREADY, kids, b"object"));
            let read = Pssh::playready(&text).unwrap();
            assert_eq!((read.to_string(), read.data_base64()), (text, BASE64.encode(b"object")));
        }
    }

    #[test]
    fn what_is_no_pssh_of_the_system_is_refused() {
        let good = pssh(0, WIDEVINE, &[], b"data");
        let of = |bytes: &[u8]| Pssh::widevine(&BASE64.encode(bytes)).unwrap_err();
        assert_eq!(of(&pssh(0, PLAYREADY, &[], b"data")), ParseDrmError::OtherSystem);
        assert_eq!(of(&[&good[..], b"more"].concat()), ParseDrmError::NotPssh);
        for cut in 0..good.len() {
            assert_eq!(of(&good[..cut]), ParseDrmError::NotPssh, "cut at {cut}");
        }
        assert_eq!(of(&pssh(2, WIDEVINE, &[], b"data")), ParseDrmError::NotPssh);
        assert_eq!(of(&pssh(0, WIDEVINE, &[], &[0; MAX_PSSH])), ParseDrmError::TooLarge);
        assert_eq!(Pssh::widevine("a?"), Err(ParseDrmError::Base64));
    }

    #[test]
    fn a_fairplay_uri_cannot_break_out_of_its_attribute() {
        assert_eq!("skd://key/1?x=2".parse::<FairPlayUri>().unwrap().to_string(), "skd://key/1?x=2");
        for text in ["skd://", "https://key", "skd://a\"b", "skd://a b", "skd://a\nb", "skd://ä"] {
            assert_eq!(text.parse::<FairPlayUri>(), Err(ParseDrmError::Uri), "{text}");
        }
    }
}
