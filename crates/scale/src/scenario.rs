//! A simulation: uploads in an account, and their outcome.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vpp_pipeline::domain::object::{ETag, Location};
use vpp_pipeline::domain::uploaded_object::UploadedObject;

use crate::account::Account;
use crate::environments::FunctionEnvironments;
use crate::handlers;
use crate::movie::Movie;
use crate::parameters::Parameters;
use crate::payload::Payload;
use crate::timeline::lock;
use crate::usage::Usage;

/// An upload of a movie.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The end of the upload.
    pub at: Duration,
    /// The key in the uploads bucket.
    pub key: String,
    /// The movie.
    pub movie: Arc<Movie>,
}

/// Uploads in an account.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The account.
    pub parameters: Parameters,
    /// The bytes that a byte of the movies' media represents.
    pub factor: u64,
    /// The uploads.
    pub arrivals: Vec<Arrival>,
}

/// The account at a point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// The time.
    pub at: Duration,
    /// The backlog of each function.
    pub backlogs: [u64; 4],
    /// The concurrent invocations of each function.
    pub invocations: [u64; 4],
}

/// The outcome of a scenario.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The time from the end of an upload to Ready, by key. A package that never becomes Ready has no entry.
    pub to_ready: BTreeMap<String, Duration>,
    /// The environments of each function.
    pub environments: [FunctionEnvironments; 4],
    /// The peak backlog of each function.
    pub peak_backlogs: [u64; 4],
    /// Samples of the account until the last package is Ready.
    pub samples: Vec<Sample>,
    /// The usage of the services.
    pub usage: Usage,
}

impl Scenario {
    /// Runs the simulation.
    #[must_use]
    pub fn run(&self) -> Outcome {
        let account = Account::new(self.parameters.clone(), self.factor, handlers::invoke);
        for arrival in &self.arrivals {
            let location = Location::new("uploads", arrival.key.clone());
            let upload = UploadedObject {
                location,
                etag: ETag::new(&arrival.key),
                version_id: None,
                bytes: arrival.movie.len(),
            };
            lock(&account.state).movies.insert(arrival.key.clone(), Arc::clone(&arrival.movie));
            account.send(Payload::Upload(upload), arrival.at + self.parameters.s3.event);
        }
        let samples = Arc::new(Mutex::new(Vec::new()));
        let (sampled, packages, recorded) = (Arc::clone(&account), self.arrivals.len(), Arc::clone(&samples));
        account.timeline.spawn(move || record_samples(sampled, packages, recorded));
        account.timeline.run();

        let (usage, environments) = account.usage();
        let ready = lock(&account.state).ready.clone();
        let to_ready = |arrival: &Arrival| {
            let duration = ready.get(&arrival.key)?.checked_sub(arrival.at)?;
            Some((arrival.key.clone(), duration))
        };
        Outcome {
            to_ready: self.arrivals.iter().filter_map(to_ready).collect(),
            environments,
            peak_backlogs: account.peak_backlogs(),
            samples: std::mem::take(&mut *lock(&samples)),
            usage,
        }
    }
}

/// Samples the account every 200 ms, and less often in a longer simulation, until all packages are Ready or the maximum number
/// of samples is reached.
async fn record_samples(account: Arc<Account>, packages: usize, samples: Arc<Mutex<Vec<Sample>>>) {
    const MAX_SAMPLES: usize = 4_000;
    for _ in 0..MAX_SAMPLES {
        let (backlogs, invocations) = account.backlogs_and_invocations();
        let at = account.timeline.now();
        lock(&samples).push(Sample { at, backlogs, invocations });
        if lock(&account.state).ready.len() == packages {
            return;
        }
        account.timeline.sleep(Duration::from_millis(200).max(at / 400)).await;
    }
}

impl Outcome {
    /// Returns the time within which `percent` of the packages became Ready.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Duration {
        let mut times: Vec<Duration> = self.to_ready.values().copied().collect();
        times.sort_unstable();
        let index = (times.len() * percent).div_ceil(100).checked_sub(1);
        index.and_then(|index| times.get(index)).copied().unwrap_or_default()
    }

    /// Returns the time within which all packages became Ready.
    #[must_use]
    pub fn last(&self) -> Duration {
        self.percentile(100)
    }
}
