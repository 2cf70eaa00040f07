//! The checks of a stack.

mod alarms;
mod cdn;
mod functions;
mod general;
mod keys;
mod metrics;
mod queues;
mod storage;

use crate::doctor::account::{Account, CallError};
use crate::doctor::finding::{Code, Finding};
use crate::doctor::stack::{Resource, Stack};

/// Runs every check.
pub(super) fn run(account: &Account, stack: &Stack) -> Vec<Finding> {
    let mut checkup = Checkup { account, stack, findings: Vec::new() };
    general::check(&mut checkup);
    functions::check(&mut checkup);
    queues::check(&mut checkup);
    storage::check(&mut checkup);
    keys::check(&mut checkup);
    cdn::check(&mut checkup);
    alarms::check(&mut checkup);
    checkup.findings
}

/// The stack and what was found so far.
struct Checkup<'c> {
    account: &'c Account,
    stack: &'c Stack,
    findings: Vec<Finding>,
}

impl Checkup<'_> {
    fn report(&mut self, code: Code, location: impl Into<String>, what: impl Into<String>, mend: impl Into<String>) {
        self.findings.push(Finding { code, location: location.into(), what: what.into(), mend: mend.into() });
    }

    /// Returns the result of a request about a resource. Reports a missing resource, a denial and any other failure.
    fn received<T>(&mut self, action: &str, resource: &Resource, result: Result<T, CallError>) -> Option<T> {
        let error = match result {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        let location = resource.location();
        if error.is_missing() {
            let what = format!("the stack has this {}, but it does not exist", resource.kind);
            let mend = format!(
                "deploy again with a change that recreates it, or restore it as \"Disaster recovery\" in docs/operations.md \
                 says; until then whatever needs {} fails",
                resource.logical_id
            );
            self.report(Code::ResourceMissing, location, what, mend);
        } else {
            self.unanswered(action, &location, &error);
        }
        None
    }

    /// Reports a request that AWS denied or did not answer.
    fn unanswered(&mut self, action: &str, location: &str, error: &CallError) {
        if error.is_denied() {
            let mend = format!("allow {action}: `vpp doctor --policy` prints the whole policy");
            self.report(Code::PermissionMissing, location, format!("AWS denied {action} to you"), mend);
        } else {
            let what = format!("{action} failed: {error}");
            self.report(Code::ResourceUnchecked, location, what, "run the command again; if it stays, see AWS Health");
        }
    }
}
