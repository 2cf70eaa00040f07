//! The pipeline in a new account, which has 10 concurrent executions.

use std::sync::Arc;
use std::time::Duration;

use vpp_scale::movie::Movie;
use vpp_scale::parameters::Parameters;
use vpp_scale::scenario::{Arrival, Scenario};

/// The quota of a new account. Source: Lambda developer guide, "Lambda quotas": "new AWS accounts have reduced concurrency".
const CONCURRENCY: u64 = 10;
const UPLOADS: u32 = 1_000;
const FACTOR: u64 = 1_024;

#[test]
fn a_new_account_finishes_a_thousand_uploads_in_a_minute_and_loses_none() {
    let mut parameters = Parameters::default();
    parameters.lambda.account_concurrency = CONCURRENCY;
    let visibility = parameters.template.visibility_timeout;
    let movie = Arc::new(Movie::new(10_000_000, 10, FACTOR));
    let arrival = |number: u32| Arrival {
        at: Duration::from_mins(1) * number / UPLOADS,
        key: format!("{number}.mp4"),
        movie: Arc::clone(&movie),
    };
    let outcome = Scenario { parameters, factor: FACTOR, arrivals: (0..UPLOADS).map(arrival).collect() }.run();
    assert_eq!((outcome.to_ready.len(), outcome.usage.dead_lettered), (1_000, 0));
    let concurrent = |sample: &vpp_scale::scenario::Sample| sample.invocations.iter().sum::<u64>();
    assert_eq!(outcome.samples.iter().map(concurrent).max(), Some(CONCURRENCY), "the quota is used and not exceeded");
    assert!(outcome.environments.iter().any(|function| function.throttled > 0), "the uploads meet the quota");
    // A poller retries a throttled invocation while its message is invisible (Lambda developer guide, "Using Lambda with Amazon
    // SQS", queue configuration). The model does not count such deliveries as receives. That is right while the whole run is
    // shorter than a visibility timeout: no message can return to its queue because of throttling.
    let shortest = visibility.iter().min().copied().unwrap();
    assert!(outcome.last() < shortest, "{:?}", outcome.last());
}
