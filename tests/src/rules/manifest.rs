//! Rules of the manifest itself beyond its schema: duration, bandwidth, codec strings.

use super::{Report, schema};
use crate::boxes;
use crate::package::{Package, Representation, Segment};

pub(super) fn check(package: &Package, report: &mut Report) {
    schema::check(&package.text, report);
    duration(package, report);
    for own in &package.representations {
        bandwidth(package, own, report);
        codecs(own, report);
    }
    for set in package.mpd.periods.iter().flat_map(|period| &period.adaptations) {
        let first = set.ContentProtection.first().map(|own| own.schemeIdUri.as_str());
        report.require(first.is_none_or(|first| first == "urn:mpeg:dash:mp4protection:2011"), || {
            "the protection scheme is not the first ContentProtection".into()
        });
        let own = set.representations.iter().filter_map(|own| own.id.as_deref()).map(|id| package.representation(id));
        let own: Vec<_> = own.collect();
        let worst = own.iter().flat_map(|own| &own.segments).map(sap_type).max().unwrap_or(0);
        let said = [set.startWithSAP, set.subsegmentStartsWithSAP];
        let expected = (worst < 4).then_some(worst);
        let expected = if own.iter().any(|own| own.index.is_some()) { [None, expected] } else { [expected, None] };
        report.require(said == expected, || {
            format!("@startWithSAP of segments and subsegments is {said:?} where one starts with type {worst}")
        });
    }
}

/// The type of the stream access point that a segment starts with (ISO/IEC 14496-12 Annex I), as its fragment tells it: 1
/// where nothing is presented before the sync sample it begins with, 3 where something is, 4 for none.
pub(super) fn sap_type(segment: &Segment) -> u64 {
    let samples = segment.samples();
    let first = &samples[0];
    match samples.iter().any(|sample| sample.composition_time < first.composition_time) {
        _ if !first.sync => 4,
        false => 1,
        true => 3,
    }
}

/// `@mediaPresentationDuration` is when the last sample of the longest track ends, to the nanosecond.
fn duration(package: &Package, report: &mut Report) {
    let end = package.representations.iter().filter_map(|own| {
        let last = own.segments.last()?;
        let end = u128::from(last.start + last.duration - own.presentation_time_offset);
        Some((end * 2_000_000_000 / u128::from(own.timescale)).div_ceil(2))
    });
    let (end, said) = (end.max().unwrap_or(0), seconds(&package.text, "mediaPresentationDuration"));
    report.require(said.abs_diff(end) <= 1, || format!("the duration is {said} ns, the last segment ends at {end} ns"));
}

/// `@bandwidth` is the smallest rate that starves no client which waits for `@minBufferTime`, by the definition.
fn bandwidth(package: &Package, own: &Representation, report: &mut Report) {
    let buffer = seconds(&package.text, "minBufferTime");
    let sizes: Vec<u128> = own.segments.iter().map(|segment| u128::from(segment.length())).collect();
    let plays = |rate: u64| {
        (0..sizes.len()).all(|from| {
            let mut bits = 0;
            (from..sizes.len()).all(|to| {
                bits += sizes[to] * 8;
                let ahead = u128::from(own.segments[to].start - own.segments[from].start);
                let due = buffer + ahead * 1_000_000_000 / u128::from(own.timescale);
                bits * 1_000_000_000 <= u128::from(rate) * due
            })
        })
    };
    report.require(plays(own.bandwidth + 1), || format!("{}: @bandwidth {} starves a client", own.id, own.bandwidth));
    report.require(!plays(own.bandwidth.saturating_sub(2)), || {
        format!("{}: @bandwidth {} is more than it takes", own.id, own.bandwidth)
    });
}

/// The codec string of a picture in H.264 or H.265 says what the configuration record says; any other begins with the type of
/// its sample entry.
fn codecs(own: &Representation, report: &mut Report) {
    let init = own.init_bytes();
    let entries = "moov/trak/mdia/minf/stbl/stsd";
    let record = |record: &str| {
        let kinds = ["avc1", "hvc1", "hev1", "dvh1", "encv"];
        kinds.map(|kind| boxes::all(&init, &format!("{entries}/{kind}/{record}"))).concat().first().copied()
    };
    let name = own.codecs.split('.').next().unwrap_or_default();
    let expected = match (record("avcC"), record("hvcC"), record("dvcC")) {
        (Some(avc), ..) => format!("{name}.{:02X}{:02X}{:02X}", avc[1], avc[2], avc[3]),
        (_, _, Some(dolby)) if name == "dvh1" => {
            format!("{name}.{:02}.{:02}", dolby[2] >> 1, (dolby[2] & 1) << 5 | dolby[3] >> 3)
        }
        (_, Some(hevc), _) => format!("{name}.{}", hevc_profile(hevc)),
        _ => {
            let kind = String::from_utf8_lossy(boxes::sample_entry(&init));
            report.require(name == kind, || format!("{}: codecs {}", own.id, own.codecs));
            return;
        }
    };
    let agrees = own.codecs.eq_ignore_ascii_case(&expected);
    report.require(agrees, || format!("{}: codecs {} for {expected}", own.id, own.codecs));
}

/// Profile, tier, level and constraints of an `hvcC` box in profile space 0 (ISO/IEC 14496-15 E.3).
fn hevc_profile(record: &[u8]) -> String {
    let compatibility: u32 = (0..32).map(|bit| u32::from(record[2 + bit / 8] >> (7 - bit % 8) & 1) << bit).sum();
    let tier = if record[1] & 0x20 == 0 { 'L' } else { 'H' };
    let mut text = format!("{}.{compatibility:x}.{tier}{}", record[1] & 0x1f, record[12]);
    let constraints = &record[6..12];
    let last = constraints.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    text.extend(constraints[..last].iter().flat_map(|byte| [".".to_owned(), format!("{byte:x}")]));
    text
}

/// The nanoseconds of an attribute of the form `PT12.5S`.
fn seconds(text: &str, attribute: &str) -> u128 {
    let (_, value) = text.split_once(&format!(" {attribute}=\"PT")).expect("the attribute is there");
    let (value, _) = value.split_once("S\"").expect("a duration in seconds alone");
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let nanos: u128 = format!("{fraction:0<9}").parse().expect("at most nanoseconds");
    whole.parse::<u128>().expect("whole seconds") * 1_000_000_000 + nanos
}
