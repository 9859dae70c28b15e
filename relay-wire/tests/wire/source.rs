//! Where a message came from: its ids, its scope and its author's name.

use relay_wire::{ConnectorFrame, Source};

use super::read_connector;

#[test]
fn an_id_that_lost_its_quotes_reads_as_its_digits() {
    let line = r#"{"type":"inbound","event":{"source":{"chat_id":-1001234567890,"user_id":18446744073709551615}},"bufferId":7}"#;
    let Ok(ConnectorFrame::Inbound(inbound)) = read_connector(line) else { panic!("{line} is inbound") };
    assert_eq!(inbound.event.source.chat_id, "-1001234567890");
    assert_eq!(inbound.event.source.user_id.as_deref(), Some("18446744073709551615"));
    assert_eq!(inbound.buffer_id.as_ref().map(relay_wire::BufferId::as_str), Some("7"));
}

#[test]
fn the_scope_is_read_under_its_older_name_and_the_newer_one_wins() {
    let scope = |json: &str| {
        let source: Source = serde_json::from_str(json).expect("a source tolerates everything");
        source.scope().map(str::to_owned)
    };
    assert_eq!(scope(r#"{"guild_id":"old"}"#).as_deref(), Some("old"));
    assert_eq!(scope(r#"{"guild_id":"old","scope_id":"new"}"#).as_deref(), Some("new"));
    assert_eq!(scope(r#"{"scope_id":"","guild_id":"old"}"#).as_deref(), Some("old"));
    assert_eq!(scope(r#"{"scope_id":null,"guild_id":"old"}"#).as_deref(), Some("old"));
    assert_eq!(scope(r#"{"scope_id":"","guild_id":""}"#), None);
}

#[test]
fn the_authors_name_is_the_display_name_then_the_name_then_the_handle() {
    let name = |json: &str| {
        let source: Source = serde_json::from_str(json).expect("a source tolerates everything");
        source.display_name().map(str::to_owned)
    };
    let all = r#"{"user_handle":"@a","user_name":"ann","user_display_name":"Ann"}"#;
    assert_eq!(name(all).as_deref(), Some("Ann"));
    assert_eq!(
        name(r#"{"user_handle":"@a","user_name":"ann","user_display_name":""}"#).as_deref(),
        Some("ann")
    );
    assert_eq!(name(r#"{"user_handle":"@a","user_name":null}"#).as_deref(), Some("@a"));
    assert_eq!(name("{}"), None);
}
