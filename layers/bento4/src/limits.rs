//! Resource limits that the process sets on itself before it reads untrusted input.
//!
//! Bento4 allocates memory by numbers in the file, without a limit of its own, so the kernel enforces the limits. They are hard
//! limits: nothing later in this process can raise them.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Maximum size of a file that the process writes, in bytes: enough for a report that is redirected to a file.
const LARGEST_FILE: u64 = 1 << 20;

/// The resource limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Address space, in MiB: an allocation beyond it fails.
    pub(crate) memory_mib: u64,
    /// Processor time, in seconds: the kernel kills the process after it.
    pub(crate) cpu_seconds: u64,
}

impl Default for Limits {
    /// Sets limits that suffice for the largest movie box that the platform accepts (256 MiB), of which Bento4 holds about two
    /// copies.
    fn default() -> Self {
        Self { memory_mib: 768, cpu_seconds: 20 }
    }
}

impl Limits {
    /// Applies the limits to this process, limits the size of files, and disables core dumps.
    pub(crate) fn apply(self) -> std::io::Result<()> {
        let bytes = self.memory_mib.checked_mul(1 << 20).ok_or(std::io::ErrorKind::InvalidInput)?;
        for (resource, limit) in [
            (Resource::As, bytes),
            (Resource::Cpu, self.cpu_seconds),
            (Resource::Fsize, LARGEST_FILE),
            (Resource::Core, 0),
        ] {
            let limit = Some(limit);
            setrlimit(resource, Rlimit { current: limit, maximum: limit })?;
        }
        Ok(())
    }
}
