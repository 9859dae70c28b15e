//! Lines made fit to be shown: what a key calls secret is replaced.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Number;

const REDACTED: &str = "[redacted]";

/// How much is shown of a line that is not JSON, in characters.
const MAX_NOT_JSON: usize = 200;

/// The line as it may be shown. A line without secrets comes back as it is; what is not JSON is escaped and
/// cut, since nothing in it can be told apart.
pub(crate) fn redacted(line: &str) -> Cow<'_, str> {
    let Ok(mut json) = serde_json::from_str::<Json>(line) else { return Cow::Owned(excerpt(line)) };
    if !json.redact() {
        return Cow::Borrowed(line);
    }
    Cow::Owned(serde_json::to_string(&json).expect("plain data"))
}

fn excerpt(line: &str) -> String {
    let mut shown: String = line.chars().take(MAX_NOT_JSON).flat_map(char::escape_debug).collect();
    if line.chars().nth(MAX_NOT_JSON).is_some() {
        shown.push('…');
    }
    shown
}

/// Whether a key, or the name of a header, announces a secret. `session_key` and the like do not.
fn is_secret(key: &str) -> bool {
    let plain: String = key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    ["secret", "token", "password", "authorization", "cookie", "credential", "deliverykey", "apikey"]
        .iter()
        .any(|word| plain.contains(word))
}

/// JSON in its own order, doubled keys included: `serde_json::Value` would lose both, and with a doubled key
/// the secret under it.
#[derive(Debug)]
enum Json {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Replaces what is secret; whether there was anything.
    fn redact(&mut self) -> bool {
        match self {
            Self::Object(entries) => entries.iter_mut().fold(false, |found, (key, value)| {
                let secret = is_secret(key) && !matches!(value, Self::Null);
                if secret {
                    *value = Self::Text(REDACTED.to_owned());
                }
                value.redact() | secret | found
            }),
            // A header of a forwarded request: `["authorization", "…"]`.
            Self::List(items) => match items.as_mut_slice() {
                [Self::Text(name), value] if is_secret(name) => {
                    *value = Self::Text(REDACTED.to_owned());
                    true
                }
                items => items.iter_mut().fold(false, |found, item| item.redact() | found),
            },
            _ => false,
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson)
    }
}

struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, v: bool) -> Result<Json, E> {
        Ok(Json::Bool(v))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Json, E> {
        Ok(Json::Number(v.into()))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Json, E> {
        Ok(Json::Number(v.into()))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Json, E> {
        Ok(Number::from_f64(v).map_or(Json::Null, Json::Number))
    }

    fn visit_str<E>(self, v: &str) -> Result<Json, E> {
        Ok(Json::Text(v.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Json::Object(entries))
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(v) => serializer.serialize_bool(*v),
            Self::Number(v) => v.serialize(serializer),
            Self::Text(v) => serializer.serialize_str(v),
            Self::List(items) => items.serialize(serializer),
            Self::Object(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn a_line_without_secrets_is_shown_byte_for_byte() {
        for line in [
            r#"{"type":"interrupt","session_key":"agent:main:local:dm:c1","reason":null}"#,
            r#"{ "b":1.50, "a":[true,null,-3], "text":"my token is in here" }"#,
        ] {
            assert_eq!(redacted(line), line);
        }
    }

    #[test]
    fn secrets_are_replaced_whatever_their_nesting_and_spelling() {
        assert_eq!(
            redacted(r#"{"z":1,"deliveryKey":"hunter2","a":[{"x":{"ACCESS_TOKEN":["hunter2"],"y":2}}]}"#),
            r#"{"z":1,"deliveryKey":"[redacted]","a":[{"x":{"ACCESS_TOKEN":"[redacted]","y":2}}]}"#
        );
        assert_eq!(redacted(r#"{"s\u0065cret":"hunter2"}"#), r#"{"secret":"[redacted]"}"#);
        assert_eq!(redacted(r#"{"Client-Secret":{"v":"hunter2"}}"#), r#"{"Client-Secret":"[redacted]"}"#);
    }

    #[test]
    fn a_doubled_key_hides_no_secret() {
        assert_eq!(redacted(r#"{"x":{"token":"hunter2"},"x":1}"#), r#"{"x":{"token":"[redacted]"},"x":1}"#);
    }

    #[test]
    fn headers_of_a_forwarded_request_are_redacted_by_their_name() {
        assert_eq!(
            redacted(r#"{"headers":[["Authorization","Bearer hunter2"],["accept","*/*"]]}"#),
            r#"{"headers":[["Authorization","[redacted]"],["accept","*/*"]]}"#
        );
    }

    #[test]
    fn what_is_not_json_is_escaped_and_cut() {
        assert_eq!(redacted("\u{1b}[2J\r"), "\\u{1b}[2J\\r");
        let shown = redacted(&"x".repeat(10_000)).into_owned();
        assert_eq!(shown, format!("{}…", "x".repeat(200)));
    }
}
