//! From an update of Telegram's to an event.

use relay_wire::{ChatType, Event, MessageType, PromptResponse, PromptToken, ReplyTo, Source};
use serde_json::Value;

/// The longest text of a name that is passed on, in characters.
const LONGEST_NAME: usize = 256;

/// The bot itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bot {
    pub(crate) id: i64,
    pub(crate) username: String,
    /// Telegram gives it every message of its groups, not only those that address it.
    pub(crate) reads_groups: bool,
}

/// What an update is to us.
#[derive(Debug, PartialEq)]
pub(crate) enum Update {
    /// Somebody wrote something.
    Message(Box<Incoming>),
    /// Somebody pressed a button.
    Press {
        /// To be answered at once.
        callback: String,
        /// `None` for a button that is not ours.
        press: Option<Box<Incoming>>,
    },
    /// The bot was added to a chat by somebody, or removed from it.
    Membership {
        /// Where, and by whom.
        source: Box<Source>,
        /// Whether it is there now.
        is_in: bool,
    },
    /// A group has become a supergroup, which has another id.
    Moved {
        /// The id before.
        old: String,
        /// The id from now on.
        new: String,
    },
    /// Nothing that is passed on.
    Other,
}

/// An event, and what the front needs of it beside.
#[derive(Debug, PartialEq)]
pub(crate) struct Incoming {
    pub(crate) event: Event,
    /// The files that came with it: several where messages are an album.
    pub(crate) files: Vec<IncomingFile>,
}

impl Incoming {
    /// Takes in a further message of its album.
    fn join(&mut self, other: Self) {
        self.files.extend(other.files);
        if self.event.text.is_empty() {
            self.event.text = other.event.text;
        }
    }
}

/// A file, as Telegram names and describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IncomingFile {
    pub(crate) id: String,
    /// In the words of the contract.
    pub(crate) kind: &'static str,
    pub(crate) name: Option<String>,
    pub(crate) mime: Option<String>,
    pub(crate) size: Option<u64>,
}

/// The album that a message belongs to, where it is a new one.
pub(crate) fn album(update: &Value) -> Option<&str> {
    ["message", "channel_post"].iter().find_map(|kind| update[*kind]["media_group_id"].as_str())
}

/// Reads the messages of an album as one, with the name of the first.
pub(crate) fn read_album(updates: &[Value], bot: &Bot) -> Update {
    let mut whole = Update::Other;
    for update in updates.iter().map(|update| read(update, bot)) {
        match (&mut whole, update) {
            (Update::Message(first), Update::Message(other)) => first.join(*other),
            (Update::Other, update) => whole = update,
            _ => {}
        }
    }
    whole
}

/// Reads one update. Whatever is not as expected reads as not there.
pub(crate) fn read(update: &Value, bot: &Bot) -> Update {
    for (name, is_edit) in
        [("message", false), ("edited_message", true), ("channel_post", false), ("edited_channel_post", true)]
    {
        if let Some(moved) = moved(&update[name]) {
            return moved;
        }
        if update[name].is_object() {
            return message(&update[name], is_edit, bot)
                .map_or(Update::Other, |m| Update::Message(Box::new(m)));
        }
    }
    if let Some(membership) = membership(&update["my_chat_member"]) {
        return membership;
    }
    match update["callback_query"]["id"].as_str() {
        Some(callback) => Update::Press {
            callback: callback.to_owned(),
            press: press(&update["callback_query"]).map(Box::new),
        },
        None => Update::Other,
    }
}

fn message(message: &Value, is_edit: bool, bot: &Bot) -> Option<Incoming> {
    let message_id = message["message_id"].as_i64()?.to_string();
    let from = &message["from"];
    if from["id"].as_i64() == Some(bot.id) {
        return None;
    }
    let (text, message_type) = content(message, bot)?;
    let mut source = source(message, from)?;
    source.message_is_edit = Some(is_edit);
    source.message_id = Some(message_id.clone());
    let answered = &message["reply_to_message"];
    // Every message of a topic names the message that opened it.
    let is_answer = answered["message_id"].is_i64() && !answered["forum_topic_created"].is_object();
    let event = Event {
        text,
        message_type,
        reply_to_message_id: is_answer.then(|| answered["message_id"].to_string()),
        reply_to: is_answer.then(|| ReplyTo {
            text: words(answered).map(ToOwned::to_owned),
            author: name(&answered["from"]),
            is_own: Some(answered["from"]["id"].as_i64() == Some(bot.id)),
        }),
        message_id: Some(message_id),
        source,
        ..Event::default()
    };
    Some(Incoming { event, files: file(message).into_iter().collect() })
}

/// The news that a group has become a supergroup, which is told in both.
fn moved(message: &Value) -> Option<Update> {
    let id = message["chat"]["id"].as_i64()?;
    let (old, new) = match (message["migrate_to_chat_id"].as_i64(), message["migrate_from_chat_id"].as_i64())
    {
        (Some(new), _) => (id, new),
        (_, Some(old)) => (old, id),
        _ => return None,
    };
    Some(Update::Moved { old: old.to_string(), new: new.to_string() })
}

/// The news that the bot itself was added somewhere, or removed. In a private chat it says only who blocked the bot.
fn membership(change: &Value) -> Option<Update> {
    if change["chat"]["type"] == "private" {
        return None;
    }
    let is_in = |member: &Value| match member["status"].as_str() {
        Some("creator" | "administrator" | "member") => true,
        Some("restricted") => member["is_member"] == true,
        _ => false,
    };
    let (was_in, is_in) = (is_in(&change["old_chat_member"]), is_in(&change["new_chat_member"]));
    let source = Box::new(source(change, &change["from"])?);
    // Other rights in the same chat are no news.
    (was_in != is_in).then_some(Update::Membership { source, is_in })
}

fn words(message: &Value) -> Option<&str> {
    message["text"].as_str().or_else(|| message["caption"].as_str())
}

/// The kinds of files: how Telegram calls them, what the message is then, what the file is in the words of the contract,
/// and its media type where Telegram does not say.
const FILES: [(&str, MessageType, &str, Option<&str>); 6] = [
    ("photo", MessageType::Photo, "image", Some("image/jpeg")),
    ("voice", MessageType::Voice, "voice", Some("audio/ogg")),
    ("video_note", MessageType::Video, "video", Some("video/mp4")),
    ("video", MessageType::Video, "video", None),
    ("audio", MessageType::Audio, "audio", None),
    ("document", MessageType::Document, "document", None),
];

/// The file of a message; of a photo the largest size that there is.
fn file(message: &Value) -> Option<IncomingFile> {
    let (found, kind, mime) = FILES.iter().find_map(|(name, _, kind, mime)| {
        let found = match &message[*name] {
            Value::Array(sizes) => sizes.last()?,
            found => found,
        };
        found.is_object().then_some((found, *kind, *mime))
    })?;
    Some(IncomingFile {
        id: found["file_id"].as_str()?.to_owned(),
        kind,
        name: found["file_name"].as_str().map(short),
        mime: found["mime_type"].as_str().or(mime).map(str::to_owned),
        size: found["file_size"].as_u64(),
    })
}

/// What a message says and its kind. `None` for what nobody wrote: somebody joined, a title changed.
fn content(message: &Value, bot: &Bot) -> Option<(String, MessageType)> {
    if let Some(text) = message["text"].as_str() {
        if !text.starts_with('/') {
            return Some((text.to_owned(), MessageType::Text));
        }
        return command(text, bot).map(|text| (text, MessageType::Command));
    }
    let place = &message["location"];
    if let (Some(latitude), Some(longitude)) = (place["latitude"].as_f64(), place["longitude"].as_f64()) {
        let title = message["venue"]["title"].as_str().map(|title| format!("{title}: ")).unwrap_or_default();
        return Some((format!("{title}{latitude}, {longitude}"), MessageType::Location));
    }
    let contact = &message["contact"];
    if let Some(number) = contact["phone_number"].as_str() {
        let name = name(contact).unwrap_or_default();
        return Some((format!("{name}: {number}"), MessageType::Text));
    }
    if message["sticker"].is_object() {
        let emoji = message["sticker"]["emoji"].as_str().unwrap_or_default();
        return Some((emoji.to_owned(), MessageType::Sticker));
    }
    let (_, kind, ..) = FILES.into_iter().find(|(name, ..)| !message[*name].is_null())?;
    Some((message["caption"].as_str().unwrap_or_default().to_owned(), kind))
}

/// The command without the bot's name; `None` for another bot's.
fn command(text: &str, bot: &Bot) -> Option<String> {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    match text[..end].split_once('@') {
        None => Some(text.to_owned()),
        Some((command, name)) if name.eq_ignore_ascii_case(&bot.username) => {
            Some(format!("{command}{}", &text[end..]))
        }
        Some(_) => None,
    }
}

fn source(message: &Value, from: &Value) -> Option<Source> {
    let chat = &message["chat"];
    let chat_id = chat["id"].as_i64()?.to_string();
    let is_private = chat["type"] == "private";
    let topic =
        (message["is_topic_message"] == true).then(|| message["message_thread_id"].as_i64()).flatten();
    let is_forum = chat["is_forum"] == true;
    let (chat_type, thread_id) = match chat["type"].as_str() {
        Some("private") => (ChatType::Dm, topic),
        Some("channel") => (ChatType::Channel, None),
        // The topic that every forum has goes without a number.
        _ if is_forum => (ChatType::Forum, Some(topic.unwrap_or(1))),
        _ => (ChatType::Group, None),
    };
    Some(Source {
        platform: "telegram".into(),
        chat_id,
        chat_type,
        chat_name: chat["title"].as_str().map(short).or_else(|| name(chat)),
        user_id: from["id"].as_i64().map(|id| id.to_string()),
        user_name: name(from),
        user_handle: from["username"].as_str().map(|name| format!("@{}", short(name))),
        thread_id: thread_id.map(|id| id.to_string()),
        is_bot: Some(from["is_bot"] == true),
        message_is_edit: Some(false),
        one_to_one_verified: is_private.then_some(true),
        ..Source::default()
    })
}

fn name(person: &Value) -> Option<String> {
    let names = ["first_name", "last_name"].map(|name| person[name].as_str().unwrap_or_default());
    let name = short(names.join(" ").trim());
    if name.is_empty() { person["username"].as_str().map(short) } else { Some(name) }
}

fn short(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(LONGEST_NAME).collect()
}

fn press(query: &Value) -> Option<Incoming> {
    let token = PromptToken::parse(query["data"].as_str()?)?;
    let message = &query["message"];
    let message_id = message["message_id"].as_i64()?.to_string();
    let from = &query["from"];
    let data = query["data"].as_str()?;
    let rows = message["reply_markup"]["inline_keyboard"].as_array();
    let mut buttons = rows.into_iter().flatten().filter_map(Value::as_array).flatten();
    let label = buttons.find(|button| button["callback_data"] == data);
    let event = Event {
        text: format!("/{}", token.option_id),
        message_type: MessageType::Command,
        // A press is a message of its own: the callback's id never comes twice.
        message_id: query["id"].as_str().map(|id| format!("callback-{id}")),
        prompt_response: Some(PromptResponse {
            prompt_id: token.prompt_id.to_string(),
            option_id: token.option_id.to_string(),
            label: label.and_then(|button| button["text"].as_str()).map(ToOwned::to_owned),
            prompt_message_id: Some(message_id),
        }),
        source: source(message, from)?,
        ..Event::default()
    };
    Some(Incoming { event, files: Vec::new() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bot() -> Bot {
        Bot { id: 99, username: "relaybot".into(), reads_groups: false }
    }

    fn event(update: &Value) -> Event {
        match read(update, &bot()) {
            Update::Message(incoming) => incoming.event,
            other => panic!("{other:?}"),
        }
    }

    fn chat(chat: &Value, extra: &Value) -> Value {
        let mut message =
            json!({"message_id": 5, "from": {"id": 7, "first_name": "Ann"}, "chat": chat, "text": "hi"});
        message.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
        json!({"update_id": 1, "message": message})
    }

    #[test]
    fn chats_have_the_types_and_threads_of_the_contract() {
        let forum = json!({"id": -1001, "type": "supergroup", "title": "F", "is_forum": true});
        for (update, kind, thread) in [
            (chat(&json!({"id": 7, "type": "private", "first_name": "Ann"}), &json!({})), ChatType::Dm, None),
            (chat(&json!({"id": -1, "type": "group", "title": "G"}), &json!({})), ChatType::Group, None),
            // An answer in a group has a thread id, too, and is in no topic.
            (
                chat(&json!({"id": -1, "type": "supergroup"}), &json!({"message_thread_id": 3})),
                ChatType::Group,
                None,
            ),
            (
                chat(&forum, &json!({"message_thread_id": 3, "is_topic_message": true})),
                ChatType::Forum,
                Some("3"),
            ),
            (chat(&forum, &json!({})), ChatType::Forum, Some("1")),
            (chat(&json!({"id": -2, "type": "channel", "title": "C"}), &json!({})), ChatType::Channel, None),
        ] {
            let source = event(&update).source;
            assert_eq!((source.chat_type, source.thread_id.as_deref()), (kind, thread), "{update}");
        }
    }

    #[test]
    fn commands_lose_the_bots_name_and_those_of_other_bots_are_not_ours() {
        let group = json!({"id": -1, "type": "group"});
        let stop = event(&chat(&group, &json!({"text": "/stop@RelayBot now"})));
        assert_eq!((stop.text.as_ref(), stop.message_type), ("/stop now", MessageType::Command));
        assert_eq!(read(&chat(&group, &json!({"text": "/stop@other"})), &bot()), Update::Other);
    }

    #[test]
    fn edits_answers_places_and_files_say_what_they_are() {
        let private = json!({"id": 7, "type": "private"});
        let mut update = chat(
            &private,
            &json!({"reply_to_message": {"message_id": 4, "text": "q", "from": {"id": 99, "username": "relaybot"}}}),
        );
        update["edited_message"] = update["message"].take();
        let edited = event(&update);
        assert_eq!(edited.source.message_is_edit, Some(true));
        assert_eq!(edited.reply_to_message_id.as_deref(), Some("4"));
        assert_eq!(edited.reply_to.expect("an answer").is_own, Some(true));
        let place = event(&chat(
            &private,
            &json!({"text": null, "location": {"latitude": 52.5, "longitude": 13.25}}),
        ));
        assert_eq!((place.text.as_ref(), place.message_type), ("52.5, 13.25", MessageType::Location));
        let photo = chat(
            &private,
            &json!({"text": null, "photo": [{"file_id": "s"}, {"file_id": "l", "file_size": 9}], "caption": "look"}),
        );
        let Update::Message(photo) = read(&photo, &bot()) else { panic!("a message") };
        let file = &photo.files[0];
        assert_eq!((file.id.as_str(), file.kind, file.size), ("l", "image", Some(9)));
        assert_eq!(file.mime.as_deref(), Some("image/jpeg"));
        assert_eq!((photo.event.text.as_ref(), photo.event.message_type), ("look", MessageType::Photo));
    }

    #[test]
    fn what_is_unknown_or_broken_is_nothing() {
        for update in [
            json!({"update_id": 1, "some_day": {}}),
            json!({"update_id": 1, "message": {"message_id": 1, "chat": {"id": 1}, "new_chat_title": "x"}}),
            json!({"update_id": 1, "message": {"message_id": "x", "text": "hi"}}),
            json!(null),
            json!([1]),
        ] {
            assert_eq!(read(&update, &bot()), Update::Other, "{update}");
        }
        let long = event(&chat(
            &json!({"id": 7, "type": "private"}),
            &json!({"from": {"id": 7, "first_name": "x".repeat(10_000)}}),
        ));
        assert_eq!(long.source.user_name.map(|name| name.len()), Some(LONGEST_NAME));
    }

    #[test]
    fn the_bot_is_added_removed_and_moved_along() {
        let change = |old: &str, new: &str| {
            json!({"update_id": 1, "my_chat_member": {"chat": {"id": -5, "type": "group", "title": "G"},
                "from": {"id": 7, "first_name": "Ann"}, "date": 1,
                "old_chat_member": {"status": old}, "new_chat_member": {"status": new}}})
        };
        for (old, new, is_in) in
            [("left", "member", true), ("kicked", "administrator", true), ("member", "left", false)]
        {
            let Update::Membership { source, is_in: found } = read(&change(old, new), &bot()) else {
                panic!("{old}")
            };
            assert_eq!((source.chat_id.as_str(), source.user_id.as_deref(), found), ("-5", Some("7"), is_in));
        }
        assert_eq!(read(&change("member", "administrator"), &bot()), Update::Other);
        let mut private = change("member", "kicked");
        private["my_chat_member"]["chat"]["type"] = json!("private");
        assert_eq!(read(&private, &bot()), Update::Other);
        let moved = Update::Moved { old: "-5".into(), new: "-1005".into() };
        for (chat, key, other) in [(-5, "migrate_to_chat_id", -1005), (-1005, "migrate_from_chat_id", -5)] {
            let mut message = json!({"message_id": 1, "chat": {"id": chat, "type": "group"}});
            message[key] = json!(other);
            assert_eq!(read(&json!({"update_id": 1, "message": message}), &bot()), moved);
        }
    }

    #[test]
    fn a_press_is_a_prompt_response_and_a_foreign_button_is_only_answered() {
        let update = |data: &str| {
            json!({"update_id": 1, "callback_query": {"id": "c1", "from": {"id": 7}, "data": data, "message": {
                "message_id": 8, "chat": {"id": 7, "type": "private"},
                "reply_markup": {"inline_keyboard": [[{"text": "Once", "callback_data": "hp1:0abcde.00000007:once"}]]}}}})
        };
        let Update::Press { callback, press } = read(&update("hp1:0abcde.00000007:once"), &bot()) else {
            panic!("a press")
        };
        assert_eq!(callback, "c1");
        let response = press.expect("one of ours").event.prompt_response.expect("a response");
        assert_eq!((response.prompt_id.as_ref(), response.option_id.as_ref()), ("0abcde.00000007", "once"));
        assert_eq!(response.label.as_deref(), Some("Once"));
        assert_eq!(response.prompt_message_id.as_deref(), Some("8"));
        assert!(matches!(read(&update("other"), &bot()), Update::Press { press: None, .. }));
    }
}
