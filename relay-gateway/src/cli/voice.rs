//! How the commands speak: what happened and where, then after a semicolon what to do.
//!
//! Every sentence that ends a command goes through here, each on a line of its own behind the program's name, so that
//! it can be told from what an agent or a supervisor says. The libraries' errors are made the same way.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};

use crate::cli::Exit;

/// Says on stderr why a command ends as it does.
pub(crate) fn report_error(exit: Exit, why: &impl Display) -> Exit {
    say(why);
    exit
}

/// Says something on stderr, each line behind the program's name.
pub fn say(what: &impl Display) {
    let mut err = io::stderr().lock();
    for line in what.to_string().lines() {
        // Nothing is left to do if not even that can be said.
        let _ = writeln!(err, "relay-gateway: {line}");
    }
}

/// Puts a command's result on stdout, whole. A reader that has had enough, such as `head`, is no fault.
pub(crate) fn print(text: impl AsRef<[u8]>) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_ref()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            anyhow::bail!("standard output cannot be written ({error}); see to where it leads")
        }
        _ => Ok(()),
    }
}
