//! A message that was given up on makes its package Failed, with the reason.

use vpp_aws::{Stopped, SystemClock, function, serve_dead_letters};
use vpp_pipeline::stages::dead_letter::DeadLetters;

fn main() -> Result<(), Stopped> {
    function(async |aws, environment| {
        let handler = DeadLetters { catalog: aws.catalog(environment.table()?), clock: SystemClock };
        serve_dead_letters(async |letter| handler.handle(letter).await).await
    })
}
