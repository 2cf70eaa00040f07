use super::*;
use crate::isobmff::BoxWriter;

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
    let bytes = w.finish().unwrap();
    let stbl = BoxView::parse(&bytes, 0).unwrap();
    TrackSamples::parse(&stbl, Vec::new(), TrackKind::Video, file_size).map(|table| table.samples().collect())
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
    let error =
        TrackSamples::parse(&BoxView::parse(&bytes, 0).unwrap(), Vec::new(), TrackKind::Video, 1 << 40).unwrap_err();
    assert_eq!(error.code(), "limit_exceeded");
}
