//! A model checker: explores every order of events for a small package, and checks the invariants in all of them.
//!
//! # What is real
//!
//! The use cases: ingest, fragment, encrypt, dash, the deletion, the dead-letter handler and the API, down to the engine, over
//! the in-memory ports that pass the same contract suite as those of AWS. The movie is small: two work units, each with one
//! encrypted segment of video and one of audio.
//!
//! # What is modelled
//!
//! The queues: messages are delivered in any order, to functions that run concurrently, again when the function has failed or
//! stopped, and sometimes twice; a message that was received too often is dead-lettered. Users: they upload, retry, delete,
//! request again, and repeat a request until it succeeds. Time: it passes only while no function is running.
//!
//! # The search
//!
//! A world is the content of all ports, all messages, and the functions at work, each with the answers of its calls so far
//! (see [`replay`]). From each world every event is explored: the next call of each function, a crash of each, each delivery,
//! and so on ([`world::Event`]). Equal worlds are explored once. The number of faults is bounded ([`world::Budget`]) and
//! everything else terminates, so an exhaustive search ends. The invariants are checked after each step, and whenever no
//! function runs and no message is left ([`invariants`]).
//!
//! A crash is between two calls. To everyone but the function itself, a call that fails, or whose answer is lost, is a crash
//! before or after it; the random searches include those as well.
//!
//! # Why not an existing model checker
//!
//! `stateright` searches such graphs too, but depends on a web server and on features of `serde` that would compile the whole
//! workspace twice. Every path is finite here, so liveness is a property of final worlds, and the search is short.
//!
//! # Testing the checker
//!
//! Rules of the design are broken one by one ([`broken_rules::BrokenRule`]): the search must find each.

#![allow(clippy::print_stdout, reason = "the size of the search")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod broken_rules;
mod digest;
mod invariants;
mod ports;
mod replay;
mod search;
mod work;
mod world;

use vpp_media::cmaf::Layout;
use vpp_pipeline::domain::when::When;

use broken_rules::BrokenRule;
use ports::ObservedCalls;
use search::{SearchStats, Violation};
use world::{Budget, Rules, World};

/// Bytes of the smallest part of a single file: each work unit's segments of a track are a part.
pub(crate) const PART_BYTES: u64 = 1;

const RULES: Rules = Rules {
    concurrency: 2,
    max_receives: 4,
    broken: BrokenRule::No,
    checked: true,
    observed: ObservedCalls { sources: false, objects: false },
    package_on_upload: true,
    layout: Layout::Segments,
    part_bytes: PART_BYTES,
    when: When::Ahead,
};

/// Number of random paths.
const RANDOM_RUNS: u64 = 1_000;
/// Number of random paths on which viewers request segments while stages, deletions and retries are at work.
const RANDOM_RACES: u64 = 10_000;

const OBSERVE_OBJECTS: ObservedCalls = ObservedCalls { sources: false, objects: true };
const OBSERVE_SOURCES: ObservedCalls = ObservedCalls { sources: true, objects: false };
const OBSERVE_ALL: ObservedCalls = ObservedCalls { sources: true, objects: true };

/// Explores everything that can follow an upload.
fn everything(budget: Budget, rules: &Rules) -> SearchStats {
    everything_after(&World::uploaded(budget), rules)
}

/// Explores everything that can follow a world.
fn everything_after(start: &World, rules: &Rules) -> SearchStats {
    let stats = search::all(start, rules).unwrap_or_else(|violation| panic!("{}", report(&violation)));
    println!("{:?} {stats:?}", start.budget);
    stats
}

fn report(violation: &Violation) -> String {
    format!("{}\n{}", violation.invariant, violation.trace.join("\n"))
}

/// Checks that the package is Ready in every final world.
fn always_ready(budget: Budget, observed: ObservedCalls) {
    let stats = everything(budget, &Rules { observed, ..RULES });
    assert!(stats.ends > 0 && stats.ready == stats.ends, "{stats:?}");
}

#[test]
fn the_package_is_ready_wherever_functions_stop() {
    let crash = Budget { crashes: 1, ..Budget::NONE };
    always_ready(crash, OBSERVE_OBJECTS);
    always_ready(Budget { crashes: 2, ..crash }, RULES.observed);
}

#[test]
fn the_package_is_ready_after_duplicates_in_any_order() {
    always_ready(Budget { duplicates: 2, ..Budget::NONE }, RULES.observed);
}

#[test]
fn the_package_is_ready_after_a_crash_among_duplicates() {
    always_ready(Budget { crashes: 1, duplicates: 1, ..Budget::NONE }, RULES.observed);
}

#[test]
fn a_dead_lettered_package_is_failed_and_can_be_retried() {
    let stats = everything(Budget { crashes: 2, ..Budget::NONE }, &Rules { max_receives: 1, ..RULES });
    assert!(stats.ready > 0 && stats.failed > 0 && stats.deleted > 0, "{stats:?}");
    let stats = everything(Budget { crashes: 1, retries: 1, ..Budget::NONE }, &Rules { max_receives: 1, ..RULES });
    assert!(stats.ready > 0 && stats.failed > 0, "{stats:?}");
}

#[test]
fn a_package_is_deleted_whatever_is_at_work_and_may_be_requested_again() {
    let stats = everything(Budget { deletions: 1, ..Budget::NONE }, &Rules { observed: OBSERVE_OBJECTS, ..RULES });
    assert!(stats.ready > 0 && stats.deleted > 0, "{stats:?}");
    let again = Budget { deletions: 1, requests: 1, ..Budget::NONE };
    let stats = everything(again, &Rules { concurrency: 1, observed: OBSERVE_OBJECTS, ..RULES });
    assert!(stats.ready > 0 && stats.deleted > 0, "{stats:?}");
}

#[test]
fn a_segment_that_a_viewer_requests_at_any_time_is_the_one_of_the_stages() {
    let view = Budget { views: 1, ..Budget::NONE };
    always_ready(view, OBSERVE_OBJECTS);
    always_ready(Budget { views: 2, crashes: 1, ..view }, RULES.observed);
    let stats = everything(Budget { deletions: 1, ..view }, &Rules { observed: OBSERVE_OBJECTS, ..RULES });
    assert!(stats.ready > 0 && stats.deleted > 0, "{stats:?}");
    let stats = everything(Budget { crashes: 1, retries: 1, ..view }, &Rules { max_receives: 1, ..RULES });
    assert!(stats.ready > 0 && stats.failed > 0, "{stats:?}");
}

#[test]
fn a_package_that_is_made_on_demand_has_what_viewers_request_until_it_is_made_ahead() {
    let on_demand = Rules { when: When::OnDemand, ..RULES };
    let planned = |budget| World::at_rest(budget, &on_demand);
    let view = Budget { views: 1, ..Budget::NONE };
    let stats = everything(Budget { crashes: 1, duplicates: 1, views: 2, ..view }, &on_demand);
    assert!(stats.ends > 0 && stats.on_demand == stats.ends, "{stats:?}");
    let objects = Rules { observed: OBSERVE_OBJECTS, ..on_demand };
    let stats = everything_after(&planned(Budget { deletions: 1, ..view }), &objects);
    assert!(stats.on_demand > 0 && stats.on_demand + stats.deleted == stats.ends, "{stats:?}");
    let ahead = Budget { aheads: 1, ..Budget::NONE };
    for (start, rules) in [
        (planned(Budget { views: 1, ..ahead }), on_demand),
        (planned(Budget { crashes: 1, ..ahead }), on_demand),
        (World::uploaded(ahead), on_demand),
        (World::uploaded(Budget { crashes: 1, ..ahead }), Rules { concurrency: 1, ..on_demand }),
    ] {
        let stats = everything_after(&start, &rules);
        assert!(stats.ready > 0 && stats.ready + stats.on_demand == stats.ends, "{stats:?}");
    }
    let stats = everything_after(&planned(Budget { deletions: 1, ..ahead }), &Rules { concurrency: 1, ..on_demand });
    assert!(stats.ready > 0 && stats.deleted > 0, "{stats:?}");
}

#[test]
fn a_package_that_is_made_on_demand_fails_when_its_source_is_gone_and_can_be_retried() {
    let on_demand = Rules { when: When::OnDemand, observed: OBSERVE_SOURCES, ..RULES };
    let budget = Budget { views: 1, changes: 1, retries: 1, ..Budget::NONE };
    let stats = everything(budget, &on_demand);
    assert!(stats.on_demand > 0 && stats.failed > 0, "{stats:?}");
    let dead = Rules { max_receives: 1, observed: RULES.observed, ..on_demand };
    let stats = everything(Budget { crashes: 1, retries: 1, ..Budget::NONE }, &dead);
    assert!(stats.on_demand > 0 && stats.failed > 0, "{stats:?}");
}

#[test]
fn the_manifests_are_those_of_the_latest_revision_whenever_a_package_is_edited() {
    let edit = Budget { edits: 1, ..Budget::NONE };
    always_ready(edit, RULES.observed);
    let once = Rules { concurrency: 1, ..RULES };
    let stats = everything(Budget { crashes: 1, ..edit }, &once);
    assert!(stats.ready > 0 && stats.ready == stats.ends, "{stats:?}");
    let stats = everything(Budget { crashes: 1, retries: 1, ..edit }, &Rules { max_receives: 1, ..once });
    assert!(stats.ready > 0 && stats.failed > 0, "{stats:?}");
}

#[test]
fn edits_that_race_in_a_ready_package_end_in_the_latest() {
    let none = Budget::NONE;
    for budget in [
        Budget { edits: 2, ..none },
        Budget { edits: 1, crashes: 1, duplicates: 1, ..none },
        Budget { edits: 1, deletions: 1, ..none },
    ] {
        let stats = search::all(&World::at_rest(budget, &RULES), &RULES);
        let stats = stats.unwrap_or_else(|violation| panic!("{}", report(&violation)));
        println!("{budget:?} {stats:?}");
        assert!(stats.ends > 0 && stats.ready + stats.deleted == stats.ends, "{stats:?}");
    }
}

#[test]
fn a_source_that_changes_at_any_time_fails_the_package_or_comes_too_late() {
    let budget = Budget { changes: 1, ..Budget::NONE };
    let stats = everything(budget, &Rules { observed: OBSERVE_SOURCES, ..RULES });
    assert!(stats.ready > 0 && stats.failed > 0 && stats.deleted > 0, "{stats:?}");
}

#[test]
fn single_files_are_completed_once_in_any_order() {
    let rules = Rules { layout: Layout::SingleFile, package_on_upload: false, ..RULES };
    let requested = Budget { requests: 1, ..Budget::NONE };
    for (budget, concurrency) in [(requested, 2), (Budget { crashes: 2, ..requested }, 1)] {
        let stats = everything(budget, &Rules { concurrency, ..rules });
        assert!(stats.ready > 0 && stats.ready + stats.deleted == stats.ends, "{stats:?}");
    }
}

#[test]
fn the_package_ends_well_after_many_random_faults() {
    let much = Budget {
        crashes: 4,
        failures: 4,
        duplicates: 5,
        retries: 3,
        pauses: 2,
        views: 3,
        aheads: 1,
        edits: 3,
        ..Budget::NONE
    };
    let mut all = SearchStats::default();
    for seed in 0..RANDOM_RUNS {
        let segments = seed % 2 == 0;
        let rules = Rules {
            concurrency: 4,
            max_receives: 3,
            observed: OBSERVE_ALL,
            layout: if segments { Layout::Segments } else { Layout::SingleFile },
            package_on_upload: segments,
            when: if seed % 4 == 0 { When::OnDemand } else { When::Ahead },
            ..RULES
        };
        let (deletions, changes) = (u8::from(seed % 5 < 2), u8::from(seed % 3 == 0));
        let start = World::uploaded(Budget { deletions, changes, requests: deletions + u8::from(!segments), ..much });
        let stats =
            search::one(&start, &rules, seed).unwrap_or_else(|violation| panic!("seed {seed}: {}", report(&violation)));
        all.add(stats);
    }
    println!("{all:?}");
    assert!(all.ready > 0 && all.on_demand > 0 && all.failed > 0 && all.deleted > 0, "{all:?}");
}

/// No byte differs, no object is left over, and no viewer is answered with an error of the server: the invariants check it.
#[test]
fn viewers_race_with_stages_deletions_and_retries() {
    let budget =
        Budget { crashes: 1, retries: 1, deletions: 1, requests: 1, views: 3, pauses: 1, aheads: 1, ..Budget::NONE };
    let mut all = SearchStats::default();
    for seed in 0..RANDOM_RACES {
        let rules = Rules {
            concurrency: 4,
            max_receives: 1 + u8::from(seed % 2 == 0),
            observed: OBSERVE_ALL,
            when: if seed % 3 == 0 { When::OnDemand } else { When::Ahead },
            ..RULES
        };
        let stats = search::one(&World::uploaded(budget), &rules, seed)
            .unwrap_or_else(|violation| panic!("seed {seed}: {}", report(&violation)));
        all.add(stats);
    }
    println!("{all:?}");
    assert!(all.ready > 0 && all.on_demand > 0 && all.failed > 0 && all.deleted > 0, "{all:?}");
}

#[test]
fn the_search_finds_every_broken_rule() {
    let none = Budget::NONE;
    let (crash, duplicate) = (Budget { crashes: 1, ..none }, Budget { duplicates: 1, ..none });
    let deletion = Budget { deletions: 1, ..none };
    let once = Rules { concurrency: 1, ..RULES };
    let deleting = Rules { observed: OBSERVE_OBJECTS, ..RULES };
    let ready = |budget| World::at_rest(budget, &RULES);
    for (broken, start, rules) in [
        (BrokenRule::UnconditionalWrites, World::uploaded(duplicate), RULES),
        (BrokenRule::MessageFirst, World::uploaded(none), Rules { max_receives: 2, ..RULES }),
        (BrokenRule::NothingSentWhenDone, World::uploaded(crash), once),
        (BrokenRule::WorkUnitsCountedAgain, World::uploaded(duplicate), RULES),
        (BrokenRule::CountedApart, World::uploaded(crash), once),
        (
            BrokenRule::SourceNotPinned,
            World::uploaded(Budget { changes: 1, ..none }),
            Rules { observed: OBSERVE_SOURCES, ..once },
        ),
        (BrokenRule::AcknowledgedFirst, World::uploaded(crash), once),
        (BrokenRule::DeadLettersDropped, World::uploaded(crash), Rules { max_receives: 1, ..once }),
        (BrokenRule::DeletionDoesNotWait, World::uploaded(deletion), deleting),
        (BrokenRule::LeaseForAll, ready(Budget { duplicates: 1, requests: 1, ..deletion }), deleting),
        (
            BrokenRule::StepsOfAnyAttempt,
            World::uploaded(Budget { retries: 1, ..crash }),
            Rules { max_receives: 1, ..RULES },
        ),
    ] {
        let violation = search::all(&start, &Rules { broken, ..rules });
        let violation = violation.map(|stats| panic!("{broken:?} was not found: {stats:?}")).unwrap_err();
        println!("{broken:?} after {} events: {}", violation.trace.len(), violation.invariant);
    }
}
