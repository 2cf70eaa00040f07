//! The scenarios: which movies arrive in which account.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use vpp_scale::movie::Movie;
use vpp_scale::parameters::Parameters;
use vpp_scale::scenario::{Arrival, Outcome, Scenario};

/// How encrypt's queue is consumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// `EncryptConcurrency`, with the standard mapping's ramp.
    Concurrency(u64),
    /// Provisioned pollers, least and most.
    Pollers(u64, u64),
}

/// One movie in an account of its own.
#[derive(Debug)]
pub(crate) struct Single {
    pub(crate) name: &'static str,
    pub(crate) bytes: u64,
    pub(crate) width: Width,
    pub(crate) work_unit_mib: u64,
    pub(crate) outcome: Outcome,
}

/// Many small movies.
#[derive(Debug)]
pub(crate) struct Crowd {
    pub(crate) name: &'static str,
    pub(crate) bytes: u64,
    pub(crate) outcome: Outcome,
}

/// A small movie behind a huge one.
#[derive(Debug)]
pub(crate) struct Share {
    pub(crate) name: &'static str,
    pub(crate) fair: bool,
    pub(crate) width: Width,
    pub(crate) huge: Option<Duration>,
    pub(crate) small: Option<Duration>,
}

/// A movie to try: name, bytes, seconds, factor of the miniature.
type Source = (&'static str, u64, u32, u64);

const GB: u64 = 1_000_000_000;
const SMALL: Source = ("10 MB", 10_000_000, 10, 1_024);
const TWO_GIB: Source = ("2 GiB", 2 << 30, 2_400, 1_024);
const ONE: Source = ("1 GB", GB, 1_200, 1_024);
const HUNDRED: Source = ("100 GB", 100 * GB, 14_400, 1_024);
const TIB: Source = ("1 TiB", 1 << 40, 86_400, 4_096);

const STANDARD: [Width; 5] = [
    Width::Concurrency(10),
    Width::Concurrency(50),
    Width::Concurrency(100),
    Width::Concurrency(250),
    Width::Concurrency(1_000),
];
const POLLERS: Width = Width::Pollers(10, 100);

fn parameters(width: Width) -> Parameters {
    let mut parameters = Parameters::default();
    match width {
        Width::Concurrency(most) => parameters.template.encrypt_concurrency = most,
        Width::Pollers(least, most) => parameters.template.encrypt_pollers = Some((least, most)),
    }
    parameters
}

fn movie((_, bytes, seconds, factor): Source) -> Arc<Movie> {
    Arc::new(Movie::new(bytes, seconds, factor))
}

/// Every scenario's outcome. The longest ones run beside the others.
pub(crate) fn all() -> (Vec<Single>, Vec<Crowd>, Vec<Share>) {
    thread::scope(|scope| {
        let tib = scope.spawn(|| {
            let few = STANDARD.into_iter().skip(2).chain([POLLERS]).map(|width| (width, 32));
            few.chain([(Width::Concurrency(1_000), 256), (POLLERS, 256)]).map(|(w, mib)| single(TIB, w, mib)).collect()
        });
        let mut singles: Vec<Single> = [ONE, HUNDRED]
            .into_iter()
            .flat_map(|source| STANDARD.into_iter().chain([POLLERS]).map(move |width| single(source, width, 32)))
            .collect();
        let (crowds, shares) = (crowds(), shares());
        let tib: Vec<Single> = tib.join().unwrap_or_default();
        singles.extend(tib);
        (singles, crowds, shares)
    })
}

fn single(source: Source, width: Width, work_unit_mib: u64) -> Single {
    let mut parameters = parameters(width);
    parameters.template.work_unit_mib = work_unit_mib;
    let movie = movie(source);
    let bytes = movie.real_len();
    let arrivals = vec![Arrival { at: Duration::ZERO, key: source.0.to_owned(), movie }];
    let outcome = Scenario { parameters, factor: source.3, arrivals }.run();
    Single { name: source.0, bytes, width, work_unit_mib, outcome }
}

/// 10,000 movies of 10 MB, evenly over a minute.
fn crowds() -> Vec<Crowd> {
    let movie = movie(SMALL);
    let arrival = |number: u32| Arrival {
        at: Duration::from_millis(u64::from(number) * 6),
        key: format!("{number}.mp4"),
        movie: Arc::clone(&movie),
    };
    let arrivals: Vec<Arrival> = (0..10_000).map(arrival).collect();
    let base = parameters(Width::Concurrency(100));
    let wide = parameters(Width::Concurrency(1_000));
    let mut grown = wide.clone();
    grown.dynamodb.table_writes *= 10;
    grown.dynamodb.table_reads *= 10;
    grown.s3.parted = true;
    let mut small = base.clone();
    small.lambda.account_concurrency = 100;
    let accounts = [
        ("EncryptConcurrency 100", base),
        ("EncryptConcurrency 1,000", wide),
        ("1,000, table and buckets grown", grown),
        ("100, account of 100 executions", small),
    ];
    let run = |(name, parameters)| {
        let outcome = Scenario { parameters, factor: SMALL.3, arrivals: arrivals.clone() }.run();
        Crowd { name, bytes: movie.real_len() * 10_000, outcome }
    };
    accounts.into_iter().map(run).collect()
}

/// A 10 MB movie that arrives while a huge one is being encrypted: 5 seconds after 2 GiB, 20 after 100 GB.
fn shares() -> Vec<Share> {
    let run = |huge: Option<Source>, fair, width| {
        let mut parameters = parameters(width);
        parameters.template.fair = fair;
        let first = huge.map(|source| Arrival { at: Duration::ZERO, key: "huge".to_owned(), movie: movie(source) });
        let after = Duration::from_secs(if huge == Some(TWO_GIB) { 5 } else { 20 });
        let small = Arrival { at: after, key: "small".to_owned(), movie: movie(SMALL) };
        let arrivals = first.into_iter().chain([small]).collect();
        let outcome = Scenario { parameters, factor: SMALL.3, arrivals }.run();
        let of = |key: &str| outcome.to_ready.get(key).copied();
        Share { name: huge.map_or("alone", |source| source.0), fair, width, huge: of("huge"), small: of("small") }
    };
    let narrow = Width::Concurrency(100);
    let mut shares = vec![run(None, true, narrow)];
    for huge in [TWO_GIB, HUNDRED] {
        shares.extend([false, true].map(|fair| run(Some(huge), fair, narrow)));
    }
    shares.extend([false, true].map(|fair| run(Some(HUNDRED), fair, Width::Concurrency(10))));
    shares
}
