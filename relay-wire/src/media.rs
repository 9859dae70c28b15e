//! Files that came with a message.

use serde::{Deserialize, Serialize};

use crate::{Event, tolerant};

/// What the connector knows of one attached file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Media {
    /// The URL in `media_urls` that this describes.
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    pub url: String,
    /// image, voice, audio, video or document.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The media type, such as `image/png`.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
    /// Size in bytes.
    #[serde(deserialize_with = "tolerant::count", skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The name the sender gave the file.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// The file's own caption.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
}

/// A file to fetch, with what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attachment<'e> {
    /// Where it is fetched.
    pub url: &'e str,
    /// Its description, where the connector sent one for this URL.
    pub media: Option<&'e Media>,
}

impl Event {
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
        let event: Event = serde_json::from_str(
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
