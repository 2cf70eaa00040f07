//! Limits a process puts on itself before it touches bytes of a stranger.
//!
//! Bento4 allocates by numbers it reads from the file and has no bound of its own, so the kernel holds the bounds. They
//! are soft and hard at once: nothing later in this process can lift them.

use rustix::process::{Resource, Rlimit, setrlimit};

/// A report that is redirected to a file fits; anything that fills a disk does not.
const LONGEST_FILE: u64 = 1 << 20;

/// What the process may use from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Address space, in MiB: an allocation past it fails.
    pub(crate) memory_mib: u64,
    /// Processor time: the kernel ends the process after it.
    pub(crate) cpu_seconds: u64,
}

impl Default for Limits {
    /// Enough for the largest movie box the platform takes (256 MiB), which Bento4 holds about twice over.
    fn default() -> Self {
        Self { memory_mib: 768, cpu_seconds: 20 }
    }
}

impl Limits {
    /// Applies the limits to this process; it may write no long file and no core dump either.
    pub(crate) fn apply(self) -> std::io::Result<()> {
        let bytes = self.memory_mib.saturating_mul(1 << 20);
        for (resource, limit) in [
            (Resource::As, bytes),
            (Resource::Cpu, self.cpu_seconds),
            (Resource::Fsize, LONGEST_FILE),
            (Resource::Core, 0),
        ] {
            let limit = Some(limit);
            setrlimit(resource, Rlimit { current: limit, maximum: limit })?;
        }
        Ok(())
    }
}
