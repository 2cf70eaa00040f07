//! The model against times calculated by hand.

use std::sync::Arc;
use std::time::Duration;

use vpp_scale::environments::Function;
use vpp_scale::limits::{Backoff, Ramp};
use vpp_scale::movie::Movie;
use vpp_scale::parameters::Parameters;
use vpp_scale::scenario::{Arrival, Outcome, Scenario};

const FACTOR: u64 = 1_024;

/// Returns an account in which nothing takes time and nothing is throttled. Each test adds a latency or a limit.
fn instant() -> Parameters {
    let mut parameters = Parameters::default();
    let (zero, unlimited) = (Duration::ZERO, 1 << 60);
    let lambda = &mut parameters.lambda;
    (lambda.account_concurrency, lambda.burst, lambda.cold_start, lambda.network) =
        (unlimited, 1_000_000, zero, 1 << 50);
    let sqs = &mut parameters.sqs;
    (sqs.send, sqs.delivery, sqs.standard) = (zero, zero, Ramp { start: 1_000, per_minute: 0, max: 1_000 });
    let s3 = &mut parameters.s3;
    (s3.first_byte, s3.event, s3.connection, s3.gets_per_prefix, s3.puts_per_prefix) =
        (zero, zero, 1 << 50, 1_000_000, 1_000_000);
    let dynamodb = &mut parameters.dynamodb;
    (dynamodb.item, dynamodb.transaction, dynamodb.item_lock) = (zero, zero, zero);
    (dynamodb.partition_writes, dynamodb.partition_reads) = (1_000_000, 1_000_000);
    (dynamodb.table_writes, dynamodb.table_reads) = (1_000_000, 1_000_000);
    parameters.kms.request = zero;
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

/// Returns the time to Ready in milliseconds.
fn millis(outcome: &Outcome) -> u128 {
    outcome.last().as_millis()
}

#[test]
fn a_package_is_ready_immediately_if_nothing_takes_time() {
    assert!(run(instant(), 10_000_000, 10).last() < Duration::from_micros(1));
}

#[test]
fn one_work_unit_takes_thirteen_sequential_requests() {
    // 10 MB in 10 s: one work unit of two segments each of video and audio.
    // Seven GETs: ingest and fragment read the index (ftyp and moov in one GET each) and the first frames of the video, encrypt
    // reads its section of the plan and its source bytes, and dash reads the plan. Twelve PUTs: fragment writes two init
    // segments, the plan, four playlists in parallel and the MPD, and encrypt writes four segments in parallel.
    let mut parameters = instant();
    parameters.s3.first_byte = Duration::from_secs(1);
    let outcome = run(parameters, 10_000_000, 10);
    assert_eq!((millis(&outcome), outcome.usage.gets, outcome.usage.puts), (13_000, 7, 12));
}

#[test]
fn a_work_unit_is_read_and_written_over_one_network() {
    // About 30 MB at 10 MB/s, read and written, takes six seconds; indexes and manifests have some kilobytes.
    let mut parameters = instant();
    parameters.lambda.network = 10_000_000;
    let outcome = run(parameters, 30_000_000, 60);
    assert_eq!(Function::Encrypt.of(&outcome.environments).invocations, 1);
    let transferred = outcome.usage.source_bytes_read + outcome.usage.output_bytes;
    assert!(transferred.abs_diff(60_000_000) < 4_000_000);
    let overhead = outcome.last().checked_sub(Duration::from_nanos(transferred * 100)).unwrap();
    assert!(overhead < Duration::from_millis(10), "{overhead:?}");
}

#[test]
fn work_units_take_as_many_rounds_as_the_concurrency_requires() {
    // 1 GB is 34 work units. Each sends one KMS request, which takes a second here; ingest sends one, too.
    let rounds = |concurrency: u64| {
        let mut parameters = instant();
        parameters.kms.request = Duration::from_secs(1);
        parameters.template.encrypt_concurrency = concurrency;
        let outcome = run(parameters, 1_000_000_000, 1_200);
        let encrypt = Function::Encrypt;
        assert_eq!(
            (encrypt.of(&outcome.environments).invocations, encrypt.of(&outcome.environments).peak),
            (34, concurrency.min(34))
        );
        millis(&outcome)
    };
    assert_eq!([1, 10, 17, 34, 1_000].map(rounds), [35_000, 5_000, 3_000, 2_000, 2_000]);
}

#[test]
fn a_ramp_increases_the_concurrency_while_work_units_run() {
    // Work units take 10 s. The concurrency starts at 5 and increases by 30 a minute, one every two seconds. At 10 s, the first 5
    // end and are replaced while 4 others run; at 20 s, the concurrency is 15. The 34th work unit starts in the third round.
    let mut parameters = instant();
    parameters.kms.request = Duration::from_secs(10);
    parameters.sqs.standard = Ramp { start: 5, per_minute: 30, max: 1_000 };
    let outcome = run(parameters, 1_000_000_000, 1_200);
    // Starts by second: 5 at 0; 1 at each of 2, 4, 6 and 8; 5 replaced and 1 added at 10; 1 replaced and 1 added at each of 12, 14, 16
    // and 18; 6 replaced and 1 added at 20; 2 replaced and 1 added at 22; the last at 24.
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
fn the_account_concurrency_limits_every_function() {
    let mut parameters = instant();
    parameters.kms.request = Duration::from_secs(1);
    parameters.lambda.account_concurrency = 17;
    let outcome = run(parameters, 1_000_000_000, 1_200);
    assert_eq!(Function::Encrypt.of(&outcome.environments).peak, 17);
    assert_eq!(millis(&outcome), 1_000 + 2_000);
    assert!(Function::Encrypt.of(&outcome.environments).throttled > 0);
}

#[test]
fn a_slow_down_response_is_retried() {
    // Ten GETs a second for eleven simultaneous uploads: one waits for a retry of the SDK, and all become Ready.
    let mut parameters = instant();
    parameters.s3.gets_per_prefix = 10;
    parameters.s3.retries = Backoff { retries: 49, ..parameters.s3.retries };
    let movie = Arc::new(Movie::new(10_000_000, 10, FACTOR));
    let arrival = |number: u32| Arrival { at: Duration::ZERO, key: format!("{number}.mp4"), movie: Arc::clone(&movie) };
    let outcome = Scenario { parameters, factor: FACTOR, arrivals: (0..11).map(arrival).collect() }.run();
    assert_eq!(outcome.to_ready.len(), 11);
    assert!(outcome.usage.slow_downs > 0);
    assert!(outcome.last() > Duration::from_millis(500));
}

#[test]
fn receipts_of_a_package_wait_for_the_capacity_of_its_partition() {
    // A receipt and the package's item consume 6 write units: 60 a second allow ten work units a second, after the burst of the first
    // second.
    let mut parameters = instant();
    parameters.dynamodb.partition_writes = 60;
    parameters.dynamodb.retries =
        Backoff { retries: 49, first: Duration::from_millis(100), longest: Duration::from_millis(100) };
    let outcome = run(parameters, 1_000_000_000, 1_200);
    assert_eq!(outcome.to_ready.len(), 1);
    assert!(outcome.usage.throttled > 0);
    assert!((2_000..4_000).contains(&millis(&outcome)), "{}", millis(&outcome));
}

#[test]
fn the_package_of_a_dead_lettered_message_never_becomes_ready() {
    let mut parameters = instant();
    parameters.template.timeout = [Duration::from_secs(1); 4];
    parameters.kms.request = Duration::from_secs(2);
    let outcome = run(parameters, 10_000_000, 10);
    assert!(outcome.to_ready.is_empty());
    assert_eq!(
        (outcome.usage.redeliveries, outcome.usage.dead_lettered),
        (4, 1),
        "ingest receives a message five times"
    );
}

#[test]
fn a_small_movie_overtakes_a_large_one_in_fair_queues() {
    let time_to_ready = |fair: bool| {
        let mut parameters = Parameters::default();
        parameters.template.fair = fair;
        let movie = |bytes, seconds| Arc::new(Movie::new(bytes, seconds, FACTOR));
        let arrivals = vec![
            Arrival { at: Duration::ZERO, key: "large".to_owned(), movie: movie(20_000_000_000, 3_600) },
            Arrival { at: Duration::from_secs(10), key: "small".to_owned(), movie: movie(10_000_000, 10) },
        ];
        Scenario { parameters, factor: FACTOR, arrivals }.run().to_ready["small"]
    };
    let (standard, fair) = (time_to_ready(false), time_to_ready(true));
    assert!(fair < Duration::from_secs(6) && standard > fair * 2, "{standard:?}, {fair:?}");
}

#[test]
fn a_simulation_is_deterministic() {
    let outcomes = [(); 2].map(|()| run(Parameters::default(), 1_000_000_000, 1_200));
    let [first, second] = outcomes.each_ref();
    assert_eq!(first.to_ready, second.to_ready);
    assert_eq!(first.usage, second.usage);
    assert_eq!(first.samples, second.samples);
}
