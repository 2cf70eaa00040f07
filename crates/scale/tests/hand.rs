//! The model against times worked out by hand, and against itself.

use std::sync::Arc;
use std::time::Duration;

use vpp_scale::fleet::Function;
use vpp_scale::limits::{Backoff, Ramp};
use vpp_scale::movie::Movie;
use vpp_scale::parameters::Parameters;
use vpp_scale::scenario::{Arrival, Outcome, Scenario};

const FACTOR: u64 = 1_024;

/// An account in which nothing takes time and nothing is refused, but for what a test adds.
fn instant() -> Parameters {
    let mut parameters = Parameters::default();
    let (zero, endless) = (Duration::ZERO, 1 << 60);
    let lambda = &mut parameters.lambda;
    (lambda.account_concurrency, lambda.burst, lambda.cold_start, lambda.network) = (endless, 1_000_000, zero, 1 << 50);
    let sqs = &mut parameters.sqs;
    (sqs.send, sqs.delivery, sqs.standard) = (zero, zero, Ramp { start: 1_000, per_minute: 0, most: 1_000 });
    let s3 = &mut parameters.s3;
    (s3.first_byte, s3.event, s3.connection, s3.gets_per_prefix, s3.puts_per_prefix) =
        (zero, zero, 1 << 50, 1_000_000, 1_000_000);
    let dynamodb = &mut parameters.dynamodb;
    (dynamodb.item, dynamodb.transaction, dynamodb.held) = (zero, zero, zero);
    (dynamodb.partition_writes, dynamodb.partition_reads) = (1_000_000, 1_000_000);
    (dynamodb.table_writes, dynamodb.table_reads) = (1_000_000, 1_000_000);
    parameters.kms.call = zero;
    let engine = &mut parameters.engine;
    (engine.source, engine.output, engine.index) = (1 << 50, 1 << 50, 1 << 50);
    (engine.probe, engine.start) = (zero, zero);
    parameters.template.encrypt_concurrency = 1_000;
    parameters
}

fn run(parameters: Parameters, bytes: u64, seconds: u32) -> Outcome {
    let movie = Arc::new(Movie::new(bytes, seconds, FACTOR));
    let arrivals = vec![Arrival { at: Duration::ZERO, key: "movie.mp4".to_owned(), movie }];
    Scenario { parameters, factor: FACTOR, arrivals }.run()
}

/// Milliseconds to Ready.
fn millis(outcome: &Outcome) -> u128 {
    outcome.last().as_millis()
}

#[test]
fn where_nothing_takes_time_a_package_is_ready_at_once() {
    assert!(run(instant(), 10_000_000, 10).last() < Duration::from_micros(1));
}

#[test]
fn one_work_unit_is_fourteen_requests_after_each_other() {
    // 10 MB in 10 s: one work unit of two segments each of video and audio.
    // Five GETs: ingest and fragment read the index (ftyp and moov in one GET each); fragment puts two init segments and the plan. Encrypt reads its section and its bytes, and puts four segments side by side. Dash reads the plan and
    // puts the four playlists and the manifest.
    let mut parameters = instant();
    parameters.s3.first_byte = Duration::from_secs(1);
    let outcome = run(parameters, 10_000_000, 10);
    assert_eq!((millis(&outcome), outcome.ledger.gets, outcome.ledger.puts), (14_000, 5, 12));
}

#[test]
fn a_work_unit_goes_in_and_out_over_one_network() {
    // About 30 MB at 10 MB/s, in and out, which makes six seconds; indexes and manifests are some kilobytes.
    let mut parameters = instant();
    parameters.lambda.network = 10_000_000;
    let outcome = run(parameters, 30_000_000, 60);
    assert_eq!(Function::Encrypt.of(&outcome.pools).invocations, 1);
    let moved = outcome.ledger.source_bytes_read + outcome.ledger.output_bytes;
    assert!(moved.abs_diff(60_000_000) < 4_000_000);
    let more = outcome.last().saturating_sub(Duration::from_nanos(moved * 100));
    assert!(more < Duration::from_millis(10), "{more:?}");
}

#[test]
fn work_units_take_as_many_rounds_as_the_concurrency_asks() {
    // 1 GB is 34 work units. Each asks KMS once, which takes a second here; ingest asks once too.
    let rounds = |concurrency: u64| {
        let mut parameters = instant();
        parameters.kms.call = Duration::from_secs(1);
        parameters.template.encrypt_concurrency = concurrency;
        let outcome = run(parameters, 1_000_000_000, 1_200);
        let encrypt = Function::Encrypt;
        assert_eq!(
            (encrypt.of(&outcome.pools).invocations, encrypt.of(&outcome.pools).peak),
            (34, concurrency.min(34))
        );
        millis(&outcome)
    };
    assert_eq!([1, 10, 17, 34, 1_000].map(rounds), [35_000, 5_000, 3_000, 2_000, 2_000]);
}

#[test]
fn a_ramp_starts_with_what_it_has_and_adds_as_it_goes() {
    // Work units of 10 s; 5 at once, 30 a minute more: one every two seconds. By 10 s, 5 run again beside the 4 that were
    // added; by 20 s it is 14 and 5 more have started: 5 + 5 + 9 + ... The 34th starts in the third round.
    let mut parameters = instant();
    parameters.kms.call = Duration::from_secs(10);
    parameters.sqs.standard = Ramp { start: 5, per_minute: 30, most: 1_000 };
    let outcome = run(parameters, 1_000_000_000, 1_200);
    // Starts: 5 at 0; 1 each at 2, 4, 6, 8; at 10: 5 again and 1; at 12..18: 2 each; at 20: 6 again and 1; at 22: the 34th
    // work unit is among the 3 of that moment.
    let starts = [
        (0, 5),
        (2, 1),
        (4, 1),
        (6, 1),
        (8, 1),
        (10, 6),
        (12, 2),
        (14, 2),
        (16, 2),
        (18, 2),
        (20, 7),
        (22, 3),
        (24, 1),
    ];
    assert_eq!(starts.iter().map(|(_, count)| count).sum::<u32>(), 34);
    assert_eq!(millis(&outcome), 10_000 + 24_000 + 10_000);
}

#[test]
fn an_account_of_few_executions_is_the_concurrency_of_everything() {
    let mut parameters = instant();
    parameters.kms.call = Duration::from_secs(1);
    parameters.lambda.account_concurrency = 17;
    let outcome = run(parameters, 1_000_000_000, 1_200);
    assert_eq!(Function::Encrypt.of(&outcome.pools).peak, 17);
    assert_eq!(millis(&outcome), 1_000 + 2_000);
    assert!(Function::Encrypt.of(&outcome.pools).throttled > 0);
}

#[test]
fn a_bucket_that_says_slow_down_is_asked_again() {
    // Ten GETs a second for eleven movies of the same moment: one waits for the SDK's second try, and all are Ready.
    let mut parameters = instant();
    parameters.s3.gets_per_prefix = 10;
    parameters.sdk = Backoff { tries: 50, ..parameters.sdk };
    let movie = Arc::new(Movie::new(10_000_000, 10, FACTOR));
    let arrival = |number: u32| Arrival { at: Duration::ZERO, key: format!("{number}.mp4"), movie: Arc::clone(&movie) };
    let outcome = Scenario { parameters, factor: FACTOR, arrivals: (0..11).map(arrival).collect() }.run();
    assert_eq!(outcome.to_ready.len(), 11);
    assert!(outcome.ledger.slow_downs > 0);
    assert!(outcome.last() > Duration::from_millis(500));
}

#[test]
fn receipts_of_one_package_wait_for_its_partition() {
    // A receipt and the package's item are 6 write units: 60 a second are ten work units a second, after a first second's worth.
    let mut parameters = instant();
    parameters.dynamodb.partition_writes = 60;
    parameters.dynamodb.retries =
        Backoff { tries: 50, first: Duration::from_millis(100), longest: Duration::from_millis(100) };
    let outcome = run(parameters, 1_000_000_000, 1_200);
    assert_eq!(outcome.to_ready.len(), 1);
    assert!(outcome.ledger.throttled > 0);
    assert!((2_000..4_000).contains(&millis(&outcome)), "{}", millis(&outcome));
}

#[test]
fn what_is_given_up_on_never_becomes_ready() {
    let mut parameters = instant();
    parameters.template.timeout = [Duration::from_secs(1); 4];
    parameters.kms.call = Duration::from_secs(2);
    let outcome = run(parameters, 10_000_000, 10);
    assert!(outcome.to_ready.is_empty());
    assert_eq!((outcome.ledger.redeliveries, outcome.ledger.dead), (2, 1), "ingest is tried three times");
}

#[test]
fn fair_queues_let_a_small_movie_pass_a_large_one_by() {
    let behind = |fair: bool| {
        let mut parameters = Parameters::default();
        parameters.template.fair = fair;
        let movie = |bytes, seconds| Arc::new(Movie::new(bytes, seconds, FACTOR));
        let arrivals = vec![
            Arrival { at: Duration::ZERO, key: "large".to_owned(), movie: movie(20_000_000_000, 3_600) },
            Arrival { at: Duration::from_secs(10), key: "small".to_owned(), movie: movie(10_000_000, 10) },
        ];
        Scenario { parameters, factor: FACTOR, arrivals }.run().to_ready["small"]
    };
    let (plain, fair) = (behind(false), behind(true));
    assert!(fair < Duration::from_secs(6) && plain > fair * 2, "{plain:?}, {fair:?}");
}

#[test]
fn the_same_run_twice_is_the_same() {
    let twice = [(); 2].map(|()| run(Parameters::default(), 1_000_000_000, 1_200));
    let [one, two] = twice.each_ref();
    assert_eq!((&one.to_ready, &one.ledger, &one.samples), (&two.to_ready, &two.ledger, &two.samples));
}
