//! Rules of HLS playlists: RFC 8216bis, named by the section, and Apple's HLS Authoring Specification for on-demand streams,
//! named by its chapter.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::rates;
use super::report::Report;
use super::tags::{Attributes, tags};
use crate::package::Package;

pub(super) fn check(package: &Package, report: &mut Report) {
    let text = fs::read_to_string(package.directory.join("stream.m3u8")).expect("the playlist exists");
    let renditions = tags(&text, "#EXT-X-MEDIA:");
    let variants = tags(&text, "#EXT-X-STREAM-INF:");
    let i_frames = tags(&text, "#EXT-X-I-FRAME-STREAM-INF:");
    report.require(text.starts_with("#EXTM3U\n"), || "stream.m3u8 does not start with EXTM3U (8216bis 4.4.1.1)".into());
    let has_video = package.representations.iter().any(|representation| representation.content_type == "video");
    report.require(!variants.is_empty(), || "stream.m3u8 has no variant (8216bis 4.4.6.2)".into());
    report.require(!has_video || !i_frames.is_empty(), || {
        "stream.m3u8 has no I-frame playlist (Apple, 6: trick play)".into()
    });
    let version = text.lines().find_map(|line| line.strip_prefix("#EXT-X-VERSION:")?.parse::<u32>().ok());
    let required = variants.iter().chain(&i_frames).any(|tag| tag.keys().any(|name| name.starts_with("REQ-")));
    report.require(!required || version >= Some(12), || {
        format!("a required attribute in version {version:?} (8216bis 8)")
    });
    for layout in variants.iter().chain(&i_frames).filter_map(|tag| tag.get("REQ-VIDEO-LAYOUT")) {
        let is_known = layout.split([',', '/']).all(|specifier| ["CH-STEREO", "CH-MONO"].contains(&specifier));
        report.require(is_known, || format!("the video layout {layout} (8216bis 4.4.6.2)"));
    }
    for variant in &variants {
        check_variant(variant, &renditions, has_video, report);
    }
    for stream in &i_frames {
        let required = ["BANDWIDTH", "CODECS", "RESOLUTION", "URI"];
        let missing: Vec<_> = required.iter().filter(|name| !stream.contains_key(**name)).collect();
        report.require(missing.is_empty(), || format!("an I-frame stream lacks {missing:?} (Apple, 9: multivariant)"));
    }
    check_groups(&renditions, report);
    check_members(&renditions, report);
    rates::check(&package.directory, &text, &renditions, report);
    for representation in &package.representations {
        for name in ["media.m3u8", "iframes.m3u8"] {
            let path = package.directory.join(&representation.id).join(name);
            if let Ok(text) = fs::read_to_string(path) {
                check_media(&text, &format!("{}/{name}", representation.id), report);
            }
        }
    }
}

fn check_variant(variant: &Attributes, renditions: &[Attributes], has_video: bool, report: &mut Report) {
    let mut required = vec!["BANDWIDTH", "AVERAGE-BANDWIDTH", "CODECS"];
    required.extend(has_video.then_some("RESOLUTION"));
    let missing: Vec<_> = required.iter().filter(|name| !variant.contains_key(**name)).collect();
    report.require(missing.is_empty(), || format!("a variant lacks {missing:?} (Apple, 9: multivariant)"));
    let number = |name| variant.get(name).and_then(|value| value.parse::<u64>().ok()).unwrap_or(0);
    let (average, peak) = (number("AVERAGE-BANDWIDTH"), number("BANDWIDTH"));
    report.require((1..=peak).contains(&average), || {
        format!("a variant has an average of {average} and a peak of {peak} bits per second (8216bis 4.4.6.2)")
    });
    for (attribute, kind) in [("AUDIO", "AUDIO"), ("SUBTITLES", "SUBTITLES")] {
        let Some(group) = variant.get(attribute) else { continue };
        let is_member = |rendition: &&Attributes| rendition["TYPE"] == kind && rendition["GROUP-ID"] == *group;
        report.require(renditions.iter().any(|rendition| is_member(&rendition)), || {
            format!("a variant names the group {group}, which has no rendition (8216bis 4.4.6.2.1)")
        });
    }
}

/// Requires that renditions with one name in several groups of a type have the same attributes, but for the location, the channels
/// and the group; and that groups of equal size have the same names. A source may have a track in one codec only.
fn check_members(renditions: &[Attributes], report: &mut Report) {
    let common = |rendition: &Attributes| {
        let mut common = rendition.clone();
        ["URI", "CHANNELS", "GROUP-ID", "STABLE-RENDITION-ID", "BIT-DEPTH", "SAMPLE-RATE"].iter().for_each(|name| {
            common.remove(*name);
        });
        common
    };
    let mut groups: BTreeMap<(&str, &str), BTreeMap<&str, Attributes>> = BTreeMap::new();
    for rendition in renditions {
        let group = groups.entry((&rendition["TYPE"], &rendition["GROUP-ID"])).or_default();
        group.insert(&rendition["NAME"], common(rendition));
    }
    for ((kind, id), members) in &groups {
        for ((_, other), others) in groups.iter().filter(|((other_kind, _), _)| other_kind == kind) {
            let differs = members.len() == others.len() && !members.keys().eq(others.keys());
            report.require(!differs, || {
                format!("the groups {id} and {other} differ in their members (8216bis 4.4.6.1.1)")
            });
            for (name, member) in members {
                let same = others.get(name).is_none_or(|same| same == member);
                report.require(same, || format!("{name} differs between {id} and {other} (8216bis 4.4.6.1.1)"));
            }
        }
    }
}

/// Requires that the renditions of each group differ in their names, and that at most one is the default.
fn check_groups(renditions: &[Attributes], report: &mut Report) {
    let mut groups: BTreeMap<(&str, &str), Vec<&Attributes>> = BTreeMap::new();
    for rendition in renditions {
        groups.entry((&rendition["TYPE"], &rendition["GROUP-ID"])).or_default().push(rendition);
        let is = |name: &str| rendition.get(name).is_some_and(|value| value == "YES");
        report.require(!is("DEFAULT") || is("AUTOSELECT"), || {
            format!("{} is the default, but not selected automatically (8216bis 4.4.6.1)", rendition["NAME"])
        });
        report.require(rendition["TYPE"] != "AUDIO" || rendition.contains_key("CHANNELS"), || {
            format!("the audio {} does not state its channels (Apple, 9: multivariant)", rendition["NAME"])
        });
    }
    for ((_, group), members) in groups {
        let distinct: BTreeSet<_> = members.iter().map(|member| member["NAME"].as_str()).collect();
        report.require(distinct.len() == members.len(), || {
            format!("two renditions of the group {group} have one name (8216bis 4.4.6.1.1)")
        });
        let defaults = members.iter().filter(|member| member.get("DEFAULT").is_some_and(|value| value == "YES"));
        report.require(defaults.count() <= 1, || format!("the group {group} has two defaults (8216bis 4.4.6.1.1)"));
    }
}

fn check_media(text: &str, name: &str, report: &mut Report) {
    let value = |tag: &str| text.lines().find_map(|line| line.strip_prefix(tag)).unwrap_or_default();
    let target = value("#EXT-X-TARGETDURATION:").parse::<f64>().unwrap_or(0.0);
    let durations =
        text.lines().filter_map(|line| line.strip_prefix("#EXTINF:")?.split(',').next()?.parse::<f64>().ok());
    let longest = durations.fold(0.0, f64::max);
    report.require(longest > 0.0 && longest.round() <= target, || {
        format!("{name}: a segment of {longest} s exceeds the target duration {target} (8216bis 4.4.3.1)")
    });
    report.require(value("#EXT-X-PLAYLIST-TYPE:") == "VOD", || format!("{name}: not of the type VOD (Apple, 8)"));
    report.require(text.trim_end().ends_with("#EXT-X-ENDLIST"), || format!("{name}: no end (8216bis 4.4.3.4)"));
    let version = value("#EXT-X-VERSION:").parse::<u32>().unwrap_or(1);
    let minimum = if !text.contains("#EXT-X-MAP:") || text.contains("#EXT-X-I-FRAMES-ONLY") { 5 } else { 6 };
    report.require(version >= minimum || !text.contains("#EXT-X-MAP:"), || {
        format!("{name}: EXT-X-MAP in version {version} (8216bis 8)")
    });
    let is_text = text.contains(".vtt\n");
    report.require(is_text || text.contains("#EXT-X-MAP:"), || format!("{name}: no init segment (8216bis 3.1.2)"));
}
