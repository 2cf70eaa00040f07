//! Bodies of requests that lie in pieces: sent as they lie, without a copy.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use vpp_pipeline::ports::Body;

/// The body of a request that may be made several times.
pub(crate) fn gathered(body: &Body) -> ByteStream {
    let body = body.clone();
    ByteStream::new(SdkBody::retryable(move || SdkBody::from_body_1_x(Gathered::new(body.clone()))))
}

/// The pieces that are left.
#[derive(Debug)]
struct Gathered {
    pieces: std::vec::IntoIter<Bytes>,
    left: u64,
}

impl Gathered {
    fn new(body: Body) -> Self {
        Self { left: body.length(), pieces: body.into_iter() }
    }
}

impl http_body::Body for Gathered {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.next();
        self.left = self.left.saturating_sub(piece.as_ref().map_or(0, |piece| piece.len() as u64));
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
