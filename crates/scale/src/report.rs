//! The outcomes of the studies, as tables in Markdown.

use std::fmt::Write;
use std::time::Duration;

use vpp_scale::environments::Function;
use vpp_scale::parameters::Prices;
use vpp_scale::scenario::Outcome;
use vpp_scale::usage::Costs;

use crate::studies::{EncryptScaling, QueueSharing, SingleSource, UploadBurst};

/// Returns the text of a scaling.
pub(crate) fn scaling(scaling: EncryptScaling) -> String {
    match scaling {
        EncryptScaling::Concurrency(max) => max.to_string(),
        EncryptScaling::Pollers(min, max) => format!("{min}-{max} pollers"),
    }
}

/// Returns the table of single sources.
pub(crate) fn single_sources(studies: &[SingleSource]) -> String {
    let mut text = heading(
        "One source",
        "source | concurrency of encrypt | work unit MiB | work units | time to Ready | peak concurrency of encrypt | peak backlog of encrypt | GETs | PUTs | throttled | transaction conflicts | redelivered | $ per TB: Lambda | S3 | SQS, DynamoDB, KMS | total | storage $ per TB and month",
    );
    for study in studies {
        let outcome = &study.outcome;
        let usage = &outcome.usage;
        let costs = per_tb(usage.costs(&Prices::default()), study.bytes);
        let encrypt = Function::Encrypt;
        row(
            &mut text,
            &[
                study.name.to_owned(),
                scaling(study.scaling),
                study.work_unit_mib.to_string(),
                encrypt.of(&outcome.environments).invocations.to_string(),
                ready(outcome, 1),
                encrypt.of(&outcome.environments).peak.to_string(),
                encrypt.of(&outcome.peak_backlogs).to_string(),
                usage.gets.to_string(),
                usage.puts.to_string(),
                (usage.throttled + usage.slow_downs).to_string(),
                usage.transaction_conflicts.to_string(),
                usage.redeliveries.to_string(),
                money(costs.lambda),
                money(costs.s3),
                money(costs.others),
                money(costs.packaging()),
                money(costs.storage_month),
            ],
        );
    }
    text
}

/// Returns the table of upload bursts.
pub(crate) fn upload_bursts(studies: &[UploadBurst]) -> String {
    let mut text = heading(
        "10,000 uploads of 10 MB in a minute",
        "account | Ready | time to Ready: 50 % | 99 % | 100 % | peak concurrency: ingest, fragment, encrypt, dash | peak backlog: ingest, fragment, encrypt, dash | cold starts | S3 Slow Down | throttled | redelivered | dead-lettered | $ per TB: Lambda | S3 | SQS, DynamoDB, KMS | total",
    );
    for study in studies {
        let outcome = &study.outcome;
        let usage = &outcome.usage;
        let costs = per_tb(usage.costs(&Prices::default()), study.bytes);
        row(
            &mut text,
            &[
                study.account.to_owned(),
                outcome.to_ready.len().to_string(),
                time(outcome.percentile(50)),
                time(outcome.percentile(99)),
                time(outcome.last()),
                list(&outcome.environments.each_ref().map(|function| function.peak)),
                list(&outcome.peak_backlogs),
                outcome.environments.iter().map(|function| function.cold_starts).sum::<u64>().to_string(),
                usage.slow_downs.to_string(),
                usage.throttled.to_string(),
                usage.redeliveries.to_string(),
                usage.dead_lettered.to_string(),
                money(costs.lambda),
                money(costs.s3),
                money(costs.others),
                money(costs.packaging()),
            ],
        );
    }
    text
}

/// Returns the table of queue sharing.
pub(crate) fn queue_sharing(studies: &[QueueSharing]) -> String {
    let mut text = heading(
        "10 MB uploaded while a huge source is packaged",
        "huge source | concurrency of encrypt | queues | time to Ready: 10 MB | huge source",
    );
    for study in studies {
        let time_or_dash = |duration: Option<Duration>| duration.map_or("-".to_owned(), time);
        let queues = if study.fair { "fair" } else { "standard" };
        let (small, huge) = (time_or_dash(study.small), time_or_dash(study.huge));
        row(&mut text, &[study.huge_source.to_owned(), scaling(study.scaling), queues.to_owned(), small, huge]);
    }
    text
}

/// Returns the costs of a TB, from the costs of `bytes`.
pub(crate) fn per_tb(costs: Costs, bytes: u64) -> Costs {
    costs.times(1e12 / bytes as f64)
}

fn ready(outcome: &Outcome, packages: usize) -> String {
    if outcome.to_ready.len() == packages { time(outcome.last()) } else { "never".to_owned() }
}

fn heading(title: &str, columns: &str) -> String {
    let lines = columns.split('|').map(|_| "---").collect::<Vec<_>>().join("|");
    format!("## {title}\n\n| {columns} |\n|{lines}|\n")
}

fn row(text: &mut String, cells: &[String]) {
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

fn list(numbers: &[u64; 4]) -> String {
    numbers.map(|number| number.to_string()).join(", ")
}

fn time(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

fn money(dollars: f64) -> String {
    format!("{dollars:.2}")
}
