use super::*;
use crate::isobmff::BoxWriter;
use crate::time::Timescale;
use crate::track::edit_list::EditList;

/// The tables of an `stbl`.
#[derive(Clone)]
struct Tables {
    sizes: Vec<u32>,
    durations: Vec<(u32, u32)>,
    composition_offsets: Vec<(u32, i32)>,
    sync_samples: Option<Vec<u32>>,
    chunk_runs: Vec<(u32, u32)>,
    chunks: Vec<u32>,
}

/// Returns five samples in three chunks: two, two and one.
fn five() -> Tables {
    Tables {
        sizes: vec![10, 20, 30, 40, 50],
        durations: vec![(2, 100), (3, 200)],
        composition_offsets: vec![(1, 300), (4, -100)],
        sync_samples: Some(vec![1, 4]),
        chunk_runs: vec![(1, 2), (3, 1)],
        chunks: vec![1000, 2000, 3000],
    }
}

fn table(w: &mut BoxWriter, kind: &[u8; 4], entries: &[Vec<u32>]) {
    w.full(kind, 0, 0, |w| {
        w.u32(u32::try_from(entries.len()).unwrap());
        entries.iter().flatten().for_each(|value| w.u32(*value));
    });
}

fn parse(tables: &Tables, file_size: u64) -> Result<Vec<Sample>> {
    let bytes = stbl(tables);
    let stbl = BoxView::parse(&bytes, 0).unwrap();
    let table = TrackSamples::parse(&stbl, Vec::new(), TrackKind::Video, &edits(None..None), file_size);
    table.map(|table| table.samples().collect())
}

fn stbl(tables: &Tables) -> Vec<u8> {
    let mut w = BoxWriter::new();
    w.plain(b"stbl", |w| {
        w.full(b"stsz", 0, 0, |w| {
            w.u32(0);
            w.u32(u32::try_from(tables.sizes.len()).unwrap());
            tables.sizes.iter().for_each(|size| w.u32(*size));
        });
        table(w, b"stts", &tables.durations.iter().map(|(n, d)| vec![*n, *d]).collect::<Vec<_>>());
        let offsets = tables.composition_offsets.iter().map(|(n, o)| vec![*n, o.cast_unsigned()]);
        table(w, b"ctts", &offsets.collect::<Vec<_>>());
        if let Some(sync) = &tables.sync_samples {
            table(w, b"stss", &sync.iter().map(|n| vec![*n]).collect::<Vec<_>>());
        }
        table(w, b"stsc", &tables.chunk_runs.iter().map(|(f, n)| vec![*f, *n, 1]).collect::<Vec<_>>());
        table(w, b"stco", &tables.chunks.iter().map(|o| vec![*o]).collect::<Vec<_>>());
    });
    w.finish().unwrap()
}

/// Returns an edit list that shows a range of composition times, on a timescale of 1000.
fn edits(shown: Range<Option<i64>>) -> Edits {
    let list = EditList { start: shown.start, end: shown.end, ..EditList::default() };
    Edits { list, timescale: Timescale::new(1000).unwrap(), movie_duration: None }
}

#[test]
fn samples_are_read_from_the_tables() {
    let samples = parse(&five(), 10_000).unwrap();
    let offsets: Vec<_> = samples.iter().map(|s| s.offset).collect();
    assert_eq!(offsets, [1000, 1010, 2000, 2030, 3000]);
    let times: Vec<_> = samples.iter().map(|s| (s.decode_time, s.duration, s.composition_time())).collect();
    assert_eq!(times, [(0, 100, 300), (100, 100, 0), (200, 200, 100), (400, 200, 300), (600, 200, 500)]);
    let sync: Vec<_> = samples.iter().filter(|s| s.is_sync).map(|s| s.index).collect();
    assert_eq!(sync, [0, 3]);
}

/// Returns the positions, and the last duration and the end, of the samples of a video that shows a range of times.
fn shown(tables: &Tables, shown: Range<Option<i64>>) -> (Vec<u32>, u32, i64) {
    let bytes = stbl(tables);
    let stbl = BoxView::parse(&bytes, 0).unwrap();
    let samples = TrackSamples::parse(&stbl, Vec::new(), TrackKind::Video, &edits(shown), 10_000).unwrap();
    let listed: Vec<Sample> = samples.samples().collect();
    assert_eq!(listed.len(), samples.len() as usize);
    assert_eq!(listed.iter().map(|sample| u64::from(sample.size)).sum::<u64>(), samples.bytes());
    let last = listed.last().map_or(0, |last| last.duration);
    (listed.iter().map(|sample| sample.index).collect(), last, samples.latest_composition_end())
}

/// Six frames of 100 units in two closed groups of pictures, with a reordering delay of one frame: presented in the order 0, 2, 1
/// and 3, 5, 4.
fn two_groups() -> Tables {
    Tables {
        sizes: vec![10; 6],
        durations: vec![(6, 100)],
        composition_offsets: vec![(1, 100), (1, 200), (1, 0), (1, 100), (1, 200), (1, 0)],
        sync_samples: Some(vec![1, 4]),
        chunk_runs: vec![(1, 6)],
        chunks: vec![1000],
    }
}

#[test]
fn only_samples_that_the_shown_part_needs_are_left() {
    let all = |shown_range| shown(&two_groups(), shown_range).0;
    assert_eq!(all(None..None), [0, 1, 2, 3, 4, 5]);
    assert_eq!(all(Some(100)..Some(700)), [0, 1, 2, 3, 4, 5]);
    assert_eq!(all(Some(300)..Some(700)), [0, 1, 2, 3, 4, 5], "the last frame of the first group is shown");
    assert_eq!(all(Some(400)..Some(700)), [3, 4, 5]);
    assert_eq!(all(Some(650)..None), [3, 4], "sample 5 is presented before");
    assert_eq!(all(Some(100)..Some(400)), [0, 1, 2]);
    assert_eq!(all(Some(100)..Some(200)), [0], "nothing shown needs the second frame");
    let (needed, _, end) = shown(&two_groups(), Some(100)..Some(300));
    assert_eq!((needed, end), (vec![0, 1, 2], 300), "sample 1 is a reference of sample 2, and ends later");
    assert_eq!(all(Some(700)..None), [0; 0], "nothing is shown");
    assert_eq!(all(Some(100)..Some(100)), [0; 0]);
}

/// The second group is open: sample 4 is presented before its sync sample, and may refer to the group before.
#[test]
fn leading_pictures_that_are_shown_keep_the_group_before_them() {
    let open = Tables { composition_offsets: vec![(3, 100), (1, 200), (1, 0), (1, 100)], ..two_groups() };
    assert_eq!(shown(&open, Some(400)..None).0, [0, 1, 2, 3, 4, 5]);
    assert_eq!(shown(&open, Some(500)..None).0, [3, 4, 5], "only the sync sample and what follows it");
}

#[test]
fn a_last_frame_without_a_duration_is_shown() {
    let still = Tables {
        sizes: vec![10],
        durations: vec![(1, 0)],
        composition_offsets: vec![],
        sync_samples: None,
        chunk_runs: vec![(1, 1)],
        chunks: vec![1000],
    };
    assert_eq!(shown(&still, Some(0)..Some(4000)), (vec![0], 4000, 4000), "until its edit list ends");
    assert_eq!(shown(&still, None..None), (vec![0], 1000, 1000), "a second");
    let last = Tables { durations: vec![(5, 100), (1, 0)], composition_offsets: vec![], ..two_groups() };
    assert_eq!(shown(&last, None..None), (vec![0, 1, 2, 3, 4, 5], 100, 600), "as long as the one before it");
}

#[test]
fn a_last_frame_ends_with_the_edit_list() {
    let long = Tables { durations: vec![(5, 100), (1, u32::MAX / 4)], composition_offsets: vec![], ..two_groups() };
    assert_eq!(shown(&long, Some(0)..Some(700)), (vec![0, 1, 2, 3, 4, 5], 200, 700));
}

#[test]
fn without_a_sync_table_every_sample_is_one() {
    let samples = parse(&Tables { sync_samples: None, ..five() }, 10_000).unwrap();
    assert!(samples.iter().all(|sample| sample.is_sync));
}

#[test]
fn tables_that_disagree_are_malformed() {
    let broken = [
        Tables { durations: vec![(4, 100)], ..five() },
        Tables { chunks: vec![1000, 2000], ..five() },
        Tables { chunk_runs: vec![(2, 2)], ..five() },
        Tables { chunk_runs: vec![(1, 2), (1, 5)], ..five() },
        Tables { chunk_runs: vec![(1, 0)], ..five() },
        Tables { chunk_runs: vec![(1, 2), (9, 1)], ..five() },
        Tables { chunk_runs: vec![], ..five() },
    ];
    for tables in broken {
        assert_eq!(parse(&tables, 10_000).unwrap_err().code(), "malformed");
    }
}

#[test]
fn samples_past_the_end_of_the_file_and_samples_that_overlap_are_different_errors() {
    assert_eq!(parse(&five(), 3049).unwrap_err(), Error::TruncatedMedia { file_size: 3049, needed: 3050 },);
    let overlapping = Tables { sizes: vec![1000; 5], chunks: vec![0, 0, 0], ..five() };
    assert_eq!(parse(&overlapping, 4000).unwrap_err().code(), "malformed");
}

#[test]
fn a_wrong_sample_count_costs_no_memory() {
    let mut w = BoxWriter::new();
    w.plain(b"stbl", |w| {
        w.full(b"stsz", 0, 0, |w| {
            w.u32(1);
            w.u32(u32::MAX);
        });
    });
    let bytes = w.finish().unwrap();
    let stbl = BoxView::parse(&bytes, 0).unwrap();
    let error = TrackSamples::parse(&stbl, Vec::new(), TrackKind::Video, &edits(None..None), 1 << 40).unwrap_err();
    assert_eq!(error.code(), "limit_exceeded");
}
