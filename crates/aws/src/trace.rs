//! X-Ray trace headers: one trace from an upload to Ready.
//!
//! X-Ray identifies a request by the header `Root=1-…;Parent=…;Sampled=1`. Lambda passes one to the invocation that an upload
//! or an API call starts. Every message sent from that invocation carries the header in the SQS system attribute
//! `AWSTraceHeader`, and the function that handles the message works under the trace of the message, not under that of its own
//! invocation. So one upload has one trace, and its log lines share one `trace_id`, across all functions, retries and dead
//! letters.

use std::future::Future;

tokio::task_local! {
    static HEADER: Option<String>;
}

/// Runs `work` under the trace of this header, if there is one.
pub(crate) async fn within<T>(header: Option<String>, work: impl Future<Output = T>) -> T {
    HEADER.scope(header, work).await
}

/// Returns the trace header of the current work.
pub(crate) fn header() -> Option<String> {
    HEADER.try_with(Clone::clone).ok().flatten()
}

/// Returns the trace id in a header: the value that logs carry and that X-Ray searches by.
pub(crate) fn id(header: Option<&str>) -> Option<&str> {
    header?.split(';').find_map(|part| part.trim().strip_prefix("Root="))
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
    fn the_header_is_visible_to_the_work_under_it_only() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let seen = runtime.block_on(async {
            let inner = within(Some("Root=1-a".to_owned()), async { header() }).await;
            (inner, header())
        });
        assert_eq!(seen, (Some("Root=1-a".to_owned()), None));
    }
}
