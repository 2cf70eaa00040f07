//! Audio: sampling rate and channels.

use super::finding::{Attribute, Findings};
use super::pair::Pair;

const CICP: &str = "urn:mpeg:mpegB:cicp:ChannelConfiguration";

/// The channel configurations (ISO/IEC 23091-3) of ffmpeg's layouts.
const CONFIGURATIONS: [(&str, u8); 12] = [
    ("mono", 1),
    ("stereo", 2),
    ("3.0", 3),
    ("4.0", 4),
    ("5.0", 5),
    ("5.0(side)", 5),
    ("5.1", 6),
    ("5.1(side)", 6),
    ("7.1(wide)", 7),
    ("6.1(back)", 11),
    ("6.1", 11),
    ("7.1", 12),
];

const POSITIONS: &str = "urn:mpeg:dash:outputChannelPositionList:2012";

/// The positions of the loudspeakers (`OutputChannelPosition`, ISO/IEC 23091-3) of ffmpeg's layouts that have no configuration.
const POSITION_LISTS: [(&str, &str); 3] =
    [("2.1", "0 1 3"), ("7.0", "0 1 2 4 5 8 9"), ("octagonal", "0 1 2 4 5 8 9 10")];

/// Checks a representation.
pub(super) fn check(pair: &Pair<'_>, findings: &mut Findings) {
    let (place, stream, found) = (pair.place(), pair.track.stream, pair.representation);
    let rate = stream.number("sample_rate");
    findings.compare(&place, Attribute::AudioSamplingRate, rate, found.get("audioSamplingRate"));
    let layout = stream.text("channel_layout").filter(|_| is_known(pair));
    let expected = CONFIGURATIONS.iter().find(|(name, _)| Some(*name) == layout).map(|(_, number)| number);
    let stated = found.element.descriptors("AudioChannelConfiguration", CICP).next();
    if expected.is_some() {
        findings.compare(&place, Attribute::ChannelConfiguration, expected, stated);
    }
    let expected = POSITION_LISTS.iter().find(|(name, _)| Some(*name) == layout).map(|(_, positions)| positions);
    let stated = found.element.descriptors("AudioChannelConfiguration", POSITIONS).next();
    findings.compare(&place, Attribute::ChannelConfiguration, expected, stated);
}

/// `CHANNELS`: how many there are.
pub(super) fn channels(pair: &Pair<'_>) -> Option<String> {
    pair.track.stream.number("channels").map(|channels| channels.to_string())
}

/// Returns whether ffprobe knows the channels: of these codecs it states those of the sample entry, which do not count (AC-4: ETSI
/// TS 103 190-2 E.4.5; IAMF 6.2.2; MPEG-H: ISO/IEC 23008-3 20.5).
pub(super) fn is_known(pair: &Pair<'_>) -> bool {
    let codec = pair.track.stream.text("codec_name");
    // ffprobe names the codec in IAMF.
    let is_known = codec.is_some_and(|codec| !["ac4", "mpegh_3d_audio"].contains(&codec));
    is_known && !pair.track.source.is_iamf()
}
