//! Functions and their event source mappings.

use super::Checkup;
use crate::doctor::account::path;
use crate::doctor::finding::Code;
use crate::doctor::stack::Resource;

const LAMBDA: &str = "lambda";
/// The functions that need a layer, and the end of the layer's name.
const LAYERS: [(&str, &str); 2] = [("IngestFunction", "-bento4"), ("ApiFunction", "-console")];

/// Checks every function and every mapping of the stack.
pub(super) fn check(checkup: &mut Checkup<'_>) {
    let stack = checkup.stack;
    for function in stack.of_kind("AWS::Lambda::Function") {
        configuration(checkup, function);
        concurrency(checkup, function);
    }
    for mapping in stack.of_kind("AWS::Lambda::EventSourceMapping") {
        event_source(checkup, mapping);
    }
}

fn configuration(checkup: &mut Checkup<'_>, function: &Resource) {
    let request = path("/2015-03-31/functions/", &function.physical_id, "/configuration");
    let result = checkup.account.get_json(LAMBDA, &request);
    let Some(value) = checkup.received("lambda:GetFunctionConfiguration", function, result) else { return };
    let text = |name: &str| value[name].as_str().unwrap_or_default();
    let (state, update) = (text("State"), text("LastUpdateStatus"));
    if matches!(state, "Failed" | "Inactive") || update == "Failed" {
        let reasons = [text("StateReason"), text("LastUpdateStatusReason")].join(" ");
        let what = format!("its state is {state}, that of its last update {update}: {}", reasons.trim());
        let mend = "mend the reason (often a deleted role or key), and deploy again";
        checkup.report(Code::FunctionNotActive, function.location(), what, mend);
    }
    let arns: Vec<&str> =
        value["Layers"].as_array().into_iter().flatten().filter_map(|layer| layer["Arn"].as_str()).collect();
    for (_, suffix) in LAYERS.iter().filter(|(name, _)| *name == function.logical_id) {
        // arn:PARTITION:lambda:REGION:ACCOUNT:layer:NAME:VERSION
        if !arns.iter().any(|arn| arn.split(':').nth(6).is_some_and(|name| name.ends_with(suffix))) {
            let what = format!("it has no layer STACK{suffix}, so every one of its invocations fails that needs it");
            checkup.report(Code::FunctionWithoutLayer, function.location(), what, "deploy the template again");
        }
    }
}

fn concurrency(checkup: &mut Checkup<'_>, function: &Resource) {
    let request = path("/2019-09-30/functions/", &function.physical_id, "/concurrency");
    let Ok(value) = checkup.account.get_json(LAMBDA, &request) else {
        // A function that is missing, or that may not be read, is reported with its configuration.
        return;
    };
    if value["ReservedConcurrentExecutions"].as_u64() == Some(0) {
        let what = "its reserved concurrency is 0, so it is throttled at every invocation";
        let mend = format!("aws lambda delete-function-concurrency --function-name {}", function.physical_id);
        checkup.report(Code::FunctionDisabled, function.location(), what, mend);
    }
}

fn event_source(checkup: &mut Checkup<'_>, mapping: &Resource) {
    let request = path("/2015-03-31/event-source-mappings/", &mapping.physical_id, "");
    let result = checkup.account.get_json(LAMBDA, &request);
    let Some(value) = checkup.received("lambda:GetEventSourceMapping", mapping, result) else { return };
    let state = value["State"].as_str().unwrap_or_default();
    if matches!(state, "Disabled" | "Disabling") {
        let source = value["EventSourceArn"].as_str().unwrap_or_default();
        let what = format!("it is disabled, so nothing is received from {source}");
        let mend = format!("aws lambda update-event-source-mapping --uuid {} --enabled", mapping.physical_id);
        checkup.report(Code::MappingDisabled, mapping.location(), what, mend);
    }
}
