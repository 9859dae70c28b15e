//! A file that came with a message.

/// A file to fetch, with what is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attachment {
    /// Where it is fetched.
    pub url: String,
    /// image, voice, audio, video or document.
    pub kind: Option<String>,
    /// The media type, such as `image/png`.
    pub mime: Option<String>,
    /// Size in bytes.
    pub size: Option<u64>,
    /// The name that the sender gave the file.
    pub filename: Option<String>,
    /// The file's own caption.
    pub caption: Option<String>,
}

impl From<relay_wire::Attachment<'_>> for Attachment {
    fn from(attachment: relay_wire::Attachment<'_>) -> Self {
        let url = attachment.url.to_owned();
        let Some(media) = attachment.media else { return Self { url, ..Self::default() } };
        let text = |field: &Option<String>| field.as_deref().map(str::to_owned);
        Self {
            url,
            kind: text(&media.kind),
            mime: text(&media.mime),
            size: media.size,
            filename: text(&media.filename),
            caption: text(&media.caption),
        }
    }
}
