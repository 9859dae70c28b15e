//! Whether an event concerns an agent, by the policy that its gateway declared (contract, Relevance).

use relay_wire::{ChatType, Event, Forward, MessageType};

use crate::Subscriber;

/// Whether this instance is to get the event.
///
/// - A press on a prompt's button always is: the prompt was the bot's own.
/// - What another bot wrote is only with `allow_other_bots`; what the instance's own bot wrote never is.
/// - Without `require_address` everything else is. With it, what [addresses](is_addressed) the bot is, and what
///   was written in one of the `free_response_scopes`.
pub(crate) fn admits(subscriber: &Subscriber, event: &Event) -> bool {
    if event.prompt_response.is_some() {
        return true;
    }
    let source = &event.source;
    if source.is_bot == Some(true) {
        let own = source.user_id.as_deref().is_some_and(|id| is_one_of(&subscriber.bot_ids, id));
        if own || !subscriber.policy.allow_other_bots {
            return false;
        }
    }
    !subscriber.policy.require_address
        || is_addressed(event, &subscriber.bot_ids)
        || is_free(event, &subscriber.policy.free_response_scopes)
}

/// Whether a provider's call is for this instance: it names one of its bots, or one of the two names none.
pub(crate) fn admits_forward(subscriber: &Subscriber, forward: &Forward) -> bool {
    forward.bot_id.is_empty()
        || subscriber.bot_ids.is_empty()
        || is_one_of(&subscriber.bot_ids, &forward.bot_id)
}

/// Whether the event is said to the bot: in a chat with nobody else, as a command, as a reply to something that
/// the bot wrote, or with a mention of it.
fn is_addressed(event: &Event, bot_ids: &[String]) -> bool {
    event.source.chat_type == ChatType::Dm
        || event.source.one_to_one_verified == Some(true)
        || event.message_type == MessageType::Command
        || event.reply_to.as_ref().is_some_and(|reply| reply.is_own == Some(true))
        || bot_ids.iter().any(|bot_id| mentions(&event.text, bot_id))
}

/// Whether everything that is written there is delivered: the chat, the channel above it, the thread or the
/// scope around it is on the list.
fn is_free(event: &Event, scopes: &[String]) -> bool {
    let source = &event.source;
    let places = [
        Some(source.chat_id.as_ref()),
        source.parent_chat_id.as_deref(),
        source.thread_id.as_deref(),
        source.scope(),
    ];
    places.into_iter().flatten().any(|place| is_one_of(scopes, place))
}

fn is_one_of(ids: &[String], id: &str) -> bool {
    ids.iter().any(|one| one == id)
}

/// Whether the text holds `@ID`, `<@ID>` or `<@!ID>`, in any case of ASCII letters, where the id ends with it:
/// a mention of `@bot2` is none of `@bot`.
fn mentions(text: &str, bot_id: &str) -> bool {
    let (text, bot_id) = (text.to_ascii_lowercase(), bot_id.trim_start_matches('@').to_ascii_lowercase());
    if bot_id.is_empty() {
        return false;
    }
    text.match_indices(&bot_id).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + bot_id.len()..]);
        let begins = before.ends_with('@') || before.ends_with("<@!");
        let ends = !after.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-'));
        begins && ends
    })
}

#[cfg(test)]
mod tests {
    use relay_wire::{ChatType, Event, Forward, MessageType, PromptResponse, ReplyTo, Source};

    use super::{admits, admits_forward, mentions};
    use crate::{Instance, Policy, Subscriber, Tenant};

    fn subscriber(policy: Policy) -> Subscriber {
        Subscriber {
            instance: Instance::named(Tenant::default(), "gw"),
            bot_ids: vec!["B1".to_owned()],
            policy,
            wake_urls: Vec::new(),
        }
    }

    fn strict() -> Subscriber {
        subscriber(Policy { require_address: true, ..Policy::default() })
    }

    fn in_group(text: &str) -> Event {
        let source = Source { chat_id: "C1".into(), chat_type: ChatType::Group, ..Source::default() };
        Event { text: text.into(), source, ..Event::default() }
    }

    #[test]
    fn without_a_policy_everything_is_delivered_but_what_bots_write() {
        let subscriber = subscriber(Policy::default());
        assert!(admits(&subscriber, &in_group("anything")));
        let mut bots = in_group("anything");
        bots.source.is_bot = Some(true);
        assert!(!admits(&subscriber, &bots));
    }

    #[test]
    fn other_bots_are_heard_where_they_are_allowed_and_the_own_one_never_is() {
        let subscriber = subscriber(Policy { allow_other_bots: true, ..Policy::default() });
        let mut event = in_group("beep");
        event.source.is_bot = Some(true);
        event.source.user_id = Some("B2".into());
        assert!(admits(&subscriber, &event));
        event.source.user_id = Some("B1".into());
        assert!(!admits(&subscriber, &event));
    }

    #[test]
    fn where_an_address_is_required_a_group_is_quiet_until_the_bot_is_addressed() {
        assert!(!admits(&strict(), &in_group("hello all")));
        assert!(admits(&strict(), &in_group("hello <@B1>")));
        let command = Event { message_type: MessageType::Command, ..in_group("/ask") };
        assert!(admits(&strict(), &command));
        let reply = |is_own| Event {
            reply_to: Some(ReplyTo { is_own, ..ReplyTo::default() }),
            ..in_group("and then?")
        };
        assert!(admits(&strict(), &reply(Some(true))));
        assert!(!admits(&strict(), &reply(Some(false))));
        assert!(!admits(&strict(), &reply(None)));
    }

    #[test]
    fn a_direct_message_and_a_press_on_a_button_need_no_address() {
        let mut direct = in_group("hello");
        direct.source.chat_type = ChatType::Dm;
        assert!(admits(&strict(), &direct));
        let mut alone = in_group("hello");
        alone.source.one_to_one_verified = Some(true);
        assert!(admits(&strict(), &alone));
        let mut press = in_group("/yes");
        press.source.is_bot = Some(true);
        press.prompt_response = Some(PromptResponse::default());
        assert!(admits(&strict(), &press));
    }

    #[test]
    fn a_free_scope_is_a_chat_the_channel_above_it_a_thread_or_the_scope_around() {
        let free = |scope: &str| {
            let free_response_scopes = vec![scope.to_owned()];
            subscriber(Policy { require_address: true, free_response_scopes, ..Policy::default() })
        };
        let mut event = in_group("hello");
        event.source.parent_chat_id = Some("P1".into());
        event.source.thread_id = Some("T1".into());
        event.source.guild_id = Some("G1".into());
        for scope in ["C1", "P1", "T1", "G1"] {
            assert!(admits(&free(scope), &event), "{scope}");
        }
        assert!(!admits(&free("C2"), &event));
    }

    #[test]
    fn a_mention_is_the_whole_id_behind_an_at_sign() {
        for text in ["<@123> hi", "<@!123>", "hi @123", "@123, hi", "<@123|bot>", "@123\u{3002}"] {
            assert!(mentions(text, "123"), "{text}");
        }
        for text in ["123", "<@1234>", "@0123", "@123_4", "@123-4", "a 123 b", "@ 123"] {
            assert!(!mentions(text, "123"), "{text}");
        }
        assert!(mentions("hello @Hermes_Bot!", "hermes_bot"));
        assert!(mentions("hello @hermes_bot", "@hermes_bot"));
        assert!(!mentions("hello @", ""));
    }

    #[test]
    fn a_forward_is_for_the_bot_that_it_names() {
        let forward = |bot: &'static str| Forward { bot_id: bot.into(), ..Forward::default() };
        assert!(admits_forward(&strict(), &forward("B1")));
        assert!(admits_forward(&strict(), &forward("")));
        assert!(!admits_forward(&strict(), &forward("B2")));
    }
}
