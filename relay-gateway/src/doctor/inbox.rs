//! Can messages be kept until they are done with?

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::verdict::{Fault, Verdict};
use crate::exit::Exit;
use crate::inbox::{InboxChoice, OpenError};

/// What is known of the inbox.
#[derive(Debug)]
pub(crate) enum State {
    /// It is in memory.
    Memory,
    /// The running gateway has it.
    InUse { path: PathBuf, pid: u32 },
    /// It was opened and is whole.
    Whole(PathBuf),
    /// It is not there yet, and can be made.
    Creatable(PathBuf),
    /// It is not there, and nothing can be made in this folder.
    NotCreatable { folder: PathBuf, error: io::Error },
    /// It is there and of no use.
    Unusable(OpenError),
}

pub(crate) fn verdict(state: &State) -> Verdict {
    match state {
        State::Memory => Verdict::Warned(Fault::new(
            "the inbox is in memory: what was taken and not answered is lost with the process",
            "leave out --inbox memory",
        )),
        State::InUse { path, pid } => {
            Verdict::Passed(format!("{}, in use by the gateway that runs (process {pid})", path.display()))
        }
        State::Whole(path) => Verdict::Passed(format!("{} is whole", path.display())),
        State::Creatable(path) => Verdict::Passed(format!("{} will be made", path.display())),
        State::NotCreatable { folder, error } => Verdict::Failed(
            Fault::new(
                format!("the inbox cannot be made in {} ({error})", folder.display()),
                "make that a folder that can be written, or choose another file with --inbox",
            ),
            Exit::Inbox,
        ),
        State::Unusable(error) => Verdict::Failed(Fault::of_sentence(&error.to_string()), Exit::Inbox),
    }
}

/// Looks at an inbox. One that is not there is not made: it would belong to whoever asked for the diagnosis.
pub(crate) fn look(choice: &InboxChoice, running: Option<u32>) -> State {
    let InboxChoice::File(path) = choice else { return State::Memory };
    if !path.exists() {
        return match creatable(path) {
            Ok(()) => State::Creatable(path.clone()),
            Err((folder, error)) => State::NotCreatable { folder, error },
        };
    }
    match (choice.open(), running) {
        (Ok(_), _) => State::Whole(path.clone()),
        (Err(OpenError::InUse { path }), Some(pid)) => State::InUse { path, pid },
        (Err(error), _) => State::Unusable(error),
    }
}

/// Whether something can be made in the nearest folder above that is there.
fn creatable(path: &Path) -> Result<(), (PathBuf, io::Error)> {
    let above = path.ancestors().skip(1).find(|above| above.exists());
    let folder = above.filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let trial = folder.join(format!(".relay-gateway-doctor-{}", std::process::id()));
    let tried = OpenOptions::new().write(true).create_new(true).open(&trial);
    tried.and_then(|_| fs::remove_file(&trial)).map_err(|error| (folder.to_owned(), error))
}
