//! A call with a file: `multipart/form-data`, streamed.

use std::io;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt as _};
use serde_json::Value;

/// Parameters, and one file among them.
pub(crate) struct Form {
    boundary: String,
    head: Vec<u8>,
    file: BoxStream<'static, io::Result<Bytes>>,
    size: u64,
    tail: String,
}

impl Form {
    /// A file as a parameter of this name. `unique` is some number that no file is likely to hold.
    pub(crate) fn new(
        unique: u128,
        parameters: &Value,
        name: &str,
        filename: &str,
        content_type: &str,
        file: BoxStream<'static, io::Result<Bytes>>,
        size: u64,
    ) -> Self {
        let boundary = format!("relay-{unique:032x}");
        let part =
            |disposition: &str| format!("--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n");
        let texts = parameters.as_object().into_iter().flatten().map(|(key, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("{}\r\n{text}\r\n", part(&format!("name=\"{key}\"")))
        });
        let filename: String =
            filename.chars().map(|c| if c == '"' || c.is_control() { '_' } else { c }).collect();
        let of_file = part(&format!("name=\"{name}\"; filename=\"{filename}\""));
        let head = texts.collect::<String>() + &of_file + &format!("Content-Type: {content_type}\r\n\r\n");
        let tail = format!("\r\n--{boundary}--\r\n");
        Self { boundary, head: head.into_bytes(), file, size, tail }
    }

    pub(crate) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// All of it, in bytes.
    pub(crate) fn length(&self) -> u64 {
        (self.head.len() + self.tail.len()) as u64 + self.size
    }

    pub(crate) fn into_stream(self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let whole = |bytes: Vec<u8>| stream::once(async move { Ok(Bytes::from(bytes)) });
        whole(self.head).chain(self.file).chain(whole(self.tail.into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::{StreamExt as _, TryStreamExt as _, stream};
    use serde_json::json;

    use super::Form;

    #[tokio::test]
    async fn a_form_is_as_long_as_it_says_and_a_name_cannot_break_out_of_it() {
        let file = stream::iter([Ok(Bytes::from("hel")), Ok(Bytes::from("lo"))]).boxed();
        let parameters = json!({"chat_id": "7", "caption_entities": [{"type": "bold"}]});
        let form = Form::new(1, &parameters, "document", "a\"\r\nX: y", "text/plain", file, 5);
        let length = form.length();
        assert!(form.content_type().ends_with("boundary=relay-00000000000000000000000000000001"));
        let pieces: Vec<Bytes> = form.into_stream().try_collect().await.unwrap();
        let text = String::from_utf8(pieces.concat()).unwrap();
        assert_eq!(text.len() as u64, length);
        assert!(text.contains("name=\"chat_id\"\r\n\r\n7\r\n--relay-"), "{text}");
        assert!(text.contains("name=\"caption_entities\"\r\n\r\n[{\"type\":\"bold\"}]\r\n"), "{text}");
        assert!(
            text.contains("filename=\"a___X: y\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--relay-"),
            "{text}"
        );
    }
}
