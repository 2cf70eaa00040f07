//! `CloudWatch` metrics of the last minutes.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::doctor::account::{Account, CallError};

/// `CloudWatch`.
pub(super) const CLOUDWATCH: &str = "monitoring";
/// The version of its API.
pub(super) const VERSION: &str = "2010-08-01";
/// The period of time that is looked at. SQS reports a metric up to several minutes late.
const WINDOW: Duration = Duration::minutes(15);
const PERIOD_SECONDS: u32 = 60;

/// A metric with one dimension.
#[derive(Debug, Clone, Copy)]
pub(super) struct Metric<'m> {
    pub(super) namespace: &'m str,
    pub(super) name: &'m str,
    pub(super) dimension: (&'m str, &'m str),
}

impl Metric<'_> {
    /// Returns the datapoints of a statistic, `Maximum` or `Sum`, oldest first.
    pub(super) fn datapoints(self, account: &Account, statistic: &str) -> Result<Vec<f64>, CallError> {
        let end = account.now();
        let text = |at: OffsetDateTime| at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_default();
        let parameters = [
            ("Namespace", self.namespace.to_owned()),
            ("MetricName", self.name.to_owned()),
            ("Dimensions.member.1.Name", self.dimension.0.to_owned()),
            ("Dimensions.member.1.Value", self.dimension.1.to_owned()),
            ("StartTime", text(end - WINDOW)),
            ("EndTime", text(end)),
            ("Period", PERIOD_SECONDS.to_string()),
            ("Statistics.member.1", statistic.to_owned()),
        ];
        let response = account.query(CLOUDWATCH, VERSION, "GetMetricStatistics", &parameters)?;
        let mut points: Vec<(&str, f64)> = response
            .members("Datapoints")
            .iter()
            .map(|point| (point.text_of("Timestamp"), point.text_of(statistic).parse().unwrap_or_default()))
            .collect();
        points.sort_by_key(|(timestamp, _)| *timestamp);
        Ok(points.into_iter().map(|(_, value)| value).collect())
    }
}
