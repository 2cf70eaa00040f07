//! The rules of DASH-IF's schematron that apply to a static MPD of one period. Each names the assertion of the schematron
//! (`schematron.sch`, such as R3.2), or the clause that it cites: `IOP` is DASH-IF's Guidelines for Interoperability 4.3.
//!
//! The schematron applies the rules of the IOP to manifests that claim a profile of DASH-IF. Here they apply to every manifest.

use dash_mpd_core::{AdaptationSet, MPD, Period, Representation};

use super::report::Report;

/// The profiles that the schematron knows (R1.7) and that a package can have.
const PROFILES: [&str; 2] = ["urn:mpeg:dash:profile:isoff-live:2011", "urn:mpeg:dash:profile:isoff-on-demand:2011"];

/// The values of `urn:mpeg:dash:role:2011` (ISO/IEC 23009-1 5.8.5.5). The schematron knows those of the second edition, which
/// are the first seven.
const ROLES: [&str; 15] = [
    "caption",
    "subtitle",
    "main",
    "alternate",
    "supplementary",
    "commentary",
    "dub",
    "description",
    "sign",
    "metadata",
    "enhanced-audio-intelligibility",
    "emergency",
    "forced-subtitle",
    "easyreader",
    "karaoke",
];

/// A rule: the violation, its source, and whether an element keeps it.
type Rule<T> = (&'static str, &'static str, fn(&T) -> bool);

/// A rule of adaptation sets.
type SetRule = (&'static str, &'static str, fn(&Set<'_>) -> bool);

/// An adaptation set, and whether the MPD has the on-demand profile.
struct Set<'m> {
    set: &'m AdaptationSet,
    is_on_demand: bool,
}

pub(super) fn check(mpd: &MPD, report: &mut Report) {
    require(MPD_RULES, mpd, "MPD", report);
    let is_on_demand = has_profile(mpd, PROFILES[1]);
    for period in &mpd.periods {
        require(PERIOD_RULES, period, "Period", report);
        for set in &period.adaptations {
            let name = format!("AdaptationSet {}", set.id.as_deref().unwrap_or_default());
            let set = Set { set, is_on_demand };
            for (rule, source, holds) in SET_RULES {
                report.require(holds(&set), || format!("{name}: {rule} ({source})"));
            }
        }
    }
}

fn require<T>(rules: &[Rule<T>], of: &T, name: &str, report: &mut Report) {
    for (rule, source, holds) in rules {
        report.require(holds(of), || format!("{name}: {rule} ({source})"));
    }
}

fn has_profile(mpd: &MPD, profile: &str) -> bool {
    mpd.profiles.as_deref().unwrap_or_default().split(',').any(|claimed| claimed == profile)
}

const MPD_RULES: &[Rule<MPD>] = &[
    ("no duration", "R1.3, R1.5, R1.9", |mpd| mpd.mediaPresentationDuration.is_some()),
    ("an unknown profile, or none", "R1.7", |mpd| {
        mpd.profiles.as_deref().unwrap_or_default().split(',').all(|profile| PROFILES.contains(&profile))
    }),
    ("not static", "R1.8", |mpd| mpd.mpdtype.as_deref() == Some("static")),
    ("no minBufferTime", "IOP 3.10.2, 3.10.3", |mpd| mpd.minBufferTime.is_some()),
    ("a segment longer than maxSegmentDuration", "R10", |mpd| mpd.maxSegmentDuration.is_none()),
];

const PERIOD_RULES: &[Rule<Period>] = &[
    ("segments of all sets", "R2.3", |period| period.SegmentTemplate.is_none() && period.SegmentBase.is_none()),
    ("no adaptation set", "R2.5", |period| !period.adaptations.is_empty()),
    ("several video sets, none of them main", "ISO/IEC 23009-1 8.8", |period| {
        let videos: Vec<_> = period.adaptations.iter().filter(|set| is(set, "video")).collect();
        let is_main = |set: &&AdaptationSet| set.Role.iter().any(|role| role.value.as_deref() == Some("main"));
        videos.len() < 2 || videos.iter().any(is_main)
    }),
];

const SET_RULES: &[SetRule] = &[
    ("an attribute of the set is repeated in a representation", "R3.2", |Set { set, .. }| {
        set.representations.iter().all(|representation| {
            ![
                set.width.is_some() && representation.width.is_some(),
                set.height.is_some() && representation.height.is_some(),
                set.sar.is_some() && representation.sar.is_some(),
                set.frameRate.is_some() && representation.frameRate.is_some(),
                set.audioSamplingRate.is_some() && representation.audioSamplingRate.is_some(),
                set.mimeType.is_some() && representation.mimeType.is_some(),
                set.codecs.is_some() && representation.codecs.is_some(),
                set.startWithSAP.is_some() && representation.startWithSAP.is_some(),
                set.scanType.is_some() && representation.scanType.is_some(),
            ]
            .contains(&true)
        })
    }),
    ("a representation outside the range of the set", "R3.5", |Set { set, .. }| {
        let is_within = |value: Option<u64>, min: Option<u64>, max: Option<u64>| {
            value.is_none_or(|value| min.is_none_or(|min| min <= value) && max.is_none_or(|max| value <= max))
        };
        set.representations.iter().all(|representation| {
            is_within(representation.width, set.minWidth, set.maxWidth)
                && is_within(representation.height, set.minHeight, set.maxHeight)
                && is_within(representation.bandwidth, set.minBandwidth, set.maxBandwidth)
        })
    }),
    ("a representation above the maximum frame rate of the set", "ISO/IEC 23009-1 5.3.3.1", |Set { set, .. }| {
        let maximum = set.maxFrameRate.as_deref().map_or(f64::INFINITY, frames_per_second);
        let rates = set.representations.iter().filter_map(|representation| representation.frameRate.as_deref());
        rates.map(frames_per_second).all(|rate| rate <= maximum)
    }),
    ("no representation", "R3.6", |Set { set, .. }| !set.representations.is_empty()),
    ("no media type", "R5.0, IOP 3.2.13", |Set { set, .. }| {
        let known = ["video/mp4", "audio/mp4", "application/mp4", "application/ttml+xml", "text/vtt", "image/jpeg"];
        set.mimeType.as_deref().is_some_and(|media_type| known.contains(&media_type))
    }),
    ("not exactly one of SegmentTemplate and SegmentBase, or BaseURL alone", "R3.7, R5.3", |Set { set, .. }| {
        set.representations.iter().all(|representation| {
            let template = set.SegmentTemplate.is_some() || representation.SegmentTemplate.is_some();
            let base = set.SegmentBase.is_some() || representation.SegmentBase.is_some();
            !(template && base) && (template || !representation.BaseURL.is_empty())
        })
    }),
    ("files of segments with the on-demand profile", "ISO/IEC 23009-1 8.3.3", |Set { set, is_on_demand }| {
        !is_on_demand
            || is_file(set)
            || set.representations.iter().all(|representation| {
                set.SegmentTemplate.is_none()
                    && representation.SegmentTemplate.is_none()
                    && representation.SegmentBase.as_ref().is_some_and(|base| base.indexRange.is_some())
            })
    }),
    ("no SegmentTemplate with the live profile", "R5.1", |Set { set, is_on_demand }| {
        *is_on_demand
            || is_file(set)
            || set
                .representations
                .iter()
                .all(|representation| set.SegmentTemplate.is_some() || representation.SegmentTemplate.is_some())
    }),
    ("a duration besides the timeline, or neither", "R7.0, R7.1", |Set { set, .. }| {
        templates(set).all(|template| template.SegmentTimeline.is_some() != template.duration.is_some())
    }),
    ("an identifier in a URL that is not allowed there", "R7.3 to R7.5", |Set { set, .. }| {
        templates(set).all(|template| {
            let names = |url: &Option<String>| identifiers(url.as_deref().unwrap_or_default());
            names(&template.initialization)
                .iter()
                .all(|name| ["RepresentationID", "Bandwidth"].contains(&name.as_str()))
                && names(&template.media)
                    .iter()
                    .all(|name| ["RepresentationID", "Bandwidth", "Number", "Time"].contains(&name.as_str()))
        })
    }),
    ("segments or subsegments that are not aligned", "IOP 3.10.2, 3.10.3", |Set { set, is_on_demand }| {
        is_file(set) || if *is_on_demand { set.subsegmentAlignment } else { set.segmentAlignment } == Some(true)
    }),
    ("the protection is not that of the set, or has no four-character scheme or key id", "R12.2, R12.3", |set| {
        let of_set = set.set.ContentProtection.iter();
        let mut mp4 = of_set.filter(|protection| protection.schemeIdUri == "urn:mpeg:dash:mp4protection:2011");
        set.set.representations.iter().all(|representation| representation.ContentProtection.is_empty())
            && mp4.all(|mp4| mp4.value.as_ref().is_some_and(|scheme| scheme.len() == 4) && mp4.default_KID.is_some())
    }),
    ("an unknown role", "R13", |Set { set, .. }| {
        let roles = set.Role.iter().filter(|role| role.schemeIdUri == "urn:mpeg:dash:role:2011");
        roles.filter_map(|role| role.value.as_deref()).all(|role| ROLES.contains(&role))
    }),
    ("a list of codecs", "IOP RD5.4", |Set { set, .. }| {
        let codecs = set.representations.iter().filter_map(|representation| representation.codecs.as_deref());
        codecs.chain(set.codecs.as_deref()).all(|codecs| !codecs.contains(','))
    }),
    ("video without width, height or sample aspect ratio", "IOP 3.2.4", |Set { set, .. }| {
        !is(set, "video")
            || set.representations.iter().all(|representation| {
                (set.width.is_some() || representation.width.is_some())
                    && (set.height.is_some() || representation.height.is_some())
                    && (set.sar.is_some() || representation.sar.is_some())
            })
    }),
    ("audio without a sampling rate or channel configuration", "IOP 3.2.4", |Set { set, .. }| {
        let has_channels = |representation: &Representation| !representation.AudioChannelConfiguration.is_empty();
        !is(set, "audio")
            || set.representations.iter().all(|representation| {
                (set.audioSamplingRate.is_some() || representation.audioSamplingRate.is_some())
                    && (!set.AudioChannelConfiguration.is_empty() || has_channels(representation))
            })
    }),
];

fn is(set: &AdaptationSet, content_type: &str) -> bool {
    set.contentType.as_deref() == Some(content_type)
}

/// Returns whether the set is a subtitle file, which is not segmented.
fn is_file(set: &AdaptationSet) -> bool {
    set.mimeType.as_deref() == Some("text/vtt")
}

fn templates(set: &AdaptationSet) -> impl Iterator<Item = &dash_mpd_core::SegmentTemplate> {
    let of_representations =
        set.representations.iter().filter_map(|representation| representation.SegmentTemplate.as_ref());
    set.SegmentTemplate.iter().chain(of_representations)
}

/// Returns the identifiers of a template URL, without their format tags.
fn identifiers(url: &str) -> Vec<String> {
    let names = url.split('$').skip(1).step_by(2).filter(|name| !name.is_empty());
    names.map(|name| name.split('%').next().unwrap_or_default().to_owned()).collect()
}

fn frames_per_second(rate: &str) -> f64 {
    let (frames, seconds) = rate.split_once('/').unwrap_or((rate, "1"));
    frames.parse::<f64>().unwrap_or(f64::NAN) / seconds.parse::<f64>().unwrap_or(f64::NAN)
}
