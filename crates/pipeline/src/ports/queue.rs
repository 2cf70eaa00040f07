//! A queue of one kind of message.

use std::future::Future;
use std::time::Duration;

use crate::domain::message::{DashMessage, DeletionMessage, FragmentMessage};
use crate::ports::Unavailable;

/// A queue that delivers every message at least once, in any order.
pub trait Queue<M>: Send + Sync {
    /// Sends all of `messages`. When it returns an error, any of them may have been sent.
    fn send_all(&self, messages: &[M]) -> impl Future<Output = Result<(), Unavailable>> + Send;
}

/// A queue that can keep a message for a while.
pub trait DelayQueue<M>: Queue<M> {
    /// Sends `message`, to be delivered when `wait` has passed. A quarter of an hour is the longest.
    fn send_later(&self, message: &M, wait: Duration) -> impl Future<Output = Result<(), Unavailable>> + Send;
}

/// The queues that the API sends to.
#[derive(Debug, Clone)]
pub struct Queues<F, D, X> {
    /// Of packages to plan.
    pub fragment: F,
    /// Of packages to finish.
    pub dash: D,
    /// Of what is to be deleted.
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
