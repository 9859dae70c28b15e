//! What gateways ask for, as calls to Telegram.

use relay_connector::FrontContext;
use relay_wire::{
    Action, ActionResult, EditAction, PromptAction, ReactAction, ThreadCreateAction, ThreadRenameAction,
    TypingAction,
};
use serde_json::json;

use crate::ApiError;
use crate::chat_caller::ChatCaller;
use crate::chat_info::chat_info;
use crate::late_edits::LateEdits;
use crate::media::send_media;
use crate::messages::Messages;
use crate::outcome::{coded, no_message, number};
use crate::placement::{placed, set_thread};
use crate::prompt::keyboard;
use crate::reaction::curated;

type Outcome = Result<ActionResult, ApiError>;

/// Performs the actions of one bot.
pub(crate) struct Performer {
    pub(crate) caller: ChatCaller,
    messages: Messages,
    late: LateEdits,
}

impl Performer {
    pub(crate) fn new(caller: ChatCaller) -> Self {
        Self { messages: Messages::new(caller.clone()), late: LateEdits::default(), caller }
    }

    /// Performs one action; the context is there once the connector runs the front.
    pub(crate) async fn perform(
        &self,
        action: Action,
        tenant: &relay_connector::Tenant,
        context: Option<&FrontContext>,
    ) -> Outcome {
        match action {
            Action::Send(a) => {
                let place = placed(&a.metadata, a.reply_to.as_deref());
                self.messages.send(&a.chat_id, &a.content, place, None).await
            }
            Action::Edit(a) => self.edit(a, context).await,
            Action::Delete(a) => {
                if let Some(context) = context
                    && let Err(error) = self.late.forget(&a.chat_id, &a.message_id, &context.storage).await
                {
                    return Ok(coded("unreachable", error.to_string()));
                }
                self.messages.delete(&a.chat_id, &a.message_id).await
            }
            Action::Typing(a) => self.show_typing(&a).await,
            Action::GetChatInfo(a) => chat_info(&self.caller, &a.chat_id).await,
            Action::SendMedia(a) => send_media(&self.caller, &self.messages, &a, tenant, context).await,
            Action::Prompt(a) => self.ask(&a).await,
            Action::React(a) => self.react(&a).await,
            Action::ThreadCreate(a) => self.create_topic(&a).await,
            Action::ThreadRename(a) => self.rename_topic(&a).await,
            other => Ok(coded("unsupported_op", format!("this front does not perform `{}`", other.op()))),
        }
    }

    /// Edits a text. Where Telegram has it wait for longer than an action may take, the edit is kept and made later,
    /// unless a newer one comes: the chat ends with the last of them.
    async fn edit(&self, edit: EditAction, context: Option<&FrontContext>) -> Outcome {
        let EditAction { chat_id, message_id, content, metadata, .. } = &edit;
        let Some(context) = context else {
            return self.messages.edit(chat_id, message_id, content, metadata).await;
        };
        let superseded = match self.late.supersede(&edit, &context.storage).await {
            Ok(superseded) => superseded,
            Err(error) => return Ok(coded("unreachable", error.to_string())),
        };
        let kept = match self.messages.edit(chat_id, message_id, content, metadata).await {
            Err(ApiError::TooMany { .. }) => {
                let message_id = message_id.clone();
                let kept = self.late.keep(edit, &context.storage).await;
                kept.map(|()| ActionResult::delivered(message_id))
            }
            made if superseded => {
                self.late.forget(chat_id, message_id, &context.storage).await.and(Ok(made?))
            }
            made => return made,
        };
        kept.or_else(|error| Ok(coded("unreachable", error.to_string())))
    }

    /// Makes edits that had to wait, for as long as the front runs.
    pub(crate) async fn make_late_edits(&self, context: &FrontContext) -> std::convert::Infallible {
        self.late.make(&self.messages, &self.caller, &context.storage).await
    }

    async fn show_typing(&self, typing: &TypingAction) -> Outcome {
        // It ends by itself, and nothing ends it earlier.
        if typing.content.as_deref() != Some("") {
            let mut parameters =
                json!({"chat_id": self.caller.migrated(&typing.chat_id), "action": "typing"});
            set_thread(&mut parameters, typing.metadata.thread());
            self.caller.api.call("sendChatAction", &parameters).await?;
        }
        Ok(ActionResult::done())
    }

    async fn ask(&self, prompt: &PromptAction) -> Outcome {
        let keyboard = match keyboard(prompt) {
            Ok(keyboard) => keyboard,
            Err(why) => return Ok(coded("bad_request", why)),
        };
        let place = placed(&prompt.metadata, prompt.reply_to.as_deref());
        self.messages.send(&prompt.chat_id, &prompt.content, place, Some(keyboard)).await
    }

    async fn react(&self, react: &ReactAction) -> Outcome {
        let Some(message_id) = number(&react.message_id) else { return Ok(no_message(&react.message_id)) };
        let Some(emoji) = curated(&react.emoji) else {
            let error = format!("Telegram has no reaction `{}` for bots", react.emoji.escape_debug());
            return Ok(coded("unsupported_reaction", error));
        };
        let reaction = if react.remove { json!([]) } else { json!([{"type": "emoji", "emoji": emoji}]) };
        let parameters = json!({"message_id": message_id, "reaction": reaction});
        self.caller.call(&react.chat_id, "setMessageReaction", parameters).await?;
        Ok(ActionResult::done())
    }

    async fn create_topic(&self, create: &ThreadCreateAction) -> Outcome {
        let parameters = json!({"name": create.thread_name});
        let topic = self.caller.call(&create.chat_id, "createForumTopic", parameters).await?;
        match topic["message_thread_id"].as_i64() {
            Some(id) => Ok(ActionResult { thread_id: Some(id.to_string()), ..ActionResult::done() }),
            None => Err(ApiError::Unknown("a topic without an id".into())),
        }
    }

    async fn rename_topic(&self, rename: &ThreadRenameAction) -> Outcome {
        if rename.only_if_current_name.is_some() {
            let error = "Telegram does not tell bots the name of a topic, so it stays";
            return Ok(coded("unsupported", error));
        }
        let Some(topic) = number(&rename.message_id) else { return Ok(no_message(&rename.message_id)) };
        let parameters = json!({"message_thread_id": topic, "name": rename.thread_name});
        self.caller.call(&rename.chat_id, "editForumTopic", parameters).await?;
        Ok(ActionResult::done())
    }
}
