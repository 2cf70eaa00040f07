//! Events: every change of state is one event with a unique id, and the events match the schema.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use futures_executor::block_on;
use proptest::prelude::*;
use serde_json::Value;
use vpp_media::cenc::Scheme;
use vpp_media::cmaf::ProtectedTracks;
use vpp_pipeline::domain::content::{Content, MediaInfo, Refusal, Verdict};
use vpp_pipeline::domain::event::{Change, Changed, Event, types};
use vpp_pipeline::domain::object::ETag;
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::package_options::{PackageOptions, ProtectionOptions};
use vpp_pipeline::domain::probe_report::ProbeReport;
use vpp_pipeline::domain::resource_usage::ResourceUsage;
use vpp_pipeline::domain::state::{Failure, Stage, StageWork, Status, Step, Transition};
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::domain::webhook_signature::{SignedRequest, SigningSecrets};
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::notifications::announce::Announce;
use vpp_pipeline::notifications::webhook::{Webhook, WebhookEvent};
use vpp_pipeline::ports::{EventBus, Probe, WebhookReceiver, WebhookSecretStore};
use vpp_pipeline::testing::{MemoryProbe, TickingClock};

const CONTENT: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa";
const PACKAGE: &str = "pppppppppppppppppppppppppp";
const EXAMPLES: &str = include_str!("../../../../infra/events.examples.json");

pub(crate) fn at(second: u64) -> Timestamp {
    Timestamp::from(UNIX_EPOCH + Duration::from_secs(1_795_000_000 + second))
}

fn report() -> ProbeReport {
    block_on(MemoryProbe::default().probe(0, &[])).unwrap()
}

pub(crate) fn content() -> Content {
    Content {
        id: CONTENT.parse().unwrap(),
        location: "s3://vpp-uploads/holiday.mp4".parse().unwrap(),
        etag: ETag::new("0123"),
        version_id: None,
        bytes: 1_000_000,
        bytes_read: 100,
        usage: ResourceUsage::default(),
        created_at: at(0),
        verdict: Verdict::Ingested(MediaInfo {
            index: 0..100,
            video_track_number: Some(1),
            report: report(),
            preflight: None,
            package: Some(PACKAGE.parse().unwrap()),
        }),
        deleted_at: None,
    }
}

/// Start of every stream's URL in the examples.
const DELIVERY: &str = "https://cdn.example.com";

fn package() -> Package {
    let content = content();
    let protection = ProtectionOptions::Encrypt { scheme: Scheme::Cbcs, tracks: ProtectedTracks::Video };
    let options = PackageOptions::new(protection, Duration::from_secs(6));
    Package::queued(PACKAGE.parse().unwrap(), &content, content.media_info().unwrap(), options, None, at(1))
}

pub(crate) fn change<T>(before: Option<T>, after: Option<T>, second: u64) -> Change<T> {
    Change { before: before.map(Box::new), after: after.map(Box::new), at: at(second) }
}

/// Returns the changes of a package that takes these steps, one per second.
pub(crate) fn life(steps: &[Step]) -> Vec<Changed> {
    let mut package = package();
    let mut changes = vec![change(None, Some(package.clone()), 1)];
    for (second, step) in (2..).zip(steps) {
        let before = package.clone();
        let step = match step {
            // A retry names the failure.
            Step::Retried { to, .. } => Step::Retried { failed_at: at(second - 1), to: *to },
            other => other.clone(),
        };
        package.apply(&Transition { attempt: None, at: at(second), step, work: StageWork::default() });
        changes.push(change(Some(before), Some(package.clone()), second));
    }
    changes.into_iter().map(Changed::Package).collect()
}

pub(crate) fn failed(stage: Stage) -> Step {
    Step::Failed(Failure { stage, code: "retries_exhausted".into(), message: "its log says why".into() })
}

fn events_of(changes: &[Changed]) -> Vec<Value> {
    changes
        .iter()
        .flat_map(|changed| Event::of(changed, DELIVERY))
        .map(|event| serde_json::to_value(event).unwrap())
        .collect()
}

/// Returns one event of each type, and a retry.
fn examples() -> Vec<Value> {
    let refused = Content {
        verdict: Verdict::Refused(Refusal {
            code: "moov_missing".into(),
            message: "the file ends before its index: finish the recording, or repair it".into(),
            media_info: None,
            remedies: vec![],
        }),
        ..content()
    };
    let deleted = Content { deleted_at: Some(at(20)), ..content() };
    let contents =
        [change(None, Some(content()), 0), change(None, Some(refused), 0), change(Some(content()), Some(deleted), 20)];
    let planned = Step::Fragmented { work_units: 12 };
    let retried = Step::Retried { failed_at: at(0), to: Status::Fragmented };
    let changes = life(&[planned, failed(Stage::Encrypt), retried, Step::Encrypted, Step::Ready, Step::Deleting]);
    let Some(Changed::Package(last)) = changes.last().cloned() else { panic!("a package") };
    let end = Changed::Package(Change { before: last.after, after: None, at: at(30) });
    events_of(&[contents.map(Changed::Content).to_vec(), changes, vec![end]].concat())
}

#[test]
fn every_event_matches_its_example() {
    let shown: Vec<Value> = serde_json::from_str(EXAMPLES).unwrap();
    let written = examples();
    assert_eq!(
        written,
        shown,
        "infra/events.examples.json should be {}",
        serde_json::to_string_pretty(&written).unwrap()
    );
    let kinds = |events: &[Value]| -> BTreeSet<String> {
        events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds(&shown), types().into_iter().collect());
}

/// Returns all steps of a package, in any order.
fn steps() -> impl Strategy<Value = Step> {
    let stages = [Stage::Ingest, Stage::Fragment, Stage::Encrypt, Stage::Dash];
    let back = [Status::Queued, Status::Fragmented, Status::Encrypted];
    prop_oneof![
        Just(Step::Fragmented { work_units: 2 }),
        Just(Step::Encrypted),
        Just(Step::Ready),
        prop::sample::select(stages.to_vec()).prop_map(failed),
        prop::sample::select(back.to_vec()).prop_map(|to| Step::Retried { failed_at: at(0), to }),
        Just(Step::Deleting),
    ]
}

proptest! {
    #[test]
    fn every_change_of_state_is_an_event_with_a_unique_id(steps in prop::collection::vec(steps(), 0..40)) {
        let changes = life(&steps);
        let mut known: BTreeMap<String, Value> = BTreeMap::new();
        let mut last = None;
        for changed in &changes {
            let Changed::Package(change) = changed else { panic!("a package") };
            let state_changed = change.before.as_ref().map(|before| before.status()) != change.after.as_ref().map(|after| after.status());
            let events = events_of(std::slice::from_ref(changed));
            prop_assert_eq!(!events.is_empty(), state_changed, "only a change of state is an event");
            prop_assert!(events.is_empty() || last.replace(change.at) < Some(change.at));
            let playable = |event: &&Value| event["type"] == "package.playable";
            prop_assert_eq!(events.iter().filter(|event| !playable(event)).count(), events.len().min(1), "one is of the status");
            for event in events {
                prop_assert_eq!(&event["at"], &Value::from(change.at.to_string()), "the time of the step");
                let is_playable = ["Fragmented", "Encrypted", "Ready"].map(Value::from).contains(&event["package"]["status"]);
                prop_assert_eq!(event["package"]["url"].is_string(), is_playable);
                prop_assert!(is_playable || !playable(&&event));
                let before = known.insert(event["id"].as_str().unwrap().to_owned(), event);
                prop_assert_eq!(before, None, "the id is unique");
            }
        }
        prop_assert_eq!(events_of(&changes), events_of(&changes), "the events are a function of the changes");
    }
}

#[test]
fn another_verdict_is_another_event_and_an_unchanged_state_is_none() {
    let provisional = Content { verdict: Verdict::Refused(Refusal::ingest_failed()), ..content() };
    let again = Content { created_at: at(60), ..provisional.clone() };
    let tombstone = Content { deleted_at: Some(at(70)), ..content() };
    let anew = Content { created_at: at(80), ..content() };
    let changes = [
        change(None, Some(provisional.clone()), 0),
        change(Some(provisional.clone()), Some(again), 60),
        change(Some(provisional.clone()), Some(Content { bytes_read: 5, ..provisional }), 61),
        change(Some(tombstone.clone()), Some(tombstone.clone()), 71),
        change(Some(tombstone), Some(anew), 80),
    ];
    let events = events_of(&changes.map(Changed::Content));
    let shown: Vec<_> =
        events.iter().map(|event| (event["type"].as_str().unwrap(), event["id"].as_str().unwrap())).collect();
    let id = |second: u64, status: &str| format!("content-{CONTENT}-{}-{status}", at(second).unix_millis());
    assert_eq!(
        shown,
        [
            ("content.refused", id(0, "refused").as_str()),
            ("content.refused", id(60, "refused").as_str()),
            ("content.ingested", id(80, "ingested").as_str())
        ]
    );
    assert_eq!(events[2]["content"]["previous_status"], "Deleted");
}

/// A bus whose first calls fail.
#[derive(Clone, Default)]
struct Bus(Arc<Mutex<(usize, Vec<Event>)>>);

impl EventBus for Bus {
    async fn put_all(&self, events: &[Event]) -> Result<(), Unavailable> {
        let mut state = self.0.lock().unwrap();
        if state.0 > 0 {
            state.0 -= 1;
            // Some of the events may have been accepted.
            state.1.extend(events.first().cloned());
            return Err(Unavailable::new("PutEvents", "internal failure".into()));
        }
        state.1.extend(events.iter().cloned());
        Ok(())
    }
}

#[test]
fn unpublished_changes_are_retried() {
    let bus = Bus::default();
    bus.0.lock().unwrap().0 = 1;
    let announce = Announce { bus: bus.clone(), delivery_url: DELIVERY.to_owned() };
    let changes = life(&[Step::Fragmented { work_units: 1 }, Step::Encrypted]);
    let error = block_on(announce.handle(&changes)).unwrap_err();
    assert!(error.is_transient(), "the changes are delivered again");
    block_on(announce.handle(&changes)).unwrap();
    let events = &bus.0.lock().unwrap().1;
    let ids: BTreeSet<&str> = events.iter().map(Event::id).collect();
    assert_eq!((events.len(), ids.len()), (5, 4), "one event is published twice, with one id");
}

/// A receiver that gives these responses in turn, and records the requests.
struct Responses(Mutex<Vec<u16>>, Mutex<Vec<SignedRequest>>);

impl WebhookReceiver for Responses {
    async fn post(&self, request: &SignedRequest) -> Result<u16, Unavailable> {
        self.1.lock().unwrap().push(request.clone());
        let answer = self.0.lock().unwrap().pop();
        answer.ok_or_else(|| Unavailable::new("POST", "connection refused".into()))
    }
}

struct Secrets;

impl WebhookSecretStore for Secrets {
    async fn secrets(&self) -> Result<SigningSecrets, Unavailable> {
        Ok(SigningSecrets::default().with_secret(&"s".repeat(32)).unwrap())
    }
}

#[test]
fn an_event_is_sent_until_the_receiver_accepts_it() {
    let responses = Responses(Mutex::new(vec![204, 301, 500]), Mutex::default());
    let webhook = Webhook { receiver: responses, secrets: Secrets, clock: TickingClock::default() };
    let event = examples().into_iter().find(|event| event["type"] == "package.ready").unwrap();
    let webhook_event: WebhookEvent = serde_json::from_value(event.clone()).unwrap();
    let send = || {
        webhook.clock.pass(Duration::from_secs(5));
        block_on(webhook.handle(&webhook_event)).is_ok()
    };
    assert_eq!([send(), send(), send(), send()], [false, false, true, false], "500, 301, 204, no connection");
    let sent = webhook.receiver.1.lock().unwrap();
    assert!(
        sent.iter().all(|request| (&request.id, &request.body) == (&sent[0].id, &sent[0].body)),
        "the same each time"
    );
    assert!(sent.is_sorted_by(|one, next| one.timestamp < next.timestamp && one.signature != next.signature));
    let body: Value = serde_json::from_str(&sent[0].body).unwrap();
    assert_eq!((&body["type"], &body["timestamp"], &body["data"]), (&event["type"], &event["at"], &event));
    assert!(serde_json::from_str::<WebhookEvent>(r#"{"id": "i", "type": "t"}"#).is_err());
}
