//! What `vpp doctor` reports.

use std::fmt;

use serde::Serialize;

/// A fault of a deployed stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// The stable code.
    pub(super) code: Code,
    /// The resource: its logical ID in the template, and its name where that helps.
    #[serde(rename = "where")]
    pub(super) location: String,
    /// The fault and its effect.
    pub(super) what: String,
    /// How to mend it.
    pub(super) mend: String,
}

macro_rules! codes {
    ($($variant:ident $name:literal $meaning:literal,)*) => {
        /// The codes of findings. They are stable: scripts compare them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
        pub(super) enum Code {
            $(#[doc = $meaning] #[serde(rename = $name)] $variant,)*
        }

        impl fmt::Display for Code {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $name,)* })
            }
        }

        /// Every code, with its meaning.
        #[cfg(test)]
        const MEANINGS: &[(&str, &str)] = &[$(($name, $meaning),)*];
    };
}

codes! {
    AlarmRaised "alarm_raised" "An alarm of the stack is in the state ALARM.",
    AlarmsUnheard "alarms_unheard" "Nobody subscribes to the topic of the alarms.",
    ApiUnavailable "api_unavailable" "The API does not answer, or answers 5xx.",
    BucketPublic "bucket_public" "A bucket does not block public access.",
    CdnBypassed "cdn_bypassed" "The distribution does not read the output bucket, or not with its own signature.",
    CdnDenied "cdn_denied" "The policy of the output bucket does not admit the distribution.",
    CdnDisabled "cdn_disabled" "The distribution is disabled.",
    ClockSkew "clock_skew" "The clock of this machine differs from that of AWS by more than five minutes.",
    ConcurrencyQuotaLow "concurrency_quota_low" "The account has fewer concurrent executions than the stack is configured for.",
    CorsMissing "cors_missing" "A bucket does not admit the requests of browsers.",
    DeadLetters "dead_letters" "A dead-letter queue has messages.",
    FunctionDisabled "function_disabled" "The reserved concurrency of a function is 0, so that it never runs.",
    FunctionNotActive "function_not_active" "A function, or its last update, failed.",
    FunctionWithoutLayer "function_without_layer" "A function does not have the layer that it executes or serves.",
    KeyUnusable "key_unusable" "A KMS key is disabled, or its deletion is scheduled.",
    MappingDisabled "mapping_disabled" "The event source mapping of a queue or stream is disabled.",
    NotificationMissing "notification_missing" "The uploads bucket does not notify the ingest queue.",
    PermissionMissing "permission_missing" "The caller may not look at a resource, which remains unchecked.",
    QueueStuck "queue_stuck" "The oldest message of a queue waits for longer than its alarm allows.",
    ResourceMissing "resource_missing" "A resource of the stack does not exist.",
    ResourceUnchecked "resource_unchecked" "AWS did not answer a request about a resource, which remains unchecked.",
    SecretUnusable "secret_unusable" "The deletion of a secret is scheduled, so that it cannot be read.",
    StackNotComplete "stack_not_complete" "The last deployment did not complete.",
    TableNotActive "table_not_active" "The table is not active, or has no stream.",
    TableThrottled "table_throttled" "DynamoDB throttled requests in the last quarter of an hour.",
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n  {}\n  mend: {}", self.code, self.location, self.what, self.mend)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_the_documentation_with_its_meaning() {
        let text = include_str!("../../../../docs/doctor.md");
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
        for (name, meaning) in MEANINGS {
            assert!(rows.iter().any(|row| row.starts_with(&format!("| `{name}` | {meaning} |"))), "{name}");
        }
        assert_eq!(rows.len(), MEANINGS.len());
    }
}
