//! Where an answer goes, and what the connector needs to find the tenant by.

use std::sync::{Mutex, PoisonError};

use hashlink::LruCache;
use relay_wire::{Action, ChatType, Event, Identity};

/// A chat to write into.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Address {
    /// The chat's platform.
    pub platform: String,
    /// The chat.
    pub chat_id: String,
    /// The thread within it.
    pub thread_id: Option<String>,
    /// The guild or workspace around it.
    pub scope: Option<String>,
    /// The author, for a direct message.
    pub user: Option<String>,
    /// The bot that fronts the platform here; may be empty.
    pub bot_id: String,
}

impl Address {
    /// Attaches to an action what the connector needs; what its maker set stays.
    pub fn attach(&self, action: &mut Action) {
        let Some(metadata) = action.metadata_mut() else { return };
        match &self.scope {
            Some(scope) if metadata.scope().is_none() => metadata.set_scope(scope),
            _ => {}
        }
        match &self.user {
            Some(user) if metadata.user().is_none() => metadata.set_user(user),
            _ => {}
        }
        match &self.thread_id {
            Some(thread) if metadata.thread().is_none() => metadata.set_thread(thread),
            _ => {}
        }
    }

    /// The identity to act through.
    pub fn identity(&self) -> Identity {
        Identity { platform: self.platform.clone(), bot_id: self.bot_id.clone() }
    }
}

/// What chats said of themselves, by platform and chat: two platforms may use the same chat id.
#[derive(Debug)]
pub(crate) struct ChatMemory {
    identities: Vec<Identity>,
    chats: Mutex<LruCache<(String, String), Remembered>>,
}

#[derive(Clone, Debug, Default)]
struct Remembered {
    scope: Option<String>,
    user: Option<String>,
}

impl ChatMemory {
    pub(crate) fn new(identities: Vec<Identity>, capacity: usize) -> Self {
        Self { identities, chats: Mutex::new(LruCache::new(capacity.max(1))) }
    }

    /// Learns from a message and answers where its answer goes. What the message leaves out is taken from
    /// the chat's earlier ones.
    pub(crate) fn learn(&self, event: &Event) -> Address {
        let source = &event.source;
        let key = (source.platform.clone(), source.chat_id.clone());
        let is_dm = source.chat_type == ChatType::Dm;
        let author = source.user_id.as_deref().filter(|id| is_dm && !id.is_empty());

        let mut chats = self.chats.lock().unwrap_or_else(PoisonError::into_inner);
        let known = chats.entry(key.clone()).or_insert_with(Remembered::default);
        keep_latest(&mut known.scope, source.scope());
        keep_latest(&mut known.user, author);
        let known = known.clone();
        drop(chats);

        let (platform, chat_id) = key;
        let bot_id = self.bot_of(&platform);
        let thread_id = source.thread_id.as_deref().filter(|id| !id.is_empty()).map(str::to_owned);
        Address { platform, chat_id, thread_id, scope: known.scope, user: known.user, bot_id }
    }

    fn bot_of(&self, platform: &str) -> String {
        self.identities
            .iter()
            .find(|identity| identity.platform == platform)
            .map(|identity| identity.bot_id.clone())
            .unwrap_or_default()
    }
}

/// What is left out stays as it was.
fn keep_latest(known: &mut Option<String>, latest: Option<&str>) {
    if let Some(latest) = latest
        && known.as_deref() != Some(latest)
    {
        *known = Some(latest.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use relay_wire::{Action, Event, GetChatInfoAction, Identity, Metadata, SendAction};

    use super::ChatMemory;

    fn memory(capacity: usize) -> ChatMemory {
        ChatMemory::new(vec![Identity { platform: "discord".into(), bot_id: "B1".into() }], capacity)
    }

    fn event(source: &str) -> Event {
        Event { source: serde_json::from_str(source).expect("a source"), ..Event::default() }
    }

    fn metadata_of(memory: &ChatMemory, source: &str, given: &str) -> String {
        let metadata: Metadata = serde_json::from_str(given).expect("an object");
        let mut action = Action::Send(SendAction { metadata, ..SendAction::default() });
        memory.learn(&event(source)).attach(&mut action);
        serde_json::to_string(action.metadata_mut().expect("send has metadata")).expect("plain data")
    }

    #[test]
    fn a_scoped_chat_is_answered_with_its_scope_under_both_names_also_when_a_later_message_omits_it() {
        let memory = memory(8);
        let first =
            r#"{"platform":"discord","chat_id":"c","chat_type":"channel","guild_id":"g","user_id":"u"}"#;
        assert_eq!(metadata_of(&memory, first, "{}"), r#"{"guild_id":"g","scope_id":"g"}"#);
        let later = r#"{"platform":"discord","chat_id":"c","chat_type":"channel","thread_id":"t"}"#;
        assert_eq!(metadata_of(&memory, later, "{}"), r#"{"guild_id":"g","scope_id":"g","thread_id":"t"}"#);
        let elsewhere = r#"{"platform":"slack","chat_id":"c","chat_type":"channel"}"#;
        assert_eq!(
            metadata_of(&memory, elsewhere, "{}"),
            "{}",
            "the same id on another platform is another chat"
        );
    }

    #[test]
    fn a_direct_message_is_answered_with_its_author_and_a_group_is_not() {
        let memory = memory(8);
        let dm = r#"{"platform":"telegram","chat_id":"c","chat_type":"dm","user_id":"u"}"#;
        assert_eq!(metadata_of(&memory, dm, "{}"), r#"{"user_id":"u"}"#);
        let group = r#"{"platform":"telegram","chat_id":"g","chat_type":"group","user_id":"u"}"#;
        assert_eq!(metadata_of(&memory, group, "{}"), "{}");
    }

    #[test]
    fn what_the_caller_set_is_never_overwritten() {
        let source = r#"{"platform":"discord","chat_id":"c","scope_id":"g","user_id":"u","thread_id":"t"}"#;
        let given = r#"{"guild_id":"mine","thread_id":"mine","user_id":"mine"}"#;
        assert_eq!(
            metadata_of(&memory(8), source, given),
            r#"{"guild_id":"mine","thread_id":"mine","user_id":"mine"}"#
        );
    }

    #[test]
    fn the_memory_is_bounded_and_the_bot_comes_from_the_fronted_identity() {
        let memory = memory(1);
        let address = memory.learn(&event(r#"{"platform":"discord","chat_id":"a","scope_id":"g"}"#));
        assert_eq!(address.identity(), Identity { platform: "discord".into(), bot_id: "B1".into() });
        memory.learn(&event(r#"{"platform":"sms","chat_id":"b"}"#));
        assert_eq!(memory.learn(&event(r#"{"platform":"discord","chat_id":"a"}"#)).scope, None, "forgotten");
        address.attach(&mut Action::GetChatInfo(GetChatInfoAction::default()));
    }
}
