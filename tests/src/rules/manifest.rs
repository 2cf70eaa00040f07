//! Rules of the manifest beyond its schema: duration, bandwidth, codec strings, random access.

use super::report::Report;
use super::schema;
use crate::boxes;
use crate::package::{Package, Representation, Segment, trick_mode_of};

pub(super) fn check(package: &Package, report: &mut Report) {
    schema::check(&package.text, report);
    duration(package, report);
    for representation in &package.representations {
        bandwidth(package, representation, report);
        codecs(representation, report);
    }
    let sets = package.mpd.periods.iter().flat_map(|period| &period.adaptations);
    for set in sets.filter(|set| trick_mode_of(set).is_none()) {
        let first = set.ContentProtection.first().map(|descriptor| descriptor.schemeIdUri.as_str());
        report.require(first.is_none_or(|first| first == "urn:mpeg:dash:mp4protection:2011"), || {
            "the protection scheme is not the first ContentProtection".into()
        });
        let ids = set.representations.iter().filter_map(|representation| representation.id.as_deref());
        let representations: Vec<_> = ids.map(|id| package.representation(id)).collect();
        let segments = representations.iter().flat_map(|representation| &representation.segments);
        let worst = segments.map(sap_type).max().unwrap_or(0);
        let signalled = [set.startWithSAP, set.subsegmentStartsWithSAP];
        let expected = (worst < 4).then_some(worst);
        let is_single_file = representations.iter().any(|representation| representation.index.is_some());
        let expected = if is_single_file { [None, expected] } else { [expected, None] };
        report.require(signalled == expected, || {
            format!(
                "@startWithSAP of segments and subsegments is {signalled:?}, but a segment starts with type {worst}"
            )
        });
    }
}

/// Derives the type of the stream access point at the start of a segment (ISO/IEC 14496-12 Annex I) from its samples: 1 if no
/// sample is presented before the sync sample that starts it, 3 if one is, 4 if it does not start with a sync sample.
pub(super) fn sap_type(segment: &Segment) -> u64 {
    let samples = segment.samples();
    let first = &samples[0];
    match samples.iter().any(|sample| sample.composition_time < first.composition_time) {
        _ if !first.sync => 4,
        false => 1,
        true => 3,
    }
}

/// Requires that `@mediaPresentationDuration` is the end of the longest video or audio, to the nanosecond.
fn duration(package: &Package, report: &mut Report) {
    let end = package.media().filter_map(|representation| {
        let last = representation.segments.last()?;
        let end = u128::from(last.start + last.duration - representation.presentation_time_offset);
        Some((end * 2_000_000_000 / u128::from(representation.timescale)).div_ceil(2))
    });
    let (end, stated) = (end.max().unwrap_or(0), nanoseconds(&package.text, "mediaPresentationDuration"));
    report.require(stated.abs_diff(end) <= 1, || {
        format!("the duration is {stated} ns, the last segment ends at {end} ns")
    });
}

/// Requires that `@bandwidth` is the smallest rate at which no client that buffers `@minBufferTime` starves (ISO/IEC 23009-1
/// 5.3.5.2), to within one bit per second. Where the manifest precedes the segments, it may be 0.5 % higher for encrypted
/// video.
fn bandwidth(package: &Package, representation: &Representation, report: &mut Report) {
    let segments = &representation.segments;
    let buffer = nanoseconds(&package.text, "minBufferTime");
    let sizes: Vec<u128> = segments.iter().map(|segment| u128::from(segment.length())).collect();
    let is_sufficient = |rate: u64| {
        (0..sizes.len()).all(|from| {
            let mut bits = 0;
            (from..sizes.len()).all(|to| {
                bits += sizes[to] * 8;
                let ahead = u128::from(segments[to].start - segments[from].start);
                let due = buffer + ahead * 1_000_000_000 / u128::from(representation.timescale);
                bits * 1_000_000_000 <= u128::from(rate) * due
            })
        })
    };
    let (id, bandwidth) = (&representation.id, representation.bandwidth);
    report.require(is_sufficient(bandwidth + 1), || format!("{id}: @bandwidth {bandwidth} starves a client"));
    let is_expected = representation.segments.iter().all(|segment| segment.range.is_none())
        && representation.content_type == "video"
        && representation.protection.is_some();
    let most = if is_expected { bandwidth * 200 / 201 } else { bandwidth };
    report.require(!is_sufficient(most.saturating_sub(2)), || {
        format!("{id}: @bandwidth {bandwidth} is more than it takes")
    });
}

/// Requires that the codec string of H.264 or H.265 video matches the configuration record, and that any other starts with the
/// type of the sample entry.
fn codecs(representation: &Representation, report: &mut Report) {
    let init = representation.init_bytes();
    let entries = "moov/trak/mdia/minf/stbl/stsd";
    let record = |record: &str| {
        let kinds = ["avc1", "hvc1", "hev1", "dvh1", "encv"];
        kinds.map(|kind| boxes::all(&init, &format!("{entries}/{kind}/{record}"))).concat().first().copied()
    };
    let (id, codecs) = (&representation.id, &representation.codecs);
    let name = codecs.split('.').next().unwrap_or_default();
    let expected = match (record("avcC"), record("hvcC"), record("dvcC")) {
        (Some(avc), ..) => format!("{name}.{:02X}{:02X}{:02X}", avc[1], avc[2], avc[3]),
        (_, _, Some(dolby)) if name == "dvh1" => {
            format!("{name}.{:02}.{:02}", dolby[2] >> 1, (dolby[2] & 1) << 5 | dolby[3] >> 3)
        }
        (_, Some(hevc), _) => format!("{name}.{}", hevc_profile(hevc)),
        _ => {
            let kind = String::from_utf8_lossy(boxes::sample_entry(&init));
            report.require(name == kind, || format!("{id}: codecs {codecs}"));
            return;
        }
    };
    let agrees = codecs.eq_ignore_ascii_case(&expected);
    report.require(agrees, || format!("{id}: codecs {codecs} for {expected}"));
}

/// Formats profile, tier, level and constraints of an `hvcC` box in profile space 0 (ISO/IEC 14496-15 E.3).
fn hevc_profile(record: &[u8]) -> String {
    let compatibility: u32 = (0..32).map(|bit| u32::from(record[2 + bit / 8] >> (7 - bit % 8) & 1) << bit).sum();
    let tier = if record[1] & 0x20 == 0 { 'L' } else { 'H' };
    let mut text = format!("{}.{compatibility:x}.{tier}{}", record[1] & 0x1f, record[12]);
    let constraints = &record[6..12];
    let last = constraints.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    text.extend(constraints[..last].iter().flat_map(|byte| [".".to_owned(), format!("{byte:x}")]));
    text
}

/// Returns the nanoseconds of an attribute of the form `PT12.5S`.
fn nanoseconds(text: &str, attribute: &str) -> u128 {
    let (_, value) = text.split_once(&format!(" {attribute}=\"PT")).expect("the attribute exists");
    let (value, _) = value.split_once("S\"").expect("a duration in seconds alone");
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let nanos: u128 = format!("{fraction:0<9}").parse().expect("at most nanoseconds");
    whole.parse::<u128>().expect("whole seconds") * 1_000_000_000 + nanos
}
