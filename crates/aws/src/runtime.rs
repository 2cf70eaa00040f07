//! Starting a function, and serving what is delivered to it.
//!
//! A queue's function answers a batch with the messages that are to come again: those that met a transient error or could
//! not be decoded. A function that is invoked with events fails the invocation instead. Either way the error is logged
//! once, here, with its whole chain, on a line that carries the ids.
//!
//! The future of an invocation is boxed: state machines nested from the runtime down to a client are deeper than the
//! compiler likes, and one allocation an invocation is nothing.

use std::fmt::Display;
use std::future::Future;
use std::time::SystemTime;

use futures_util::FutureExt;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use tracing::{Instrument, error, info, info_span};
use vpp_pipeline::domain::event::{Changed, Event};
use vpp_pipeline::domain::message::Message;
use vpp_pipeline::domain::metric::Measurement;
use vpp_pipeline::error::chain;
use vpp_pipeline::notifications::announce::Unannounced;
use vpp_pipeline::ports::Unavailable;
use vpp_pipeline::stages::dead_letter::DeadLetter;
use vpp_pipeline::stages::ingest::{Ingested, Upload};
use vpp_pipeline::{Error, Outcome};

use crate::dynamodb::changes::ChangeBatch;
use crate::environment::InvalidVariable;
use crate::events::{BatchAnswer, S3Event, SqsBatch, SqsMessage, Undecodable};
use crate::retries::try_again;
use crate::trace::Traced;
use crate::{Aws, Environment, emf, logs, trace};

/// Why a function did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// A variable of the environment is missing or wrong.
    #[error(transparent)]
    Environment(#[from] InvalidVariable),
    /// A secret cannot be read, or is none.
    #[error("a secret that the function needs cannot be read")]
    Secret(#[from] Unavailable),
    /// The asynchronous runtime did not start.
    #[error("the asynchronous runtime did not start")]
    Tokio(#[source] std::io::Error),
    /// The Lambda runtime stopped.
    #[error("the Lambda runtime stopped")]
    Lambda(#[source] lambda_runtime::Error),
}

/// Runs a function: logs, clients, and then `serve`, until the runtime ends it.
///
/// # Errors
/// When it does not start, or stops.
pub fn function<F: Future<Output = Result<(), Stopped>>>(
    serve: impl FnOnce(Aws, Environment) -> F,
) -> Result<(), Stopped> {
    let environment = Environment::of_process();
    logs::start(environment.log_level());
    emf::start(environment.metrics_namespace(), environment.function());
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Stopped::Tokio)?;
    let ended = tokio.block_on(async { serve(Aws::load().await, environment).await });
    if let Err(stopped) = &ended {
        error!("the function stopped: {}", chain(stopped));
    }
    ended
}

/// Serves a queue of messages.
///
/// # Errors
/// When the Lambda runtime stops.
pub async fn serve_queue<M: Message>(handle: impl AsyncFn(&M) -> Result<Outcome, Error>) -> Result<(), Stopped> {
    serve_batches(async |delivered: &SqsMessage, deadline| {
        let message: M = delivered.decode().map_err(Fault::Undecodable)?;
        let span = info_span!(
            "message",
            subject = message.subject(),
            work_unit = message.work_unit(),
            trace_id = trace::id(trace::header().as_deref())
        );
        let handled = async { logged(try_again(deadline, async || handle(&message).await).await) };
        handled.instrument(span).await.map_err(Fault::Stage)
    })
    .await
}

/// Serves the dead-letter queues.
///
/// # Errors
/// When the Lambda runtime stops.
pub async fn serve_dead_letters(handle: impl AsyncFn(&DeadLetter) -> Result<Outcome, Error>) -> Result<(), Stopped> {
    serve_batches(async |delivered: &SqsMessage, deadline| {
        let header = trace::header();
        let trace_id = trace::id(header.as_deref());
        for letter in delivered.dead_letters().map_err(Fault::Undecodable)? {
            let span = match &letter {
                DeadLetter::Upload(upload) => {
                    info_span!("dead_letter", input_content_id = %upload.content_id(), trace_id)
                }
                DeadLetter::Package { id, .. } => info_span!("dead_letter", packaged_content_id = %id, trace_id),
            };
            let handled = async { logged(try_again(deadline, async || handle(&letter).await).await) };
            handled.instrument(span).await.map_err(Fault::Stage)?;
            emf::measure(&Measurement::of_dead_letter(&letter));
        }
        Ok(())
    })
    .await
}

/// Serves the notifications of the uploads bucket.
///
/// # Errors
/// When the Lambda runtime stops.
pub async fn serve_uploads(handle: impl AsyncFn(&Upload) -> Result<Ingested, Error>) -> Result<(), Stopped> {
    let handle = &handle;
    let served = lambda_runtime::run(service_fn(|event: LambdaEvent<S3Event>| {
        let handled = async move {
            let deadline = event.context.deadline();
            for upload in event.payload.uploads().map_err(Fault::Undecodable)? {
                let trace_id = trace::id(event.context.xray_trace_id.as_deref());
                let span =
                    info_span!("upload", input_content_id = %upload.content_id(), origin = %upload.location, trace_id);
                let handled = async {
                    let ingested = try_again(deadline, async || handle(&upload).await).await;
                    logged(ingested.map(|ingested| summary(&ingested)))
                };
                let handled = trace::within(event.context.xray_trace_id.clone(), handled.instrument(span)).await;
                handled.inspect_err(|_| emf::not_handled()).map_err(Fault::Stage)?;
            }
            Ok::<(), Fault>(())
        };
        handled.boxed_local()
    }));
    served.await.map_err(Stopped::Lambda)
}

/// Serves the stream of the table's changes. What is not told fails the invocation: the stream then delivers it again, and
/// nothing that follows it before.
///
/// # Errors
/// When the Lambda runtime stops.
pub async fn serve_changes(
    handle: impl AsyncFn(&[Changed], &[Unannounced]) -> Result<Vec<Event>, Error>,
) -> Result<(), Stopped> {
    let handle = &handle;
    let served = lambda_runtime::run(service_fn(|event: LambdaEvent<ChangeBatch>| {
        let handled = async move {
            let deadline = event.context.deadline();
            let (changes, unreadable) = event.payload.read();
            for own in &unreadable {
                error!(item = own.item, sequence = own.sequence, "a change cannot be read: {}", own.problem);
            }
            match try_again(deadline, async || handle(&changes, &unreadable).await).await {
                Ok(events) => events.iter().for_each(|event| info!(event_id = event.id(), "told")),
                Err(error) => {
                    error!(code = error.code(), "not told: {}", chain(&error));
                    emf::not_handled();
                    return Err(Fault::Stage(error));
                }
            }
            changes.iter().filter_map(Measurement::of).for_each(|own| emf::measure(&own));
            Ok::<(), Fault>(())
        };
        handled.boxed_local()
    }));
    served.await.map_err(Stopped::Lambda)
}

/// Serves HTTP requests of the API's gateway.
///
/// # Errors
/// When the Lambda runtime stops.
pub async fn serve_http<S, R>(service: S) -> Result<(), Stopped>
where
    S: lambda_http::Service<lambda_http::Request, Response = R, Error = std::convert::Infallible>,
    S::Future: Send + 'static,
    R: lambda_http::IntoResponse + 'static,
{
    lambda_http::run(Traced(service)).await.map_err(Stopped::Lambda)
}

pub(crate) async fn serve_batches(
    handle: impl AsyncFn(&SqsMessage, SystemTime) -> Result<(), Fault>,
) -> Result<(), Stopped> {
    let handle = &handle;
    let served = lambda_runtime::run(service_fn(|event: LambdaEvent<SqsBatch>| {
        let handled = async move {
            let mut answer = BatchAnswer::default();
            for message in &event.payload.messages {
                let header = message.trace().map(str::to_owned).or_else(|| event.context.xray_trace_id.clone());
                let handled = trace::within(header, handle(message, event.context.deadline()));
                if let Err(fault) = handled.await {
                    if let Fault::Undecodable(undecodable) = &fault {
                        error!(message_id = message.message_id, "a message cannot be read: {}", chain(undecodable));
                    }
                    emf::not_handled();
                    answer.fail(message);
                }
            }
            Ok::<BatchAnswer, Fault>(answer)
        };
        handled.boxed_local()
    }));
    served.await.map_err(Stopped::Lambda)
}

/// Why a delivery was not handled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error(transparent)]
    Stage(Error),
    #[error(transparent)]
    Undecodable(Undecodable),
}

impl From<Fault> for Diagnostic {
    /// A stable name for each kind of fault, and the chain as the message.
    fn from(fault: Fault) -> Self {
        let error_type = match &fault {
            Fault::Stage(error) => error.code(),
            Fault::Undecodable(_) => "undecodable",
        };
        Self { error_type: error_type.to_owned(), error_message: chain(&fault) }
    }
}

/// Logs how something ended.
fn logged<T: Display>(result: Result<T, Error>) -> Result<(), Error> {
    match result {
        Ok(outcome) => {
            info!(outcome = %outcome, "handled");
            Ok(())
        }
        Err(error) => {
            error!(code = error.code(), "not handled: {}", chain(&error));
            Err(error)
        }
    }
}

/// What an upload came to, for the log.
fn summary(ingested: &Ingested) -> &'static str {
    match ingested {
        Ingested::Ignored => "ignored",
        Ingested::Content(content) => content.status(),
    }
}
