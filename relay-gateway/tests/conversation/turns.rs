//! From a message on a platform to its answer there.

use crate::harness::Relay;
use crate::platform::in_channel;

#[tokio::test]
async fn a_message_is_answered_in_its_chat_as_a_reply_with_its_scope() {
    let relay = Relay::start().await;
    relay.discord.receive(&in_channel("g1", "c1", "d1", "hello there"));
    assert_eq!(
        relay.discord.sent(1).await,
        [
            r#"{"op":"send","chat_id":"c1","content":"hello there","reply_to":"d1","metadata":{"guild_id":"g1","scope_id":"g1"}}"#
        ]
    );
    relay.stop().await;
}

#[tokio::test]
async fn two_guilds_are_two_sessions_and_each_is_answered_in_its_own_scope() {
    let relay = Relay::start().await;
    relay.discord.receive(&in_channel("g1", "c1", "d1", "hang"));
    relay.discord.receive(&in_channel("g2", "c2", "d2", "hello"));
    let sent = relay.discord.sent(2).await;
    let answer = sent.iter().find(|action| action.contains("d2")).expect("the second guild does not wait");
    assert!(answer.contains(r#""metadata":{"guild_id":"g2","scope_id":"g2"}"#), "{answer}");
    relay.stop().await;
}

#[tokio::test]
async fn telegram_topics_and_direct_messages_are_apart_and_answered_where_they_came_from() {
    let relay = Relay::start().await;
    let topic = |topic: &str, id: &str, text: &str| {
        format!(
            r#"{{"text":"{text}","message_id":"{id}","source":{{"platform":"telegram","chat_id":"-100",
                "chat_type":"forum","user_id":"u1","thread_id":"{topic}"}}}}"#
        )
    };
    relay.telegram.receive(&topic("7", "t1", "hang"));
    relay.telegram.receive(&topic("8", "t2", "other topic"));
    relay.telegram.receive(
        r#"{"text":"private","message_id":"t3","source":{"platform":"telegram","chat_id":"u1","chat_type":"dm","user_id":"u1"}}"#,
    );
    let mut sent = relay.telegram.sent(3).await;
    sent.sort();
    assert_eq!(
        sent,
        [
            r#"{"op":"send","chat_id":"-100","content":"other topic","reply_to":"t2","metadata":{"thread_id":"8"}}"#,
            r#"{"op":"send","chat_id":"-100","content":"working","reply_to":"t1","metadata":{"thread_id":"7"}}"#,
            r#"{"op":"send","chat_id":"u1","content":"private","reply_to":"t3","metadata":{"user_id":"u1"}}"#,
        ]
    );
    relay.stop().await;
}
