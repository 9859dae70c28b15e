//! What fronts keep, and whose a chat is.

use bytes::Bytes;
use relay_auth::{Secret, UnixSeconds};
use relay_connector::{
    Binding, FollowUpCredential, Instance, NewDelivery, Provisioning, StorageChanges, Store,
};
use relay_wire::{CommandSpec, Identity, SessionKey};

use crate::{every_store, tenant};

const NOW: UnixSeconds = UnixSeconds(1_000);

every_store!(
    a_value_is_its_fronts_own_until_it_is_replaced_or_removed,
    values_are_found_by_how_their_keys_begin,
    changes_are_made_with_the_delivery_they_belong_to,
    a_credential_is_found_by_every_spelling_by_its_tenant_alone_and_until_it_expires,
    a_credential_can_be_replaced_and_forgotten,
    commands_stay_until_others_are_announced_and_go_with_the_gateway,
    a_chat_is_whose_it_is_bound_to_else_whose_gateway_claims_it,
);

async fn value(store: &dyn Store, platform: &str, key: &str) -> Option<Bytes> {
    store.front_value(platform, key).await.unwrap()
}

async fn change(store: &dyn Store, changes: StorageChanges) {
    store.change_front("telegram", changes, NOW).await.unwrap();
}

async fn a_value_is_its_fronts_own_until_it_is_replaced_or_removed(store: &dyn Store) {
    assert_eq!(value(store, "telegram", "offset").await, None);
    change(store, StorageChanges::new().put("offset", "7").put("empty", "")).await;
    assert_eq!(value(store, "telegram", "offset").await.as_deref(), Some(b"7".as_slice()));
    assert_eq!(value(store, "telegram", "empty").await.as_deref(), Some(b"".as_slice()));
    assert_eq!(value(store, "discord", "offset").await, None);
    change(store, StorageChanges::new().put("offset", vec![0, 255]).remove("empty").remove("never")).await;
    assert_eq!(value(store, "telegram", "offset").await.as_deref(), Some([0, 255].as_slice()));
    assert_eq!(value(store, "telegram", "empty").await, None);
}

async fn values_are_found_by_how_their_keys_begin(store: &dyn Store) {
    change(store, StorageChanges::new().put("chat/2", "b").put("chat/1", "a").put("chat", "c").put("d", "d"))
        .await;
    store.change_front("discord", StorageChanges::new().put("chat/3", "x"), NOW).await.unwrap();
    let found = store.front_values("telegram", "chat/").await.unwrap();
    let found: Vec<_> = found.iter().map(|(key, value)| (key.as_str(), value.as_ref())).collect();
    assert_eq!(found, [("chat/1", b"a".as_slice()), ("chat/2", b"b")]);
    assert_eq!(store.front_values("telegram", "").await.unwrap().len(), 4);
    assert!(store.front_values("slack", "").await.unwrap().is_empty());
}

async fn changes_are_made_with_the_delivery_they_belong_to(store: &dyn Store) {
    let delivery = NewDelivery::new(
        vec![Instance::named(tenant("home"), "gw")],
        "telegram",
        Bytes::from_static(b"{}\n"),
        NOW,
    )
    .with_changes(StorageChanges::new().put("offset", "8").keep(credential("home", "hush", 1_900)));
    store.append(delivery).await.unwrap();
    assert_eq!(value(store, "telegram", "offset").await.as_deref(), Some(b"8".as_slice()));
    assert_eq!(found(store, "home", "s:u1", NOW).await.as_deref(), Some("hush"));
}

fn session(key: &str) -> SessionKey {
    SessionKey::new(key).unwrap()
}

fn credential(of: &str, secret: &str, expires: u64) -> FollowUpCredential {
    FollowUpCredential::new(
        tenant(of),
        vec![session("s:u1"), session("s")],
        Secret::new(secret),
        UnixSeconds(expires),
    )
}

async fn found(store: &dyn Store, of: &str, key: &str, now: UnixSeconds) -> Option<String> {
    let found = store.credential("telegram", &tenant(of), &session(key), now).await.unwrap();
    found.map(|secret| secret.expose().to_owned())
}

async fn a_credential_is_found_by_every_spelling_by_its_tenant_alone_and_until_it_expires(store: &dyn Store) {
    change(store, StorageChanges::new().keep(credential("home", "hush", 1_900))).await;
    for key in ["s", "s:u1"] {
        assert_eq!(found(store, "home", key, NOW).await.as_deref(), Some("hush"));
        assert_eq!(found(store, "work", key, NOW).await, None);
        assert_eq!(found(store, "home", key, UnixSeconds(1_899)).await.as_deref(), Some("hush"));
        assert_eq!(found(store, "home", key, UnixSeconds(1_900)).await, None);
    }
    assert_eq!(found(store, "home", "s:u2", NOW).await, None);
    assert!(store.credential("discord", &tenant("home"), &session("s"), NOW).await.unwrap().is_none());
    change(store, StorageChanges::new().keep(credential("work", "late", 1_000))).await;
    assert_eq!(found(store, "work", "s", UnixSeconds(1)).await, None, "what has expired is not even kept");
}

async fn a_credential_can_be_replaced_and_forgotten(store: &dyn Store) {
    change(store, StorageChanges::new().keep(credential("home", "one", 1_900))).await;
    change(store, StorageChanges::new().keep(credential("home", "two", 2_900))).await;
    assert_eq!(found(store, "home", "s", UnixSeconds(2_000)).await.as_deref(), Some("two"));
    change(store, StorageChanges::new().forget(tenant("home"), session("s"))).await;
    assert_eq!(found(store, "home", "s", NOW).await, None);
    assert_eq!(found(store, "home", "s:u1", NOW).await.as_deref(), Some("two"));
}

fn commands(names: &[&str]) -> Vec<CommandSpec> {
    let command = |name: &&str| CommandSpec {
        name: (*name).to_owned(),
        description: "does something".into(),
        options: Some(serde_json::json!([{"name": "what"}])),
    };
    names.iter().map(command).collect()
}

async fn gateway(store: &dyn Store, id: &str, of: &str, route_keys: &[&str], created: u64) {
    let provisioning = Provisioning::new(
        id.parse().unwrap(),
        tenant(of),
        Secret::new("s"),
        Identity { platform: "telegram".to_owned(), bot_id: "B1".to_owned() },
        UnixSeconds(created),
    )
    .with_route_keys(route_keys.iter().map(|key| (*key).to_owned()).collect());
    store.provision(provisioning).await.unwrap();
}

async fn commands_stay_until_others_are_announced_and_go_with_the_gateway(store: &dyn Store) {
    let bot = || Identity { platform: "telegram".to_owned(), bot_id: "B1".to_owned() };
    let id = "gw".parse().unwrap();
    gateway(store, "gw", "home", &[], 1).await;
    let announce =
        async |offered: Option<&[&str]>| store.announce(&id, bot(), offered.map(commands)).await.unwrap();
    let offered = async || {
        let all = store.commands("telegram").await.unwrap();
        all.into_iter().map(|one| (one.gateway_id.to_string(), one.tenant, one.commands)).collect::<Vec<_>>()
    };
    assert!(!announce(None).await, "the identity was provisioned");
    assert_eq!(offered().await, []);
    assert!(announce(Some(&["stop", "new"])).await);
    let expected = [("gw".to_owned(), tenant("home"), commands(&["stop", "new"]))];
    assert_eq!(offered().await, expected);
    assert!(!announce(Some(&["stop", "new"])).await);
    assert!(!announce(None).await);
    assert_eq!(offered().await, expected);
    assert!(store.commands("discord").await.unwrap().is_empty());
    assert!(announce(Some(&[])).await);
    assert_eq!(offered().await, [("gw".to_owned(), tenant("home"), Vec::new())]);
    store.revoke(&id, NOW).await.unwrap();
    assert_eq!(offered().await, []);
    assert!(!store.announce(&"nobody".parse().unwrap(), bot(), Some(commands(&["x"]))).await.unwrap());
}

async fn a_chat_is_whose_it_is_bound_to_else_whose_gateway_claims_it(store: &dyn Store) {
    let whose = async |places: &[&str]| {
        let tenant = store.route("telegram", places).await.unwrap();
        tenant.map(|tenant| tenant.as_str().to_owned())
    };
    let bind = async |place: &str, of: &str| {
        let binding = Binding::new("telegram", place.to_owned(), tenant(of));
        store.bind(binding).await.unwrap();
    };
    assert_eq!(whose(&["7"]).await, None);
    gateway(store, "late", "late", &["7", "8"], 20).await;
    gateway(store, "early", "early", &["7"], 10).await;
    assert_eq!(whose(&["7"]).await.as_deref(), Some("early"), "the first who claimed it");
    assert_eq!(whose(&["9", "8", "7"]).await.as_deref(), Some("late"), "the narrowest place");
    assert_eq!(store.route("discord", &["7"]).await.unwrap(), None);
    bind("scope", "bound").await;
    assert_eq!(whose(&["7", "scope"]).await.as_deref(), Some("bound"), "a binding is a decision");
    bind("7", "home").await;
    bind("7", "work").await;
    assert_eq!(whose(&["7", "scope"]).await.as_deref(), Some("work"));
    let places: Vec<_> = store.bindings().await.unwrap().into_iter().map(|bound| bound.place).collect();
    assert_eq!(places, ["7", "scope"]);
    assert!(store.unbind("telegram", "7").await.unwrap());
    assert!(!store.unbind("telegram", "7").await.unwrap());
    store.revoke(&"early".parse().unwrap(), NOW).await.unwrap();
    assert_eq!(whose(&["7"]).await.as_deref(), Some("late"));
    assert_eq!(whose(&["x"]).await, None);
}
