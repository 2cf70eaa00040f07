//! What a run used, and what that costs.

use crate::parameters::Prices;

/// Calls and bytes of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// GETs of S3.
    pub gets: u64,
    /// PUTs of S3.
    pub puts: u64,
    /// Requests that S3 answered with 503 Slow Down; they cost nothing.
    pub slow_downs: u64,
    /// Bytes read from sources.
    pub source_bytes_read: u64,
    /// Bytes written to the output bucket.
    pub output_bytes: u64,
    /// Requests of SQS: sent, received, deleted.
    pub queue_requests: u64,
    /// Write units of DynamoDB.
    pub write_units: u64,
    /// Read units of DynamoDB.
    pub read_units: u64,
    /// Transactions that met another on the same item, and were made again.
    pub conflicts: u64,
    /// Requests that DynamoDB or KMS throttled.
    pub throttled: u64,
    /// Requests of KMS.
    pub unwraps: u64,
    /// Messages that came again.
    pub redeliveries: u64,
    /// Messages that were given up on.
    pub dead: u64,
    /// GB-seconds of Lambda, in thousandths.
    pub milli_gb_seconds: u64,
    /// Invocations of Lambda.
    pub invocations: u64,
}

/// US dollars.
#[derive(Debug, Clone, Copy, Default)]
pub struct Costs {
    /// Time and invocations of functions.
    pub lambda: f64,
    /// Requests of S3.
    pub s3: f64,
    /// Requests of SQS, DynamoDB and KMS.
    pub others: f64,
    /// The stream in S3 Standard for a month.
    pub storage_month: f64,
}

impl Ledger {
    /// What it costs.
    #[must_use]
    pub fn costs(&self, prices: &Prices) -> Costs {
        let of = |count: u64, price: f64, per: f64| count as f64 / per * price;
        Costs {
            lambda: of(self.milli_gb_seconds, prices.gb_second, 1e3)
                + of(self.invocations, prices.million_invocations, 1e6),
            s3: of(self.puts, prices.thousand_puts, 1e3) + of(self.gets, prices.thousand_gets, 1e3),
            others: of(self.queue_requests, prices.million_messages, 1e6)
                + of(self.write_units, prices.million_writes, 1e6)
                + of(self.read_units, prices.million_reads, 1e6)
                + of(self.unwraps, prices.ten_thousand_unwraps, 1e4),
            storage_month: of(self.output_bytes, prices.gb_month, 1e9),
        }
    }
}

impl Costs {
    /// What packaging costs, once.
    #[must_use]
    pub fn once(&self) -> f64 {
        self.lambda + self.s3 + self.others
    }

    /// These, for so many times the work.
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
    fn a_bill_is_what_the_price_list_says() {
        let ledger = Ledger {
            gets: 10_000,
            puts: 2_000,
            milli_gb_seconds: 1_000_000_000,
            invocations: 500_000,
            output_bytes: 2_000_000_000,
            unwraps: 10_000,
            ..Ledger::default()
        };
        let costs = ledger.costs(&Prices::default());
        // 10,000 x 0.0004/1,000 + 2,000 x 0.005/1,000; 1,000,000 GB-s and half a million invocations; 2 GB.
        for (cost, expected) in
            [(costs.s3, 0.014), (costs.lambda, 16.7667), (costs.storage_month, 0.046), (costs.others, 0.03)]
        {
            assert!((cost - expected).abs() < 1e-6, "{cost} is not {expected}");
        }
    }
}
