//! The damage of a case: a function of its number.

use super::random::Random;
use super::sources::{Format, Source};

/// Returns the file of case `number` of `source`.
///
/// Most cases change up to eight consecutive bytes of an index or of a box header. Others change bytes anywhere, remove, repeat or
/// move bytes, or cut the file.
pub fn damaged(source: &Source, number: u64) -> Vec<u8> {
    let mut random = Random::from_seed(number + 1);
    let mut file = source.file.clone();
    match random.below(16) {
        0..=9 => change(&mut file, source.structure_offset(random.below(source.structure_bytes)), &mut random),
        10 | 11 => (0..=random.below(4)).for_each(|_| {
            let offset = random.below(file.len());
            change(&mut file, offset, &mut random);
        }),
        12 => file.truncate(random.below(file.len())),
        13 => {
            let (start, end) = range(&file, &mut random);
            file.drain(start..end);
        }
        14 => {
            let (start, end) = range(&file, &mut random);
            let repeated = file[start..end].to_vec();
            let at = random.below(file.len());
            file.splice(at..at, repeated);
        }
        _ => move_box(&mut file, source, &mut random),
    }
    file
}

/// Changes one to eight bytes.
fn change(file: &mut [u8], offset: usize, random: &mut Random) {
    let count = 1 + random.below(8);
    file[offset..].iter_mut().take(count).for_each(|byte| *byte = random.byte());
}

/// Returns a range of up to 64 bytes.
fn range(file: &[u8], random: &mut Random) -> (usize, usize) {
    let start = random.below(file.len());
    (start, file.len().min(start + 1 + random.below(64)))
}

/// Exchanges two boxes at the top level of a movie, or two parts of a text.
fn move_box(file: &mut [u8], source: &Source, random: &mut Random) {
    let starts: Vec<usize> = match source.format {
        Format::Movie => source.structure.iter().map(|(offset, _)| *offset).collect(),
        Format::Subtitles => (0..file.len()).collect(),
    };
    let (a, b) = (starts[random.below(starts.len())], starts[random.below(starts.len())]);
    let (first, second) = (a.min(b), a.max(b));
    file[first..].rotate_left(second - first);
}
