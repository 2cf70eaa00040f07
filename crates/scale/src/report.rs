//! What came of the scenarios, as tables in Markdown.

use std::fmt::Write;
use std::time::Duration;

use vpp_scale::fleet::Function;
use vpp_scale::ledger::Costs;
use vpp_scale::parameters::Prices;
use vpp_scale::scenario::Outcome;

use crate::studies::{Crowd, Share, Single, Width};

pub(crate) fn width(width: Width) -> String {
    match width {
        Width::Concurrency(most) => most.to_string(),
        Width::Pollers(least, most) => format!("{least}-{most} pollers"),
    }
}

/// One movie by itself.
pub(crate) fn singles(singles: &[Single]) -> String {
    let mut text = heading(
        "One source",
        "source | concurrency of encrypt | work unit MiB | work units | Ready after | peak of encrypt | waiting | GETs | PUTs | throttled | met | came again | $ per TB: Lambda | S3 | SQS, DynamoDB, KMS | all | storage $ per TB and month",
    );
    for own in singles {
        let outcome = &own.outcome;
        let ledger = &outcome.ledger;
        let costs = per_tb(ledger.costs(&Prices::default()), own.bytes);
        let encrypt = Function::Encrypt;
        row(
            &mut text,
            &[
                own.name.to_owned(),
                width(own.width),
                own.work_unit_mib.to_string(),
                encrypt.of(&outcome.pools).invocations.to_string(),
                ready(outcome, 1),
                encrypt.of(&outcome.pools).peak.to_string(),
                encrypt.of(&outcome.deepest).to_string(),
                ledger.gets.to_string(),
                ledger.puts.to_string(),
                (ledger.throttled + ledger.slow_downs).to_string(),
                ledger.conflicts.to_string(),
                ledger.redeliveries.to_string(),
                money(costs.lambda),
                money(costs.s3),
                money(costs.others),
                money(costs.once()),
                money(costs.storage_month),
            ],
        );
    }
    text
}

/// Many movies at once.
pub(crate) fn crowds(crowds: &[Crowd]) -> String {
    let mut text = heading(
        "10,000 uploads of 10 MB in a minute",
        "account | Ready | half after | 99 % after | all after | peaks: ingest, fragment, encrypt, dash | waiting: ingest, fragment, encrypt, dash | cold starts | slowed down by S3 | throttled | came again | given up | $ per TB: Lambda | S3 | SQS, DynamoDB, KMS | all",
    );
    for own in crowds {
        let outcome = &own.outcome;
        let ledger = &outcome.ledger;
        let costs = per_tb(ledger.costs(&Prices::default()), own.bytes);
        row(
            &mut text,
            &[
                own.name.to_owned(),
                outcome.to_ready.len().to_string(),
                time(outcome.percentile(50)),
                time(outcome.percentile(99)),
                time(outcome.last()),
                list(&outcome.pools.each_ref().map(|pool| pool.peak)),
                list(&outcome.deepest),
                outcome.pools.iter().map(|pool| pool.cold).sum::<u64>().to_string(),
                ledger.slow_downs.to_string(),
                ledger.throttled.to_string(),
                ledger.redeliveries.to_string(),
                ledger.dead.to_string(),
                money(costs.lambda),
                money(costs.s3),
                money(costs.others),
                money(costs.once()),
            ],
        );
    }
    text
}

/// A small movie behind a huge one.
pub(crate) fn shares(shares: &[Share]) -> String {
    let mut text = heading(
        "10 MB that arrive while a huge source is being encrypted",
        "behind | concurrency of encrypt | queues | 10 MB Ready after | the huge one after",
    );
    for own in shares {
        let after = |duration: Option<Duration>| duration.map_or("-".to_owned(), time);
        let queues = if own.fair { "fair" } else { "plain" };
        row(&mut text, &[own.name.to_owned(), width(own.width), queues.to_owned(), after(own.small), after(own.huge)]);
    }
    text
}

/// What a TB costs at the price of `bytes`.
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
