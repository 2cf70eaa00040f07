//! Rules of Common Encryption (ISO/IEC 23001-7): the manifest, the init segment and every sample's auxiliary data agree.

use super::Report;
use crate::boxes;
use crate::package::{Protection, Representation, Sample, Segment};

const ENTRIES: &str = "moov/trak/mdia/minf/stbl/stsd";

pub(super) fn check(own: &Representation, samples: &[Vec<Sample>], report: &mut Report) {
    let init = own.init_bytes();
    let kind = if own.content_type == "video" { "encv" } else { "enca" };
    let protections = boxes::all(&init, &format!("{ENTRIES}/{kind}/sinf"));
    let Some(said) = &own.protection else {
        report.require(protections.is_empty(), || format!("{}: protected, and the manifest does not say so", own.id));
        return;
    };
    // Every sample description has one, and they all say the same.
    let [sinf, others @ ..] = protections.as_slice() else {
        report.0.push(format!("{}: the manifest says it is protected, the init segment does not", own.id));
        return;
    };
    report.require(others.iter().all(|other| other == sinf), || format!("{}: sample descriptions differ", own.id));
    let (format, scheme, tenc) = (boxes::one(sinf, "frma"), boxes::one(sinf, "schm"), boxes::one(sinf, "schi/tenc"));
    report.require(own.codecs.as_bytes().starts_with(format), || format!("{}: original format", own.id));
    let found =
        Protection { scheme: String::from_utf8_lossy(&scheme[4..8]).into_owned(), default_kid: dashed(&tenc[8..24]) };
    report.require(*said == found, || format!("{}: the manifest says {said:?}, the init segment {found:?}", own.id));
    report.require(scheme[8..12] == [0, 1, 0, 0], || format!("{}: scheme version", own.id));
    if found.scheme == "cbcs" {
        let pattern = if kind == "encv" { 0x19 } else { 0 };
        report.require(tenc[0] == 1 && tenc[5] == pattern, || format!("{}: tenc version or pattern", own.id));
        report.require(tenc[6..8] == [1, 0] && tenc[24] == 16 && tenc.len() == 41, || {
            format!("{}: no constant IV of 16 bytes", own.id)
        });
        for (segment, samples) in own.segments.iter().zip(samples) {
            auxiliary(own, segment, samples, kind == "encv", report);
        }
    }
}

/// The subsamples of a fragment cover every sample, and `saiz` and `saio` lead to them.
fn auxiliary(own: &Representation, segment: &Segment, samples: &[Sample], is_video: bool, report: &mut Report) {
    let name = || format!("{}/{}", own.id, segment.number);
    let bytes = segment.bytes();
    let traf = boxes::one(&bytes, "moof/traf");
    let (senc, saiz, saio) = (boxes::all(traf, "senc"), boxes::all(traf, "saiz"), boxes::all(traf, "saio"));
    if !is_video {
        report.require(saiz.is_empty() && saio.is_empty(), || format!("{}: auxiliary data of no bytes", name()));
        return;
    }
    let ([senc], [saiz], [saio]) = (senc.as_slice(), saiz.as_slice(), saio.as_slice()) else {
        report.0.push(format!("{}: senc, saiz and saio are not there once each", name()));
        return;
    };
    let word = |bytes: &[u8], at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    report.require(senc[..4] == [0, 0, 0, 2] && word(senc, 4) == samples.len(), || format!("{}: senc", name()));
    let default_size = saiz[4];
    report.require(word(saiz, 5) == samples.len(), || format!("{}: saiz", name()));

    // A segment of a single file has no type of its own.
    let start_of_moof = boxes::all(&bytes, "styp").first().map_or(0, |styp| 8 + styp.len());
    let start_of_data = find(&bytes, senc) + 8;
    report
        .require(word(saio, 4) == 1 && start_of_moof + word(saio, 8) == start_of_data, || format!("{}: saio", name()));

    let mut at = 8;
    for (index, sample) in samples.iter().enumerate() {
        let count = usize::from(u16::from_be_bytes([senc[at], senc[at + 1]]));
        let length = 2 + 6 * count;
        let size = if default_size == 0 { saiz[9 + index] } else { default_size };
        report.require(usize::from(size) == length, || format!("{}: sample {index}: saiz says {size}", name()));
        let entries = senc[at + 2..at + length].chunks_exact(6);
        let covered: usize =
            entries.map(|entry| usize::from(u16::from_be_bytes([entry[0], entry[1]])) + word(entry, 2)).sum();
        report.require(covered == sample.size as usize, || {
            format!("{}: sample {index}: subsamples cover {covered} of {} bytes", name(), sample.size)
        });
        at += length;
    }
    report.require(at == senc.len(), || format!("{}: senc goes on behind its last sample", name()));
}

/// Where a part of a slice begins in it.
fn find(whole: &[u8], part: &[u8]) -> usize {
    part.as_ptr() as usize - whole.as_ptr() as usize
}

/// A key id as manifests show it.
fn dashed(kid: &[u8]) -> String {
    let hex = format!("{:032x}", u128::from_be_bytes(kid.try_into().expect("16 bytes")));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
