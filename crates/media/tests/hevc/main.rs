//! H.265 slice segment headers of every kind that the standard allows; encoders write only a small part of them.
//!
//! The tests write parameter sets and slices field by field, from recorded choices, so they know where each header ends. The
//! parser must find the same end, and must not panic on such bytes when they are damaged.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::fn_params_excessive_bools,
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "a test: it may panic, and its numbers are small"
)]

mod bit_writer;
mod pps;
mod reference_picture_set;
mod scaling_list;
mod slice_header;
mod sps;
mod vps;
mod vui;

use std::ops::Range;

use bit_writer::{BitWriter, Choices, in_layer, nal};
use pps::{Pps, write_pps};
use proptest::prelude::*;
use slice_header::{InLayer, write_slice_segment_header};
use sps::{Sps, write_sps};
use vpp_media::codec::{HevcConfig, HevcParser};
use vpp_media::isobmff::{BoxView, BoxWriter};
use vps::{SecondLayer, write_vps};

/// An SPS, a PPS that refers to it, and slices that refer to the PPS, all as NAL units.
struct Stream {
    sps: Vec<u8>,
    pps: Vec<u8>,
    /// Each with the number of bytes of its headers.
    slices: Vec<(Vec<u8>, usize)>,
}

impl Stream {
    fn new(choices: &[u16], slices: usize) -> Self {
        let c = &mut Choices::new(choices);
        let (mut sps_bits, mut pps_bits) = (BitWriter::default(), BitWriter::default());
        let sps = write_sps(c, &mut sps_bits, None);
        let pps = write_pps(c, &mut pps_bits, &sps);
        let slices = (0..slices).map(|number| write_slice(c, number, (&sps, &pps), None)).collect();
        Self { sps: nal(33, &sps_bits.aligned()), pps: nal(34, &pps_bits.aligned()), slices }
    }

    fn config(&self) -> HevcConfig {
        config(&[(33, &self.sps), (34, &self.pps)])
    }

    /// Returns the slices as a sample, and the ranges of their data.
    fn sample(&self) -> (Vec<u8>, Vec<Range<usize>>) {
        let mut protected = Vec::new();
        let mut sample = Vec::new();
        for (slice, clear) in &self.slices {
            push(&mut sample, slice);
            protected.push(sample.len() - slice.len() + clear..sample.len());
        }
        (sample, protected)
    }
}

/// Writes a slice segment with this number. Returns it as a NAL unit, with the number of bytes of its headers.
fn write_slice(c: &mut Choices<'_>, number: usize, sets: (&Sps, &Pps), layer: InLayer<'_>) -> (Vec<u8>, usize) {
    let nal_unit_type = [1, 0, 9, 16, 19, 20, 21][c.up_to(6) as usize];
    let mut header = BitWriter::default();
    write_slice_segment_header(c, &mut header, nal_unit_type, sets, layer);
    let header = header.aligned();
    let clear = nal(nal_unit_type, &header).len();
    let data: Vec<u8> = (0..40).map(|at| if at % 9 < 3 { 0 } else { (at * 7 + number) as u8 }).collect();
    let slice = nal(nal_unit_type, &[header, data].concat());
    let layered = layer.map(|(layer, temporal_id)| in_layer(&slice, layer.nuh_layer_id, temporal_id));
    (layered.unwrap_or(slice), clear)
}

/// Writes a stream of two layers: the VPS, and the parameter sets and slices of both layers. The parameter sets of the layers have
/// the same ids.
fn two_layers(choices: &[u16]) -> (Vec<u8>, Stream, Stream) {
    let c = &mut Choices::new(choices);
    let mut vps_bits = BitWriter::default();
    let layer = write_vps(c, &mut vps_bits);
    let mut stream = |layer: Option<&SecondLayer>| {
        let (mut sps_bits, mut pps_bits) = (BitWriter::default(), BitWriter::default());
        let sps = write_sps(c, &mut sps_bits, layer);
        let pps = write_pps(c, &mut pps_bits, &sps);
        let slices = (0..3).map(|number| {
            let layer = layer.map(|layer| (layer, c.up_to(6)));
            write_slice(c, number, (&sps, &pps), layer)
        });
        let slices = slices.collect();
        let [sps, pps] = [nal(33, &sps_bits.aligned()), nal(34, &pps_bits.aligned())];
        let of_layer = |nal: Vec<u8>| layer.map_or(nal.clone(), |layer| in_layer(&nal, layer.nuh_layer_id, 0));
        Stream { sps: of_layer(sps), pps: of_layer(pps), slices }
    };
    let (base, second) = (stream(None), stream(Some(&layer)));
    (nal(32, &vps_bits.aligned()), base, second)
}

/// Appends a NAL unit with its length field.
fn push(sample: &mut Vec<u8>, nal: &[u8]) {
    sample.extend_from_slice(&(nal.len() as u32).to_be_bytes());
    sample.extend_from_slice(nal);
}

/// Returns the configuration of an `hvcC` box with these parameter sets, each with its NAL unit type.
fn config(sets: &[(u8, &[u8])]) -> HevcConfig {
    let mut w = BoxWriter::new();
    w.plain(b"hvcC", |w| {
        w.zeros(21);
        w.u8(3); // lengthSizeMinusOne
        w.u8(sets.len() as u8);
        for (nal_unit_type, set) in sets {
            w.u8(*nal_unit_type);
            w.u16(1);
            w.u16(set.len() as u16);
            w.raw(set);
        }
    });
    HevcConfig::parse(&BoxView::parse(&w.finish().unwrap(), 0).unwrap()).unwrap()
}

fn protected(parser: &mut HevcParser, sample: &[u8]) -> vpp_media::Result<Vec<Range<usize>>> {
    let mut found = Vec::new();
    parser.protected_ranges(sample, 0, &mut found).map(|()| found)
}

fn choices() -> impl Strategy<Value = Vec<u16>> {
    prop::collection::vec(any::<u16>(), 0..1500)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, ..ProptestConfig::default() })]

    #[test]
    fn slice_data_starts_where_the_written_header_ends(choices in choices()) {
        let stream = Stream::new(&choices, 5);
        let (sample, expected) = stream.sample();
        prop_assert_eq!(protected(&mut HevcParser::new(&stream.config()), &sample).unwrap(), expected);
    }

    #[test]
    fn slice_data_of_a_second_layer_starts_where_the_written_header_ends(choices in choices()) {
        let (vps, base, second) = two_layers(&choices);
        let (mut sample, mut expected) = base.sample();
        let (of_second, ranges) = second.sample();
        expected.extend(ranges.into_iter().map(|range| sample.len() + range.start..sample.len() + range.end));
        sample.extend(of_second);
        // The parameter sets of the second layer precede the VPS that describes it, as `lhvC` boxes may.
        let sets = [(33, &second.sps), (34, &second.pps), (33, &base.sps), (34, &base.pps), (32, &vps)];
        let sets = sets.map(|(kind, set)| (kind, set.as_slice()));
        prop_assert_eq!(protected(&mut HevcParser::new(&config(&sets)), &sample).unwrap(), expected.clone());

        let mut parser = HevcParser::new(&config(&[]));
        let mut in_band = Vec::new();
        [&vps, &base.sps, &base.pps, &second.sps, &second.pps].into_iter().for_each(|set| push(&mut in_band, set));
        prop_assert_eq!(protected(&mut parser, &in_band).unwrap(), []);
        prop_assert_eq!(protected(&mut parser, &sample).unwrap(), expected);
    }
}

/// Returns as many choices as a stream can need, from a seed.
fn seeded(mut seed: u32) -> Vec<u16> {
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) as u16
    };
    (0..1500).map(|_| next()).collect()
}

#[test]
fn parameter_sets_in_band_take_effect_until_the_segment_ends() {
    let [first, second] = [5, 6].map(|seed| Stream::new(&seeded(seed), 3));
    let mut parser = HevcParser::new(&first.config());
    let (sample, expected) = first.sample();
    assert_eq!(protected(&mut parser, &sample).unwrap(), expected);

    let (slices, slice_ranges) = second.sample();
    let mut switched = Vec::new();
    // Either order is allowed: the PPS precedes the SPS that it refers to.
    push(&mut switched, &second.pps);
    push(&mut switched, &second.sps);
    let slices_start = switched.len();
    switched.extend_from_slice(&slices);
    let expected_ranges: Vec<_> =
        slice_ranges.iter().map(|range| range.start + slices_start..range.end + slices_start).collect();
    assert_eq!(protected(&mut parser, &switched).unwrap(), expected_ranges);
    assert_eq!(protected(&mut parser, &slices).unwrap(), slice_ranges, "they stay in effect");

    let mut next_segment = HevcParser::new(&first.config());
    assert_eq!(protected(&mut next_segment, &sample).unwrap(), expected);
}

#[test]
fn layers_that_no_vps_describes_are_refused() {
    let (vps, base, second) = two_layers(&seeded(5));
    let (sample, expected) = base.sample();
    let in_layer_nine = |nal: &[u8]| in_layer(nal, 9, 0);
    let mut parser = HevcParser::new(&config(&[(32, &vps), (33, &base.sps), (34, &base.pps)]));
    let mut sets = Vec::new();
    [&second.sps, &second.pps].into_iter().for_each(|nal| push(&mut sets, &in_layer_nine(nal)));
    assert_eq!(protected(&mut parser, &sets).unwrap(), [], "parameter sets stay clear");
    assert_eq!(protected(&mut parser, &sample).unwrap(), expected, "and do not replace those of the base layer");

    let mut third_layer = sample.clone();
    push(&mut third_layer, &in_layer_nine(&second.slices[0].0));
    assert_eq!(protected(&mut parser, &third_layer).unwrap_err().code(), "unsupported_feature");

    let mut without_vps = HevcParser::new(&base.config());
    let mut spatial = sample;
    push(&mut spatial, &second.slices[0].0);
    assert_eq!(protected(&mut without_vps, &spatial).unwrap_err().code(), "unsupported_feature");
}

#[test]
fn parameter_sets_and_messages_stay_clear() {
    let stream = Stream::new(&seeded(5), 1);
    let mut sample = Vec::new();
    for nal_unit_type in [32, 35, 39, 40, 62, 63] {
        push(&mut sample, &[nal_unit_type << 1, 1, 0x80, 1, 2, 3]);
    }
    assert_eq!(protected(&mut HevcParser::new(&stream.config()), &sample).unwrap(), []);
}

#[test]
fn a_slice_without_its_parameter_sets_is_malformed() {
    let stream = Stream::new(&seeded(5), 1);
    let (sample, _) = stream.sample();
    for sets in [&[][..], &[(33, stream.sps.as_slice())], &[(34, stream.pps.as_slice())]] {
        let error = protected(&mut HevcParser::new(&config(sets)), &sample).unwrap_err();
        assert_eq!(error.code(), "malformed_sample");
    }
}

/// Changes one to eight bytes of parameter sets and slices, a hundred thousand times. The result is ranges or an error.
#[test]
fn damaged_streams_do_not_cause_a_panic() {
    let (mut seed, mut refused) = (1_u32, 0);
    let mut random = |most: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize % most
    };
    for number in 0..200 {
        let (vps, base, second) = two_layers(&seeded(number));
        let mut whole = Vec::new();
        let sets = [&vps, &base.sps, &base.pps, &second.sps, &second.pps];
        sets.into_iter().for_each(|set| push(&mut whole, set));
        [&base, &second].into_iter().for_each(|stream| whole.extend(stream.sample().0));
        for _ in 0..500 {
            let mut damaged = whole.clone();
            for _ in 0..=random(8) {
                let at = random(damaged.len());
                damaged[at] = random(256) as u8;
            }
            match protected(&mut HevcParser::new(&config(&[])), &damaged) {
                Ok(ranges) => {
                    let mut end = 0;
                    for range in ranges {
                        assert!(end < range.start && range.start < range.end && range.end <= damaged.len());
                        end = range.end;
                    }
                }
                Err(_) => refused += 1,
            }
        }
    }
    println!("{refused} of 100000 refused");
    assert!((10_000..95_000).contains(&refused), "{refused}: the mutations do not reach the parser");
}

#[test]
fn a_damaged_decoder_configuration_does_not_cause_a_panic() {
    let stream = Stream::new(&seeded(7), 1);
    let mut w = BoxWriter::new();
    w.plain(b"hvcC", |w| {
        w.zeros(21);
        w.raw(&[3, 2, 33, 0, 1, 0, stream.sps.len() as u8]);
        w.raw(&stream.sps);
        w.raw(&[34, 0, 1, 0, stream.pps.len() as u8]);
        w.raw(&stream.pps);
    });
    let record = w.finish().unwrap();
    for at in 8..record.len() {
        for bit in 0..8 {
            let mut damaged = record.clone();
            damaged[at] ^= 1 << bit;
            if let Ok(config) = HevcConfig::parse(&BoxView::parse(&damaged, 0).unwrap()) {
                drop(protected(&mut HevcParser::new(&config), &stream.sample().0));
            }
        }
        let mut truncated = record[..at].to_vec();
        truncated[..4].copy_from_slice(&(at as u32).to_be_bytes());
        assert!(HevcConfig::parse(&BoxView::parse(&truncated, 0).unwrap()).is_err(), "truncated at {at}");
    }
}

/// The types of table 7-1 up to 31 are of the video coding layer; 10 to 15 and 22 to 31 are reserved there.
#[test]
fn no_slice_of_a_reserved_type_stays_clear() {
    let mut parser = HevcParser::new(&config(&[]));
    for nal_unit_type in 0..64 {
        let mut sample = Vec::new();
        push(&mut sample, &nal(nal_unit_type, &[0x88, 0x84, 7]));
        let found = protected(&mut parser, &sample);
        match nal_unit_type {
            10..=15 | 22..=31 => assert_eq!(found.unwrap_err().code(), "unsupported_feature", "{nal_unit_type}"),
            0..=31 => assert_eq!(found.unwrap_err().code(), "malformed_sample", "{nal_unit_type}"),
            _ => assert_eq!(found.unwrap(), [], "{nal_unit_type}"),
        }
    }
}
