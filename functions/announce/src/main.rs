//! A content or package has changed its state: put that on the event bus.

use vpp_aws::{Stopped, function, serve_changes};
use vpp_pipeline::notifications::announce::Announce;

fn main() -> Result<(), Stopped> {
    function(async |aws, environment| {
        let announce = Announce {
            bus: aws.event_bus(environment.event_bus()?),
            dead: aws.queue(environment.announce_dead_queue()?),
        };
        serve_changes(async |changes, unreadable| announce.handle(changes, unreadable).await).await
    })
}
