//! The front against a Bot API that refuses, waits, cuts and repeats.

mod fake;
mod receiving;
mod sending;
#[path = "../../../relay-markdown/tests/properties/telegram_rules.rs"]
mod telegram_rules;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fake::{Fake, TOKEN};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_connector::{ActionContext, DeliverError, Delivery, Front as _, StoreError, Tenant};
use relay_front_telegram::{Access, BotToken, Events, TelegramFront, TelegramSettings};
use relay_net::TcpDialer;
use relay_wire::{Action, ActionResult, Event, GatewayId};
use tokio::sync::watch;
use url::Url;

/// Keeps events; takes none while it is closed.
struct Kept {
    events: Mutex<Vec<Event>>,
    open: watch::Sender<bool>,
}

impl Kept {
    fn new() -> Arc<Self> {
        Arc::new(Self { events: Mutex::default(), open: watch::Sender::new(true) })
    }

    fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn texts(&self) -> Vec<String> {
        self.events().iter().map(|event| event.text.clone()).collect()
    }
}

impl Events for Kept {
    fn wanted<'a>(&'a self, _: &'a Tenant) -> BoxFuture<'a, Result<(), StoreError>> {
        async { Ok(()) }.boxed()
    }

    fn deliver<'a>(&'a self, _: &'a Tenant, event: Event) -> BoxFuture<'a, Result<Delivery, DeliverError>> {
        async move {
            let mut open = self.open.subscribe();
            open.wait_for(|open| *open).await.expect("the sender lives");
            self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
            Ok(Delivery::Buffered(1))
        }
        .boxed()
    }
}

fn tenant() -> Tenant {
    Tenant::new("home").expect("a tenant")
}

fn front_at(base_url: Url, access: Access) -> Arc<TelegramFront> {
    let token = BotToken::new(TOKEN).expect("a token");
    let settings = TelegramSettings {
        base_url,
        poll: Duration::from_secs(1),
        ..TelegramSettings::new(token, tenant(), access, Arc::new(TcpDialer::default()))
    };
    Arc::new(TelegramFront::new(settings))
}

/// A front that lets user 7 in.
fn front(fake: &Fake) -> Arc<TelegramFront> {
    front_at(fake.base.clone(), Access::Users(BTreeSet::from([7])))
}

async fn perform(front: &TelegramFront, action: Action) -> ActionResult {
    let context = ActionContext { tenant: tenant(), gateway_id: GatewayId::new("gw").unwrap(), bot_id: None };
    front.perform(action, context).await
}
