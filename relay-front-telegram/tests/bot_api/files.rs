//! Files both ways, and the bot's menu.

use bytes::Bytes;
use futures_util::{TryStreamExt as _, stream};
use relay_connector::{ActionContext, Front as _, Tenant};
use relay_wire::{
    Action, ActionResult, CommandSpec, GatewayId, Identity, MediaKind, MessageType, Metadata, SendMediaAction,
};
use serde_json::json;

use crate::fake::Fake;
use crate::{Connected, front, tenant};

/// User 7 sends a file with a caption.
fn sends(fake: &Fake, id: i64, file: &serde_json::Value, caption: &str) {
    let mut message = json!({"message_id": id, "from": {"id": 7, "first_name": "Ann", "is_bot": false},
                             "chat": {"id": 7, "type": "private", "first_name": "Ann"}, "caption": caption});
    message.as_object_mut().expect("an object").extend(file.as_object().expect("an object").clone());
    fake.update(id, json!({"message": message}));
}

#[tokio::test]
async fn a_file_comes_in_with_its_type_size_and_name_and_its_bytes_are_on_the_connector() {
    let fake = Fake::start().await;
    fake.world().files.insert("docs/plan".into(), b"the plan".to_vec());
    let document = json!({"document": {"file_id": "docs/plan", "file_name": "plan.txt", "mime_type": "text/plain",
                                       "file_size": 8}});
    sends(&fake, 1, &document, "look at this");
    let connected = Connected::run(front(&fake)).await;
    fake.until("it is confirmed", |world| world.confirmed == 2).await;
    let event = connected.events().await.remove(0);
    assert_eq!((event.text.as_str(), event.message_type), ("look at this", MessageType::Document));
    let media = &event.media[0];
    assert_eq!(event.media_urls, std::slice::from_ref(&media.url));
    assert_eq!((media.kind.as_deref(), media.mime.as_deref()), (Some("document"), Some("text/plain")));
    assert_eq!((media.size, media.filename.as_deref()), (Some(8), Some("plan.txt")));
    let context = connected.connector.front_context("telegram").expect("the front");
    let opened = context.media.open(&tenant(), &media.url).await.expect("a store").expect("the file");
    let bytes: Vec<Bytes> = opened.bytes.try_collect().await.expect("its bytes");
    assert_eq!(bytes.concat(), b"the plan");
    let other = Tenant::new("other").expect("a tenant");
    assert!(context.media.open(&other, &media.url).await.expect("a store").is_none());
}

#[tokio::test]
async fn a_file_that_telegram_does_not_give_is_told_and_the_words_with_it_pass() {
    let fake = Fake::start().await;
    sends(&fake, 1, &json!({"video": {"file_id": "huge"}}), "watch this");
    sends(&fake, 2, &json!({"voice": {"file_id": "v", "file_size": 21 * 1024 * 1024}}), "");
    fake.says(3, "after them");
    let connected = Connected::run(front(&fake)).await;
    fake.until("all are confirmed", |world| world.confirmed == 4).await;
    assert_eq!(connected.texts().await, ["watch this", "after them"]);
    assert!(connected.events().await.iter().all(|event| event.media_urls.is_empty()));
    fake.until("both are told", |world| world.chats.len() == 2).await;
    assert!(fake.shown("7").iter().all(|told| told.contains("20 MB")), "{:?}", fake.shown("7"));
}

#[tokio::test]
async fn an_album_is_one_message_with_all_its_files_also_where_they_come_one_by_one() {
    let fake = Fake::start().await;
    for name in ["a", "b", "c"] {
        fake.world().files.insert(name.into(), name.as_bytes().to_vec());
    }
    let photo = |file: &str| json!({"photo": [{"file_id": file}], "media_group_id": "g1"});
    fake.says(1, "before");
    sends(&fake, 2, &photo("a"), "");
    let connected = Connected::run(front(&fake)).await;
    fake.until("the first is fetched", |world| world.calls.iter().any(|(name, _)| name == "getUpdates"))
        .await;
    sends(&fake, 3, &photo("b"), "our holiday");
    sends(&fake, 4, &photo("c"), "");
    sends(&fake, 5, &json!({"photo": [{"file_id": "a"}], "media_group_id": "g2"}), "another");
    fake.until("all are confirmed", |world| world.confirmed == 6).await;
    let events = connected.events().await;
    let told: Vec<_> = events.iter().map(|event| (event.text.as_str(), event.media_urls.len())).collect();
    assert_eq!(told, [("before", 0), ("our holiday", 3), ("another", 1)]);
    assert_eq!(events[1].message_id.as_deref(), Some("2"));
}

async fn send_media(connected: &Connected, url: &str, kind: MediaKind, caption: &str) -> ActionResult {
    let action = Action::SendMedia(SendMediaAction {
        chat_id: "7".into(),
        media_kind: kind,
        source_url: url.into(),
        content: caption.into(),
        reply_to: Some("5".into()),
        filename: None,
        metadata: Metadata::default(),
    });
    let gateway_id = GatewayId::new("gw").expect("an id");
    let context = ActionContext::new(tenant(), gateway_id);
    connected.front.perform(action, context).await
}

#[tokio::test]
async fn a_file_of_a_gateways_goes_out_with_its_caption_and_a_long_text_follows_it() {
    let fake = Fake::start().await;
    let connected = Connected::run(front(&fake)).await;
    let context = connected.connector.front_context("telegram").expect("the front");
    fake.until("the front runs", |world| !world.calls.is_empty()).await;
    let put = async |name: &str, kind: &str| {
        let bytes = stream::iter([Ok(Bytes::from("hello, ")), Ok(Bytes::from("file"))]);
        context.media.put(&tenant(), Some(name), Some(kind), bytes).await.expect("a file").url
    };
    let url = put("a.txt", "text/plain").await;
    let sent = send_media(&connected, &url, MediaKind::Document, "**read** it").await;
    assert_eq!(sent.message_id.as_deref(), Some("1001"), "{sent:?}");
    let call = fake.calls_of("sendDocument").remove(0);
    assert_eq!(
        call["document"],
        json!({"filename": "a.txt", "type": "text/plain", "content": "hello, file"})
    );
    assert_eq!((&call["chat_id"], &call["caption"]), (&json!("7"), &json!("read it")));
    assert_eq!(call["caption_entities"][0]["type"], "bold");

    let picture = put("p.png", "image/png").await;
    assert!(send_media(&connected, &picture, MediaKind::Image, &"word ".repeat(500)).await.success);
    assert_eq!(fake.calls_of("sendPhoto")[0]["photo"]["content"], "hello, file");
    assert!(fake.calls_of("sendPhoto")[0]["caption"].is_null());
    assert_eq!(fake.calls_of("sendMessage").len(), 1);

    assert!(send_media(&connected, "https://x.example/a.ogg", MediaKind::Voice, "").await.success);
    assert_eq!(fake.calls_of("sendVoice")[0]["voice"], "https://x.example/a.ogg");
    for gone in ["https://relay.example/relay/media/00000000000000000000000000000000", "/etc/passwd"] {
        let refused = send_media(&connected, gone, MediaKind::Document, "").await;
        assert_eq!(refused.code.as_deref(), Some("not_found"), "{gone}");
    }
}

#[tokio::test]
async fn the_commands_of_the_gateways_are_the_bots_menu() {
    let fake = Fake::start().await;
    let connected = Connected::run(front(&fake)).await;
    let command = CommandSpec { name: "stop".into(), description: "Stops it".into(), options: None };
    let identity = Identity { platform: "telegram".into(), bot_id: String::new() };
    let gateway = GatewayId::new("gw").expect("an id");
    let store = connected.connector.store();
    store.announce(&gateway, identity, Some(vec![command])).await.expect("a store");
    connected.connector.revoke(&GatewayId::new("nobody").expect("an id")).await.expect("it looks again");
    fake.until("the menu is set", |world| world.calls.iter().any(|(name, _)| name == "setMyCommands")).await;
    let menu = json!({"commands": [{"command": "stop", "description": "Stops it"}]});
    assert_eq!(fake.calls_of("setMyCommands"), [menu]);
}
