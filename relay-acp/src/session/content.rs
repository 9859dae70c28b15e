//! Content of the protocol as what a chat shows.

use std::path::PathBuf;

use agent_client_protocol_schema::v1::{
    ContentBlock, EmbeddedResourceResource, Notice, Plan, PlanEntryStatus, ResourceLink,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use relay_adapter::{FileSource, OutputFile, PlanEntry, ToolState};
use relay_wire::MediaKind;

/// Entries of a plan that are shown.
const ENTRIES: usize = 50;

/// Characters of one of them.
const ENTRY: usize = 200;

/// Characters of a notice.
const NOTICE: usize = 500;

/// What a piece of an answer is for a chat.
pub(crate) enum Shown {
    Text(String),
    File(Box<OutputFile>),
    Nothing,
}

/// A piece of an answer. Text is text; what cannot be sent is named.
pub(crate) fn shown(content: ContentBlock) -> Shown {
    match content {
        ContentBlock::Text(text) => Shown::Text(text.text),
        ContentBlock::Image(image) => file(&image.data, &image.mime_type, MediaKind::Image),
        ContentBlock::Audio(audio) => file(&audio.data, &audio.mime_type, MediaKind::Audio),
        ContentBlock::ResourceLink(link) => linked(link),
        ContentBlock::Resource(resource) => match resource.resource {
            EmbeddedResourceResource::TextResourceContents(text) => Shown::Text(text.text),
            EmbeddedResourceResource::BlobResourceContents(blob) => {
                let mime = blob.mime_type.as_deref().unwrap_or("application/octet-stream");
                file(&blob.blob, mime, MediaKind::Document)
            }
            _ => Shown::Nothing,
        },
        _ => Shown::Nothing,
    }
}

fn file(data: &str, mime: &str, kind: MediaKind) -> Shown {
    let Ok(bytes) = STANDARD.decode(data) else { return Shown::Nothing };
    let mut file = OutputFile::new(FileSource::Bytes(bytes), kind);
    file.mime = Some(mime.to_owned());
    Shown::File(Box::new(file))
}

fn linked(link: ResourceLink) -> Shown {
    let source = match link.uri.strip_prefix("file://") {
        Some(path) => FileSource::Path(PathBuf::from(path)),
        None => return Shown::Text(format!("{}: {}", link.name, link.uri)),
    };
    let mut file = OutputFile::new(source, MediaKind::Document);
    file.name = Some(link.name);
    file.mime = link.mime_type;
    Shown::File(Box::new(file))
}

/// Bytes that a file holds in memory.
pub(crate) fn bytes_of(file: &OutputFile) -> usize {
    match &file.source {
        FileSource::Bytes(bytes) => bytes.len(),
        _ => 0,
    }
}

/// The entries of a plan.
pub(crate) fn plan(plan: Plan) -> Vec<PlanEntry> {
    let entries = plan.entries.into_iter().take(ENTRIES);
    entries
        .map(|entry| {
            PlanEntry::new(
                line(&entry.content, ENTRY),
                match entry.status {
                    PlanEntryStatus::InProgress => ToolState::Running,
                    PlanEntryStatus::Completed => ToolState::Done,
                    _ => ToolState::Pending,
                },
            )
        })
        .collect()
}

/// A notice on one line.
pub(crate) fn notice(notice: &Notice) -> String {
    match notice.description.as_deref().filter(|text| !text.trim().is_empty()) {
        Some(description) => line(&format!("{}: {description}", notice.title), NOTICE),
        None => line(&notice.title, NOTICE),
    }
}

/// A text on one line, of at most so many characters.
pub(crate) fn line(text: &str, most: usize) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let mut kept: String = line.chars().take(most - 1).collect();
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use agent_client_protocol_schema::v1::ContentBlock;
    use relay_adapter::FileSource;

    use super::{Shown, line, shown};

    fn content(json: &str) -> Shown {
        shown(serde_json::from_str::<ContentBlock>(json).expect("it parses"))
    }

    #[test]
    fn an_image_is_a_file() {
        let Shown::File(file) = content(r#"{"type":"image","mimeType":"image/png","data":"aGk="}"#) else {
            panic!("a file")
        };
        assert_eq!(
            (file.source, file.mime.as_deref()),
            (FileSource::Bytes(b"hi".to_vec()), Some("image/png"))
        );
        assert!(matches!(content(r#"{"type":"image","mimeType":"image/png","data":"%"}"#), Shown::Nothing));
    }

    #[test]
    fn a_link_is_a_file_of_this_machine_or_its_address() {
        assert!(matches!(
            content(r#"{"type":"resource_link","name":"a.txt","uri":"file:///w/a.txt"}"#),
            Shown::File(file) if file.source == FileSource::Path("/w/a.txt".into())
        ));
        assert!(matches!(
            content(r#"{"type":"resource_link","name":"docs","uri":"https://x.example/"}"#),
            Shown::Text(text) if text == "docs: https://x.example/"
        ));
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(line(" a\n\tb\u{7} c ", 10), "a b c");
        assert_eq!(line("abcdef", 4), "abc…");
    }
}
