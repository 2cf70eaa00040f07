//! H.265 slice segment headers, of any kind the standard allows: what encoders make is a small part of it.
//!
//! Parameter sets and slices are written here field by field, from a tape of choices, so that it is known where every header
//! ends. The parser must find the same end; and it must take whatever becomes of such bytes when they are damaged.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::fn_params_excessive_bools,
    clippy::struct_excessive_bools,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "a test: it may panic, and its numbers are small"
)]

mod bits;
mod sets;
mod slice;

use std::ops::Range;

use bits::{Bits, Choices, nal};
use proptest::prelude::*;
use vpp_media::codec::{HevcConfig, HevcParser};
use vpp_media::isobmff::{BoxView, BoxWriter};

/// A sequence parameter set, a picture parameter set that names it, and slices that name that.
struct Stream {
    sequence: Vec<u8>,
    picture: Vec<u8>,
    /// Each with the bytes of its headers.
    slices: Vec<(Vec<u8>, usize)>,
}

impl Stream {
    fn new(tape: &[u16], slices: usize) -> Self {
        let c = &mut Choices::new(tape);
        let (mut sequence, mut picture) = (Bits::default(), Bits::default());
        let sps = sets::sequence(c, &mut sequence);
        let pps = sets::picture(c, &mut picture, &sps);
        let slices = (0..slices).map(|number| {
            let kind = [1, 0, 9, 16, 19, 20, 21][c.up_to(6) as usize];
            let mut header = Bits::default();
            sets::slice(c, &mut header, kind, &sps, &pps);
            let header = header.aligned();
            let clear = nal(kind, &header).len();
            let data: Vec<u8> = (0..40).map(|at| if at % 9 < 3 { 0 } else { (at * 7 + number) as u8 }).collect();
            (nal(kind, &[header, data].concat()), clear)
        });
        let slices = slices.collect();
        Self { sequence: nal(33, &sequence.aligned()), picture: nal(34, &picture.aligned()), slices }
    }

    fn config(&self) -> HevcConfig {
        config(&[(33, &self.sequence), (34, &self.picture)])
    }

    /// The slices as a sample, and where in it their data lies.
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

/// Appends a NAL unit behind its length.
fn push(sample: &mut Vec<u8>, nal: &[u8]) {
    sample.extend_from_slice(&(nal.len() as u32).to_be_bytes());
    sample.extend_from_slice(nal);
}

/// What `hvcC` says of parameter sets, each of a type.
fn config(sets: &[(u8, &[u8])]) -> HevcConfig {
    let mut w = BoxWriter::new();
    w.plain(b"hvcC", |w| {
        w.zeros(21);
        w.u8(3); // lengthSizeMinusOne
        w.u8(sets.len() as u8);
        for (kind, set) in sets {
            w.u8(*kind);
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

fn tape() -> impl Strategy<Value = Vec<u16>> {
    prop::collection::vec(any::<u16>(), 0..1500)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, ..ProptestConfig::default() })]

    #[test]
    fn slice_data_begins_where_the_header_was_written_to_end(tape in tape()) {
        let stream = Stream::new(&tape, 5);
        let (sample, expected) = stream.sample();
        prop_assert_eq!(protected(&mut HevcParser::new(&stream.config()), &sample).unwrap(), expected);
    }
}

/// A tape without an end worth speaking of, from a seed.
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

    let (slices, of_slices) = second.sample();
    let mut switched = Vec::new();
    // In either order: the picture parameter set names one that comes behind it.
    push(&mut switched, &second.picture);
    push(&mut switched, &second.sequence);
    let ahead = switched.len();
    switched.extend_from_slice(&slices);
    let moved: Vec<_> = of_slices.iter().map(|range| range.start + ahead..range.end + ahead).collect();
    assert_eq!(protected(&mut parser, &switched).unwrap(), moved);
    assert_eq!(protected(&mut parser, &slices).unwrap(), of_slices, "they stay in effect");

    let mut next_segment = HevcParser::new(&first.config());
    assert_eq!(protected(&mut next_segment, &sample).unwrap(), expected);
}

#[test]
fn sets_of_another_layer_change_nothing_and_its_slices_are_refused() {
    let [base, other] = [5, 6].map(|seed| Stream::new(&seeded(seed), 3));
    let in_layer_one = |nal: &[u8]| [&[nal[0], 8 | nal[1]], &nal[2..]].concat();
    let mut parser = HevcParser::new(&base.config());
    let mut sets = Vec::new();
    [&other.sequence, &other.picture].into_iter().for_each(|nal| push(&mut sets, &in_layer_one(nal)));
    assert_eq!(protected(&mut parser, &sets).unwrap(), [], "sets stay clear");
    let (sample, expected) = base.sample();
    assert_eq!(protected(&mut parser, &sample).unwrap(), expected);

    let mut spatial = sample;
    push(&mut spatial, &in_layer_one(&base.slices[0].0));
    assert_eq!(protected(&mut parser, &spatial).unwrap_err().code(), "unsupported_feature");
}

#[test]
fn units_of_reserved_types_and_messages_stay_clear() {
    let stream = Stream::new(&seeded(5), 1);
    let mut sample = Vec::new();
    for kind in [10, 15, 22, 31, 32, 35, 39, 40, 62, 63] {
        push(&mut sample, &[kind << 1, 1, 0x80, 1, 2, 3]);
    }
    assert_eq!(protected(&mut HevcParser::new(&stream.config()), &sample).unwrap(), []);
}

#[test]
fn a_slice_without_its_parameter_sets_is_malformed() {
    let stream = Stream::new(&seeded(5), 1);
    let (sample, _) = stream.sample();
    for sets in [&[][..], &[(33, stream.sequence.as_slice())], &[(34, stream.picture.as_slice())]] {
        let error = protected(&mut HevcParser::new(&config(sets)), &sample).unwrap_err();
        assert_eq!(error.code(), "malformed_sample");
    }
}

/// One to eight bytes of parameter sets and slices changed, a hundred thousand times: ranges or an error come of it.
#[test]
fn damaged_streams_are_read_without_a_panic() {
    let (mut seed, mut refused) = (1_u32, 0);
    let mut random = |most: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize % most
    };
    for number in 0..200 {
        let stream = Stream::new(&seeded(number), 4);
        let (slices, _) = stream.sample();
        let mut whole = Vec::new();
        push(&mut whole, &stream.sequence);
        push(&mut whole, &stream.picture);
        whole.extend_from_slice(&slices);
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
fn a_damaged_record_is_read_without_a_panic() {
    let stream = Stream::new(&seeded(7), 1);
    let mut w = BoxWriter::new();
    w.plain(b"hvcC", |w| {
        w.zeros(21);
        w.raw(&[3, 2, 33, 0, 1, 0, stream.sequence.len() as u8]);
        w.raw(&stream.sequence);
        w.raw(&[34, 0, 1, 0, stream.picture.len() as u8]);
        w.raw(&stream.picture);
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
        let mut cut = record[..at].to_vec();
        cut[..4].copy_from_slice(&(at as u32).to_be_bytes());
        assert!(HevcConfig::parse(&BoxView::parse(&cut, 0).unwrap()).is_err(), "cut at {at}");
    }
}
