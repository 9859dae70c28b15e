//! All local chats, and what an action does to one of them.

use std::collections::HashMap;

use relay_wire::{
    Action, ActionResult, ChatInfo, ChatType, DeleteAction, EditAction, LenUnit, Op, SendAction,
};

use super::chat::{Author, Chat, ChatMessage};
use super::update::{ChatUpdate, ChatUpdateKind};

/// The longest message, in characters.
pub(super) const MAX_MESSAGE: usize = 4096;

/// The ops that are performed, and no other.
pub(super) const OPS: [Op; 5] = [Op::Send, Op::Edit, Op::Delete, Op::Typing, Op::GetChatInfo];

type Outcome = Result<(ActionResult, Option<ChatUpdateKind>), Refusal>;

pub(super) struct Chats {
    /// Only the person at this machine makes chats, so an agent cannot fill the memory with them.
    chats: HashMap<String, Chat>,
    /// Numbers messages across chats.
    next_message: u64,
}

impl Default for Chats {
    fn default() -> Self {
        Self { chats: HashMap::new(), next_message: 1 }
    }
}

impl Chats {
    pub(super) fn number_from(&mut self, first: u64) {
        self.next_message = first;
    }

    pub(super) fn open(&mut self, chat_id: &str) {
        self.chats.entry(chat_id.to_owned()).or_default();
    }

    pub(super) fn messages(&self, chat_id: &str) -> Vec<ChatMessage> {
        self.chats.get(chat_id).map(|chat| chat.messages().cloned().collect()).unwrap_or_default()
    }

    /// Posts what the person said, and returns its id.
    pub(super) fn say(&mut self, chat_id: &str, text: &str) -> String {
        self.open(chat_id);
        self.post(chat_id, Author::Person, None, text.to_owned())
    }

    /// Performs an agent's action: its result, and what there is to show.
    pub(super) fn perform(&mut self, action: Action) -> (ActionResult, Option<ChatUpdate>) {
        let Some(chat_id) = action.chat_id().map(str::to_owned) else { return (UNSUPPORTED.into(), None) };
        if !self.chats.contains_key(&chat_id) {
            return (UNKNOWN_CHAT.into(), None);
        }
        let outcome = match action {
            Action::Send(send) => self.send(&chat_id, send),
            Action::Edit(edit) => self.edit(&chat_id, edit),
            Action::Delete(delete) => self.delete(&chat_id, delete),
            Action::Typing(typing) => {
                let shows = typing.content.is_none_or(|content| !content.is_empty());
                Ok((ActionResult::done(), Some(ChatUpdateKind::Typing(shows))))
            }
            Action::GetChatInfo(_) => {
                let name = chat_id.clone();
                let chat_info = Some(ChatInfo { name, kind: ChatType::Dm.as_str().into() });
                Ok((ActionResult { chat_info, ..ActionResult::done() }, None))
            }
            _ => Err(UNSUPPORTED),
        };
        match outcome {
            Ok((result, kind)) => (result, kind.map(|kind| ChatUpdate { chat_id, kind })),
            Err(refusal) => (refusal.into(), None),
        }
    }

    fn send(&mut self, chat_id: &str, send: SendAction) -> Outcome {
        fits(&send.content)?;
        let (text, reply_to) = (send.content, send.reply_to);
        let message_id = self.post(chat_id, Author::Agent, reply_to.clone(), text.clone());
        let result = ActionResult::delivered(message_id.clone());
        Ok((result, Some(ChatUpdateKind::Posted { message_id, reply_to, content: text })))
    }

    fn edit(&mut self, chat_id: &str, edit: EditAction) -> Outcome {
        fits(&edit.content)?;
        let (message_id, content) = (edit.message_id, edit.content);
        let edited = self.chats.get_mut(chat_id).is_some_and(|chat| chat.edit(&message_id, &content));
        if !edited {
            return Err(UNKNOWN_MESSAGE);
        }
        let result = ActionResult::delivered(message_id.clone());
        Ok((result, Some(ChatUpdateKind::Edited { message_id, content })))
    }

    fn delete(&mut self, chat_id: &str, delete: DeleteAction) -> Outcome {
        let message_id = delete.message_id;
        let deleted = self.chats.get_mut(chat_id).is_some_and(|chat| chat.delete(&message_id));
        if !deleted {
            return Err(UNKNOWN_MESSAGE);
        }
        Ok((ActionResult::done(), Some(ChatUpdateKind::Deleted { message_id })))
    }

    fn post(&mut self, chat_id: &str, author: Author, reply_to: Option<String>, content: String) -> String {
        let message_id = format!("m{}", self.next_message);
        self.next_message += 1;
        if let Some(chat) = self.chats.get_mut(chat_id) {
            chat.post(ChatMessage { message_id: message_id.clone(), author, reply_to, content });
        }
        message_id
    }
}

/// Why an action is not performed: for programs, and for people.
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) error: &'static str,
}

impl From<Refusal> for ActionResult {
    fn from(Refusal { code, error }: Refusal) -> Self {
        Self { code: Some(code.into()), ..Self::failed(error) }
    }
}

const UNSUPPORTED: Refusal = Refusal { code: "unsupported_op", error: "the local chats perform no such op" };
const UNKNOWN_CHAT: Refusal =
    Refusal { code: "unknown_chat", error: "there is no such chat here; answer one that was written in" };
const UNKNOWN_MESSAGE: Refusal =
    Refusal { code: "unknown_message", error: "there is no such message of an agent in this chat" };
const EMPTY_MESSAGE: Refusal = Refusal { code: "empty_message", error: "a message needs some text" };
const TOO_LONG: Refusal =
    Refusal { code: "message_too_long", error: "the message is longer than the descriptor allows; split it" };

fn fits(content: &str) -> Result<(), Refusal> {
    if content.trim().is_empty() {
        return Err(EMPTY_MESSAGE);
    }
    if LenUnit::Chars.len(content) > MAX_MESSAGE {
        return Err(TOO_LONG);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use relay_wire::{
        Action, ActionResult, EditAction, GetChatInfoAction, ReactAction, SendAction, TypingAction,
    };

    use super::{ChatUpdate, ChatUpdateKind, Chats};

    fn chats() -> Chats {
        let mut chats = Chats::default();
        assert_eq!(chats.say("c", "hello"), "m1");
        chats
    }

    fn send(chat: &'static str, content: &str) -> Action {
        let content = content.to_owned();
        Action::Send(SendAction { chat_id: chat.into(), content, ..SendAction::default() })
    }

    fn edit(message: &'static str, content: &'static str) -> Action {
        let (chat_id, message_id, content) = ("c".into(), message.into(), content.into());
        Action::Edit(EditAction { chat_id, message_id, content, ..EditAction::default() })
    }

    fn code(result: &ActionResult) -> Option<String> {
        assert!(!result.success);
        result.code.as_deref().map(str::to_owned)
    }

    #[test]
    fn a_message_is_posted_and_edited_under_its_id() {
        let mut chats = chats();
        let (result, update) = chats.perform(send("c", "hi"));
        assert_eq!(result, ActionResult::delivered("m2"));
        let posted = ChatUpdateKind::Posted { message_id: "m2".into(), reply_to: None, content: "hi".into() };
        assert_eq!(update, Some(ChatUpdate { chat_id: "c".into(), kind: posted }));

        let (result, update) = chats.perform(edit("m2", "hi there"));
        assert_eq!(result, ActionResult::delivered("m2"));
        let edited = ChatUpdateKind::Edited { message_id: "m2".into(), content: "hi there".into() };
        assert_eq!(update, Some(ChatUpdate { chat_id: "c".into(), kind: edited }));
        assert_eq!(chats.messages("c")[1].content, "hi there");
    }

    #[test]
    fn an_empty_content_clears_typing_and_an_absent_one_shows_it() {
        let mut chats = chats();
        for (content, shows) in [(None, true), (Some(String::new()), false)] {
            let typing = TypingAction { chat_id: "c".into(), content, ..TypingAction::default() };
            let update = chats.perform(Action::Typing(typing)).1.unwrap();
            assert_eq!(update.kind, ChatUpdateKind::Typing(shows));
        }
    }

    #[test]
    fn a_chat_has_a_name_and_a_type() {
        let info = Action::GetChatInfo(GetChatInfoAction { chat_id: "c".into() });
        let result = chats().perform(info).0;
        assert_eq!(
            serde_json::to_string(&result).unwrap(),
            r#"{"success":true,"chat_info":{"name":"c","type":"dm"}}"#
        );
    }

    #[test]
    fn what_cannot_be_done_is_refused_with_a_code_and_shown_to_nobody() {
        let mut chats = chats();
        for (action, refusal) in [
            (send("elsewhere", "hi"), "unknown_chat"),
            (send("c", " "), "empty_message"),
            (send("c", &"ä".repeat(4097)), "message_too_long"),
            (edit("m1", "not mine"), "unknown_message"),
            (Action::React(ReactAction { chat_id: "c".into(), ..ReactAction::default() }), "unsupported_op"),
        ] {
            let (result, update) = chats.perform(action);
            assert_eq!(code(&result).as_deref(), Some(refusal));
            assert_eq!(update, None);
        }
        assert!(chats.perform(send("c", &"ä".repeat(4096))).0.success);
    }
}
