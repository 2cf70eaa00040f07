use super::*;
use crate::isobmff::BoxWriter;
use crate::track::sample::{DecodeEnd, Sample};
use crate::track::track_run::assign_decode_times;

/// A fragment of track 1: `tfhd` flags and fields, `tfdt`, and the runs.
#[derive(Clone, Default)]
struct Fragment {
    header: (u32, Vec<u32>),
    start: Option<u64>,
    /// Flags, and the fields after them, the sample count first.
    runs: Vec<(u32, Vec<u32>)>,
}

/// Returns three samples of 10 bytes and 100 units each, by defaults, from `start`.
fn three(start: Option<u64>) -> Fragment {
    Fragment { header: (0x38, vec![100, 10, 0]), start, runs: vec![(1, vec![3, 200])] }
}

fn moof(fragment: &Fragment) -> Vec<u8> {
    let mut w = BoxWriter::new();
    w.plain(b"moof", |w| {
        w.plain(b"traf", |w| {
            w.full(b"tfhd", 0, fragment.header.0, |w| {
                w.u32(1);
                fragment.header.1.iter().for_each(|field| w.u32(*field));
            });
            if let Some(start) = fragment.start {
                w.full(b"tfdt", 1, 0, |w| w.u64(start));
            }
            for (flags, fields) in &fragment.runs {
                w.full(b"trun", 0, *flags, |w| fields.iter().for_each(|field| w.u32(*field)));
            }
        });
    });
    w.finish().unwrap()
}

/// Reads the samples of fragments whose `moof` boxes are a thousand bytes apart, of a track without sample tables.
fn read(fragments: &[Fragment]) -> Result<Vec<Sample>> {
    let moofs: Vec<_> = (0..).step_by(1000).zip(fragments.iter().map(moof)).collect();
    let parsed = moofs.iter().map(|(offset, bytes)| BoxView::parse(bytes, *offset));
    let mut runs = Fragments::parse(None, parsed, 1 << 20)?.take(1).runs;
    let stbl = BoxView::parse(b"\0\0\0\x08stbl", 0).unwrap();
    assign_decode_times(&mut runs, DecodeEnd { samples: 0, last: None, time: 0 }, &stbl)?;
    Ok(runs.iter().flat_map(TrackRun::samples).collect())
}

fn times(fragments: &[Fragment]) -> Vec<(u64, u32)> {
    read(fragments).unwrap().iter().map(|sample| (sample.decode_time, sample.duration)).collect()
}

#[test]
fn a_run_begins_at_its_tfdt_or_at_the_end_of_the_previous_run() {
    let expected = [(0, 100), (100, 100), (200, 100), (300, 100), (400, 100), (500, 100)];
    assert_eq!(times(&[three(None), three(None)]), expected);
    assert_eq!(times(&[three(Some(0)), three(Some(300))]), expected);
    assert_eq!(times(&[three(Some(7000))])[0], (7000, 100));
}

#[test]
fn a_gap_makes_the_sample_before_it_long_and_an_overlap_makes_it_short() {
    assert_eq!(times(&[three(None), three(Some(1000))])[2..4], [(200, 800), (1000, 100)]);
    assert_eq!(times(&[three(None), three(Some(299))])[2..4], [(200, 99), (299, 100)]);
    assert_eq!(times(&[three(None), three(Some(200))])[2..4], [(200, 0), (200, 100)]);
}

#[test]
fn time_without_samples_is_a_gap() {
    let empty = Fragment { header: (0x01_0008, vec![250]), ..Fragment::default() };
    assert_eq!(times(&[three(None), empty, three(None)])[2..4], [(200, 350), (550, 100)]);
}

#[test]
fn times_that_run_backwards_are_refused() {
    assert_eq!(read(&[three(Some(5000)), three(Some(0))]).unwrap_err().code(), "unsupported_feature");
    assert_eq!(read(&[three(None), three(Some(1 << 40))]).unwrap_err().code(), "malformed");
}

#[test]
fn first_sample_flags_override_entries_and_entries_override_defaults() {
    let run = |flags, fields: &[u32]| Fragment { runs: vec![(flags, fields.to_vec())], ..three(None) };
    let sync =
        |fragment: Fragment| -> Vec<bool> { read(&[fragment]).unwrap().iter().map(|sample| sample.is_sync).collect() };
    let (no_sync, depends) = (0x0001_0000, 0x0100_0000);
    assert_eq!(sync(run(0x000, &[3])), [true, true, true]);
    assert_eq!(sync(run(0x004, &[3, no_sync])), [false, true, true]);
    assert_eq!(sync(run(0x400, &[3, 0, no_sync, depends])), [true, false, false]);
    let sizes: Vec<_> = read(&[run(0x200, &[3, 7, 8, 9])]).unwrap().iter().map(|s| (s.offset, s.size)).collect();
    assert_eq!(sizes, [(0, 7), (7, 8), (15, 9)]);
}

#[test]
fn data_begins_at_its_offset_or_at_the_end_of_the_previous_run() {
    let two = |first: (u32, Vec<u32>)| Fragment { runs: vec![first, (0, vec![1])], ..three(None) };
    let offsets =
        |fragments: &[Fragment]| -> Vec<u64> { read(fragments).unwrap().iter().map(|sample| sample.offset).collect() };
    assert_eq!(offsets(&[two((1, vec![2, 300]))]), [300, 310, 320]);
    let from_file = Fragment { header: (0x39, vec![0, 5000, 100, 10, 0]), ..two((1, vec![2, 300])) };
    assert_eq!(offsets(&[from_file]), [5300, 5310, 5320]);
    let backwards = two((1, vec![2, (-200_i32).cast_unsigned()]));
    assert_eq!(offsets(&[three(None), backwards.clone()])[3..], [800, 810, 820]);
    assert_eq!(read(&[backwards]).unwrap_err().code(), "malformed", "before the file");
}

#[test]
fn a_run_with_a_wrong_sample_count_costs_no_memory() {
    let claims = [(0x100, vec![u32::MAX]), (0, vec![u32::MAX]), (0, vec![1 << 21]), (0xf00, vec![2, 0])];
    for claim in claims {
        assert_eq!(read(&[Fragment { runs: vec![claim], ..three(None) }]).unwrap_err().code(), "malformed");
    }
}

#[test]
fn fragments_of_a_missing_track_are_refused() {
    let bytes = moof(&three(None));
    let fragments = Fragments::parse(None, [BoxView::parse(&bytes, 77)].into_iter(), 1 << 20).unwrap();
    let error = fragments.check_all_taken().unwrap_err().to_string();
    assert!(error.starts_with("the moof box at byte 77"), "{error}");
}
