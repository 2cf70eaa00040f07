//! The studies: scenarios with a variable, and their outcomes.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use vpp_scale::movie::Movie;
use vpp_scale::parameters::Parameters;
use vpp_scale::scenario::{Arrival, Outcome, Scenario};

/// The outcomes of all studies.
#[derive(Debug)]
pub(crate) struct Studies {
    pub(crate) single_sources: Vec<SingleSource>,
    pub(crate) upload_bursts: Vec<UploadBurst>,
    pub(crate) queue_sharing: Vec<QueueSharing>,
}

/// The scaling of encrypt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EncryptScaling {
    /// `EncryptConcurrency`, with the ramp of a standard event source mapping.
    Concurrency(u64),
    /// Minimum and maximum of provisioned pollers.
    Pollers(u64, u64),
}

/// One movie, alone in an account.
#[derive(Debug)]
pub(crate) struct SingleSource {
    pub(crate) name: &'static str,
    pub(crate) bytes: u64,
    pub(crate) scaling: EncryptScaling,
    pub(crate) work_unit_mib: u64,
    pub(crate) outcome: Outcome,
}

/// Many small movies in a minute.
#[derive(Debug)]
pub(crate) struct UploadBurst {
    pub(crate) account: &'static str,
    pub(crate) bytes: u64,
    pub(crate) outcome: Outcome,
}

/// A small movie that is uploaded while a huge one is packaged.
#[derive(Debug)]
pub(crate) struct QueueSharing {
    pub(crate) huge_source: &'static str,
    pub(crate) fair: bool,
    pub(crate) scaling: EncryptScaling,
    pub(crate) huge: Option<Duration>,
    pub(crate) small: Option<Duration>,
}

/// A movie: name, bytes, seconds, scale factor.
type Source = (&'static str, u64, u32, u64);

const GB: u64 = 1_000_000_000;
const TEN_MB: Source = ("10 MB", 10_000_000, 10, 1_024);
const TWO_GIB: Source = ("2 GiB", 2 << 30, 2_400, 1_024);
const ONE_GB: Source = ("1 GB", GB, 1_200, 1_024);
const HUNDRED_GB: Source = ("100 GB", 100 * GB, 14_400, 1_024);
const ONE_TIB: Source = ("1 TiB", 1 << 40, 86_400, 4_096);

const CONCURRENCIES: [EncryptScaling; 5] = [
    EncryptScaling::Concurrency(10),
    EncryptScaling::Concurrency(50),
    EncryptScaling::Concurrency(100),
    EncryptScaling::Concurrency(250),
    EncryptScaling::Concurrency(1_000),
];
const POLLERS: EncryptScaling = EncryptScaling::Pollers(10, 100);

fn parameters(scaling: EncryptScaling) -> Parameters {
    let mut parameters = Parameters::default();
    match scaling {
        EncryptScaling::Concurrency(max) => parameters.template.encrypt_concurrency = max,
        EncryptScaling::Pollers(min, max) => parameters.template.encrypt_pollers = Some((min, max)),
    }
    parameters
}

fn movie((_, bytes, seconds, factor): Source) -> Arc<Movie> {
    Arc::new(Movie::new(bytes, seconds, factor))
}

/// Runs all studies. The longest scenarios run in parallel with the others.
pub(crate) fn run() -> Studies {
    thread::scope(|scope| {
        let one_tib = scope.spawn(|| {
            let work_units_of_32_mib = CONCURRENCIES.into_iter().skip(2).chain([POLLERS]).map(|scaling| (scaling, 32));
            let work_units_of_256_mib = [(EncryptScaling::Concurrency(1_000), 256), (POLLERS, 256)];
            let variants = work_units_of_32_mib.chain(work_units_of_256_mib);
            variants.map(|(scaling, mib)| single_source(ONE_TIB, scaling, mib)).collect()
        });
        let mut single_sources: Vec<SingleSource> = [ONE_GB, HUNDRED_GB]
            .into_iter()
            .flat_map(|source| {
                CONCURRENCIES.into_iter().chain([POLLERS]).map(move |scaling| single_source(source, scaling, 32))
            })
            .collect();
        let (upload_bursts, queue_sharing) = (upload_bursts(), queue_sharing());
        let one_tib: Vec<SingleSource> = one_tib.join().unwrap_or_default();
        single_sources.extend(one_tib);
        Studies { single_sources, upload_bursts, queue_sharing }
    })
}

fn single_source(source: Source, scaling: EncryptScaling, work_unit_mib: u64) -> SingleSource {
    let mut parameters = parameters(scaling);
    parameters.template.work_unit_mib = work_unit_mib;
    let movie = movie(source);
    let bytes = movie.represented_len();
    let arrivals = vec![Arrival { at: Duration::ZERO, key: source.0.to_owned(), movie }];
    let outcome = Scenario { parameters, factor: source.3, arrivals }.run();
    SingleSource { name: source.0, bytes, scaling, work_unit_mib, outcome }
}

/// Simulates 10,000 uploads of a movie of 10 MB, evenly distributed over a minute.
fn upload_bursts() -> Vec<UploadBurst> {
    let movie = movie(TEN_MB);
    let arrival = |number: u32| Arrival {
        at: Duration::from_millis(u64::from(number) * 6),
        key: format!("{number}.mp4"),
        movie: Arc::clone(&movie),
    };
    let arrivals: Vec<Arrival> = (0..10_000).map(arrival).collect();
    let base = parameters(EncryptScaling::Concurrency(100));
    let wide = parameters(EncryptScaling::Concurrency(1_000));
    let mut scaled_services = wide.clone();
    scaled_services.dynamodb.table_writes *= 10;
    scaled_services.dynamodb.table_reads *= 10;
    scaled_services.s3.partitioned = true;
    let mut small_account = base.clone();
    small_account.lambda.account_concurrency = 100;
    let accounts = [
        ("EncryptConcurrency 100", base),
        ("EncryptConcurrency 1,000", wide),
        ("1,000, table and buckets scaled", scaled_services),
        ("100, account concurrency 100", small_account),
    ];
    let run = |(account, parameters)| {
        let outcome = Scenario { parameters, factor: TEN_MB.3, arrivals: arrivals.clone() }.run();
        UploadBurst { account, bytes: movie.represented_len() * 10_000, outcome }
    };
    accounts.into_iter().map(run).collect()
}

/// Simulates a 10 MB movie that is uploaded while a huge one is packaged: 5 seconds after 2 GiB, 20 seconds after 100 GB.
fn queue_sharing() -> Vec<QueueSharing> {
    let run = |huge: Option<Source>, fair, scaling| {
        let mut parameters = parameters(scaling);
        parameters.template.fair = fair;
        let first = huge.map(|source| Arrival { at: Duration::ZERO, key: "huge".to_owned(), movie: movie(source) });
        let after = Duration::from_secs(if huge == Some(TWO_GIB) { 5 } else { 20 });
        let small = Arrival { at: after, key: "small".to_owned(), movie: movie(TEN_MB) };
        let arrivals = first.into_iter().chain([small]).collect();
        let outcome = Scenario { parameters, factor: TEN_MB.3, arrivals }.run();
        let to_ready = |key: &str| outcome.to_ready.get(key).copied();
        let huge_source = huge.map_or("none", |source| source.0);
        QueueSharing { huge_source, fair, scaling, huge: to_ready("huge"), small: to_ready("small") }
    };
    let default = EncryptScaling::Concurrency(100);
    let mut studies = vec![run(None, true, default)];
    for huge in [TWO_GIB, HUNDRED_GB] {
        studies.extend([false, true].map(|fair| run(Some(huge), fair, default)));
    }
    studies.extend([false, true].map(|fair| run(Some(HUNDRED_GB), fair, EncryptScaling::Concurrency(10))));
    studies
}
