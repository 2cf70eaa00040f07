//! The Lambda runtime: how a function starts, and how it handles deliveries.
//!
//! | source | function | payload |
//! |---|---|---|
//! | SQS queue of a stage | [`serve_queue`] | `sqs_event` |
//! | dead-letter queues | [`serve_dead_letters`] | `sqs_event`, `dead_letters` |
//! | SQS queue of webhook notifications | [`serve_webhooks`] | `sqs_event` |
//! | SQS queue of uploads | [`serve_uploads`] | `sqs_event`, `s3_event` |
//! | DynamoDB stream | [`serve_changes`] | `dynamodb::stream_records` |
//! | API Gateway (HTTP API) | [`serve_http`] | `lambda_http` |
//!
//! A function with an SQS trigger returns a partial batch response: it lists the messages that failed with a transient error
//! or could not be decoded, and SQS delivers them again. Any other function fails the invocation instead. In both cases the
//! error is logged once, here, with its whole chain, on a line that carries the ids.
//!
//! The future of an invocation is boxed: the state machines nested from the runtime down to a client are too deep for the
//! compiler otherwise, and one allocation per invocation costs nothing.

mod dead_letters;
mod delivery;
mod function;
mod http;
mod queue;
mod s3_event;
mod sqs_event;
mod table_stream;
mod uploads;
mod webhooks;

pub use dead_letters::serve_dead_letters;
pub use function::{FunctionError, run_function};
pub use http::serve_http;
pub use queue::serve_queue;
pub use table_stream::serve_changes;
pub use uploads::serve_uploads;
pub use webhooks::serve_webhooks;
