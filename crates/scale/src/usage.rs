//! The usage of the services in a simulation, and its cost.

use crate::parameters::Prices;

/// Requests, bytes and compute time of a simulation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// GET requests of S3.
    pub gets: u64,
    /// PUT requests of S3.
    pub puts: u64,
    /// Requests that S3 answered with 503 Slow Down. They are free.
    pub slow_downs: u64,
    /// Bytes read from sources.
    pub source_bytes_read: u64,
    /// Bytes written to the output bucket.
    pub output_bytes: u64,
    /// Requests of SQS: sends, receives and deletes.
    pub queue_requests: u64,
    /// Write units of DynamoDB.
    pub write_units: u64,
    /// Read units of DynamoDB.
    pub read_units: u64,
    /// Transactions that conflicted with another on the same item, and were retried.
    pub transaction_conflicts: u64,
    /// Requests that DynamoDB or KMS throttled.
    pub throttled: u64,
    /// Requests of KMS.
    pub kms_requests: u64,
    /// Messages that were redelivered.
    pub redeliveries: u64,
    /// Messages that were dead-lettered.
    pub dead_lettered: u64,
    /// GB-seconds of Lambda, in thousandths.
    pub milli_gb_seconds: u64,
    /// Invocations of Lambda.
    pub invocations: u64,
}

/// Costs in US dollars.
#[derive(Debug, Clone, Copy, Default)]
pub struct Costs {
    /// Compute time and invocations of Lambda.
    pub lambda: f64,
    /// Requests of S3.
    pub s3: f64,
    /// Requests of SQS, DynamoDB and KMS.
    pub others: f64,
    /// A month of the package in S3 Standard.
    pub storage_month: f64,
}

impl Usage {
    /// Returns the costs at these prices.
    #[must_use]
    pub fn costs(&self, prices: &Prices) -> Costs {
        let cost = |count: u64, price: f64, per: f64| count as f64 / per * price;
        Costs {
            lambda: cost(self.milli_gb_seconds, prices.gb_second, 1e3)
                + cost(self.invocations, prices.million_invocations, 1e6),
            s3: cost(self.puts, prices.thousand_puts, 1e3) + cost(self.gets, prices.thousand_gets, 1e3),
            others: cost(self.queue_requests, prices.million_queue_requests, 1e6)
                + cost(self.write_units, prices.million_write_units, 1e6)
                + cost(self.read_units, prices.million_read_units, 1e6)
                + cost(self.kms_requests, prices.ten_thousand_kms_requests, 1e4),
            storage_month: cost(self.output_bytes, prices.gb_month, 1e9),
        }
    }
}

impl Costs {
    /// Returns the cost of packaging, without storage.
    #[must_use]
    pub fn packaging(&self) -> f64 {
        self.lambda + self.s3 + self.others
    }

    /// Returns the costs multiplied by a factor.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            lambda: self.lambda * factor,
            s3: self.s3 * factor,
            others: self.others * factor,
            storage_month: self.storage_month * factor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_follow_from_the_price_list() {
        let usage = Usage {
            gets: 10_000,
            puts: 2_000,
            milli_gb_seconds: 1_000_000_000,
            invocations: 500_000,
            output_bytes: 2_000_000_000,
            kms_requests: 10_000,
            ..Usage::default()
        };
        let costs = usage.costs(&Prices::default());
        // 10,000 x 0.0004/1,000 + 2,000 x 0.005/1,000; 1,000,000 GB-s and half a million invocations; 2 GB.
        for (cost, expected) in
            [(costs.s3, 0.014), (costs.lambda, 16.7667), (costs.storage_month, 0.046), (costs.others, 0.03)]
        {
            assert!((cost - expected).abs() < 1e-6, "{cost} is not {expected}");
        }
    }
}
