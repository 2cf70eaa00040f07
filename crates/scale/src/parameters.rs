//! Every number of the model, with where it comes from.
//!
//! Where AWS publishes a range, the slower end is taken; where it publishes nothing, the number is an assumption, says so,
//! and stands where it errs on the slow side. Change a field to ask "what if".

use std::time::Duration;

use crate::limits::{Backoff, Ramp};

/// Bytes of a MiB.
pub const MIB: u64 = 1024 * 1024;
/// Bytes of a MB, in which networks are rated.
const MB: u64 = 1_000_000;

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// All of them.
#[derive(Debug, Clone)]
pub struct Parameters {
    /// AWS Lambda.
    pub lambda: Lambda,
    /// Amazon SQS, and Lambda's consumers of it.
    pub sqs: Sqs,
    /// Amazon S3.
    pub s3: S3,
    /// Amazon DynamoDB.
    pub dynamodb: DynamoDb,
    /// AWS KMS.
    pub kms: Kms,
    /// What our own code takes.
    pub engine: Engine,
    /// What `template.yaml` sets.
    pub template: Template,
    /// Retries of the AWS SDK for Rust, for all but DynamoDB: three attempts, waits of a random part of 1 s, 2 s ... up to 20 s. Source:
    /// `aws_config::retry::RetryConfig::standard`, docs.rs.
    pub sdk: Backoff,
    /// Pauses before a handler is run again in the same invocation: `HANDLER_PAUSES` in `crates/aws/src/retries.rs`.
    pub handler_pauses: [Duration; 2],
}

/// AWS Lambda.
#[derive(Debug, Clone)]
pub struct Lambda {
    /// Concurrent executions of all functions of the account. Default quota; new accounts may have less, and more is
    /// given on request. Source: Lambda developer guide, "Lambda quotas".
    pub account_concurrency: u64,
    /// New execution environments of one function at once, and ...
    pub burst: u64,
    /// ... a second after that: 1,000 every 10 seconds. Source: developer guide, "Understanding Lambda function scaling".
    pub burst_per_second: u64,
    /// A cold start before our own code runs: environment, package of 4 MB, runtime `provided.al2023`. Assumption; AWS
    /// says 100 ms to over 1 s for all runtimes (developer guide, "Understanding the execution environment lifecycle").
    pub cold_start: Duration,
    /// Bytes a second that one environment moves at most. AWS publishes none; 400 to 700 Mb/s are what public measurements
    /// agree on ("Using AWS Step Functions and Lambda for Fanout" and others), 600 Mb/s in most.
    pub network: u64,
    /// Memory from which an environment has that much; below, in proportion. Public measurements (Cribl, "AWS Lambda
    /// physics"; DPG Media, "The effect of memory configuration on AWS Lambda's network throughput").
    pub network_memory_mb: u64,
    /// Memory at which an environment has one whole processor. Source: developer guide, "Configure function memory".
    pub vcpu_memory_mb: u64,
    /// Wait before an asynchronous invocation that was throttled is tried again: 1 s at first, up to 5 minutes. Source:
    /// developer guide, "Invoking a function asynchronously". The first wait is taken.
    pub throttled_wait: Duration,
}

/// Amazon SQS, and Lambda's consumers of it.
#[derive(Debug, Clone)]
pub struct Sqs {
    /// A `SendMessageBatch`. Source: SQS FAQs, "tens of milliseconds" for a call.
    pub send: Duration,
    /// From a message's arrival to its function's invocation, when a poller is free. Assumption: one long poll's answer.
    pub delivery: Duration,
    /// How a standard mapping's concurrent batches grow. Source: Lambda developer guide, "Configuring scaling behavior for
    /// SQS event source mappings": 5 at first, 300 more a minute, 1,250 at most. The steps are taken as even.
    pub standard: Ramp,
    /// Concurrent invocations of one provisioned poller. Source: the same page.
    pub poller_concurrency: u64,
    /// Concurrent invocations that provisioned pollers add in a minute, to the configured maximum. Source: the same page.
    pub provisioned_per_minute: u64,
    /// Share in hundredths, of a queue's messages in flight or of the time of its consumers, above which a group is a noisy
    /// neighbour. Source: SQS developer guide, "How Amazon SQS fair queues work".
    pub noisy_hundredths: u64,
    /// Messages in flight below which the first of the two does not count. Source: the same page.
    pub noisy_messages: u64,
    /// How far back the second looks. The page says "recent"; assumption.
    pub noisy_window: Duration,
}

/// Amazon S3.
#[derive(Debug, Clone)]
pub struct S3 {
    /// To the first byte of a GET, or from the last of a PUT to its answer. Source: S3 user guide, "Performance guidelines
    /// for Amazon S3": 100 to 200 ms.
    pub first_byte: Duration,
    /// Bytes a second of one connection. Source: the same guide, "Use byte-range fetches": 85 to 90 MB/s a request.
    pub connection: u64,
    /// GETs a second of one prefix. Source: "Best practices design patterns: optimizing Amazon S3 performance".
    pub gets_per_prefix: u64,
    /// PUTs a second of one prefix. Source: the same page.
    pub puts_per_prefix: u64,
    /// Whether every package's folder has those rates to itself. S3 parts a busy bucket by prefix, but not at once: false is
    /// a bucket that was never busy, whose objects all share one prefix's rates.
    pub parted: bool,
    /// From the end of an upload to ingest's invocation. Source: user guide, "Amazon S3 event notifications": "typically
    /// delivered in seconds".
    pub event: Duration,
}

/// Amazon DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoDb {
    /// A read or write of one item. Source: developer guide, "single-digit millisecond".
    pub item: Duration,
    /// A transaction. Source: Idziorek et al., "Distributed transactions at scale in Amazon DynamoDB", USENIX ATC 2023: about
    /// twice a single write.
    pub transaction: Duration,
    /// How long of that an item is held against another transaction. Assumption: half.
    pub held: Duration,
    /// Write units a second of one partition, which all items of one package share. Source: "Best practices for designing
    /// and using partition keys effectively".
    pub partition_writes: u64,
    /// Read units a second of one partition. Source: the same page.
    pub partition_reads: u64,
    /// Write units a second of a new on-demand table. Source: developer guide, "DynamoDB on-demand capacity mode".
    pub table_writes: u64,
    /// Read units a second of a new on-demand table. Source: the same page.
    pub table_reads: u64,
    /// A content's or package's item, rounded up: it has some forty attributes.
    pub item_bytes: u64,
    /// A receipt without its segments.
    pub receipt_bytes: u64,
    /// One segment of a receipt: two numbers, a name, a digest.
    pub segment_bytes: u64,
    /// Waits of a transaction that met another: `BACKOFF` in `crates/aws/src/dynamodb/table.rs`, `LONGEST_PAUSE` in `retries.rs`.
    pub conflicts: Backoff,
    /// Retries of a throttled request: the SDK's waits, `DYNAMODB_ATTEMPTS` in `crates/aws/src/clients.rs`.
    pub retries: Backoff,
}

/// AWS KMS.
#[derive(Debug, Clone)]
pub struct Kms {
    /// A call. Assumption: as of a DynamoDB transaction.
    pub call: Duration,
    /// Calls a second with symmetric keys, in an account. Source: KMS developer guide, "Request quotas": 20,000 and more in
    /// the larger regions, 10,000 elsewhere.
    pub calls_per_second: u64,
}

/// What our own code takes, on one whole processor.
#[derive(Debug, Clone)]
pub struct Engine {
    /// Bytes of source a second: TLS (AES-GCM) and packaging. `make bench` packages at more than 1 GB/s of processor time;
    /// TLS is about as fast.
    pub source: u64,
    /// Bytes of segments a second: one copy, SHA-256, TLS.
    pub output: u64,
    /// Bytes of index a second, read and planned. Assumption, on the side of caution.
    pub index: u64,
    /// The probe: starting its process. Assumption.
    pub probe: Duration,
    /// From the process's start to its first request: at most so much, by design.
    pub start: Duration,
}

/// What `template.yaml` sets.
#[derive(Debug, Clone)]
pub struct Template {
    /// `EncryptConcurrency`.
    pub encrypt_concurrency: u64,
    /// Provisioned pollers of encrypt's queue, least and most; they take the place of `EncryptConcurrency`.
    pub encrypt_pollers: Option<(u64, u64)>,
    /// `WorkUnitMiB`.
    pub work_unit_mib: u64,
    /// `SegmentSeconds`.
    pub segment_seconds: u64,
    /// Whether messages carry their package as `MessageGroupId`, which makes a standard queue a fair one.
    pub fair: bool,
    /// `MemorySize` of ingest, fragment, encrypt, dash.
    pub memory_mb: [u64; 4],
    /// `Timeout` of each.
    pub timeout: [Duration; 4],
    /// `VisibilityTimeout` of each function's queue; of ingest's events, the wait before Lambda tries again.
    pub visibility: [Duration; 4],
    /// `maxReceiveCount`; ingest's events are tried three times.
    pub receives: [u32; 4],
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
                throttled_wait: ms(1_000),
            },
            sqs: Sqs {
                send: ms(20),
                delivery: ms(50),
                standard: Ramp { start: 5, per_minute: 300, most: 1_250 },
                poller_concurrency: 10,
                provisioned_per_minute: 1_000,
                noisy_hundredths: 10,
                noisy_messages: 30,
                noisy_window: ms(60_000),
            },
            s3: S3 {
                first_byte: ms(150),
                connection: 85 * MB,
                gets_per_prefix: 5_500,
                puts_per_prefix: 3_500,
                parted: false,
                event: ms(1_000),
            },
            dynamodb: DynamoDb {
                item: ms(6),
                transaction: ms(12),
                held: ms(6),
                partition_writes: 1_000,
                partition_reads: 3_000,
                table_writes: 4_000,
                table_reads: 12_000,
                item_bytes: 2_048,
                receipt_bytes: 200,
                segment_bytes: 80,
                conflicts: Backoff { tries: 10, first: ms(10), longest: ms(1_000) },
                retries: Backoff { tries: 8, first: ms(1_000), longest: ms(20_000) },
            },
            kms: Kms { call: ms(12), calls_per_second: 10_000 },
            engine: Engine { source: 500 * MB, output: 500 * MB, index: 20 * MB, probe: ms(50), start: ms(15) },
            template: Template {
                encrypt_concurrency: 100,
                encrypt_pollers: None,
                work_unit_mib: 32,
                segment_seconds: 6,
                fair: true,
                memory_mb: [1_024, 1_769, 1_769, 1_024],
                timeout: [300, 300, 180, 300].map(Duration::from_secs),
                visibility: [60, 1_800, 1_080, 1_800].map(Duration::from_secs),
                receives: [3, 5, 5, 5],
            },
            sdk: Backoff { tries: 3, first: ms(1_000), longest: ms(20_000) },
            handler_pauses: [ms(500), ms(3_000)],
        }
    }
}

impl Lambda {
    /// Bytes a second that an environment of this memory moves.
    #[must_use]
    pub fn network_of(&self, memory_mb: u64) -> u64 {
        self.network * memory_mb.min(self.network_memory_mb) / self.network_memory_mb
    }

    /// What `rate` on one whole processor is on an environment of this memory. Our handlers use one thread at most.
    #[must_use]
    pub fn processor_of(&self, memory_mb: u64, rate: u64) -> u64 {
        rate * memory_mb.min(self.vcpu_memory_mb) / self.vcpu_memory_mb
    }
}

/// Unit prices of us-east-1 in US dollars, from the services' pricing pages, without the free tiers.
#[derive(Debug, Clone, Copy)]
pub struct Prices {
    /// A GB-second of Lambda on x86. <https://aws.amazon.com/lambda/pricing/>
    pub gb_second: f64,
    /// A million invocations. The same page.
    pub million_invocations: f64,
    /// A thousand PUTs of S3 Standard. <https://aws.amazon.com/s3/pricing/>
    pub thousand_puts: f64,
    /// A thousand GETs of S3 Standard. The same page.
    pub thousand_gets: f64,
    /// A GB of S3 Standard for a month, the first 50 TB. The same page.
    pub gb_month: f64,
    /// A million requests of SQS standard queues. <https://aws.amazon.com/sqs/pricing/>
    pub million_messages: f64,
    /// A million write units on demand. <https://aws.amazon.com/dynamodb/pricing/on-demand/>
    pub million_writes: f64,
    /// A million read units on demand. The same page.
    pub million_reads: f64,
    /// Ten thousand requests of KMS. <https://aws.amazon.com/kms/pricing/>
    pub ten_thousand_unwraps: f64,
}

impl Default for Prices {
    fn default() -> Self {
        Self {
            gb_second: 0.000_016_666_7,
            million_invocations: 0.20,
            thousand_puts: 0.005,
            thousand_gets: 0.000_4,
            gb_month: 0.023,
            million_messages: 0.40,
            million_writes: 0.625,
            million_reads: 0.125,
            ten_thousand_unwraps: 0.03,
        }
    }
}
