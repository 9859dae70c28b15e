//! A file on its way into a chat.

use relay_transport::Outcome;
use relay_wire::{Action, SendMediaAction};
use tracing::warn;

use crate::agent::one_line_of;
use crate::outbox::Outbox;
use crate::{Address, FileSource, MediaUpload, OutputFile};

/// What became of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Filed {
    /// The chat has it.
    Sent,
    /// Nobody knows whether the chat has it.
    InDoubt,
    /// The connector will not have it sent, by any op.
    Declined,
    /// The chat gets this line instead.
    Named(String),
}

/// Sends a file where the platform takes files (`takes`); else its name is what there is.
pub(super) async fn send(
    file: OutputFile,
    takes: bool,
    media: Option<&dyn MediaUpload>,
    outbox: &Outbox,
    address: &Address,
    reply_to: Option<&str>,
) -> Filed {
    if !takes {
        return Filed::Named(line(&file, ""));
    }
    let source_url = match (&file.source, media) {
        (FileSource::Url(url), _) => url.clone(),
        (_, Some(media)) => match media.upload(&file).await {
            Ok(url) => url,
            Err(failure) => {
                warn!(error = %failure, "a file was not sent; the chat gets its name instead");
                return Filed::Named(line(&file, " (it could not be sent)"));
            }
        },
        (_, None) => return Filed::Named(line(&file, "")),
    };
    let action = Action::SendMedia(SendMediaAction {
        chat_id: address.chat_id.clone(),
        media_kind: file.media_kind,
        source_url,
        content: file.caption.clone(),
        reply_to: reply_to.map(str::to_owned),
        filename: name(&file),
        metadata: relay_wire::Metadata::default(),
    });
    loop {
        return match outbox.request(address, action.clone()).await {
            Outcome::Delivered(_) => Filed::Sent,
            Outcome::Unknown => Filed::InDoubt,
            Outcome::Declined(_) => Filed::Declined,
            Outcome::NotSent if outbox.live().await => continue,
            Outcome::Failed(_) | Outcome::NotSent => Filed::Named(line(&file, " (it could not be sent)")),
        };
    }
}

/// The file's name for people, never where it is on this machine.
fn name(file: &OutputFile) -> Option<String> {
    let of_path = match &file.source {
        FileSource::Path(path) => path.file_name().map(|name| name.to_string_lossy().into_owned()),
        FileSource::Bytes(_) | FileSource::Url(_) => None,
    };
    let name = file.name.clone().or(of_path).map(|name| one_line_of(&name, 90));
    name.filter(|name| !name.is_empty())
}

fn line(file: &OutputFile, remark: &str) -> String {
    let name = name(file).unwrap_or_else(|| "a file".to_owned());
    let mut line = format!("\u{1F4CE} {name}{remark}");
    if let FileSource::Url(url) = &file.source {
        line.push_str(": ");
        line.push_str(&one_line_of(url, 2000));
    }
    if !file.caption.trim().is_empty() {
        line.push('\n');
        line.push_str(file.caption.trim());
    }
    line
}

#[cfg(test)]
mod tests {
    use relay_wire::MediaKind;

    use super::line;
    use crate::{FileSource, OutputFile};

    #[test]
    fn a_file_is_named_without_its_place_on_this_machine() {
        let file = OutputFile::new(FileSource::Path("/home/ann/a\nb.png".into()), MediaKind::Image);
        assert_eq!(line(&file, " (x)"), "\u{1F4CE} a b.png (x)");
        let file = OutputFile::new(FileSource::Url("https://x.example/a".into()), MediaKind::Image);
        assert_eq!(line(&file, ""), "\u{1F4CE} a file: https://x.example/a");
    }
}
