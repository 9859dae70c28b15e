//! The folder that a session works in. Each has its own, since agents tell sessions apart by it.

use std::fs;
use std::io;
use std::io::Read as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use relay_adapter::{AgentError, AgentErrorKind, ConversationId, FileSource, OutputFile};

use super::content::line;

use crate::settings::AcpSettings;

/// How often a conversation may be begun anew before its folders are used again.
const GENERATIONS: u32 = 10_000;

/// The largest file that is read for another account, in bytes: as much as a gateway sends.
const LARGEST: u64 = 25 << 20;

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
    // What people let an agent do in one chat is nobody else's to read.
    let make = || fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    match &settings.account {
        // By its own rights: a link that it has put there leads nowhere where it may not write itself.
        Some(account) => account.act(make),
        None => make(),
    }
}

/// A file that an agent wants to send, where it is one of the folder that its session works in; else what the chat is
/// told. The gateway may read what the agent may not, and nobody was asked whether this file may be read.
pub(crate) fn within(
    settings: &AcpSettings,
    folder: &Path,
    mut file: OutputFile,
) -> Result<OutputFile, String> {
    let FileSource::Path(path) = &file.source else { return Ok(file) };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = line(file.name.as_deref().unwrap_or(&name), 90);
    let real = fs::canonicalize(path).ok().filter(|real| real.is_file());
    let folder = fs::canonicalize(folder).ok();
    match (real, folder) {
        (Some(real), Some(folder)) if real.starts_with(&folder) => {
            file.source = match &settings.account {
                None => FileSource::Path(real),
                // The file may be another one by the time that it is sent; only what the account may read is read.
                Some(account) => FileSource::Bytes(account.act(|| read(&real)).map_err(|error| {
                    format!("The agent wanted to send {name}, which cannot be read ({}).", error.kind())
                })?),
            };
            Ok(file)
        }
        _ => {
            Err(format!("The agent wanted to send {name}, which is no file of the folder that it works in."))
        }
    }
}

/// Reads a file that is not too large to be sent.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// Makes the folder that holds the folders of sessions, which a process starts in.
pub(crate) fn root(settings: &AcpSettings) -> Result<(), AgentError> {
    usable(settings, settings.cwd.as_ref().unwrap_or(&settings.folders)).map(drop)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown, symlink};

    use relay_adapter::{ConversationId, FileSource, OutputFile};
    use relay_wire::MediaKind;

    use super::{fresh, within};
    use crate::process::Account;
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
        let settings = AcpSettings::new("a", vec!["a".into()], root.path());
        let sent = |path: &str| {
            let source = FileSource::Path(folder.join(path));
            within(&settings, &folder, OutputFile::new(source, MediaKind::Document))
        };
        let real = folder.join("mine.txt").canonicalize().expect("there");
        assert_eq!(sent("mine.txt").map(|file| file.source), Ok(FileSource::Path(real)));
        for path in ["../theirs.txt", "link.txt", "gone.txt", ".", "/etc/hostname"] {
            let notice = sent(path).expect_err("not of this folder");
            assert!(notice.starts_with("The agent wanted to send ") && !notice.contains('/'), "{notice}");
        }
        let bytes = OutputFile::new(FileSource::Bytes(vec![1]), MediaKind::Image);
        assert_eq!(within(&settings, &folder, bytes.clone()), Ok(bytes));
    }

    #[test]
    fn a_folder_of_another_account_is_its_own_and_made_by_its_own_rights() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let account = Account::find("nobody").expect("there is one").expect("it is not root");
        let root = tempfile::tempdir().expect("a folder");
        let theirs = root.path().join("theirs");
        std::fs::create_dir(&theirs).expect("made");
        chown(root.path(), Some(account.user()), Some(account.group())).expect("root may");
        chown(&theirs, Some(account.user()), Some(account.group())).expect("root may");
        let user = account.user();
        let mut settings = AcpSettings::new("a", vec!["a".into()], theirs.join("agents"));
        settings.account = Some(account);
        let conversation = ConversationId::of(&"agent:main:x:dm:1".parse().unwrap());
        let folder = fresh(&settings, &conversation, false).expect("made");
        let metadata = folder.metadata().expect("there");
        assert_eq!((metadata.uid(), metadata.mode() & 0o777), (user, 0o700));

        // A link that the agent has put there opens nothing of the gateway's.
        let ours = root.path().join("ours");
        std::fs::DirBuilder::new().mode(0o700).create(&ours).expect("made");
        symlink(&ours, theirs.join("link")).expect("linked");
        settings.folders = theirs.join("link");
        let refused = fresh(&settings, &conversation, false).expect_err("it may not write there");
        assert!(refused.detail.contains("ermission denied"), "{refused}");
        assert_eq!(ours.metadata().expect("there").uid(), 0);

        std::fs::write(folder.join("own.txt"), "x").expect("written");
        let source = |name: &str| OutputFile::new(FileSource::Path(folder.join(name)), MediaKind::Document);
        let sent = within(&settings, &folder, source("own.txt")).map(|file| file.source);
        assert_eq!(sent, Ok(FileSource::Bytes(b"x".to_vec())));
        let secret = folder.join("secret.txt");
        std::fs::write(&secret, "x").expect("written");
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).expect("root may");
        let refused = within(&settings, &folder, source("secret.txt")).expect_err("it may not read that");
        assert_eq!(refused, "The agent wanted to send secret.txt, which cannot be read (permission denied).");
    }
}
