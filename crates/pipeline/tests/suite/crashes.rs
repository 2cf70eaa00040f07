//! A crash between any two calls loses nothing.
//!
//! The run is repeated with its first call failing, then its second, and so on to its last, before and after the call takes
//! effect. Each time the message or event is delivered again, and the result must be the same.

use crate::support::{assert_ready, only_package, upload_and_run};
use futures_executor::block_on;
use vpp_pipeline::testing::{Delivery, FaultPoint, Faults, Platform};

async fn run(faults: Faults, delivery: Delivery) -> Platform {
    let platform = Platform { faults, delivery, ..Platform::default() };
    upload_and_run(&platform).await;
    platform
}

fn every_crash_point(point: FaultPoint, delivery: Delivery) {
    block_on(async {
        let whole = run(Faults::default(), delivery).await;
        let progress = only_package(&whole).progress;
        let calls = whole.faults.calls();
        assert!(calls > 30, "a run has many calls: {calls}");
        for call in 0..calls {
            let platform = run(Faults::at(call, point), delivery).await;
            assert_ready(&platform).await;
            assert_eq!(only_package(&platform).progress, progress, "call {call} failing {point:?} changes the count");
        }
    });
}

#[test]
fn a_crash_before_any_call_loses_nothing() {
    every_crash_point(FaultPoint::Before, Delivery::InOrder);
}

#[test]
fn a_crash_after_any_call_loses_nothing() {
    every_crash_point(FaultPoint::After, Delivery::InOrder);
}

#[test]
fn a_crash_among_duplicates_out_of_order_loses_nothing() {
    every_crash_point(FaultPoint::After, Delivery::TwiceInReverse);
}
