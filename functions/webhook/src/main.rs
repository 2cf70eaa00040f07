//! Sends signed events to the webhook receiver until it accepts them.

use vpp_aws::{FunctionError, HttpWebhookReceiver, SystemClock, run_function, serve_webhooks};
use vpp_pipeline::notifications::webhook::Webhook;

fn main() -> Result<(), FunctionError> {
    run_function(async |aws, environment| {
        let webhook = Webhook {
            receiver: HttpWebhookReceiver::new(environment.webhook_url()?),
            secrets: aws.webhook_secret(environment.webhook_secret()?),
            clock: SystemClock,
        };
        let queue = aws.queue(environment.webhook_queue()?);
        serve_webhooks(queue, async |notice| webhook.handle(notice).await).await
    })
}
