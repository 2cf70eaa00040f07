//! The clock, the account's quota, and the state of the stack.

use super::Checkup;
use crate::doctor::account::MAX_SKEW_SECONDS;
use crate::doctor::finding::Code;

/// Concurrent executions that ingest, the API and viewers need beside the encrypt stage (docs/operations.md, "Scaling and quotas").
const BESIDE_ENCRYPT: u64 = 100;
/// Work units that one provisioned poller processes in parallel.
const WORK_UNITS_PER_POLLER: u64 = 10;

/// Checks what does not belong to one resource.
pub(super) fn check(checkup: &mut Checkup<'_>) {
    clock(checkup);
    status(checkup);
    quota(checkup);
}

fn clock(checkup: &mut Checkup<'_>) {
    let skew = checkup.account.skew.get().unwrap_or_default();
    if skew.unsigned_abs() > MAX_SKEW_SECONDS {
        let direction = if skew > 0 { "behind" } else { "ahead of" };
        let what = format!(
            "the clock is {} s {direction} that of AWS, which refuses requests and signed URLs of this machine",
            skew.unsigned_abs()
        );
        checkup.report(
            Code::ClockSkew,
            "this machine",
            what,
            "synchronise the clock with NTP, such as by `timedatectl set-ntp true`",
        );
    }
}

fn status(checkup: &mut Checkup<'_>) {
    let status = checkup.stack.status.as_str();
    if !matches!(
        status,
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" | "IMPORT_COMPLETE"
    ) {
        let location = checkup.stack.name.clone();
        let mend = "read the first failed event (`aws cloudformation describe-stack-events`), mend its cause, and deploy again";
        checkup.report(Code::StackNotComplete, location, format!("the stack is in the status {status}"), mend);
    }
}

fn quota(checkup: &mut Checkup<'_>) {
    let location = "Lambda, concurrent executions of the account";
    let settings = match checkup.account.get_json("lambda", "/2016-08-19/account-settings/") {
        Ok(settings) => settings,
        Err(error) => return checkup.unanswered("lambda:GetAccountSettings", location, &error),
    };
    let Some(quota) = settings["AccountLimit"]["ConcurrentExecutions"].as_u64() else { return };
    let number = |name: &str| checkup.stack.parameter(name).and_then(|text| text.parse::<u64>().ok());
    let pollers = number("EncryptPollers").unwrap_or_default();
    let encrypt = match pollers {
        0 => number("EncryptConcurrency").unwrap_or_default(),
        _ => number("EncryptMaximumPollers").unwrap_or_default().saturating_mul(WORK_UNITS_PER_POLLER),
    };
    let needed = encrypt.saturating_add(BESIDE_ENCRYPT);
    if quota < needed {
        let what = format!(
            "the quota is {quota}, but the stack is configured for {encrypt} work units in parallel and needs some {needed}: \
             uploads wait and viewers' licences are throttled under load"
        );
        let mend =
            "request the quota \"Concurrent executions\" (Service Quotas, L-B99A9384), or lower EncryptConcurrency";
        checkup.report(Code::ConcurrencyQuotaLow, location, what, mend);
    }
}
