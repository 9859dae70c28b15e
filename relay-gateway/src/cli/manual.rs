//! `completions` and `man`: what a shell and a reader want to know of the command line.

use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::{Cli, Exit, print, report_error};

/// Prints the script that completes the command line in a shell.
pub(crate) fn completions(shell: Shell) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "relay-gateway", &mut script);
    print(&script).map(|()| Exit::Done)
}

/// Prints the manual page, or writes it and one for each command into a folder.
pub(crate) fn man(folder: Option<&Path>) -> anyhow::Result<Exit> {
    let Some(folder) = folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page)?;
        return print(&page).map(|()| Exit::Done);
    };
    let written =
        std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Cli::command(), folder));
    Ok(match written {
        Ok(()) => Exit::Done,
        Err(error) => {
            let what = format!(
                "the manual pages cannot be written into {} ({error}); name a folder that can be written with --dir",
                folder.display()
            );
            report_error(Exit::CannotWrite, &what)
        }
    })
}
