//! Interruption by a signal.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::failure::Failure;

/// Records the signals that request the end of the command, so that the command can remove its temporary files first. A second
/// signal ends the process immediately.
#[derive(Debug, Clone)]
pub(crate) struct Interruption {
    /// The number of the last signal, or zero.
    signal: Arc<AtomicUsize>,
}

impl Interruption {
    /// Starts to record SIGINT, SIGTERM and SIGHUP.
    pub(crate) fn on_signals() -> Result<Self, Failure> {
        let (signal, is_repeated) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        for number in [SIGINT, SIGTERM, SIGHUP] {
            let register = || -> io::Result<()> {
                let value = usize::try_from(number).map_err(io::Error::other)?;
                flag::register_conditional_default(number, Arc::clone(&is_repeated))?;
                flag::register(number, Arc::clone(&is_repeated))?;
                flag::register_usize(number, Arc::clone(&signal), value)?;
                Ok(())
            };
            register().map_err(|error| Failure::usage(format!("signals cannot be handled: {error}")))?;
        }
        Ok(Self { signal })
    }

    /// # Errors
    /// [`Failure::Interrupted`] if a signal arrived.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match u8::try_from(self.signal.load(Ordering::Relaxed)) {
            Ok(0) | Err(_) => Ok(()),
            Ok(signal) => Err(Failure::Interrupted { signal }),
        }
    }
}
