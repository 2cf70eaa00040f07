//! The fixtures match their documentation.

use vpp_tests::fixtures;

#[test]
fn the_readme_shows_how_every_fixture_is_generated() {
    // Fails when the table is out of date; `python3 tests/media/make.py --readme` writes it.
    fixtures::make(&["--check-readme"]);
}

#[test]
fn the_committed_sample_is_small() {
    let bytes = std::fs::metadata(fixtures::fixture("sample.mp4")).expect("the sample is committed").len();
    assert!((1_000_000..=1_500_000).contains(&bytes), "{bytes}");
}
