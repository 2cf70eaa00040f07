//! Tests the CDN's function in `template.yaml` that answers made-up paths, with the paths that the origin serves.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use vpp_pipeline::origin::is_segment_path;
use vpp_tests::edge_function::{code, passes};

const PACKAGE: &str = "abcdefghijklmnopqrstuvwxyz";
/// Number of made-up paths.
const PATHS: usize = 1_000_000;
/// Number of paths of which one belongs to a family below.
const FAMILIES: usize = 8;

/// `SplitMix64`: the same paths in every run.
struct Random(u64);

impl Random {
    fn next(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(end).unwrap()).unwrap()
    }

    fn text(&mut self, alphabet: &str, length: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..length).map(|_| letters[self.next(letters.len())]).collect()
    }

    /// Returns a made-up path: of a scanner, or one that resembles that of a segment.
    fn path(&mut self) -> String {
        const ANY: &str = "abcxyz0123789./%-_ \\vat\u{e9}";
        let extension = if self.next(2) == 0 { "m4s" } else { "vtt" };
        let number = self.next(2_000_000);
        match self.next(FAMILIES) {
            0 => format!("/wp-{}/{number}.{extension}", self.text(ANY, 6)),
            1 => format!("/{}.{extension}", self.text(ANY, 30)),
            2 => format!("/../{PACKAGE}/v1/{number}.{extension}"),
            3 => format!("/{PACKAGE}/{}/{number}.{extension}", self.text(ANY, 3)),
            4 => format!("/{PACKAGE}/v1/{}.{extension}", self.text(ANY, 4)),
            5 => format!("/{}/v1/{number}.{extension}", self.text("ABCabc018", 26)),
            6 => format!("/{PACKAGE}/v1/{number}.{extension}/{number}"),
            // A path of a package that may exist.
            _ => format!(
                "/{}/{}{}/{number}.{extension}",
                self.text("abcdefgh234567", 26),
                self.text("vat", 1),
                self.next(9)
            ),
        }
    }
}

#[test]
fn of_a_million_made_up_paths_only_those_of_segments_reach_the_origin() {
    let mut random = Random(1);
    let paths: Vec<String> = (0..PATHS).map(|_| random.path()).collect();
    let passed = passes(&code("SegmentPathFunction"), &paths);
    let mut reach = 0;
    for (path, passed) in paths.iter().zip(passed) {
        let is_segment = is_segment_path(path.trim_start_matches('/'));
        // No package has a segment with a number of seven digits.
        let is_long = path.rsplit_once('/').is_some_and(|(_, name)| name.len() > "999999.m4s".len());
        assert_eq!(passed, is_segment && !is_long, "{path}");
        reach += usize::from(passed);
    }
    // Of the last family, two fields of three have a subtitle extension or a number that no segment has.
    assert!(reach > 10_000 && reach < PATHS / FAMILIES, "{reach} paths");
}

#[test]
fn every_file_of_a_package_passes_the_edge() {
    let paths = ["v1/1.m4s", "a12/262144.m4s", "t1/3.m4s", "t1/3.vtt", "t2048/subtitles.vtt", "chapters.vtt"]
        .map(|path| format!("/{PACKAGE}/{path}"));
    assert_eq!(passes(&code("SegmentPathFunction"), &paths), [true; 6]);
}
