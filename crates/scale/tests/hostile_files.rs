//! What the files cost that have the most segments for their size, and how they delay others.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "numbers of segments and of functions are far below 2^32"
)]

use std::sync::Arc;
use std::time::Duration;

use vpp_media::cmaf::{FREE_SEGMENTS, MANY_SEGMENTS, MAX_SEGMENTS};
use vpp_pipeline::stages::encrypt::PUTS;
use vpp_scale::movie::Movie;
use vpp_scale::parameters::{Parameters, Prices};
use vpp_scale::scenario::{Arrival, Outcome, Scenario};

const FACTOR: u64 = 1_024;
/// The dearest small file: as many segments as any package may have, of video and audio.
const SECONDS: u32 = FREE_SEGMENTS as u32 / 2 * 6;

fn dearest() -> Arc<Movie> {
    Arc::new(Movie::new(0, SECONDS, FACTOR))
}

fn run(arrivals: Vec<Arrival>) -> Outcome {
    Scenario { parameters: Parameters::default(), factor: FACTOR, arrivals }.run()
}

/// The table of docs/performance-and-cost.md. The cost of a segment falls with their number, so a multiple is an upper bound.
#[test]
fn the_dearest_files_cost_what_is_documented() {
    let outcome = run(vec![Arrival { at: Duration::ZERO, key: "dearest.mp4".to_owned(), movie: dearest() }]);
    assert_eq!(outcome.to_ready.len(), 1);
    assert!((FREE_SEGMENTS..FREE_SEGMENTS + 32).contains(&outcome.usage.puts), "{} PUTs", outcome.usage.puts);
    let cost = outcome.usage.costs(&Prices::default()).packaging();
    for (segments, documented) in [(FREE_SEGMENTS, 0.01), (MANY_SEGMENTS, 0.50), (MAX_SEGMENTS, 2.00)] {
        let cost = cost * segments as f64 / FREE_SEGMENTS as f64;
        assert!(cost <= documented && cost > documented / 2.0, "{segments} segments cost {cost:.3}");
    }
}

/// Whatever callers upload, at most `EncryptConcurrency` functions write, each so many objects at a time.
#[test]
fn an_hour_costs_at_most_what_is_documented() {
    let (parameters, prices) = (Parameters::default(), Prices::default());
    let functions = parameters.template.encrypt_concurrency as f64;
    let gigabytes = parameters.template.memory_mb[2] as f64 / 1_024.0;
    let lambda = functions * 3_600.0 * gigabytes * prices.gb_second;
    let puts = functions * PUTS as f64 * 3_600.0 / parameters.s3.first_byte.as_secs_f64();
    let total = lambda + puts / 1_000.0 * prices.thousand_puts;
    assert!((55.0..=60.0).contains(&total), "{total:.2}");
}

/// A hundred and twenty of the dearest small files arrive within ten seconds, and a movie of 10 MB after them.
#[test]
fn a_storm_of_hostile_files_at_most_doubles_the_time_to_ready_of_another() {
    let movie = Arc::new(Movie::new(10_000_000, 10, FACTOR));
    let normal = |at| Arrival { at, key: "normal.mp4".to_owned(), movie: Arc::clone(&movie) };
    let alone = run(vec![normal(Duration::ZERO)]).to_ready["normal.mp4"];
    let hostile = dearest();
    let storm = (0..120_u32).map(|number| Arrival {
        at: Duration::from_millis(80) * number,
        key: format!("hostile {number}.mp4"),
        movie: Arc::clone(&hostile),
    });
    let outcome = run(storm.chain([normal(Duration::from_secs(20))]).collect());
    assert_eq!(outcome.to_ready.len(), 121, "nothing is lost");
    let beside = outcome.to_ready["normal.mp4"];
    assert!(beside <= 2 * alone, "{beside:?} beside the storm, {alone:?} alone");
}
