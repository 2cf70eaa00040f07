//! A run of the model: uploads, and what came of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use vpp_pipeline::domain::object::{ETag, Location};
use vpp_pipeline::domain::uploaded_object::UploadedObject;

use crate::cloud::{Cloud, Work};
use crate::fleet::{Function, Pool};
use crate::ledger::Ledger;
use crate::movie::Movie;
use crate::parameters::Parameters;
use crate::timeline::lock;

/// A movie that arrives.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// When its upload ends.
    pub at: Duration,
    /// Its key in the uploads bucket.
    pub key: String,
    /// The movie.
    pub movie: Arc<Movie>,
}

/// Movies that arrive in an account.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The account.
    pub parameters: Parameters,
    /// Bytes of media that one byte of the movies stands for.
    pub factor: u64,
    /// The movies.
    pub arrivals: Vec<Arrival>,
}

/// The account at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// The moment.
    pub at: Duration,
    /// Messages that wait for each function.
    pub waiting: [u64; 4],
    /// Invocations of each function that run.
    pub running: [u64; 4],
}

/// What came of the uploads.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Time from an upload's end to Ready, by key; those that never were are missing.
    pub to_ready: BTreeMap<String, Duration>,
    /// Each function's environments.
    pub pools: [Pool; 4],
    /// The most messages that waited for each function.
    pub deepest: [u64; 4],
    /// The account, sample by sample, until the last package was Ready.
    pub samples: Vec<Sample>,
    /// What was used.
    pub ledger: Ledger,
}

impl Scenario {
    /// Lets everything happen.
    #[must_use]
    pub fn run(&self) -> Outcome {
        let cloud = Cloud::new(self.parameters.clone(), self.factor);
        for arrival in &self.arrivals {
            let location = Location::new("uploads", arrival.key.clone());
            let upload = UploadedObject {
                location,
                etag: ETag::new(&arrival.key),
                version_id: None,
                bytes: arrival.movie.len(),
            };
            lock(&cloud.state).movies.insert(arrival.key.clone(), Arc::clone(&arrival.movie));
            cloud.send(Work::Upload(upload), arrival.at + self.parameters.s3.event);
        }
        let samples = Arc::new(std::sync::Mutex::new(Vec::new()));
        let (watched, packages, kept) = (Arc::clone(&cloud), self.arrivals.len(), Arc::clone(&samples));
        cloud.timeline.spawn(move || watch(watched, packages, kept));
        cloud.timeline.run();

        let (ledger, pools) = cloud.used();
        let ready = lock(&cloud.state).ready.clone();
        let took = |arrival: &Arrival| Some((arrival.key.clone(), ready.get(&arrival.key)?.checked_sub(arrival.at)?));
        Outcome {
            to_ready: self.arrivals.iter().filter_map(took).collect(),
            pools,
            deepest: Function::ALL.map(|function| cloud.deepest(function)),
            samples: std::mem::take(&mut *lock(&samples)),
            ledger,
        }
    }
}

/// Looks at the account, first every 200 ms and then ever more rarely, until all packages are Ready or it has looked often.
async fn watch(cloud: Arc<Cloud>, packages: usize, samples: Arc<std::sync::Mutex<Vec<Sample>>>) {
    const SAMPLES: usize = 4_000;
    for _ in 0..SAMPLES {
        let (waiting, running) = cloud.look();
        let at = cloud.timeline.now();
        lock(&samples).push(Sample { at, waiting, running });
        if lock(&cloud.state).ready.len() == packages {
            return;
        }
        cloud.timeline.sleep(Duration::from_millis(200).max(at / 400)).await;
    }
}

impl Outcome {
    /// The time within which `share` (in hundredths) of the packages were Ready.
    #[must_use]
    pub fn percentile(&self, share: usize) -> Duration {
        let mut all: Vec<Duration> = self.to_ready.values().copied().collect();
        all.sort_unstable();
        let at = (all.len() * share).div_ceil(100).saturating_sub(1);
        all.get(at).copied().unwrap_or_default()
    }

    /// The time within which all were.
    #[must_use]
    pub fn last(&self) -> Duration {
        self.percentile(100)
    }
}
