//! One trace from an upload to Ready.
//!
//! X-Ray names a request by a header, `Root=1-…;Parent=…;Sampled=1`. Lambda gives one to the invocation that an upload or a call of
//! the API starts. Every message that is sent from there carries it on, as SQS's own attribute `AWSTraceHeader`, and whoever
//! handles the message works under the trace of the message, not that of the invocation that brought it. So all that comes of
//! one upload has one trace, and its log lines one `trace_id`, however many functions, retries and dead letters it takes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use lambda_http::{Request, RequestExt, Service};

tokio::task_local! {
    static HEADER: Option<String>;
}

/// Does `work` under the trace of this header, if there is one.
pub(crate) async fn within<T>(header: Option<String>, work: impl Future<Output = T>) -> T {
    HEADER.scope(header, work).await
}

/// The header of the trace that is worked under.
pub(crate) fn header() -> Option<String> {
    HEADER.try_with(Clone::clone).ok().flatten()
}

/// The trace's id in a header, as logs name it and X-Ray finds it.
pub(crate) fn id(header: Option<&str>) -> Option<&str> {
    header?.split(';').find_map(|part| part.trim().strip_prefix("Root="))
}

/// A service whose requests are each handled under the trace of the invocation.
#[derive(Debug, Clone)]
pub(crate) struct Traced<S>(pub(crate) S);

impl<S> Service<Request> for Traced<S>
where
    S: Service<Request>,
    S::Future: Send + 'static,
    S::Response: 'static,
    S::Error: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let header = request.lambda_context_ref().and_then(|context| context.xray_trace_id.clone());
        Box::pin(within(header, self.0.call(request)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_trace_is_its_root() {
        let header = "Root=1-6543ab21-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1";
        assert_eq!(id(Some(header)), Some("1-6543ab21-0123456789abcdef01234567"));
        assert_eq!((id(None), id(Some("Parent=0123456789abcdef"))), (None, None));
    }

    #[test]
    fn work_knows_the_trace_it_is_done_under_and_no_other() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let seen = runtime.block_on(async {
            let inner = within(Some("Root=1-a".to_owned()), async { header() }).await;
            (inner, header())
        });
        assert_eq!(seen, (Some("Root=1-a".to_owned()), None));
    }
}
