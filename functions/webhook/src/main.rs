//! Send events to the webhook's receiver, signed, until it has taken them.

use vpp_aws::{HttpReceiver, Stopped, SystemClock, function};
use vpp_pipeline::notifications::webhook::Webhook;

fn main() -> Result<(), Stopped> {
    function(async |aws, environment| {
        let webhook = Webhook {
            receiver: HttpReceiver::new(environment.webhook_url()?),
            secrets: aws.webhook_secret(environment.webhook_secret()?),
            clock: SystemClock,
        };
        aws.serve_notices(environment.webhook_queue()?, async |notice| webhook.handle(notice).await).await
    })
}
