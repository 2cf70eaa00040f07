//! Locks of the in-memory ports.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex, even if a test has panicked while holding it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
