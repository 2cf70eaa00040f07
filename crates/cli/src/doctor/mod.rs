//! `vpp doctor`: looks at a deployed stack with the caller's credentials, and reports what is wrong and how to mend it.
//!
//! | module | content |
//! |---|---|
//! | [`args`] | command line arguments |
//! | [`credentials`], [`sigv4`], [`account`], [`xml`] | signed requests to AWS |
//! | [`stack`] | the stack's outputs, parameters and resources |
//! | [`checks`] | the checks, one module per kind of resource |
//! | [`finding`] | the codes and texts of findings |
//!
//! The command reads only: `policy.json` has every permission that it needs. It takes the names of resources from
//! `CloudFormation`, so it works with a stack of any name, and with a local one, whose endpoint is in `AWS_ENDPOINT_URL`. A request
//! that AWS denies is a finding, and the other checks go on.

pub(crate) mod args;

mod account;
mod checks;
mod credentials;
mod finding;
mod sigv4;
mod stack;
mod xml;

use std::cell::Cell;
use std::process::ExitCode;

use serde_json::json;

use crate::doctor::account::Account;
use crate::doctor::args::DoctorArgs;
use crate::doctor::credentials::Credentials;
use crate::doctor::finding::Finding;
use crate::doctor::stack::Stack;
use crate::failure::Failure;
use crate::platform::agent;
use crate::terminal::escaped_lines;

/// The IAM policy that the command needs.
const POLICY: &str = include_str!("policy.json");

/// Looks at a stack and prints the findings. Returns exit status 1 if there are any.
pub(crate) fn run(args: &DoctorArgs) -> Result<ExitCode, Failure> {
    if args.policy {
        print!("{POLICY}");
        return Ok(ExitCode::SUCCESS);
    }
    let profile = args.profile.as_deref();
    let account = Account {
        agent: agent(),
        region: args.region.clone().map_or_else(|| credentials::region(profile), Ok)?,
        endpoint: Account::endpoint_of_environment(),
        credentials: Credentials::resolve(profile)?,
        skew: Cell::new(None),
    };
    let stack = Stack::read(&account, &args.stack)?;
    let findings = checks::run(&account, &stack);
    print_findings(args.json, &stack, &findings);
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_findings(as_json: bool, stack: &Stack, findings: &[Finding]) {
    for finding in findings {
        if as_json {
            let mut object = json!(finding);
            object["type"] = "finding".into();
            println!("{object}");
        } else {
            println!("{}", escaped_lines(&finding.to_string()));
        }
    }
    if as_json {
        println!("{}", json!({"type": "doctor", "stack": stack.name, "findings": findings.len()}));
    } else if findings.is_empty() {
        println!("{}: nothing is wrong", stack.name);
    } else {
        println!("{}: {} to mend", stack.name, findings.len());
    }
}
