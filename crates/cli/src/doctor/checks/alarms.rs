//! The alarms and their topic.

use super::Checkup;
use super::metrics::{CLOUDWATCH, VERSION};
use crate::doctor::finding::Code;

/// Checks which alarms are raised, and that somebody is notified.
pub(super) fn check(checkup: &mut Checkup<'_>) {
    let stack = checkup.stack;
    let parameters = [("AlarmNamePrefix", format!("{}-", stack.name)), ("StateValue", "ALARM".to_owned())];
    match checkup.account.query(CLOUDWATCH, VERSION, "DescribeAlarms", &parameters) {
        Err(error) => checkup.unanswered("cloudwatch:DescribeAlarms", "alarms", &error),
        Ok(response) => {
            for alarm in response.members("MetricAlarms") {
                let name = alarm.text_of("AlarmName");
                let what = format!("{} {}", alarm.text_of("AlarmDescription"), alarm.text_of("StateReason"));
                let section = name.strip_prefix(&stack.name).unwrap_or(name);
                let mend = format!("docs/operations.md has a section for STACK{section}");
                checkup.report(Code::AlarmRaised, name, what.trim(), mend);
            }
        }
    }
    // An emulator's alarms notify nobody.
    for topic in stack.of_kind("AWS::SNS::Topic").filter(|_| !stack.is_emulated()) {
        let request = [("TopicArn", topic.physical_id.clone())];
        let result = checkup.account.query("sns", "2010-03-31", "ListSubscriptionsByTopic", &request);
        let Some(response) = checkup.received("sns:ListSubscriptionsByTopic", topic, result) else { continue };
        if response.members("Subscriptions").is_empty() {
            let mend = format!(
                "aws sns subscribe --topic-arn {} --protocol email --notification-endpoint you@example.com",
                topic.physical_id
            );
            checkup.report(Code::AlarmsUnheard, topic.location(), "nobody subscribes to the alarms", mend);
        }
    }
}
