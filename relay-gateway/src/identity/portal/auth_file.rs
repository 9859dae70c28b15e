//! `auth.json`: read, and changed in nothing but the tokens.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use relay_auth::{Secret, UnixSeconds};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{iso8601, login_file};
use crate::identity::IdentityError;

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// The file as it stands, and the login in it.
pub(super) struct AuthFile {
    text: Secret,
    /// Where the login stands in the text.
    start: usize,
    end: usize,
    pub(super) login: Login,
}

/// What `providers.nous` holds; blank and of another type count as missing.
#[derive(Debug, Default)]
pub(super) struct Login {
    pub(super) access_token: Option<Secret>,
    pub(super) refresh_token: Option<Secret>,
    pub(super) expires_at: Option<UnixSeconds>,
    pub(super) portal: Option<String>,
    pub(super) client_id: Option<String>,
}

/// What came in exchange for a refresh token.
pub(super) struct Rotation {
    /// The token that is good no more.
    pub(super) spent: Secret,
    pub(super) access_token: Secret,
    /// `None` where the old one stays good.
    pub(super) refresh_token: Option<Secret>,
    pub(super) obtained_at: UnixSeconds,
    /// In seconds.
    pub(super) lifetime: u64,
}

impl AuthFile {
    /// `None` where there is no file, or no login in it.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, IdentityError> {
        let mut bytes = Vec::new();
        match File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(login_file(path, "read", error)),
        }
        let unreadable = |reason: &str| IdentityError::Login {
            path: path.to_owned(),
            reason: format!("{reason}, so the login in it cannot be used; mend the file, or log in again"),
        };
        if bytes.len() as u64 > MAX_BYTES {
            return Err(unreadable("the file is larger than a MiB"));
        }
        let text = String::from_utf8(bytes).map_err(|_| unreadable("the file is not UTF-8"))?;
        Self::parse(text).map_err(|_| unreadable("the file is no JSON with an object `providers`"))
    }

    /// The parser's errors are kept back: they may quote the file.
    fn parse(text: String) -> Result<Option<Self>, serde_json::Error> {
        let document: Entries<'_> = serde_json::from_str(&text)?;
        let Some(providers) = document.get("providers") else { return Ok(None) };
        let providers: Entries<'_> = serde_json::from_str(providers.get())?;
        let Some(nous) = providers.get("nous").filter(|nous| nous.get() != "null") else { return Ok(None) };
        let fields: Entries<'_> = serde_json::from_str(nous.get())?;
        let text_of = |name: &str| {
            let text: String = serde_json::from_str(fields.get(name)?.get()).ok()?;
            Some(text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        let login = Login {
            access_token: text_of("access_token").map(Secret::new),
            refresh_token: text_of("refresh_token").map(Secret::new),
            expires_at: text_of("expires_at").and_then(|text| iso8601::read(&text)),
            portal: text_of("portal_base_url"),
            client_id: text_of("client_id"),
        };
        // The value is a part of the text, so the addresses tell where.
        let start = nous.get().as_ptr() as usize - text.as_ptr() as usize;
        let end = start + nous.get().len();
        Ok(Some(Self { text: Secret::new(text), start, end, login }))
    }

    /// The text with other tokens in it; all else stays byte for byte.
    pub(super) fn with(&self, rotation: &Rotation) -> Secret {
        let text = self.text.expose();
        let ends = rotation.obtained_at.plus(rotation.lifetime);
        let string = |text: &str| Value::String(text.to_owned()).to_string();
        let mut login = text[self.start..self.end].to_owned();
        set(&mut login, "access_token", &string(rotation.access_token.expose()), true);
        if let Some(refresh) = &rotation.refresh_token {
            set(&mut login, "refresh_token", &string(refresh.expose()), true);
        }
        set(&mut login, "expires_at", &string(&iso8601::written(ends)), true);
        // Kept by whoever wrote them, and only there.
        set(&mut login, "obtained_at", &string(&iso8601::written(rotation.obtained_at)), false);
        set(&mut login, "expires_in", &rotation.lifetime.to_string(), false);
        Secret::new(format!("{}{login}{}", &text[..self.start], &text[self.end..]))
    }
}

/// Sets a key of an object that has been parsed: in its place, else at the end where it is `wanted`.
fn set(object: &mut String, key: &str, value: &str, wanted: bool) {
    let entries: Entries<'_> = serde_json::from_str(object).expect("the object was parsed before");
    let base = object.as_ptr() as usize;
    let places: Vec<_> = entries
        .0
        .iter()
        .filter(|(name, _)| name == key)
        .map(|(_, value)| {
            value.get().as_ptr() as usize - base..value.get().as_ptr() as usize - base + value.get().len()
        })
        .collect();
    let is_empty = entries.0.is_empty();
    if places.is_empty() && wanted {
        let inside = object[..object.len() - 1].trim_end().len();
        let comma = if is_empty { "" } else { ", " };
        object.insert_str(inside, &format!("{comma}\"{key}\": {value}"));
    }
    for place in places.into_iter().rev() {
        object.replace_range(place, value);
    }
}

/// The entries of an object in their order, each value as it stands.
struct Entries<'t>(Vec<(String, &'t RawValue)>);

impl<'t> Entries<'t> {
    /// Of several with one name the last counts, as for most readers.
    fn get(&self, name: &str) -> Option<&'t RawValue> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| *value)
    }
}

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use relay_auth::{Secret, UnixSeconds};

    use super::{AuthFile, Rotation};

    fn parsed(text: &str) -> AuthFile {
        AuthFile::parse(text.to_owned()).expect("JSON").expect("a login")
    }

    fn rotation(refresh: Option<&str>) -> Rotation {
        Rotation {
            spent: Secret::new("r1"),
            access_token: Secret::new("a\"2"),
            refresh_token: refresh.map(Secret::new),
            obtained_at: UnixSeconds(0),
            lifetime: 60,
        }
    }

    #[test]
    fn tokens_are_changed_in_their_place_and_nothing_else_is() {
        let text = "{\n  \"version\": 1, \"z\": 1.50,\n  \"providers\": {\"other\": {\"access_token\": \"o\"},\n    \"nous\": {\n      \
                    \"new_key\": [1,  2],\n      \"refresh_token\":\"r1\",\n      \"expires_in\" : 5,\n      \
                    \"access_token\": \"a1\",\n      \"expires_at\": \"2026-01-01T00:00:00Z\"\n    }},\n  \"a\": null\n}\n";
        let expected = text
            .replace("\"r1\"", "\"r2\"")
            .replace(" : 5", " : 60")
            .replace("\"a1\"", "\"a\\\"2\"")
            .replace("2026-01-01T00:00:00Z", "1970-01-01T00:01:00+00:00");
        assert_eq!(parsed(text).with(&rotation(Some("r2"))).expose(), expected);
        let kept = parsed(text).with(&rotation(None));
        assert_eq!(parsed(kept.expose()).login.refresh_token.expect("kept").expose(), "r1");
    }

    #[test]
    fn what_is_missing_is_added_and_what_is_there_twice_is_changed_twice() {
        let text = r#"{"providers":{"nous":{"refresh_token":"r1","access_token":1,"access_token":null}}}"#;
        assert_eq!(
            parsed(text).with(&rotation(Some("r2"))).expose(),
            r#"{"providers":{"nous":{"refresh_token":"r2","access_token":"a\"2","access_token":"a\"2", "expires_at": "1970-01-01T00:01:00+00:00"}}}"#
        );
        let empty = parsed(r#"{"providers":{"nous":{ }}}"#).with(&rotation(None));
        assert_eq!(
            empty.expose(),
            r#"{"providers":{"nous":{"access_token": "a\"2", "expires_at": "1970-01-01T00:01:00+00:00" }}}"#
        );
    }

    #[test]
    fn a_file_without_a_login_has_none_and_one_that_is_no_json_is_a_fault() {
        for text in ["{}", r#"{"providers":{}}"#, r#"{"providers":{"nous":null}}"#] {
            assert!(AuthFile::parse(text.to_owned()).expect("JSON").is_none(), "{text}");
        }
        for text in ["", "[]", "{", r#"{"providers":[]}"#, r#"{"providers":{"nous":"x"}}"#] {
            assert!(AuthFile::parse(text.to_owned()).is_err(), "{text}");
        }
    }
}
