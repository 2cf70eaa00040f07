//! Marks packages as Failed when a message about them is dead-lettered.

use vpp_aws::{FunctionError, SystemClock, run_function, serve_dead_letters};
use vpp_pipeline::stages::dead_letter::DeadLetters;

fn main() -> Result<(), FunctionError> {
    run_function(async |aws, environment| {
        let handler = DeadLetters { catalog: aws.catalog(environment.table()?), clock: SystemClock };
        serve_dead_letters(async |letter| handler.handle(letter).await).await
    })
}
