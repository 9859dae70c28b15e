//! The folder that a session works in. Each has its own, since agents tell sessions apart by it.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, chown};
use std::path::{Path, PathBuf};

use relay_adapter::{AgentError, AgentErrorKind, ConversationId, FileSource, OutputFile};

use super::content::line;

use crate::settings::AcpSettings;

/// How often a conversation may be begun anew before its folders are used again.
const GENERATIONS: u32 = 10_000;

/// The folder of a conversation's next session: the configured one, or one that no earlier session has had.
pub(crate) fn fresh(
    settings: &AcpSettings,
    conversation: &ConversationId,
    anew: bool,
) -> Result<PathBuf, AgentError> {
    if let Some(cwd) = &settings.cwd {
        return usable(settings, cwd);
    }
    let first = settings.folders.join(conversation.as_str());
    if !anew || !first.exists() {
        return usable(settings, &first);
    }
    let next = (2..GENERATIONS).map(|number| settings.folders.join(format!("{conversation}.{number}")));
    let next = next.into_iter().find(|folder| !folder.exists()).unwrap_or(first);
    usable(settings, &next)
}

/// The folder of a session that is taken up.
pub(crate) fn again(settings: &AcpSettings, cwd: &str) -> Result<PathBuf, AgentError> {
    usable(settings, Path::new(cwd))
}

/// The folder of a session that only shows what the agent can do.
pub(crate) fn probe(settings: &AcpSettings) -> Result<PathBuf, AgentError> {
    match &settings.cwd {
        Some(cwd) => usable(settings, cwd),
        None => usable(settings, &settings.folders.join("probe")),
    }
}

fn usable(settings: &AcpSettings, folder: &Path) -> Result<PathBuf, AgentError> {
    make(settings, folder).map_err(|error| {
        let detail =
            format!("cannot make the folder {}: {error}; mend its rights or set `cwd`", folder.display());
        AgentError::new(AgentErrorKind::Unavailable, detail)
    })?;
    Ok(folder.to_owned())
}

fn make(settings: &AcpSettings, folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    // What people let an agent do in one chat is nobody else's to read.
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    if let Some(account) = &settings.account {
        chown(folder, Some(account.user()), Some(account.group()))?;
    }
    Ok(())
}

/// A file that an agent wants to send, where it is one of the folder that its session works in; else what the chat is
/// told. The gateway may read what the agent may not, and nobody was asked whether this file may be read.
pub(crate) fn within(folder: &Path, mut file: OutputFile) -> Result<OutputFile, String> {
    let FileSource::Path(path) = &file.source else { return Ok(file) };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = line(file.name.as_deref().unwrap_or(&name), 90);
    let real = fs::canonicalize(path).ok().filter(|real| real.is_file());
    let folder = fs::canonicalize(folder).ok();
    match (real, folder) {
        (Some(real), Some(folder)) if real.starts_with(&folder) => {
            file.source = FileSource::Path(real);
            Ok(file)
        }
        _ => {
            Err(format!("The agent wanted to send {name}, which is no file of the folder that it works in."))
        }
    }
}

/// Makes the folder that holds the folders of sessions, which a process starts in.
pub(crate) fn root(settings: &AcpSettings) -> Result<(), AgentError> {
    usable(settings, settings.cwd.as_ref().unwrap_or(&settings.folders)).map(drop)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use relay_adapter::{ConversationId, FileSource, OutputFile};
    use relay_wire::MediaKind;

    use super::{fresh, within};
    use crate::settings::AcpSettings;

    #[test]
    fn each_session_has_a_folder_of_its_own_and_so_has_the_one_after_it() {
        let root = tempfile::tempdir().expect("a folder");
        let settings = AcpSettings::new("a", vec!["a".into()], root.path());
        let [one, two] =
            ["agent:main:x:dm:1", "agent:main:x:dm:2"].map(|key| ConversationId::of(&key.parse().unwrap()));
        let first = fresh(&settings, &one, false).expect("made");
        assert!(first.is_dir());
        assert_eq!(fresh(&settings, &one, false).expect("made"), first);
        assert_ne!(fresh(&settings, &two, false).expect("made"), first);
        let second = fresh(&settings, &one, true).expect("made");
        assert_eq!(second.to_string_lossy(), format!("{}.2", first.display()));
        assert_ne!(fresh(&settings, &one, true).expect("made"), second);
    }

    #[test]
    fn a_configured_folder_is_everybodys() {
        let root = tempfile::tempdir().expect("a folder");
        let cwd = Some(root.path().join("work"));
        let settings =
            AcpSettings { cwd: cwd.clone(), ..AcpSettings::new("a", vec!["a".into()], "/nowhere") };
        let conversation = ConversationId::of(&"agent:main:x:dm:1".parse().unwrap());
        assert_eq!(Some(fresh(&settings, &conversation, true).expect("made")), cwd);
    }

    #[test]
    fn a_file_is_sent_out_of_the_sessions_own_folder_alone() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("work");
        std::fs::create_dir(&folder).expect("made");
        for name in ["work/mine.txt", "theirs.txt"] {
            std::fs::write(root.path().join(name), "x").expect("written");
        }
        symlink(root.path().join("theirs.txt"), folder.join("link.txt")).expect("linked");
        let sent = |path: &str| {
            let source = FileSource::Path(folder.join(path));
            within(&folder, OutputFile::new(source, MediaKind::Document))
        };
        let real = folder.join("mine.txt").canonicalize().expect("there");
        assert_eq!(sent("mine.txt").map(|file| file.source), Ok(FileSource::Path(real)));
        for path in ["../theirs.txt", "link.txt", "gone.txt", ".", "/etc/hostname"] {
            let notice = sent(path).expect_err("not of this folder");
            assert!(notice.starts_with("The agent wanted to send ") && !notice.contains('/'), "{notice}");
        }
        let bytes = OutputFile::new(FileSource::Bytes(vec![1]), MediaKind::Image);
        assert_eq!(within(&folder, bytes.clone()), Ok(bytes));
    }
}
