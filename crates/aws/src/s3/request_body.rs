//! Request bodies that consist of several chunks, sent without copying them together.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use vpp_pipeline::ports::Body;

/// Returns the body of a request, which the SDK may send more than once.
pub(super) fn request_body(body: &Body) -> ByteStream {
    let body = body.clone();
    ByteStream::new(SdkBody::retryable(move || SdkBody::from_body_1_x(Chunks::new(body.clone()))))
}

/// The chunks that remain to be sent.
#[derive(Debug)]
struct Chunks {
    chunks: std::vec::IntoIter<Bytes>,
    remaining: u64,
}

impl Chunks {
    fn new(body: Body) -> Self {
        Self { remaining: body.length(), chunks: body.into_iter() }
    }
}

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let chunk = self.chunks.next();
        // `remaining` is the sum of the lengths of `chunks`, so this never saturates.
        self.remaining = self.remaining.saturating_sub(chunk.as_ref().map_or(0, |chunk| chunk.len() as u64));
        Poll::Ready(chunk.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}
