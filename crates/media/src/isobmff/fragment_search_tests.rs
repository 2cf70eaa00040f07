//! Movies of an hour in fragments of two seconds, on a store that answers each read after one interval.

use super::*;
use crate::isobmff::{Index, IndexReader};
use crate::number::u64_of;

/// A file that is mostly media, which has no bytes here.
struct Sparse {
    size: u64,
    boxes: Vec<(u64, Vec<u8>)>,
}

impl Sparse {
    fn read(&self, range: &Range<u64>) -> Vec<u8> {
        let mut read = vec![0; (range.end - range.start) as usize];
        let first = self.boxes.partition_point(|(at, bytes)| at + u64_of(bytes.len()) <= range.start);
        for (at, bytes) in self.boxes[first..].iter().take_while(|(at, _)| *at < range.end) {
            let (from, to) = (range.start.max(*at), range.end.min(at + u64_of(bytes.len())));
            read[(from - range.start) as usize..(to - range.start) as usize]
                .copy_from_slice(&bytes[(from - at) as usize..(to - at) as usize]);
        }
        read
    }

    fn push(&mut self, bytes: Vec<u8>, more: u64) {
        let at = self.size;
        self.size += u64_of(bytes.len()) + more;
        self.boxes.push((at, bytes));
    }
}

fn boxed(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    [&u32::try_from(payload.len() + 8).unwrap().to_be_bytes()[..], kind, payload].concat()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Indexed {
    Not,
    Sidx,
    Mfra,
    /// A `sidx` and an `mfra` whose offsets are those of another file.
    Wrongly,
}

const FRAGMENTS: u64 = 1800;
/// 5 Mb/s, alternating by a third.
const MEDIA: [u64; 3] = [1_250_000, 1_650_000, 850_000];

fn hour(indexed: Indexed) -> Sparse {
    let mut file = Sparse { size: 0, boxes: Vec::new() };
    file.push(boxed(b"ftyp", &[0; 24]), 0);
    file.push(boxed(b"moov", &boxed(b"mvex", &[])), 0);
    let shift = if indexed == Indexed::Wrongly { 777 } else { 0 };
    let moof = boxed(b"moof", &[boxed(b"mfhd", &[0; 8]), boxed(b"traf", &[0; 900])].concat());
    let length = |number: u64| u64_of(moof.len()) + 8 + MEDIA[(number % 3) as usize];
    if matches!(indexed, Indexed::Sidx | Indexed::Wrongly) {
        let entries = (0..FRAGMENTS).flat_map(|number| {
            let size = u32::try_from(length(number) + shift).unwrap();
            [size.to_be_bytes(), 2000_u32.to_be_bytes(), 0x9000_0000_u32.to_be_bytes()].concat()
        });
        let count = u16::try_from(FRAGMENTS).unwrap().to_be_bytes();
        let fields = [&[0; 4][..], &1_u32.to_be_bytes(), &1000_u32.to_be_bytes(), &[0; 8], &[0; 2], &count];
        file.push(boxed(b"sidx", &[fields.concat(), entries.collect()].concat()), 0);
    }
    let mut positions = Vec::new();
    for number in 0..FRAGMENTS {
        positions.push(file.size + shift);
        file.push(moof.clone(), 0);
        let media = MEDIA[(number % 3) as usize];
        let header = [&u32::try_from(media + 8).unwrap().to_be_bytes()[..], b"mdat"].concat();
        file.push(header, media);
    }
    if matches!(indexed, Indexed::Mfra | Indexed::Wrongly) {
        let entries = positions.iter().flat_map(|at| [&[0; 8][..], &at.to_be_bytes(), &[1, 1, 1]].concat());
        let fields =
            [&[1, 0, 0, 0][..], &1_u32.to_be_bytes(), &[0; 4], &u32::try_from(FRAGMENTS).unwrap().to_be_bytes()];
        let tfra = boxed(b"tfra", &[fields.concat(), entries.collect()].concat());
        let size = u32::try_from(tfra.len() + 8 + 16).unwrap().to_be_bytes();
        let mfro = boxed(b"mfro", &[[0; 4], size].concat());
        file.push(boxed(b"mfra", &[tfra, mfro].concat()), 0);
    }
    file
}

/// What reading an index takes.
#[derive(Debug, Default)]
struct Cost {
    reads: u64,
    bytes: u64,
    /// Intervals: reads side by side take one.
    intervals: u64,
}

fn index(file: &Sparse, mut reader: IndexReader, searching: bool) -> (Index, Cost) {
    let mut cost = Cost::default();
    let mut read_all = |ranges: &[Range<u64>]| {
        cost.intervals += 1;
        cost.reads += u64_of(ranges.len());
        cost.bytes += ranges.iter().map(|range| range.end - range.start).sum::<u64>();
        ranges.iter().map(|range| file.read(range)).collect::<Vec<_>>()
    };
    while let Some(range) = reader.want() {
        if let Some(mut search) = searching.then(|| reader.search()).flatten() {
            loop {
                let wanted = search.want();
                if wanted.is_empty() {
                    break;
                }
                assert!(wanted.len() <= 32);
                search.supply(&read_all(&wanted));
            }
            reader.add_fragments(search);
        }
        reader.supply(&read_all(&[range])[0]).unwrap();
    }
    (reader.finish().unwrap(), cost)
}

fn spans(index: &Index) -> Vec<(u64, Vec<u8>)> {
    index.spans().map(|(at, bytes)| (at, bytes.to_vec())).collect()
}

/// Amazon S3's first bytes take 100 to 200 ms ("Best practices design patterns: optimizing Amazon S3 performance").
#[test]
fn an_hour_of_short_fragments_is_found_in_seconds() {
    const INTERVAL_MS: u64 = 200;
    for (indexed, seconds) in [(Indexed::Sidx, 15), (Indexed::Mfra, 15), (Indexed::Not, 20), (Indexed::Wrongly, 20)] {
        let file = hour(indexed);
        let (serial, serial_cost) = index(&file, IndexReader::new(file.size).unwrap(), false);
        let (found, cost) = index(&file, IndexReader::new(file.size).unwrap(), true);
        assert!(spans(&found) == spans(&serial), "{indexed:?}: the index is the same");
        assert_eq!(found.moofs().count() as u64, FRAGMENTS);
        assert!(cost.intervals * INTERVAL_MS <= seconds * 1000, "{indexed:?}: {cost:?}, serially {serial_cost:?}");
        assert!(serial_cost.intervals * INTERVAL_MS > 350_000, "{indexed:?}");
        assert!(cost.reads <= serial_cost.reads * 5 / 4, "{indexed:?}: {cost:?}, serially {serial_cost:?}");
        // Twice the fragments themselves, and a sixteenth of a file that names none of them.
        let searched = if matches!(indexed, Indexed::Sidx | Indexed::Mfra) { 0 } else { file.size / 16 };
        assert!(cost.bytes <= serial_cost.bytes * 5 / 4 + searched, "{indexed:?}: {cost:?}, serially {serial_cost:?}");
        let (again, cost) = index(&file, IndexReader::at(file.size, found.moov_range()).unwrap(), true);
        assert!(spans(&again) == spans(&serial), "{indexed:?}: read again");
        assert!(cost.intervals * INTERVAL_MS <= seconds * 1000, "{indexed:?}: read again: {cost:?}");
    }
}

#[test]
fn an_hour_that_was_cut_has_the_same_fragments_and_the_same_cut() {
    for (indexed, end) in [(Indexed::Not, 1_500_000_000), (Indexed::Sidx, 2_000_000_500)] {
        let mut file = hour(indexed);
        file.size = end;
        let (serial, _) = index(&file, IndexReader::new(file.size).unwrap(), false);
        let (found, cost) = index(&file, IndexReader::new(file.size).unwrap(), true);
        assert!(spans(&found) == spans(&serial), "{indexed:?}");
        assert_eq!(found.cut_at(), serial.cut_at());
        assert!(cost.intervals < 200, "{cost:?}");
    }
}

#[test]
fn fragments_that_are_few_or_close_together_are_not_searched_for() {
    let mut file = hour(Indexed::Not);
    file.size = 60 * 1_250_908;
    let mut reader = IndexReader::new(file.size).unwrap();
    while let Some(range) = reader.want() {
        assert!(reader.search().is_none());
        reader.supply(&file.read(&range)).unwrap();
    }
}
