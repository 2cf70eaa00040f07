//! A queue in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::lock;
use crate::error::Unavailable;
use crate::ports::{DelayQueue, Queue};

/// A queue in memory. Clones share the messages.
#[derive(Debug)]
pub struct MemoryQueue<M>(Arc<Mutex<VecDeque<M>>>);

impl<M> Default for MemoryQueue<M> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<M> Clone for MemoryQueue<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M> MemoryQueue<M> {
    /// Takes all messages out.
    #[must_use]
    pub fn take(&self) -> Vec<M> {
        lock(&self.0).drain(..).collect()
    }
}

impl<M: Clone + Send + Sync> Queue<M> for MemoryQueue<M> {
    async fn send_all(&self, messages: &[M]) -> Result<(), Unavailable> {
        lock(&self.0).extend(messages.iter().cloned());
        Ok(())
    }
}

/// A message is there at once: a test lets the time pass.
impl<M: Clone + Send + Sync> DelayQueue<M> for MemoryQueue<M> {
    async fn send_delayed(&self, message: &M, _wait: Duration) -> Result<(), Unavailable> {
        lock(&self.0).push_back(message.clone());
        Ok(())
    }
}
