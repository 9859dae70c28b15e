//! Any event and any source.

use proptest::prelude::*;
use relay_wire::{ChatType, ContextMessage, Event, Media, MessageType, PromptResponse, ReplyTo, Source};

use crate::text::{maybe_text, text};

fn chat_type() -> impl Strategy<Value = ChatType> {
    prop_oneof![
        prop::sample::select(vec!["dm", "group", "channel", "thread", "forum"])
            .prop_map(|word| ChatType::from_wire(word.into())),
        text().prop_map(ChatType::from_wire),
    ]
}

fn message_type() -> impl Strategy<Value = MessageType> {
    use MessageType::{Audio, Command, Document, Location, Photo, Sticker, Text, Video, Voice};
    prop::sample::select(vec![Text, Location, Photo, Video, Audio, Voice, Document, Sticker, Command])
}

/// Any source.
pub(super) fn source() -> impl Strategy<Value = Source> {
    let always = (text(), text(), chat_type(), prop::array::uniform5(maybe_text()));
    let when_set = prop::array::uniform11(maybe_text());
    let flags = prop::array::uniform4(any::<Option<bool>>());
    (always, when_set, flags).prop_map(|((platform, chat_id, chat_type, shown), set, flags)| {
        let [chat_name, user_id, user_name, thread_id, chat_topic] = shown;
        let [
            display,
            handle,
            user_alt,
            chat_alt,
            scope,
            guild,
            parent,
            message,
            profile,
            initial,
            prospective,
        ] = set;
        let [auto_thread_created, is_bot, message_is_edit, one_to_one_verified] = flags;
        Source {
            platform,
            chat_id,
            chat_type,
            chat_name,
            user_id,
            user_name,
            thread_id,
            chat_topic,
            user_display_name: display,
            user_handle: handle,
            user_id_alt: user_alt,
            chat_id_alt: chat_alt,
            scope_id: scope,
            guild_id: guild,
            parent_chat_id: parent,
            message_id: message,
            profile,
            auto_thread_created,
            auto_thread_initial_name: initial,
            prospective_thread_id: prospective,
            is_bot,
            message_is_edit,
            one_to_one_verified,
        }
    })
}

fn media() -> impl Strategy<Value = Media> {
    (text(), prop::array::uniform4(maybe_text()), any::<Option<u64>>()).prop_map(
        |(url, [kind, mime, filename, caption], size)| Media { url, kind, mime, size, filename, caption },
    )
}

fn context_message() -> impl Strategy<Value = ContextMessage> {
    (text(), prop::option::of(source())).prop_map(|(text, source)| ContextMessage { text, source })
}

fn reply_to() -> impl Strategy<Value = ReplyTo> {
    (maybe_text(), maybe_text(), any::<Option<bool>>()).prop_map(|(text, author, is_own)| ReplyTo {
        text,
        author,
        is_own,
    })
}

fn prompt_response() -> impl Strategy<Value = PromptResponse> {
    (text(), text(), maybe_text(), maybe_text()).prop_map(
        |(prompt_id, option_id, label, prompt_message_id)| PromptResponse {
            prompt_id,
            option_id,
            label,
            prompt_message_id,
        },
    )
}

fn few<T: std::fmt::Debug>(element: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    prop::collection::vec(element, 0..3)
}

/// Any event.
pub(super) fn event() -> impl Strategy<Value = Event> {
    let plain = (text(), message_type(), source(), prop::array::uniform3(maybe_text()));
    let lists = (few(text()), few(media()), few(context_message()));
    let answers = (prop::option::of(reply_to()), prop::option::of(prompt_response()));
    (plain, lists, answers).prop_map(|((text, message_type, source, ids), lists, answers)| {
        let [message_id, reply_to_message_id, context_error]: [Option<String>; 3] = ids;
        let (media_urls, media, context) = lists;
        let (reply_to, prompt_response) = answers;
        Event {
            text,
            message_type,
            source,
            message_id,
            reply_to_message_id,
            reply_to,
            media_urls,
            media,
            context,
            context_error,
            prompt_response,
        }
    })
}
