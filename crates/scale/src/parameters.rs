//! Every number of the model, with its source.
//!
//! Where AWS publishes a range, the model uses the slower end. Where AWS publishes nothing, the number is an assumption, is marked
//! as one, and errs on the slow side. Change a field to simulate an alternative.

use std::time::Duration;

use crate::limits::{Backoff, Ramp};

/// Bytes of a MiB.
pub const MIB: u64 = 1024 * 1024;
/// Bytes of a MB, the unit of network rates.
const MB: u64 = 1_000_000;

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// All parameters.
#[derive(Debug, Clone)]
pub struct Parameters {
    /// AWS Lambda.
    pub lambda: Lambda,
    /// Amazon SQS and Lambda's event source mappings.
    pub sqs: Sqs,
    /// Amazon S3.
    pub s3: S3,
    /// Amazon DynamoDB.
    pub dynamodb: DynamoDb,
    /// AWS KMS.
    pub kms: Kms,
    /// The compute time of the pipeline's own code.
    pub engine: Engine,
    /// The settings in `template.yaml`.
    pub template: Template,
    /// Retries of the AWS SDK for Rust, except for S3 and DynamoDB: three attempts, with a random wait of up to 1 s, 2 s ... 20 s. Source:
    /// `aws_config::retry::RetryConfig::standard`, docs.rs.
    pub sdk: Backoff,
    /// Pauses before a handler is retried within the same invocation: `HANDLER_PAUSES` in `crates/aws/src/retries.rs`.
    pub handler_pauses: [Duration; 2],
}

/// AWS Lambda.
#[derive(Debug, Clone)]
pub struct Lambda {
    /// Concurrent executions of all functions of the account. Default quota; new accounts may have a lower one, and it can be
    /// increased on request. Source: Lambda developer guide, "Lambda quotas".
    pub account_concurrency: u64,
    /// Execution environments that a function can add immediately.
    pub burst: u64,
    /// Execution environments that a function can add in each second after that: 1,000 every 10 seconds. Source: developer
    /// guide, "Understanding Lambda function scaling".
    pub burst_per_second: u64,
    /// A cold start before the pipeline's own code runs: environment, package of 4 MB, runtime `provided.al2023`. Assumption; AWS
    /// publishes 100 ms to over 1 s for all runtimes (developer guide, "Understanding the execution environment lifecycle").
    pub cold_start: Duration,
    /// Maximum network throughput of an environment, in bytes a second. AWS publishes none; public measurements agree on 400 to
    /// 700 Mb/s ("Using AWS Step Functions and Lambda for Fanout" and others), most on 600 Mb/s.
    pub network: u64,
    /// The memory from which an environment has this throughput; with less memory, it is proportional. Public measurements (Cribl,
    /// "AWS Lambda physics"; DPG Media, "The effect of memory configuration on AWS Lambda's network throughput").
    pub network_memory_mb: u64,
    /// The memory at which an environment has one full vCPU. Source: developer guide, "Configure function memory".
    pub vcpu_memory_mb: u64,
}

/// Amazon SQS and Lambda's event source mappings.
#[derive(Debug, Clone)]
pub struct Sqs {
    /// A `SendMessageBatch`. Source: SQS FAQs, "tens of milliseconds" for a request.
    pub send: Duration,
    /// The time from the arrival of a message to the invocation, if a poller is free. Assumption: one response to a long poll.
    pub delivery: Duration,
    /// The concurrency of a standard event source mapping. Source: Lambda developer guide, "Configuring scaling behavior for
    /// SQS event source mappings": 5 batches at first, 300 more a minute, up to 1,250. The steps are assumed to be even.
    pub standard: Ramp,
    /// Concurrent invocations of a provisioned poller. Source: the same page.
    pub poller_concurrency: u64,
    /// Concurrent invocations that provisioned pollers add in a minute, up to the configured maximum. Source: the same page.
    pub provisioned_per_minute: u64,
    /// The percentage, of a queue's messages in flight or of the processing time of its consumers, above which a message group is a
    /// noisy neighbour. Source: SQS developer guide, "How Amazon SQS fair queues work".
    pub noisy_percent: u64,
    /// The messages in flight below which the first criterion does not apply. Source: the same page.
    pub noisy_min_messages: u64,
    /// The window of the second criterion. The page says "recent"; assumption.
    pub noisy_window: Duration,
}

/// Amazon S3.
#[derive(Debug, Clone)]
pub struct S3 {
    /// The time from a GET request to its first byte, or from the last byte of a PUT to its response. Source: S3 user guide,
    /// "Performance guidelines for Amazon S3": 100 to 200 ms.
    pub first_byte: Duration,
    /// Throughput of a connection, in bytes a second. Source: the same guide, "Use byte-range fetches": 85 to 90 MB/s a request.
    pub connection: u64,
    /// GET requests a second for a prefix. Source: "Best practices design patterns: optimizing Amazon S3 performance".
    pub gets_per_prefix: u64,
    /// PUT requests a second for a prefix. Source: the same page.
    pub puts_per_prefix: u64,
    /// Whether each package's folder has the rates of a separate prefix. S3 partitions a busy bucket by prefix, but gradually: false
    /// models a bucket that was never busy, in which all objects share the rates of one prefix.
    pub partitioned: bool,
    /// The time from the end of an upload to its message in the ingest queue. Source: user guide, "Amazon S3 event notifications":
    /// "typically delivered in seconds".
    pub event: Duration,
    /// Retries of the SDK: `S3_ATTEMPTS` in `crates/aws/src/clients.rs`.
    pub retries: Backoff,
}

/// Amazon DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoDb {
    /// A read or write of an item. Source: developer guide, "single-digit millisecond".
    pub item: Duration,
    /// A transaction. Source: Idziorek et al., "Distributed transactions at scale in Amazon DynamoDB", USENIX ATC 2023: about
    /// twice a single write.
    pub transaction: Duration,
    /// The part of a transaction during which another transaction on the same item conflicts with it. Assumption: half.
    pub item_lock: Duration,
    /// Write units a second of a partition, which all items of a package share. Source: "Best practices for designing and using
    /// partition keys effectively".
    pub partition_writes: u64,
    /// Read units a second of a partition. Source: the same page.
    pub partition_reads: u64,
    /// Write units a second of a new on-demand table. Source: developer guide, "DynamoDB on-demand capacity mode".
    pub table_writes: u64,
    /// Read units a second of a new on-demand table. Source: the same page.
    pub table_reads: u64,
    /// The item of a content or package, rounded up: it has about forty attributes.
    pub item_bytes: u64,
    /// A receipt without its segments.
    pub receipt_bytes: u64,
    /// A segment of a receipt: two numbers, a name, a digest.
    pub segment_bytes: u64,
    /// Retries after a transaction conflict: `BACKOFF` in `crates/aws/src/dynamodb/table.rs`, `LONGEST_PAUSE` in `retries.rs`.
    pub conflicts: Backoff,
    /// Retries of a throttled request: the waits of the SDK, with `DYNAMODB_ATTEMPTS` in `crates/aws/src/clients.rs`.
    pub retries: Backoff,
}

/// AWS KMS.
#[derive(Debug, Clone)]
pub struct Kms {
    /// A request. Assumption: the same as a DynamoDB transaction.
    pub request: Duration,
    /// Requests a second with symmetric keys in an account. Source: KMS developer guide, "Request quotas": 20,000 and more in the
    /// larger regions, 10,000 elsewhere.
    pub requests_per_second: u64,
}

/// The compute time of the pipeline's own code, on one full vCPU.
#[derive(Debug, Clone)]
pub struct Engine {
    /// Source bytes a second: TLS (AES-GCM) and packaging. `make bench` packages more than 1 GB per second of processor time; TLS is
    /// about as fast.
    pub source: u64,
    /// Segment bytes a second: one copy, SHA-256, TLS.
    pub output: u64,
    /// Index bytes a second, read and planned. Conservative assumption.
    pub index: u64,
    /// The probe: starting its process. Assumption.
    pub probe: Duration,
    /// The time from the start of the process to its first request. An upper bound, by design.
    pub start: Duration,
}

/// The settings in `template.yaml`. Arrays have an entry for ingest, fragment, encrypt and dash.
#[derive(Debug, Clone)]
pub struct Template {
    /// `EncryptConcurrency`.
    pub encrypt_concurrency: u64,
    /// `IngestConcurrency`.
    pub ingest_concurrency: u64,
    /// `PackageConcurrency`, of fragment and of dash.
    pub package_concurrency: u64,
    /// Minimum and maximum of the provisioned pollers of encrypt's queue. They replace `EncryptConcurrency`.
    pub encrypt_pollers: Option<(u64, u64)>,
    /// `WorkUnitMiB`.
    pub work_unit_mib: u64,
    /// `SegmentSeconds`.
    pub segment_seconds: u64,
    /// Whether messages carry their group as `MessageGroupId`, which makes a standard queue a fair queue.
    pub fair: bool,
    /// `MemorySize`.
    pub memory_mb: [u64; 4],
    /// `Timeout`.
    pub timeout: [Duration; 4],
    /// `VisibilityTimeout` of the queue.
    pub visibility_timeout: [Duration; 4],
    /// `maxReceiveCount`.
    pub max_receives: [u32; 4],
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            lambda: Lambda {
                account_concurrency: 1_000,
                burst: 1_000,
                burst_per_second: 100,
                cold_start: ms(200),
                network: 75 * MB,
                network_memory_mb: 1_024,
                vcpu_memory_mb: 1_769,
            },
            sqs: Sqs {
                send: ms(20),
                delivery: ms(50),
                standard: Ramp { start: 5, per_minute: 300, max: 1_250 },
                poller_concurrency: 10,
                provisioned_per_minute: 1_000,
                noisy_percent: 10,
                noisy_min_messages: 30,
                noisy_window: ms(60_000),
            },
            s3: S3 {
                first_byte: ms(150),
                connection: 85 * MB,
                gets_per_prefix: 5_500,
                puts_per_prefix: 3_500,
                partitioned: false,
                event: ms(1_000),
                retries: Backoff { retries: 4, first: ms(1_000), longest: ms(20_000) },
            },
            dynamodb: DynamoDb {
                item: ms(6),
                transaction: ms(12),
                item_lock: ms(6),
                partition_writes: 1_000,
                partition_reads: 3_000,
                table_writes: 4_000,
                table_reads: 12_000,
                item_bytes: 2_048,
                receipt_bytes: 200,
                segment_bytes: 80,
                conflicts: Backoff { retries: 9, first: ms(10), longest: ms(1_000) },
                retries: Backoff { retries: 7, first: ms(1_000), longest: ms(20_000) },
            },
            kms: Kms { request: ms(12), requests_per_second: 10_000 },
            engine: Engine { source: 500 * MB, output: 500 * MB, index: 20 * MB, probe: ms(50), start: ms(15) },
            template: Template {
                encrypt_concurrency: 100,
                ingest_concurrency: 100,
                package_concurrency: 100,
                encrypt_pollers: None,
                work_unit_mib: 32,
                segment_seconds: 6,
                fair: true,
                memory_mb: [1_408, 1_769, 1_769, 1_024],
                timeout: [300, 300, 180, 300].map(Duration::from_secs),
                visibility_timeout: [1_800, 1_800, 1_080, 1_800].map(Duration::from_secs),
                max_receives: [5; 4],
            },
            sdk: Backoff { retries: 2, first: ms(1_000), longest: ms(20_000) },
            handler_pauses: [ms(500), ms(3_000)],
        }
    }
}

impl Lambda {
    /// Returns the network throughput of an environment with this memory, in bytes a second.
    #[must_use]
    pub fn network_of(&self, memory_mb: u64) -> u64 {
        self.network * memory_mb.min(self.network_memory_mb) / self.network_memory_mb
    }

    /// Returns the share of `rate` on one full vCPU that an environment with this memory has. The handlers use at most one thread.
    #[must_use]
    pub fn vcpu_share_of(&self, memory_mb: u64, rate: u64) -> u64 {
        rate * memory_mb.min(self.vcpu_memory_mb) / self.vcpu_memory_mb
    }
}

/// Unit prices of us-east-1 in US dollars, without the free tiers. Source: the pricing pages of the services.
#[derive(Debug, Clone, Copy)]
pub struct Prices {
    /// A GB-second of Lambda on x86. <https://aws.amazon.com/lambda/pricing/>
    pub gb_second: f64,
    /// A million invocations. The same page.
    pub million_invocations: f64,
    /// A thousand PUT requests of S3 Standard. <https://aws.amazon.com/s3/pricing/>
    pub thousand_puts: f64,
    /// A thousand GET requests of S3 Standard. The same page.
    pub thousand_gets: f64,
    /// A GB in S3 Standard for a month, within the first 50 TB. The same page.
    pub gb_month: f64,
    /// A million requests of SQS standard queues. <https://aws.amazon.com/sqs/pricing/>
    pub million_queue_requests: f64,
    /// A million write units on demand. <https://aws.amazon.com/dynamodb/pricing/on-demand/>
    pub million_write_units: f64,
    /// A million read units on demand. The same page.
    pub million_read_units: f64,
    /// Ten thousand requests of KMS. <https://aws.amazon.com/kms/pricing/>
    pub ten_thousand_kms_requests: f64,
}

impl Default for Prices {
    fn default() -> Self {
        Self {
            gb_second: 0.000_016_666_7,
            million_invocations: 0.20,
            thousand_puts: 0.005,
            thousand_gets: 0.000_4,
            gb_month: 0.023,
            million_queue_requests: 0.40,
            million_write_units: 0.625,
            million_read_units: 0.125,
            ten_thousand_kms_requests: 0.03,
        }
    }
}
