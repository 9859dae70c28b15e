//! Files that came with a message.

use serde::{Deserialize, Serialize};

use crate::text::{owned, owned_opt};
use crate::{Event, Text, tolerant};

/// What the connector knows of one attached file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Media<'a> {
    /// The URL in `media_urls` that this describes.
    #[serde(borrow, deserialize_with = "tolerant::text_or_empty")]
    pub url: Text<'a>,
    /// image, voice, audio, video or document.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Text<'a>>,
    /// The media type, such as `image/png`.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub mime: Option<Text<'a>>,
    /// Size in bytes.
    #[serde(deserialize_with = "tolerant::count", skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The name the sender gave the file.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub filename: Option<Text<'a>>,
    /// The file's own caption.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub caption: Option<Text<'a>>,
}

impl Media<'_> {
    /// Detaches the value from the line it was read from.
    pub fn into_owned(self) -> Media<'static> {
        Media {
            url: owned(self.url),
            kind: owned_opt(self.kind),
            mime: owned_opt(self.mime),
            size: self.size,
            filename: owned_opt(self.filename),
            caption: owned_opt(self.caption),
        }
    }
}

/// A file to fetch, with what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attachment<'e> {
    /// Where it is fetched.
    pub url: &'e str,
    /// Its description, where the connector sent one for this URL.
    pub media: Option<&'e Media<'e>>,
}

impl Event<'_> {
    /// The attached files in order, each paired with its description **by URL**: the two lists may differ
    /// in length and order, so pairing by position would describe the wrong file.
    pub fn attachments(&self) -> impl Iterator<Item = Attachment<'_>> {
        self.media_urls
            .iter()
            .map(|url| Attachment { url, media: self.media.iter().find(|media| media.url == *url) })
    }
}

#[cfg(test)]
mod tests {
    use crate::Event;

    #[test]
    fn files_are_paired_with_their_description_by_url_not_by_position() {
        let event: Event<'_> = serde_json::from_str(
            r#"{"media_urls":["u1","u2","u3"],
                "media":[{"url":"u3","mime":"image/png","size":7},"junk",{"url":"u1","filename":"a.txt","size":-1}]}"#,
        )
        .expect("the event decodes");
        let pairs: Vec<_> = event.attachments().collect();
        assert_eq!(pairs[0].media.and_then(|media| media.filename.as_deref()), Some("a.txt"));
        assert_eq!(pairs[0].media.and_then(|media| media.size), None, "a size is never negative");
        assert_eq!((pairs[1].url, pairs[1].media), ("u2", None));
        assert_eq!(pairs[2].media.and_then(|media| media.mime.as_deref()), Some("image/png"));
    }
}
