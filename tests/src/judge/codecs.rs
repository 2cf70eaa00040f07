//! Codec strings by outside tools: Shaka Packager's manifests of the same streams, and ffprobe.

use super::ffprobe::Stream;
use super::finding::{Attribute, Findings};
use super::pair::Pair;
use super::track::Track;

/// Returns the codec string of a track in lower case: by Shaka Packager, or else by ffprobe, corrected where the two do not follow
/// a specification.
pub(super) fn reference(track: &Track<'_>) -> Option<String> {
    let shaka = track.source.codecs.get(&track.stream.index).map(|stated| stated.codecs.as_str());
    let stated = shaka.or_else(|| track.stream.text("mime_codec_string"))?.to_lowercase();
    let name = track.stream.text("codec_name").unwrap_or_default();
    let entries = track.source.avc_entries(track.stream.index);
    Some(match name {
        // Players choose by the codec string: it must not be less than any part of the stream demands. Shaka Packager states the
        // first sample entry.
        "h264" if entries.len() > 1 => entries.into_iter().rev().max_by_key(|entry| entry[9..].to_owned())?,
        // The object type indication of MPEG-1 or MPEG-2 audio (RFC 6381 3.3). ffprobe names the object type of MPEG-4.
        "mp3" if track.stream.number("sample_rate")? < 32_000 => "mp4a.69".into(),
        "mp3" => "mp4a.6b".into(),
        // Shaka Packager reads the profile of `mha1` only: that of `mhm1` is in the samples.
        "mpegh_3d_audio" => return None,
        "av1" => stated + &optional_fields(track.stream),
        // Complete arrays of parameter sets are what hvc1 requires (ISO/IEC 14496-15 8.4.1.1.1).
        "hevc" if track.source.has_complete_parameter_sets() => stated.replace("hev1.", "hvc1."),
        _ => stated,
    })
}

/// Returns the optional fields of an AV1 codec string, which Shaka Packager omits, where they differ from the defaults of 4:2:0
/// ("AV1 Codec ISO Media File Format Binding", 5).
fn optional_fields(stream: &Stream) -> String {
    let format = stream.text("pix_fmt").unwrap_or_default();
    let subsampling = match format {
        _ if format.starts_with("gray") => "1.110",
        _ if format.starts_with("yuv444") || format.starts_with("gbr") => "0.000",
        _ if format.starts_with("yuv422") => "0.100",
        _ => return String::new(),
    };
    format!(".{subsampling}.01.01.01.0")
}

/// Returns the codecs of the enhancement that a player may use instead: of Dolby Vision with a compatible base layer, by its
/// configuration record (Apple, "HLS authoring specification", 1.10; SCTE 214-1 9.5).
pub(super) fn supplemental(track: &Track<'_>) -> Option<String> {
    let record = |field| track.stream.side_data("DOVI configuration record", field);
    let (profile, level) = (record("dv_profile")?, record("dv_level")?);
    let brand = match record("dv_bl_signal_compatibility_id")? {
        1 => "db1p",
        2 => "db2g",
        4 => "db4h",
        _ => return None,
    };
    let entry = match profile {
        8 => "dvh1",
        10 => "dav1",
        _ => return None,
    };
    Some(format!("{entry}.{profile:02}.{level:02}/{brand}"))
}

/// Checks the codecs of a representation.
pub(super) fn check(pair: &Pair<'_>, findings: &mut Findings) {
    let (place, found) = (pair.place(), pair.representation);
    if let Some(expected) = reference(pair.track) {
        let found = found.get("codecs").map(str::to_lowercase);
        findings.compare(&place, Attribute::Codecs, Some(expected), found);
    }
    let supplemental = supplemental(pair.track);
    let shaka = pair.track.source.codecs.get(&pair.track.stream.index).and_then(|stated| stated.supplemental.clone());
    assert!(shaka.is_none() || shaka == supplemental, "Shaka Packager states {shaka:?}, not {supplemental:?}");
    let profiles = found.get("scte214:supplementalProfiles").map(|profiles| format!("/{profiles}"));
    let found = found.get("scte214:supplementalCodecs");
    let found = found.map(|codecs| format!("{codecs}{}", profiles.unwrap_or_default()));
    findings.compare(&place, Attribute::SupplementalCodecs, supplemental, found);
}
