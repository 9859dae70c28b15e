//! Can messages be kept until they are done with?

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::outcome::{CheckOutcome, Finding};
use crate::cli::Exit;
use crate::inbox::{InboxChoice, OpenError};

/// What is known of the inbox.
#[derive(Debug)]
pub(crate) enum InboxFound {
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

pub(crate) fn outcome(state: &InboxFound) -> CheckOutcome {
    match state {
        InboxFound::Memory => CheckOutcome::Warned(Finding::new(
            "the inbox is in memory: what was taken and not answered is lost with the process",
            "leave out --inbox memory",
        )),
        InboxFound::InUse { path, pid } => CheckOutcome::Passed(format!(
            "{}, in use by the gateway that runs (process {pid})",
            path.display()
        )),
        InboxFound::Whole(path) => CheckOutcome::Passed(format!("{} is whole", path.display())),
        InboxFound::Creatable(path) => CheckOutcome::Passed(format!("{} will be made", path.display())),
        InboxFound::NotCreatable { folder, error } => CheckOutcome::Failed(
            Finding::new(
                format!("the inbox cannot be made in {} ({error})", folder.display()),
                "make that a folder that can be written, or choose another file with --inbox",
            ),
            Exit::Inbox,
        ),
        InboxFound::Unusable(error) => {
            CheckOutcome::Failed(Finding::new(error.problem(), error.remedy()), Exit::Inbox)
        }
    }
}

/// Looks at an inbox. One that is not there is not made: it would belong to whoever asked for the diagnosis.
pub(crate) fn look(choice: &InboxChoice, running: Option<u32>) -> InboxFound {
    let InboxChoice::File(path) = choice else { return InboxFound::Memory };
    if !path.exists() {
        return match creatable(path) {
            Ok(()) => InboxFound::Creatable(path.clone()),
            Err((folder, error)) => InboxFound::NotCreatable { folder, error },
        };
    }
    match (choice.open(), running) {
        (Ok(_), _) => InboxFound::Whole(path.clone()),
        (Err(OpenError::InUse { path }), Some(pid)) => InboxFound::InUse { path, pid },
        (Err(error), _) => InboxFound::Unusable(error),
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
