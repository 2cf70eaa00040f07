//! Message queues.

use std::future::Future;
use std::time::Duration;

use crate::domain::message::{DashMessage, DeletionMessage, FragmentMessage};
use crate::error::Unavailable;

/// A queue of one message type, which delivers every message at least once, in any order.
pub trait Queue<M>: Send + Sync {
    /// Sends all of `messages`. After an error, any of them may have been sent.
    fn send_all(&self, messages: &[M]) -> impl Future<Output = Result<(), Unavailable>> + Send;
}

/// A queue that can delay a message.
pub trait DelayQueue<M>: Queue<M> {
    /// Sends `message`, to be delivered after `delay`. The maximum delay is 15 minutes.
    fn send_delayed(&self, message: &M, delay: Duration) -> impl Future<Output = Result<(), Unavailable>> + Send;
}

/// The queues that the API sends to.
#[derive(Debug, Clone)]
pub struct Queues<F, D, X> {
    /// The fragment stage's queue.
    pub fragment: F,
    /// The dash stage's queue.
    pub dash: D,
    /// The deletion queue.
    pub deletion: X,
}

impl<F: Queue<FragmentMessage>, D: Queue<DashMessage>, X: Queue<DeletionMessage>> Queue<FragmentMessage>
    for Queues<F, D, X>
{
    async fn send_all(&self, messages: &[FragmentMessage]) -> Result<(), Unavailable> {
        self.fragment.send_all(messages).await
    }
}

impl<F: Queue<FragmentMessage>, D: Queue<DashMessage>, X: Queue<DeletionMessage>> Queue<DashMessage>
    for Queues<F, D, X>
{
    async fn send_all(&self, messages: &[DashMessage]) -> Result<(), Unavailable> {
        self.dash.send_all(messages).await
    }
}

impl<F: Queue<FragmentMessage>, D: Queue<DashMessage>, X: Queue<DeletionMessage>> Queue<DeletionMessage>
    for Queues<F, D, X>
{
    async fn send_all(&self, messages: &[DeletionMessage]) -> Result<(), Unavailable> {
        self.deletion.send_all(messages).await
    }
}
