//! The AWS resources of a function: table, buckets, queues, keys, secrets and URLs.

use super::variables::{Environment, InvalidVariable};
use crate::webhook_receiver::WebhookUrl;

impl Environment {
    /// Reads `TABLE_NAME`: the DynamoDB table.
    ///
    /// # Errors
    /// When it is not set.
    pub fn table(&self) -> Result<String, InvalidVariable> {
        self.required("TABLE_NAME")
    }

    /// Reads `WORK_BUCKET`: the bucket of plans and staged parts.
    ///
    /// # Errors
    /// When it is not set.
    pub fn work_bucket(&self) -> Result<String, InvalidVariable> {
        self.required("WORK_BUCKET")
    }

    /// Reads `UPLOADS_BUCKET`: the bucket of sources.
    ///
    /// # Errors
    /// When it is not set.
    pub fn uploads_bucket(&self) -> Result<String, InvalidVariable> {
        self.required("UPLOADS_BUCKET")
    }

    /// Reads `OUTPUT_BUCKET`: the bucket of packages.
    ///
    /// # Errors
    /// When it is not set.
    pub fn output_bucket(&self) -> Result<String, InvalidVariable> {
        self.required("OUTPUT_BUCKET")
    }

    /// Reads `INGEST_QUEUE_URL`: the queue of uploads.
    ///
    /// # Errors
    /// When it is not set.
    pub fn ingest_queue(&self) -> Result<String, InvalidVariable> {
        self.required("INGEST_QUEUE_URL")
    }

    /// Reads `FRAGMENT_QUEUE_URL`: the queue of packages to plan.
    ///
    /// # Errors
    /// When it is not set.
    pub fn fragment_queue(&self) -> Result<String, InvalidVariable> {
        self.required("FRAGMENT_QUEUE_URL")
    }

    /// Reads `ENCRYPT_QUEUE_URL`: the queue of work units.
    ///
    /// # Errors
    /// When it is not set.
    pub fn encrypt_queue(&self) -> Result<String, InvalidVariable> {
        self.required("ENCRYPT_QUEUE_URL")
    }

    /// Reads `DASH_QUEUE_URL`: the queue of packages to finish.
    ///
    /// # Errors
    /// When it is not set.
    pub fn dash_queue(&self) -> Result<String, InvalidVariable> {
        self.required("DASH_QUEUE_URL")
    }

    /// Reads `DELETION_QUEUE_URL`: the queue of deletions.
    ///
    /// # Errors
    /// When it is not set.
    pub fn deletion_queue(&self) -> Result<String, InvalidVariable> {
        self.required("DELETION_QUEUE_URL")
    }

    /// Reads `WEBHOOK_QUEUE_URL`: the queue of events to send to the webhook receiver.
    ///
    /// # Errors
    /// When it is not set.
    pub fn webhook_queue(&self) -> Result<String, InvalidVariable> {
        self.required("WEBHOOK_QUEUE_URL")
    }

    /// Reads `WEBHOOK_SECRET`: the signing secret of webhooks, by ARN or name.
    ///
    /// # Errors
    /// When it is not set.
    pub fn webhook_secret(&self) -> Result<String, InvalidVariable> {
        self.required("WEBHOOK_SECRET")
    }

    /// Reads `WEBHOOK_URL`: the URL of the webhook receiver. If `WEBHOOK_LOOPBACK` is `true`, a plain HTTP URL of this machine
    /// is accepted too.
    ///
    /// # Errors
    /// When it is not set, or is not a URL that webhooks may be sent to.
    pub fn webhook_url(&self) -> Result<WebhookUrl, InvalidVariable> {
        const NAME: &str = "WEBHOOK_URL";
        let loopback = self.optional("WEBHOOK_LOOPBACK") == Some("true");
        let problem = "is not an https:// URL, or contains a user or password";
        WebhookUrl::parse(&self.required(NAME)?, loopback).ok_or(InvalidVariable { name: NAME, problem })
    }

    /// Reads `EVENT_BUS`: the `EventBridge` event bus.
    ///
    /// # Errors
    /// When it is not set.
    pub fn event_bus(&self) -> Result<String, InvalidVariable> {
        self.required("EVENT_BUS")
    }

    /// Reads `DISTRIBUTION_ID`: the CloudFront distribution of the output bucket.
    ///
    /// # Errors
    /// When it is not set.
    pub fn distribution(&self) -> Result<String, InvalidVariable> {
        self.required("DISTRIBUTION_ID")
    }

    /// Reads `CONTENT_KEYS_KEY_ID`: the KMS key that wraps content keys.
    ///
    /// # Errors
    /// When it is not set.
    pub fn content_keys_key(&self) -> Result<String, InvalidVariable> {
        self.required("CONTENT_KEYS_KEY_ID")
    }

    /// Reads `PLAYBACK_TOKENS_KEY_ID`: the KMS key that signs playback tokens.
    ///
    /// # Errors
    /// When it is not set.
    pub fn playback_tokens_key(&self) -> Result<String, InvalidVariable> {
        self.required("PLAYBACK_TOKENS_KEY_ID")
    }

    /// Reads `PATH_SIGNING_SECRET`: the secret that the API shares with the CDN, by ARN or name, if the CDN requires signed
    /// paths.
    #[must_use]
    pub fn path_signing_secret(&self) -> Option<String> {
        self.optional("PATH_SIGNING_SECRET").map(str::to_owned)
    }

    /// Reads `DELIVERY_URL`: the base URL of packages and licences, without a trailing slash.
    ///
    /// # Errors
    /// When it is not set.
    pub fn delivery_url(&self) -> Result<String, InvalidVariable> {
        self.base_url("DELIVERY_URL")
    }

    /// Reads `API_URL`: the base URL of the API, without a trailing slash.
    ///
    /// # Errors
    /// When it is not set.
    pub fn api_url(&self) -> Result<String, InvalidVariable> {
        self.base_url("API_URL")
    }
}
