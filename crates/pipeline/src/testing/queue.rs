//! A queue in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::lock::lock;
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
    /// Takes all messages.
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

/// A delayed message is available immediately; a test advances the clock instead.
impl<M: Clone + Send + Sync> DelayQueue<M> for MemoryQueue<M> {
    async fn send_delayed(&self, message: &M, _delay: Duration) -> Result<(), Unavailable> {
        lock(&self.0).push_back(message.clone());
        Ok(())
    }
}
