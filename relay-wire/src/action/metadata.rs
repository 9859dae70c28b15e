//! The free-form object of an action, and the keys in it by which a connector finds the tenant.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

const SCOPE: &str = "scope_id";
const SCOPE_OLDER: &str = "guild_id";
const USER: &str = "user_id";
const THREAD: &str = "thread_id";

/// Metadata of an action (contract, Ops): `scope_id` and its older name `guild_id` for a chat within a
/// guild or workspace, `user_id` of the author for a direct message, `thread_id` for a thread. Other keys
/// are kept as they are. Keys are written in their order, whether or not a build keeps that of JSON maps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metadata(BTreeMap<String, Value>);

impl Metadata {
    /// The scope: `scope_id`, else `guild_id`.
    pub fn scope(&self) -> Option<&str> {
        self.text(SCOPE).or_else(|| self.text(SCOPE_OLDER))
    }

    /// Sets the scope under both of its names: deployed connectors read one or the other.
    pub fn set_scope(&mut self, scope: &str) {
        self.set(SCOPE, scope);
        self.set(SCOPE_OLDER, scope);
    }

    /// The author of a direct message.
    pub fn user(&self) -> Option<&str> {
        self.text(USER)
    }

    /// Sets the author of a direct message.
    pub fn set_user(&mut self, user: &str) {
        self.set(USER, user);
    }

    /// The thread.
    pub fn thread(&self) -> Option<&str> {
        self.text(THREAD)
    }

    /// Sets the thread.
    pub fn set_thread(&mut self, thread: &str) {
        self.set(THREAD, thread);
    }

    /// Any key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Sets any key.
    pub fn insert(&mut self, key: impl Into<String>, value: Value) {
        self.0.insert(key.into(), value);
    }

    /// No key at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    fn set(&mut self, key: &str, value: &str) {
        self.0.insert(key.to_owned(), Value::String(value.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::Metadata;

    fn read(json: &str) -> Metadata {
        serde_json::from_str(json).expect("an object")
    }

    #[test]
    fn the_scope_is_read_under_both_names_and_the_newer_one_wins() {
        assert_eq!(read(r#"{"scope_id":"new","guild_id":"old"}"#).scope(), Some("new"));
        assert_eq!(read(r#"{"guild_id":"old"}"#).scope(), Some("old"));
        assert_eq!(read(r#"{"scope_id":"","guild_id":"old"}"#).scope(), Some("old"));
        assert_eq!(read(r#"{"scope_id":7}"#).scope(), None);
    }

    #[test]
    fn the_scope_is_written_under_both_names() {
        let mut metadata = Metadata::default();
        metadata.set_scope("g");
        assert_eq!(
            serde_json::to_string(&metadata).expect("plain data"),
            r#"{"guild_id":"g","scope_id":"g"}"#
        );
    }
}
