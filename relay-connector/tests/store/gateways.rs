//! Gateways, tokens and policies.

use relay_auth::{Secret, UnixSeconds};
use relay_connector::{
    EnrollOutcome, Enrollment, Instance, NewDelivery, Policy, ProvisionOutcome, Provisioning, RevokeOutcome,
    RotateOutcome, Store, Subscriber,
};
use relay_wire::Identity;

use crate::{every_store, tenant};

every_store![
    a_rotation_keeps_the_former_secret_and_no_older_one,
    a_used_token_changes_nothing,
    a_gateway_of_another_tenant_is_not_taken_over_and_the_token_stays_good,
    a_provisioned_gateway_gets_its_secret_once_and_its_description_each_time,
    a_gateway_id_and_an_instance_id_of_one_name_have_buffers_and_policies_of_their_own,
    what_waits_for_a_gateway_waits_for_the_instance_id_of_the_same_name_that_it_gets,
    another_tenants_identity_cannot_take_a_gateway_over,
    a_revoked_gateway_has_no_secret_until_a_new_token_lets_it_in,
    what_was_never_there_is_not_rotated_or_revoked,
    gateways_are_listed_by_id,
    subscribers_are_the_tenants_instances_that_front_the_platform,
    an_announced_identity_makes_a_subscriber_and_a_revocation_unmakes_it,
    a_policy_is_that_of_its_instance_and_platform,
];

fn enrollment(nonce: &str, owner: &str, secret: &str) -> Enrollment {
    Enrollment::new(
        "gw".parse().unwrap(),
        tenant(owner),
        Secret::new(secret),
        nonce,
        UnixSeconds(100),
        UnixSeconds(50),
    )
}

fn provisioning(gateway: &str, secret: &str) -> Provisioning {
    Provisioning::new(
        gateway.parse().unwrap(),
        tenant("home"),
        Secret::new(secret),
        identity("discord", "B1"),
        UnixSeconds(60),
    )
}

fn identity(platform: &str, bot_id: &str) -> Identity {
    Identity { platform: platform.to_owned(), bot_id: bot_id.to_owned() }
}

async fn secrets(store: &dyn Store) -> Vec<String> {
    let record = store.gateway(&"gw".parse().unwrap()).await.unwrap().unwrap();
    record.verify.secrets().iter().map(|secret| secret.expose().to_owned()).collect()
}

async fn a_rotation_keeps_the_former_secret_and_no_older_one(store: &dyn Store) {
    assert_eq!(store.enroll(enrollment("n1", "home", "s1")).await.unwrap(), EnrollOutcome::Enrolled);
    assert_eq!(store.enroll(enrollment("n2", "home", "s2")).await.unwrap(), EnrollOutcome::Rotated);
    assert_eq!(secrets(store).await, ["s2", "s1"]);
    assert_eq!(
        store.rotate(&"gw".parse().unwrap(), Secret::new("s3")).await.unwrap(),
        RotateOutcome::Rotated
    );
    assert_eq!(secrets(store).await, ["s3", "s2"]);
}

async fn a_used_token_changes_nothing(store: &dyn Store) {
    store.enroll(enrollment("n1", "home", "s1")).await.unwrap();
    assert_eq!(store.enroll(enrollment("n1", "home", "s2")).await.unwrap(), EnrollOutcome::TokenUsed);
    assert_eq!(secrets(store).await, ["s1"]);
}

async fn a_gateway_of_another_tenant_is_not_taken_over_and_the_token_stays_good(store: &dyn Store) {
    store.enroll(enrollment("n1", "home", "s1")).await.unwrap();
    assert_eq!(store.enroll(enrollment("n2", "work", "s2")).await.unwrap(), EnrollOutcome::ForeignGateway);
    assert_eq!(secrets(store).await, ["s1"]);
    assert_eq!(store.enroll(enrollment("n2", "home", "s2")).await.unwrap(), EnrollOutcome::Rotated);
}

async fn a_provisioned_gateway_gets_its_secret_once_and_its_description_each_time(store: &dyn Store) {
    assert_eq!(store.provision(provisioning("gw", "s1")).await.unwrap(), ProvisionOutcome::Issued);
    let record = store.gateway(&"gw".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(record.instance, Instance::of_gateway(tenant("home"), &"gw".parse().unwrap()));
    assert_eq!((record.created, record.revoked), (UnixSeconds(60), None));

    let second = provisioning("gw", "s2")
        .with_identity(identity("telegram", ""))
        .with_instance_id(Some("agent".to_owned()))
        .with_endpoint(Some("https://gw.example".to_owned()))
        .with_route_keys(vec!["C1".to_owned(), "C\"2".to_owned()])
        .with_wake_url(Some("https://wake.example/gw".to_owned()));
    assert_eq!(store.provision(second).await.unwrap(), ProvisionOutcome::Known);
    assert_eq!(secrets(store).await, ["s1"], "the secret was handed out before");
    let record = store.gateway(&"gw".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(record.instance, Instance::named(tenant("home"), "agent"));
    assert_eq!(record.endpoint.as_deref(), Some("https://gw.example"));
    assert_eq!(record.route_keys, ["C1", "C\"2"]);
    assert_eq!(record.wake_url.as_deref(), Some("https://wake.example/gw"));
    assert_eq!(record.identities, [identity("discord", "B1"), identity("telegram", "")]);
}

async fn a_gateway_id_and_an_instance_id_of_one_name_have_buffers_and_policies_of_their_own(
    store: &dyn Store,
) {
    let of_instance = provisioning("gw", "s1").with_instance_id(Some("agent".to_owned()));
    store.provision(provisioning("agent", "s0")).await.unwrap();
    store.provision(of_instance).await.unwrap();
    let subscribers = store.subscribers(&tenant("home"), "discord").await.unwrap();
    let instances: Vec<_> = subscribers.into_iter().map(|subscriber| subscriber.instance).collect();
    let gateway = Instance::of_gateway(tenant("home"), &"agent".parse().unwrap());
    let by_id = Instance::named(tenant("home"), "agent");
    assert_eq!(instances, [gateway.clone(), by_id.clone()]);
    append(store, &by_id, 1).await;
    store.set_policy(&by_id, "discord", Policy::default()).await.unwrap();
    assert_eq!(store.backlog(&gateway).await.unwrap().items, 0);
    assert_eq!(store.backlog(&by_id).await.unwrap().items, 1);
    assert_eq!(store.policy(&gateway, "discord").await.unwrap(), None);
}

async fn what_waits_for_a_gateway_waits_for_the_instance_id_of_the_same_name_that_it_gets(store: &dyn Store) {
    store.provision(provisioning("gw", "s1")).await.unwrap();
    let gateway = Instance::of_gateway(tenant("home"), &"gw".parse().unwrap());
    append(store, &gateway, 2).await;
    store.set_policy(&gateway, "discord", Policy::default()).await.unwrap();
    let named = provisioning("gw", "s1").with_instance_id(Some("gw".to_owned()));
    store.provision(named).await.unwrap();
    let by_id = Instance::named(tenant("home"), "gw");
    assert_eq!(store.backlog(&by_id).await.unwrap().items, 2);
    assert_eq!(store.backlog(&gateway).await.unwrap().items, 0);
    assert!(store.policy(&by_id, "discord").await.unwrap().is_some());
}

async fn append(store: &dyn Store, instance: &Instance, count: usize) {
    for _ in 0..count {
        let arrival = NewDelivery::new(vec![instance.clone()], "discord", "{}\n", UnixSeconds(60));
        store.append(arrival).await.unwrap();
    }
}

async fn another_tenants_identity_cannot_take_a_gateway_over(store: &dyn Store) {
    store.provision(provisioning("gw", "s1")).await.unwrap();
    let foreign = provisioning("gw", "s2")
        .with_tenant(tenant("work"))
        .with_wake_url(Some("http://evil".to_owned()))
        .with_identity(identity("telegram", "B9"));
    assert_eq!(store.provision(foreign).await.unwrap(), ProvisionOutcome::ForeignGateway);
    let record = store.gateway(&"gw".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((record.tenant, record.wake_url), (tenant("home"), None));
    assert_eq!(record.identities, [identity("discord", "B1")]);
}

async fn a_revoked_gateway_has_no_secret_until_a_new_token_lets_it_in(store: &dyn Store) {
    store.provision(provisioning("gw", "s1")).await.unwrap();
    store.rotate(&"gw".parse().unwrap(), Secret::new("s2")).await.unwrap();
    let id = "gw".parse().unwrap();
    assert_eq!(store.revoke(&id, UnixSeconds(70)).await.unwrap(), RevokeOutcome::Revoked);
    assert_eq!(store.revoke(&id, UnixSeconds(80)).await.unwrap(), RevokeOutcome::Already);
    let record = store.gateway(&id).await.unwrap().unwrap();
    assert!(record.verify.secrets().is_empty());
    assert_eq!(record.revoked, Some(UnixSeconds(70)));

    assert_eq!(store.rotate(&id, Secret::new("s3")).await.unwrap(), RotateOutcome::Revoked);
    assert_eq!(store.provision(provisioning("gw", "s3")).await.unwrap(), ProvisionOutcome::Revoked);
    assert!(secrets(store).await.is_empty());
    assert_eq!(store.enroll(enrollment("n1", "home", "s4")).await.unwrap(), EnrollOutcome::Enrolled);
    assert_eq!(secrets(store).await, ["s4"], "no secret from before the revocation comes back");
    assert_eq!(store.gateway(&id).await.unwrap().unwrap().revoked, None);
}

async fn what_was_never_there_is_not_rotated_or_revoked(store: &dyn Store) {
    let id = "nobody".parse().unwrap();
    assert_eq!(store.rotate(&id, Secret::new("s")).await.unwrap(), RotateOutcome::Unknown);
    assert_eq!(store.revoke(&id, UnixSeconds(1)).await.unwrap(), RevokeOutcome::Unknown);
    store.announce(&id, identity("discord", "B1"), None).await.unwrap();
    assert!(store.gateway(&id).await.unwrap().is_none());
    assert_eq!(store.subscribers(&tenant("home"), "discord").await.unwrap(), []);
}

async fn gateways_are_listed_by_id(store: &dyn Store) {
    for gateway in ["b", "c", "a"] {
        store.provision(provisioning(gateway, "s")).await.unwrap();
    }
    let gateways = store.gateways().await.unwrap();
    let ids: Vec<_> = gateways.iter().map(|record| record.gateway_id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "c"]);
    assert_eq!(gateways[0].identities, [identity("discord", "B1")]);
}

async fn subscribers_are_the_tenants_instances_that_front_the_platform(store: &dyn Store) {
    let of = |gateway: &str, owner: &str, instance: Option<&str>, platform: &str, bot: &str| {
        provisioning(gateway, "s")
            .with_tenant(tenant(owner))
            .with_instance_id(instance.map(str::to_owned))
            .with_identity(identity(platform, bot))
            .with_wake_url((gateway != "one").then(|| format!("https://wake.example/{gateway}")))
    };
    for provisioning in [
        of("two", "home", Some("shared"), "discord", "B2"),
        of("one", "home", Some("shared"), "discord", "B1"),
        of("own", "home", None, "discord", ""),
        of("quiet", "home", None, "telegram", "B1"),
        of("foreign", "work", Some("shared"), "discord", "B3"),
    ] {
        store.provision(provisioning).await.unwrap();
    }
    let subscriber = |instance: Instance, bots: &[&str], wake: &[&str]| {
        let mut subscriber = Subscriber::new(instance);
        subscriber.bot_ids = bots.iter().map(|&bot| bot.to_owned()).collect();
        subscriber.wake_urls = wake.iter().map(|&url| url.to_owned()).collect();
        subscriber
    };
    assert_eq!(
        store.subscribers(&tenant("home"), "discord").await.unwrap(),
        [
            subscriber(
                Instance::of_gateway(tenant("home"), &"own".parse().unwrap()),
                &[],
                &["https://wake.example/own"]
            ),
            subscriber(
                Instance::named(tenant("home"), "shared"),
                &["B1", "B2"],
                &["https://wake.example/two"]
            ),
        ]
    );
}

async fn an_announced_identity_makes_a_subscriber_and_a_revocation_unmakes_it(store: &dyn Store) {
    store.enroll(enrollment("n1", "home", "s1")).await.unwrap();
    assert_eq!(store.subscribers(&tenant("home"), "local").await.unwrap(), []);
    for _ in 0..2 {
        store.announce(&"gw".parse().unwrap(), identity("local", ""), None).await.unwrap();
    }
    assert_eq!(store.subscribers(&tenant("home"), "local").await.unwrap().len(), 1);
    let record = store.gateway(&"gw".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(record.identities, [identity("local", "")]);
    store.revoke(&"gw".parse().unwrap(), UnixSeconds(70)).await.unwrap();
    assert_eq!(store.subscribers(&tenant("home"), "local").await.unwrap(), []);
}

async fn a_policy_is_that_of_its_instance_and_platform(store: &dyn Store) {
    let instance = Instance::of_gateway(tenant("home"), &"gw".parse().unwrap());
    assert_eq!(store.policy(&instance, "discord").await.unwrap(), None);
    let strict =
        Policy::default().with_require_address(true).with_free_response_scopes(vec!["C1".to_owned()]);
    let open = Policy::default().with_allow_other_bots(true);
    store.set_policy(&instance, "discord", open).await.unwrap();
    store.set_policy(&instance, "discord", strict.clone()).await.unwrap();
    assert_eq!(store.policy(&instance, "discord").await.unwrap(), Some(strict.clone()));
    assert_eq!(store.policy(&instance, "telegram").await.unwrap(), None);
    assert_eq!(
        store.policy(&Instance::of_gateway(tenant("work"), &"gw".parse().unwrap()), "discord").await.unwrap(),
        None
    );

    store.provision(provisioning("gw", "s")).await.unwrap();
    assert_eq!(store.subscribers(&tenant("home"), "discord").await.unwrap()[0].policy, strict);
}
