//! Rules of Common Encryption (ISO/IEC 23001-7): the manifest, the init segment and every sample's auxiliary data agree.

use super::report::Report;
use crate::boxes;
use crate::package::{Protection, Representation, Sample, Segment};

const ENTRIES: &str = "moov/trak/mdia/minf/stbl/stsd";

pub(super) fn check(representation: &Representation, samples: &[Vec<Sample>], report: &mut Report) {
    let id = &representation.id;
    let init = representation.init_bytes();
    let kind = if representation.content_type == "video" { "encv" } else { "enca" };
    let protections = boxes::all(&init, &format!("{ENTRIES}/{kind}/sinf"));
    let Some(signalled) = &representation.protection else {
        report.require(protections.is_empty(), || format!("{id}: protected, but the manifest does not signal it"));
        return;
    };
    // Every sample description has the same protection.
    let [sinf, others @ ..] = protections.as_slice() else {
        report.0.push(format!("{id}: the manifest signals protection that the init segment does not have"));
        return;
    };
    report.require(others.iter().all(|other| other == sinf), || format!("{id}: sample descriptions differ"));
    let (format, scheme, tenc) = (boxes::one(sinf, "frma"), boxes::one(sinf, "schm"), boxes::one(sinf, "schi/tenc"));
    report.require(representation.codecs.as_bytes().starts_with(format), || format!("{id}: original format"));
    let found =
        Protection { scheme: String::from_utf8_lossy(&scheme[4..8]).into_owned(), default_kid: dashed(&tenc[8..24]) };
    report.require(*signalled == found, || {
        format!("{id}: the manifest signals {signalled:?}, the init segment has {found:?}")
    });
    report.require(scheme[8..12] == [0, 1, 0, 0], || format!("{id}: scheme version"));
    if found.scheme == "cbcs" {
        let pattern = if kind == "encv" { 0x19 } else { 0 };
        report.require(tenc[0] == 1 && tenc[5] == pattern, || format!("{id}: tenc version or pattern"));
        report.require(tenc[6..8] == [1, 0] && tenc[24] == 16 && tenc.len() == 41, || {
            format!("{id}: no constant IV of 16 bytes")
        });
        for (segment, samples) in representation.segments.iter().zip(samples) {
            auxiliary_information(representation, segment, samples, kind == "encv", report);
        }
    }
}

/// Requires that the subsamples of a fragment cover every sample, and that `saiz` and `saio` locate them.
fn auxiliary_information(
    representation: &Representation,
    segment: &Segment,
    samples: &[Sample],
    is_video: bool,
    report: &mut Report,
) {
    let name = || format!("{}/{}", representation.id, segment.number);
    let bytes = segment.bytes();
    let traf = boxes::one(&bytes, "moof/traf");
    let (senc, saiz, saio) = (boxes::all(traf, "senc"), boxes::all(traf, "saiz"), boxes::all(traf, "saio"));
    let ([senc], [saiz], [saio]) = (senc.as_slice(), saiz.as_slice(), saio.as_slice()) else {
        report.0.push(format!("{}: not exactly one senc, saiz and saio each", name()));
        return;
    };
    let word = |bytes: &[u8], at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let flags = [0, 0, 0, if is_video { 2 } else { 0 }];
    report.require(senc[..4] == flags && word(senc, 4) == samples.len(), || format!("{}: senc", name()));
    let default_size = saiz[4];
    report.require(word(saiz, 5) == samples.len(), || format!("{}: saiz", name()));

    // A segment of a single file has no `styp`.
    let start_of_moof = boxes::all(&bytes, "styp").first().map_or(0, |styp| 8 + styp.len());
    let start_of_data = offset_of(&bytes, senc) + 8;
    report
        .require(word(saio, 4) == 1 && start_of_moof + word(saio, 8) == start_of_data, || format!("{}: saio", name()));

    // With a constant IV, a sample that is encrypted whole has no bytes of information: its size is listed as zero.
    if !is_video {
        report.require(saiz.len() == 9 + samples.len() && saiz[9..].iter().all(|size| *size == 0), || {
            format!("{}: saiz does not list a size of zero for each sample", name())
        });
        report.require(senc.len() == 8, || format!("{}: senc has bytes after its number of samples", name()));
        return;
    }
    let mut at = 8;
    for (index, sample) in samples.iter().enumerate() {
        let count = usize::from(u16::from_be_bytes([senc[at], senc[at + 1]]));
        let length = 2 + 6 * count;
        let size = if default_size == 0 { saiz[9 + index] } else { default_size };
        report.require(usize::from(size) == length, || format!("{}: sample {index}: saiz states {size}", name()));
        let entries = senc[at + 2..at + length].chunks_exact(6);
        let covered: usize =
            entries.map(|entry| usize::from(u16::from_be_bytes([entry[0], entry[1]])) + word(entry, 2)).sum();
        report.require(covered == sample.size as usize, || {
            format!("{}: sample {index}: subsamples cover {covered} of {} bytes", name(), sample.size)
        });
        at += length;
    }
    report.require(at == senc.len(), || format!("{}: senc has bytes after its last sample", name()));
}

/// Returns the offset of a subslice in the slice that it borrows from.
fn offset_of(whole: &[u8], part: &[u8]) -> usize {
    part.as_ptr() as usize - whole.as_ptr() as usize
}

/// Formats a key id as manifests do.
fn dashed(kid: &[u8]) -> String {
    let hex = format!("{:032x}", u128::from_be_bytes(kid.try_into().expect("16 bytes")));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
