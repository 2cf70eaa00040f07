//! The updates that change the state of a package.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, Update};
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::domain::layout;
use vpp_pipeline::domain::receipt::Receipt;
use vpp_pipeline::domain::state::{Step, Transition};

use super::attributes::{number, string, usage, write_ids};
use super::package_item::{NOTHING_ENCRYPTED, SK, pk, usage_name};

/// Returns the condition that a package is in an attempt, and the value of `:of`. A package that an older version created has no
/// attempt.
pub(super) fn in_attempt(attempt: u64) -> (&'static str, Option<AttributeValue>) {
    match attempt {
        0 => ("attribute_not_exists(#attempt)", None),
        of => ("#attempt = :of", Some(number(of))),
    }
}

/// Builds the update for a step, on condition that the package has a status that the step starts from, and is in the attempt of
/// the step.
pub(super) fn advance(table: &str, id: &PackageId, transition: &Transition) -> Result<Update, BuildError> {
    let work = &transition.work;
    let mut sets = vec![("status", string(transition.step.leads_to().as_str()))];
    let (time, result) = attributes_of(id, &transition.step);
    sets.extend(time.map(|time| (time, string(transition.at.to_string()))));
    sets.extend(result);
    sets.extend(work.usage.iter().map(|(stage, used)| (usage_name(*stage), usage(used))));
    let nothing_encrypted = Some(&work.nothing_encrypted).filter(|ids| !ids.is_empty());
    sets.extend(nothing_encrypted.map(|ids| (NOTHING_ENCRYPTED, string(write_ids(ids)))));
    sets.extend(work.output.as_ref().map(|output| ("output_file_path", string(output))));

    let condition = match &transition.step {
        Step::Retried { failed_at, .. } => {
            sets.push(("attempt", number(transition.started_attempt())));
            Some(failed_at)
        }
        _ => None,
    };
    let attempt = transition.attempt.map(in_attempt);
    let starts_from = transition.step.starts_from();
    let statuses: Vec<String> = (0..starts_from.len()).map(|position| format!(":from{position}")).collect();
    let assignments: Vec<String> = sets.iter().map(|(name, _)| format!("#{name} = :{name}")).collect();
    let mut update = Update::builder()
        .table_name(table)
        .key("pk", string(pk(id)))
        .key("sk", string(SK))
        .update_expression(format!(
            "SET {} ADD bytes_read :read, bytes_written :written{}",
            assignments.join(", "),
            if condition.is_some() { " REMOVE failed_at, failure" } else { "" }
        ))
        .condition_expression(format!(
            "#status IN ({}){}{}",
            statuses.join(", "),
            if condition.is_some() { " AND failed_at = :seen" } else { "" },
            attempt.as_ref().map(|(condition, _)| format!(" AND {condition}")).unwrap_or_default(),
        ))
        .set_expression_attribute_values(
            condition.map(|at| HashMap::from([(":seen".to_owned(), string(at.to_string()))])),
        )
        .expression_attribute_values(":read", number(work.bytes_read))
        .expression_attribute_values(":written", number(work.bytes_written));
    if let Some((_, of)) = attempt {
        update = update.expression_attribute_names("#attempt", "attempt");
        if let Some(of) = of {
            update = update.expression_attribute_values(":of", of);
        }
    }
    for (placeholder, status) in statuses.into_iter().zip(starts_from) {
        update = update.expression_attribute_values(placeholder, string(status.as_str()));
    }
    for (name, value) in sets {
        update = update.expression_attribute_names(format!("#{name}"), name);
        update = update.expression_attribute_values(format!(":{name}"), value);
    }
    update.build()
}

/// Returns the attribute for the time of a step, if it has one, and the attribute for its result.
fn attributes_of(id: &PackageId, step: &Step) -> (Option<&'static str>, Option<(&'static str, AttributeValue)>) {
    match step {
        Step::Fragmented { work_units } => (Some("fragmented_at"), Some(("work_units_total", number(work_units)))),
        Step::Encrypted => (Some("encrypted_at"), None),
        // A path, no URL: addresses follow the domain, and are computed when they are read. Nothing reads the attribute, but earlier
        // releases require it, and may be deployed again.
        Step::Ready => (Some("ready_at"), Some(("url", string(layout::manifest_url("", id))))),
        Step::Retried { .. } => (None, None),
        Step::Deleting => (Some("deleting_at"), None),
        Step::Failed(failure) => {
            let reason = HashMap::from([
                ("stage".to_owned(), string(failure.stage.as_str())),
                ("code".to_owned(), string(&failure.code)),
                ("message".to_owned(), string(&failure.message)),
            ]);
            (Some("failed_at"), Some(("failure", AttributeValue::M(reason))))
        }
    }
}

/// Adds a work unit to the progress of the package.
pub(super) fn count_work_unit(table: &str, id: &PackageId, receipt: &Receipt) -> Result<Update, BuildError> {
    Update::builder()
        .table_name(table)
        .key("pk", string(pk(id)))
        .key("sk", string(SK))
        .condition_expression("attribute_exists(pk)")
        .update_expression("ADD work_units_done :one, bytes_read :read, bytes_written :written")
        .expression_attribute_values(":one", number(1))
        .expression_attribute_values(":read", number(receipt.bytes_read))
        .expression_attribute_values(":written", number(receipt.bytes_written()))
        .build()
}
