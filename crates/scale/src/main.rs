//! `make scale`: simulates the scenarios, prints the results and draws them.
#![expect(clippy::print_stdout, reason = "a command prints its results")]
#![expect(clippy::cast_precision_loss, reason = "figures for people: three digits are printed")]

mod plots;
mod report;
mod studies;

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "target/scale".to_owned()));
    std::fs::create_dir_all(&folder)?;

    let studies = studies::run();
    let text = [
        report::single_sources(&studies.single_sources),
        report::upload_bursts(&studies.upload_bursts),
        report::queue_sharing(&studies.queue_sharing),
    ]
    .join("\n");
    print!("{text}");
    std::fs::write(folder.join("report.md"), &text)?;

    plots::time_to_ready(&studies.single_sources, &folder.join("ready.svg"))?;
    plots::concurrency(&studies.single_sources, &folder.join("concurrency.svg"))?;
    plots::backlogs(&studies.upload_bursts, &folder.join("queues.svg"))?;
    plots::cost(&studies.single_sources, &studies.upload_bursts, &folder.join("cost.svg"))?;
    println!("\nWritten: {}/report.md, ready.svg, concurrency.svg, queues.svg, cost.svg", folder.display());
    Ok(())
}
