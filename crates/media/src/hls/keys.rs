//! `EXT-X-KEY` and `EXT-X-SESSION-KEY` (RFC 8216bis 4.4.4.4, 4.4.6.5): one line for each way to get the key of a track.

use data_encoding::HEXLOWER;

use super::HlsOptions;
use crate::cenc::{KeyId, Mode, SystemId, TrackEncryption};

/// The attributes of one line for each way.
///
/// A DRM system that is signalled brings its own. The `identity` line is for players that fetch the key themselves; it is left
/// out where DRM systems are named and no address is known.
pub(super) fn keys(encryption: &TrackEncryption, options: &HlsOptions) -> Vec<String> {
    let (method, iv) = match encryption.mode {
        Mode::Cbcs { iv, .. } => ("SAMPLE-AES", format!(",IV=0x{}", HEXLOWER.encode(iv.as_bytes()))),
        // Every sample has an IV of its own, in the segment.
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
        None if drm.is_none() => Some(key(&nameless(&encryption.kid), &iv, "identity")),
        None => None,
    };
    [fairplay, widevine, playready, identity].into_iter().flatten().collect()
}

/// Names a key without saying where it is to be had.
fn nameless(kid: &KeyId) -> String {
    format!("urn:uuid:{kid}")
}
