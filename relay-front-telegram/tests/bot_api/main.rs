//! The front against a Bot API that refuses, waits, cuts and repeats.

mod fake;
mod files;
mod receiving;
mod sending;
#[path = "../../../relay-markdown/tests/properties/telegram_rules.rs"]
mod telegram_rules;

use std::sync::Arc;
use std::time::Duration;

use fake::{Fake, TOKEN};
use relay_connector::{
    AccessPolicy, ActionContext, Buffered, Connector, Cursor, Front as _, FrontState, Instance, MemoryStore,
    Seq, Store, Tenant,
};
use relay_front_telegram::{BotToken, TelegramFront, TelegramSettings};
use relay_net::TcpDialer;
use relay_wire::{Action, ActionResult, ConnectorFrame, Event, GatewayId, ProvisionRequest};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

/// A connector with the front, and a gateway that wants what people write.
struct Connected {
    connector: Connector,
    front: Arc<TelegramFront>,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Connected {
    /// Runs the front until this is stopped or dropped.
    async fn run(front: Arc<TelegramFront>) -> Self {
        let connector = connector(MemoryStore::default(), Arc::clone(&front));
        provision(&connector).await;
        Self::over(connector, front)
    }

    fn over(connector: Connector, front: Arc<TelegramFront>) -> Self {
        let (stop, of_task) = (CancellationToken::new(), connector.clone());
        let stopped = stop.clone();
        let running = tokio::spawn(async move { of_task.run_fronts(stopped).await });
        Self { connector, front, stop, running }
    }

    fn state(&self) -> watch::Receiver<FrontState> {
        self.connector.front_states().remove(0).1
    }

    async fn events(&self) -> Vec<Event> {
        events(&self.connector).await
    }

    async fn texts(&self) -> Vec<String> {
        texts(&self.connector).await
    }

    async fn stop(self) {
        self.stop.cancel();
        self.running.await.expect("no panic");
    }
}

/// A connector that lets user 7 in, and the chats that they open.
fn connector(store: impl Store, front: Arc<TelegramFront>) -> Connector {
    guarded(store, front, AccessPolicy::listed(["7"]))
}

fn guarded(store: impl Store, front: Arc<TelegramFront>, policy: AccessPolicy) -> Connector {
    Connector::builder(store).front(front).access("telegram", policy).build().expect("a connector")
}

async fn provision(connector: &Connector) {
    let request = ProvisionRequest {
        gateway_id: "gw".into(),
        platform: "telegram".into(),
        bot_id: String::new(),
        gateway_endpoint: String::new(),
        route_keys: Vec::new(),
        instance_id: None,
        wake_url: None,
    };
    connector.provision(request, &tenant()).await.expect("a gateway");
}

/// What waits for the gateway.
async fn events(connector: &Connector) -> Vec<Event> {
    let instance = Instance::of_gateway(tenant(), &GatewayId::new("gw").expect("an id"));
    let all = Cursor::new("telegram", Seq(0));
    let found = connector.store().pending(&instance, vec![all], 1_000, usize::MAX).await.expect("a store");
    let event = |delivery: Buffered| match ConnectorFrame::decode(&delivery.line).expect("a frame") {
        ConnectorFrame::Inbound(inbound) => *inbound.event,
        other => panic!("no event: {other:?}"),
    };
    found.into_iter().map(event).collect()
}

async fn texts(connector: &Connector) -> Vec<String> {
    events(connector).await.into_iter().map(|event| event.text).collect()
}

fn tenant() -> Tenant {
    Tenant::new("home").expect("a tenant")
}

fn front_at(base_url: Url) -> Arc<TelegramFront> {
    let token = BotToken::new(TOKEN).expect("a token");
    let settings = TelegramSettings::new(token, tenant(), Arc::new(TcpDialer::default()))
        .with_base_url(base_url)
        .with_poll(Duration::from_secs(1));
    Arc::new(TelegramFront::new(settings))
}

fn front(fake: &Fake) -> Arc<TelegramFront> {
    front_at(fake.base.clone())
}

async fn perform(front: &TelegramFront, action: Action) -> ActionResult {
    let context = ActionContext::new(tenant(), GatewayId::new("gw").unwrap());
    front.perform(action, context).await
}
