//! Every order in which things can happen to a small package, and the promises that hold in all of them.
//!
//! # What is real
//!
//! The use cases: ingest, fragment, encrypt, dash, the deletion job, the dead-letter handler and the API, down to the engine,
//! over the in-memory ports that keep the same contract as those of AWS. The movie is a small one: two work units, each of one
//! segment of picture and one of sound, encrypted.
//!
//! # What is modelled
//!
//! The queues: a message is delivered in any order, to functions that run at the same time, again when its function has
//! failed or stopped, twice when the queue pleases, and becomes a dead letter when it was received too often. People: they
//! upload, retry, delete, ask again, and repeat a request until it is answered. Time: it passes when nothing is at work.
//!
//! # The search
//!
//! A world is all that ports hold, all messages, and the functions at work, each with the answers its calls have had so far
//! (see [`tape`]). From each world every event is tried: the next call of each function, a crash of each, each delivery, and so
//! on ([`world::Event`]). Worlds that are equal are looked at once. Things go wrong only so often ([`world::Budget`]) and
//! everything else ends, so that a search that has no more worlds has seen everything. After each step, and whenever
//! nothing more happens by itself, the promises are checked ([`promises`]).
//!
//! A crash comes between two calls. A call that fails, or whose answer is lost, is a crash before or after it to all but the
//! function itself; the searches at random try those as well.
//!
//! # Why not a model checker from the shelf
//!
//! `stateright` searches such graphs too, and brings a web server and features of `serde` that would have the whole workspace
//! compiled twice. Every way to an end is finite here, so "in the end" is a property of ends, and the search is a page.
//!
//! # Whether it would find anything
//!
//! Rules of the design are broken one by one ([`broken::Broken`]): the search must say so.

#![allow(clippy::print_stdout, reason = "how much was searched")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod broken;
mod digest;
mod ports;
mod promises;
mod search;
mod tape;
mod work;
mod world;

use vpp_media::cmaf::Layout;

use broken::Broken;
use ports::Look;
use search::{Found, Seen};
use world::{Budget, Rules, World};

/// Bytes of the smallest part of a single file: each work unit's share of a track closes one.
pub(crate) const PART_BYTES: u64 = 1;

const RULES: Rules = Rules {
    at_once: 2,
    tries: 4,
    broken: Broken::No,
    checked: true,
    look: Look { at_sources: false, at_objects: false },
    package_on_upload: true,
    layout: Layout::Segments,
    part_bytes: PART_BYTES,
};

/// Ways that are taken at random.
const WALKS: u64 = 1_000;

const OBJECTS_TOO: Look = Look { at_sources: false, at_objects: true };
const SOURCES_TOO: Look = Look { at_sources: true, at_objects: false };
const EVERYTHING: Look = Look { at_sources: true, at_objects: true };

/// Goes through everything that can come of an upload.
fn everything(budget: Budget, rules: &Rules) -> Seen {
    let seen = search::all(&World::uploaded(budget), rules).unwrap_or_else(|found| panic!("{}", told(&found)));
    println!("{budget:?} {seen:?}");
    seen
}

fn told(found: &Found) -> String {
    format!("{}\n{}", found.promise, found.story.join("\n"))
}

/// In every end the package is Ready.
fn always_ready(budget: Budget, look: Look) {
    let seen = everything(budget, &Rules { look, ..RULES });
    assert!(seen.ends > 0 && seen.ready == seen.ends, "{seen:?}");
}

#[test]
fn wherever_functions_stop_the_package_is_ready() {
    let crash = Budget { crashes: 1, ..Budget::NONE };
    always_ready(crash, OBJECTS_TOO);
    always_ready(Budget { crashes: 2, ..crash }, RULES.look);
}

#[test]
fn whatever_comes_twice_in_whatever_order_the_package_is_ready() {
    always_ready(Budget { duplicates: 2, ..Budget::NONE }, RULES.look);
}

#[test]
fn a_function_may_stop_while_its_message_is_there_twice() {
    always_ready(Budget { crashes: 1, duplicates: 1, ..Budget::NONE }, RULES.look);
}

#[test]
fn what_is_given_up_on_fails_and_can_be_retried() {
    let seen = everything(Budget { crashes: 2, ..Budget::NONE }, &Rules { tries: 1, ..RULES });
    assert!(seen.ready > 0 && seen.failed > 0 && seen.gone > 0, "{seen:?}");
    let seen = everything(Budget { crashes: 1, retries: 1, ..Budget::NONE }, &Rules { tries: 1, ..RULES });
    assert!(seen.ready > 0 && seen.failed > 0, "{seen:?}");
}

#[test]
fn a_package_is_deleted_whatever_is_at_work_and_may_be_asked_for_again() {
    let seen = everything(Budget { deletions: 1, ..Budget::NONE }, &Rules { look: OBJECTS_TOO, ..RULES });
    assert!(seen.ready > 0 && seen.gone > 0, "{seen:?}");
    let again = Budget { deletions: 1, requests: 1, ..Budget::NONE };
    let seen = everything(again, &Rules { at_once: 1, look: OBJECTS_TOO, ..RULES });
    assert!(seen.ready > 0 && seen.gone > 0, "{seen:?}");
}

#[test]
fn a_source_that_changes_at_any_moment_fails_the_package_or_comes_too_late() {
    let budget = Budget { changes: 1, ..Budget::NONE };
    let seen = everything(budget, &Rules { look: SOURCES_TOO, ..RULES });
    assert!(seen.ready > 0 && seen.failed > 0 && seen.gone > 0, "{seen:?}");
}

#[test]
fn single_files_are_completed_once_in_any_order() {
    let rules = Rules { layout: Layout::SingleFile, package_on_upload: false, ..RULES };
    let asked = Budget { requests: 1, ..Budget::NONE };
    for (budget, at_once) in [(asked, 2), (Budget { crashes: 2, ..asked }, 1)] {
        let seen = everything(budget, &Rules { at_once, ..rules });
        assert!(seen.ready > 0 && seen.ready + seen.gone == seen.ends, "{seen:?}");
    }
}

#[test]
fn much_goes_wrong_at_random_and_it_ends_well() {
    let much = Budget { crashes: 4, failures: 4, duplicates: 5, retries: 3, pauses: 2, ..Budget::NONE };
    let mut all = Seen::default();
    for seed in 0..WALKS {
        let segments = seed % 2 == 0;
        let rules = Rules {
            at_once: 4,
            tries: 3,
            look: EVERYTHING,
            layout: if segments { Layout::Segments } else { Layout::SingleFile },
            package_on_upload: segments,
            ..RULES
        };
        let (deletions, changes) = (u8::from(seed % 5 < 2), u8::from(seed % 3 == 0));
        let start = World::uploaded(Budget { deletions, changes, requests: deletions + u8::from(!segments), ..much });
        let seen = search::one(&start, &rules, seed).unwrap_or_else(|found| panic!("seed {seed}: {}", told(&found)));
        all.add(seen);
    }
    println!("{all:?}");
    assert!(all.ready > 0 && all.failed > 0 && all.gone > 0, "{all:?}");
}

#[test]
fn a_rule_that_is_broken_is_found_out() {
    let none = Budget::NONE;
    let (crash, duplicate) = (Budget { crashes: 1, ..none }, Budget { duplicates: 1, ..none });
    let deletion = Budget { deletions: 1, ..none };
    let once = Rules { at_once: 1, ..RULES };
    let deleting = Rules { look: OBJECTS_TOO, ..RULES };
    let ready = |budget| World::ready(budget, &RULES);
    for (broken, start, rules) in [
        (Broken::UnconditionalWrites, World::uploaded(duplicate), RULES),
        (Broken::MessageFirst, World::uploaded(none), Rules { tries: 2, ..RULES }),
        (Broken::NothingSentWhenDone, World::uploaded(crash), once),
        (Broken::WorkUnitsCountedAgain, World::uploaded(duplicate), RULES),
        (Broken::CountedApart, World::uploaded(crash), once),
        (Broken::SourceNotPinned, World::uploaded(Budget { changes: 1, ..none }), Rules { look: SOURCES_TOO, ..once }),
        (Broken::AcknowledgedFirst, World::uploaded(crash), once),
        (Broken::DeadLettersDropped, World::uploaded(crash), Rules { tries: 1, ..once }),
        (Broken::DeletionDoesNotWait, World::uploaded(deletion), deleting),
        (Broken::LeaseForAll, ready(Budget { duplicates: 1, requests: 1, ..deletion }), deleting),
        (Broken::StepsOfAnyRun, World::uploaded(Budget { retries: 1, ..crash }), Rules { tries: 1, ..RULES }),
    ] {
        let found = search::all(&start, &Rules { broken, ..rules });
        let found = found.map(|seen| panic!("{broken:?} was not found out: {seen:?}")).unwrap_err();
        println!("{broken:?} after {} events: {}", found.story.len(), found.promise);
    }
}
