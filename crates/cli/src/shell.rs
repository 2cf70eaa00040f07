//! `vpp completions` and `vpp manual`.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::failure::Failure;

/// Returns the completion script for a shell.
pub(crate) fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "vpp", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Writes a manual page for `vpp` and one for each of its commands.
pub(crate) fn manual(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
        .map_err(Failure::io(folder))
}
