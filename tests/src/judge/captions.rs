//! Closed captions: the services that the video carries, read from the packets' bytes at the places that ffprobe states.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt;

use super::ffprobe::Packet;
use super::finding::{Attribute, Findings};
use super::manifests::Manifests;
use super::source::Source;
use super::xml::Element;

/// The start of user data with captions: country code, provider code, `user_identifier`, `user_data_type_code` (ATSC A/53 part 4,
/// 6.2.3).
const USER_DATA: &[u8] = b"\xb5\x00\x31GA94\x03";

/// Requires that both manifests state the services that the video carries, and no others.
pub(super) fn check(source: &Source, manifests: &Manifests, mpd: &Element, findings: &mut Findings) {
    let expected = services(source);
    let multivariant = manifests.multivariant();
    let renditions = multivariant.media.iter().filter(|media| media["TYPE"] == "CLOSED-CAPTIONS");
    let stated: BTreeSet<_> = renditions.filter_map(|media| media.get("INSTREAM-ID").cloned()).collect();
    findings.compare(
        "stream.m3u8",
        Attribute::ClosedCaptions,
        Some(format!("{expected:?}")),
        Some(format!("{stated:?}")),
    );
    let sets: Vec<_> = mpd.all("Period").flat_map(|period| period.all("AdaptationSet")).collect();
    let schemes = [("urn:scte:dash:cc:cea-608:2015", ""), ("urn:scte:dash:cc:cea-708:2015", "SERVICE")];
    let mut stated = BTreeSet::new();
    for (scheme, prefix) in schemes {
        // `CC1=eng;CC3=spa`, `1=lang:eng` (SCTE 214-1 7.2).
        let values = sets.iter().flat_map(|set| set.descriptors("Accessibility", scheme));
        let names = values.flat_map(|value| value.split(';')).map(|entry| entry.split('=').next().unwrap());
        stated.extend(names.map(|name| format!("{prefix}{name}")));
    }
    findings.compare(
        "stream.mpd",
        Attribute::ClosedCaptions,
        Some(format!("{expected:?}")),
        Some(format!("{stated:?}")),
    );
}

/// Lists the services by their names in HLS (RFC 8216bis 4.4.6.1): CEA-608 channels `CC1` to `CC4`, and CEA-708 services.
fn services(source: &Source) -> BTreeSet<String> {
    let mut services = BTreeSet::new();
    let video = source.probe.streams.iter().find(|stream| stream.text("codec_type") == Some("video"));
    let Some(video) = video.filter(|_| source.probe.has_captions) else { return services };
    let file = File::open(&source.path).expect("the source is readable");
    let mut packets: Vec<&Packet> = video.packets.iter().collect();
    packets.sort_by_key(|packet| packet.pts);
    let mut block = Vec::new();
    for packet in packets {
        let mut sample = vec![0; usize::try_from(packet.size).unwrap()];
        file.read_exact_at(&mut sample, packet.position).expect("the sample is in the file");
        let sample = without_emulation_prevention(&sample);
        let starts = (0..sample.len()).filter(|at| sample[*at..].starts_with(USER_DATA));
        for start in starts {
            let data = &sample[start + USER_DATA.len()..];
            // `cc_count`, then a byte that is not used (table 6.8).
            let count = usize::from(data[0] & 0x1f);
            let triples = data[2..].chunks_exact(3).take(count).filter(|triple| triple[0] & 4 != 0);
            for triple in triples {
                read_triple(triple[0] & 3, [triple[1], triple[2]], &mut block, &mut services);
            }
        }
    }
    read_block(&block, &mut services);
    services
}

/// Removes the bytes that keep start codes out of NAL units (ISO/IEC 14496-10 7.4.1.1).
fn without_emulation_prevention(sample: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(sample.len());
    let mut zeros = 0;
    for byte in sample {
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        plain.push(*byte);
    }
    plain
}

/// Reads the bytes of one `cc_data` element. `block` holds those of the packet of CEA-708 that is not complete.
fn read_triple(kind: u8, bytes: [u8; 2], block: &mut Vec<u8>, services: &mut BTreeSet<String>) {
    match kind {
        // A field of CEA-608. Preamble and control codes name the channel of the field; a clear bit of parity is left out.
        0 | 1 => {
            let first = match bytes[0] & 0x7f {
                0x10..=0x17 => 1,
                0x18..=0x1f => 2,
                _ => return,
            };
            services.insert(format!("CC{}", kind * 2 + first));
        }
        // The start of a packet of CEA-708, and its continuation (CTA-708 4.4).
        3 => {
            read_block(block, services);
            *block = bytes.to_vec();
        }
        _ => block.extend(bytes),
    }
}

/// Reads the service blocks of a packet of CEA-708 (CTA-708 5 and 6.2): after its header, blocks of a number and a size.
fn read_block(packet: &[u8], services: &mut BTreeSet<String>) {
    let Some((header, mut rest)) = packet.split_first() else { return };
    let size = match usize::from(header & 0x3f) {
        0 => 127,
        code => code * 2 - 1,
    };
    rest = &rest[..size.min(rest.len())];
    while let Some((header, after)) = rest.split_first() {
        let (number, size) = (header >> 5, usize::from(header & 0x1f));
        // Number 7 says that the number is in the next byte.
        let (number, after) = match (number, after.split_first()) {
            (7, Some((extended, after))) => (extended & 0x3f, after),
            _ => (number, after),
        };
        if number == 0 || size > after.len() {
            return;
        }
        if size > 0 {
            services.insert(format!("SERVICE{number}"));
        }
        rest = &after[size..];
    }
}
