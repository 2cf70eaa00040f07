//! `make scale`: runs the scenarios, prints what came of them, and draws it.
#![expect(clippy::print_stdout, reason = "a command prints")]
#![expect(clippy::cast_precision_loss, reason = "figures for people: three digits are printed")]

mod plots;
mod report;
mod studies;

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "target/scale".to_owned()));
    std::fs::create_dir_all(&folder)?;

    let (singles, crowds, shares) = studies::all();
    let text = [report::singles(&singles), report::crowds(&crowds), report::shares(&shares)].join("\n");
    print!("{text}");
    std::fs::write(folder.join("report.md"), &text)?;

    plots::ready(&singles, &folder.join("ready.svg"))?;
    plots::over_time(&singles, &folder.join("width.svg"))?;
    plots::queues(&crowds, &folder.join("queues.svg"))?;
    plots::cost(&singles, &crowds, &folder.join("cost.svg"))?;
    println!("\nWritten: {}/report.md, ready.svg, width.svg, queues.svg, cost.svg", folder.display());
    Ok(())
}
