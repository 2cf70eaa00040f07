//! What a terabyte costs, by the bit rate of its files: segments have a duration, so a lower bit rate is more requests a byte.

#![expect(clippy::cast_precision_loss, reason = "costs are compared within some per cent")]

use std::sync::Arc;
use std::time::Duration;

use vpp_scale::movie::Movie;
use vpp_scale::parameters::{Parameters, Prices};
use vpp_scale::scenario::{Arrival, Scenario};
use vpp_scale::usage::Costs;

const FACTOR: u64 = 128;
const GB: u64 = 1_000_000_000;
/// Megabits of a gigabyte.
const MEGABITS: u32 = 8_000;

/// Returns what a terabyte in files of 1 GB costs at `mbps` Mb/s.
fn per_tb(mbps: u32) -> Costs {
    let seconds = MEGABITS / mbps;
    let movie = Arc::new(Movie::new(GB, seconds, FACTOR));
    let bytes = movie.represented_len();
    let arrivals = vec![Arrival { at: Duration::ZERO, key: "movie.mp4".to_owned(), movie }];
    let outcome = Scenario { parameters: Parameters::default(), factor: FACTOR, arrivals }.run();
    assert_eq!(outcome.to_ready.len(), 1);
    outcome.usage.costs(&Prices::default()).times(1e12 / bytes as f64)
}

/// The table of docs/performance-and-cost.md: Mb/s, and US dollars for a terabyte in files of 1 GB: in all, S3, Lambda.
const DOCUMENTED: [(u32, [f64; 3]); 5] =
    [(2, [9.9, 6.8, 2.7]), (5, [5.0, 2.7, 1.8]), (8, [3.8, 1.7, 1.7]), (20, [2.6, 0.74, 1.5]), (50, [2.1, 0.33, 1.5])];

#[test]
fn a_terabyte_costs_what_is_documented_by_bit_rate() {
    let costs = DOCUMENTED.map(|(mbps, documented)| {
        let costs = per_tb(mbps);
        (mbps, documented, [costs.packaging(), costs.s3, costs.lambda])
    });
    let is_near = |(cost, documented): (&f64, &f64)| (cost - documented).abs() <= documented * 0.05;
    let all = costs.iter().all(|(_, documented, costs)| costs.iter().zip(documented).all(is_near));
    assert!(all, "bit rate, documented, costs: {costs:.2?}");
}
