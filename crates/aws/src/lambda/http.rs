//! Functions behind API Gateway.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use lambda_http::{IntoResponse, Request, RequestExt, Service};

use super::function::FunctionError;
use crate::trace;

/// Serves HTTP requests.
///
/// # Errors
/// When the Lambda runtime stops.
pub async fn serve_http<S, R>(service: S) -> Result<(), FunctionError>
where
    S: Service<Request, Response = R, Error = Infallible>,
    S::Future: Send + 'static,
    R: IntoResponse + 'static,
{
    lambda_http::run(Traced(service)).await.map_err(FunctionError::Lambda)
}

/// A service that handles each request under the trace of its invocation.
#[derive(Debug, Clone)]
struct Traced<S>(S);

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
        Box::pin(trace::within(header, self.0.call(request)))
    }
}
