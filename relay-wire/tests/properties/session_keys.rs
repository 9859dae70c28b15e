//! When two sources share a conversation.

use proptest::prelude::*;
use relay_wire::{ChatType, SessionKeyOptions, Source};

/// Ids of few characters, so that two draws are often the same, and without colons, which the format cannot
/// tell from its own.
fn id() -> impl Strategy<Value = String> {
    "[ab]{1,2}"
}

fn maybe_id() -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop_oneof![8 => id(), 1 => Just(String::new())])
}

fn chat_type() -> impl Strategy<Value = ChatType> {
    prop::sample::select(vec!["dm", "group", "channel", "thread", "forum", "stage"])
        .prop_map(|word| ChatType::from_wire(word.into()))
}

fn source() -> impl Strategy<Value = Source> {
    let place = (id(), prop_oneof![6 => id(), 1 => Just(String::new())], chat_type());
    let ids = prop::array::uniform4(maybe_id());
    let other = prop::array::uniform4(maybe_id());
    (place, ids, other).prop_map(|((platform, chat_id, chat_type), ids, other)| {
        let [thread_id, user_id, user_id_alt, profile] = ids;
        let [chat_name, user_name, scope_id, message_id] = other;
        Source {
            platform,
            chat_id,
            chat_type,
            thread_id,
            user_id,
            user_id_alt,
            profile,
            chat_name,
            user_name,
            scope_id,
            message_id,
            ..Source::default()
        }
    })
}

fn options() -> impl Strategy<Value = SessionKeyOptions> {
    any::<[bool; 3]>().prop_map(|[group, thread, profile]| SessionKeyOptions {
        group_sessions_per_user: group,
        thread_sessions_per_user: thread,
        sessions_per_profile: profile,
    })
}

/// The fields that discriminate, each in its own place.
#[derive(Clone, Debug, PartialEq)]
struct Discriminators {
    profile: String,
    platform: String,
    chat_type: String,
    chat: Option<String>,
    thread: Option<String>,
    author: Option<String>,
}

impl Discriminators {
    fn of(source: &Source, options: SessionKeyOptions) -> Self {
        let set = |text: Option<&String>| text.map(ToString::to_string).filter(|text| !text.is_empty());
        let author = set(source.user_id_alt.as_ref()).or_else(|| set(source.user_id.as_ref()));
        let chat = set(Some(&source.chat_id));
        let thread = set(source.thread_id.as_ref());
        let is_dm = source.chat_type == ChatType::Dm;
        let per_user =
            options.group_sessions_per_user && (thread.is_none() || options.thread_sessions_per_user);
        let author_counts = if is_dm { chat.is_none() } else { per_user };
        Self {
            profile: set(source.profile.as_ref())
                .filter(|profile| options.sessions_per_profile && profile != "default")
                .unwrap_or_else(|| "main".into()),
            platform: source.platform.clone(),
            chat_type: source.chat_type.as_str().to_owned(),
            author: author.filter(|_| author_counts),
            chat,
            thread,
        }
    }

    /// Which of the fields that may be absent are there.
    fn shape(&self) -> [bool; 3] {
        [self.chat.is_some(), self.thread.is_some(), self.author.is_some()]
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn sources_that_set_the_same_fields_share_a_key_exactly_when_they_agree_in_all_that_discriminate(
        one in source(), other in source(), options in options(),
    ) {
        let (first, second) = (Discriminators::of(&one, options), Discriminators::of(&other, options));
        let same_key = one.session_key(options) == other.session_key(options);
        if first.shape() == second.shape() {
            prop_assert_eq!(same_key, first == second, "{} {}", one.session_key(options), other.session_key(options));
        }
        if (&first.profile, &first.platform, &first.chat_type) != (&second.profile, &second.platform, &second.chat_type) {
            prop_assert!(!same_key, "whatever else is set, these three always discriminate");
        }
    }

    #[test]
    fn one_changed_field_changes_the_key_exactly_when_it_discriminates(
        one in source(), options in options(), field in 0_usize..11, changed in "[cd]{1,2}",
    ) {
        let mut other = one.clone();
        let value: Option<String> = Some(changed.clone());
        match field {
            0 => other.platform = changed,
            1 => other.chat_id = changed,
            2 => other.chat_type = ChatType::from_wire(changed),
            3 => other.thread_id = value,
            4 => other.user_id = value,
            5 => other.user_id_alt = value,
            6 => other.profile = value,
            7 => other.chat_name = value,
            8 => other.user_name = value,
            9 => other.scope_id = value,
            _ => other.message_id = value,
        }
        let (first, second) = (Discriminators::of(&one, options), Discriminators::of(&other, options));
        prop_assert_eq!(one.session_key(options) == other.session_key(options), first == second);
    }

    #[test]
    fn whatsapp_ids_of_one_person_share_a_key_and_of_two_do_not(
        number in "[1-9][0-9]{3,9}", other in "[1-9][0-9]{3,9}", device in 0_u8..99,
    ) {
        let key = |id: String| {
            let source = Source { platform: "whatsapp".into(), chat_id: id, ..Source::default() };
            source.session_key(SessionKeyOptions::default())
        };
        let bare = key(number.clone());
        let names = [
            format!("+{number}"),
            format!("{number}@s.whatsapp.net"),
            format!("{number}:{device}@s.whatsapp.net"),
            format!("+{number}:{device}"),
        ];
        for name in names {
            prop_assert_eq!(key(name), bare.clone());
        }
        prop_assert_eq!(key(other.clone()) == bare, other == number);
    }
}
