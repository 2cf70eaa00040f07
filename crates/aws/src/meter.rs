//! The resource usage of the process: requests of its S3 client, and peak memory as the kernel reports it.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use vpp_pipeline::domain::resource_usage::MeterReading;
use vpp_pipeline::ports::Meter;

/// The meter of this process.
#[derive(Debug, Clone)]
pub struct ProcessMeter {
    started: Instant,
    requests: RequestCounter,
}

/// Counts requests as they are sent, retries of the SDK included. Clones share one count.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestCounter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    gets: AtomicU64,
    puts: AtomicU64,
}

impl ProcessMeter {
    pub(crate) fn new(requests: RequestCounter) -> Self {
        Self { started: Instant::now(), requests }
    }
}

impl Meter for ProcessMeter {
    fn reading(&self) -> MeterReading {
        let Counts { gets, puts } = &*self.requests.0;
        MeterReading {
            time: self.started.elapsed(),
            gets: gets.load(Ordering::Relaxed),
            puts: puts.load(Ordering::Relaxed),
            peak_memory: peak_memory().unwrap_or_default(),
        }
    }
}

/// Reads `VmHWM` of `/proc/self/status` (proc(5)), which is in KiB.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

impl Intercept for RequestCounter {
    fn name(&self) -> &'static str {
        "requests"
    }

    /// Counts GET and HEAD as reads. Every other method counts as a write, and is billed as one.
    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let count = match context.request().method() {
            "GET" | "HEAD" => &self.0.gets,
            _ => &self.0.puts,
        };
        count.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_reports_the_peak_memory() {
        let held = vec![1_u8; 64 << 20];
        let sum: u64 = held.iter().map(|byte| u64::from(*byte)).sum();
        drop(held);
        let peak = peak_memory().unwrap();
        assert!((sum..2 * sum).contains(&peak), "{peak}");
    }
}
