//! Publishes the state changes of contents and packages as events.

use vpp_aws::{FunctionError, run_function, serve_changes};
use vpp_pipeline::notifications::announce::Announce;

fn main() -> Result<(), FunctionError> {
    run_function(async |aws, environment| {
        let announce =
            Announce { bus: aws.event_bus(environment.event_bus()?), delivery_url: environment.delivery_url()? };
        serve_changes(async |changes| announce.handle(changes).await).await
    })
}
