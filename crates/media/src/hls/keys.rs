//! `EXT-X-KEY` and `EXT-X-SESSION-KEY` (RFC 8216bis 4.4.4.4, 4.4.6.5): one line for each way to get the key of a track.

use data_encoding::HEXLOWER;

use super::options::HlsOptions;
use crate::cenc::{Mode, SystemId, TrackEncryption};

/// Returns the attributes of each line.
///
/// Each signalled DRM system has a line. The `identity` line is for players that fetch the key themselves. It is omitted if DRM
/// systems are signalled and no URL of the key is known.
pub(super) fn keys(encryption: &TrackEncryption, options: &HlsOptions) -> Vec<String> {
    let (method, iv) = match encryption.mode {
        Mode::Cbcs { iv, .. } => ("SAMPLE-AES", format!(",IV=0x{}", HEXLOWER.encode(iv.as_bytes()))),
        // The IV of each sample is in the segment.
        Mode::Cenc { .. } => ("SAMPLE-AES-CTR", String::new()),
    };
    let key = |uri: &str, extra: &str, format: &str| {
        format!("METHOD={method},URI=\"{uri}\"{extra},KEYFORMAT=\"{format}\",KEYFORMATVERSIONS=\"1\"")
    };
    let kid = format!(",KEYID=0x{}", HEXLOWER.encode(encryption.kid.as_bytes()));
    let drm = &options.drm;
    let widevine = drm.widevine.as_ref().map(|pssh| {
        let uri = format!("data:text/plain;base64,{}", pssh.base64());
        key(&uri, &kid, &format!("urn:uuid:{}", SystemId::WIDEVINE))
    });
    let playready = drm.playready.as_ref().map(|pssh| {
        let uri = format!("data:text/plain;charset=UTF-16;base64,{}", pssh.data_base64());
        key(&uri, &kid, "com.microsoft.playready")
    });
    // FairPlay delivers the IV with the key.
    let fairplay = drm.fairplay.as_ref().map(|uri| key(&uri.to_string(), "", "com.apple.streamingkeydelivery"));
    let identity = match &options.key_url {
        Some(url) => Some(key(&format!("{url}?kid={}", encryption.kid), &iv, "identity")),
        // This URN identifies the key, but does not locate it.
        None if drm.is_none() => Some(key(&format!("urn:uuid:{}", encryption.kid), &iv, "identity")),
        None => None,
    };
    [fairplay, widevine, playready, identity].into_iter().flatten().collect()
}
