//! Keeps fronts running: one that panics or ends is started again after a while, and its neighbours never notice.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use relay_net::HttpClient;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::fronts::{Fronts, Served};
use crate::delivery::dispatcher::Dispatcher;
use crate::store::{FrontStore, GatewayStore};
use crate::{
    ChatAccess, Clock, EventSink, FrontContext, FrontError, FrontStateSender, FrontStorage, MediaStore,
    Random, Store, Tenant, TenantRouter, Vault,
};

/// The wait before the first new start, and the longest one.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// A front that ran for so long before it ended begins with the first wait again.
const STEADY: Duration = Duration::from_mins(5);

/// Runs the fronts of one connector.
pub(crate) struct Supervisor {
    pub(crate) fronts: Arc<Fronts>,
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) store: Arc<dyn Store>,
    /// By platform; every front has one.
    pub(crate) access: BTreeMap<String, ChatAccess>,
    pub(crate) default_tenant: Tenant,
    pub(crate) http: HttpClient,
    pub(crate) media: MediaStore,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    /// How long fronts may take to end.
    pub(crate) teardown: Duration,
    /// Fronts run once, however many listeners are served.
    pub(crate) turn: Semaphore,
}

impl Supervisor {
    /// Runs all of them until `shutdown`; nothing where they are run already.
    pub(crate) async fn run(&self, shutdown: &CancellationToken) {
        let Ok(_turn) = self.turn.try_acquire() else { return };
        let (stop, cut) = (shutdown.child_token(), CancellationToken::new());
        // Where this future is dropped, so are the fronts.
        let _cut = cut.clone().drop_guard();
        let running = TaskTracker::new();
        self.refresh_commands().await;
        for served in self.fronts.iter() {
            let (served, context) = (Arc::clone(served), self.context(served));
            let supervising = supervise(served, context, stop.clone());
            running.spawn(cut.clone().run_until_cancelled_owned(supervising));
        }
        running.close();
        running.wait().await;
    }

    /// Has every front see which commands gateways offer now.
    pub(crate) async fn refresh_commands(&self) {
        for served in self.fronts.iter() {
            if let Err(error) = served.refresh_commands(self.store.as_ref()).await {
                tracing::error!(platform = served.platform, %error, "the gateways' commands cannot be read");
            }
        }
    }

    pub(crate) fn context(&self, served: &Served) -> FrontContext {
        let platform = served.platform.as_str();
        let fronts = || Arc::clone(&self.store) as Arc<dyn FrontStore>;
        let gateways = Arc::clone(&self.store) as Arc<dyn GatewayStore>;
        FrontContext {
            events: EventSink::new(&self.dispatcher, platform),
            state: FrontStateSender::new(served.state.clone(), self.clock.clone()),
            descriptor: served.descriptor.clone(),
            storage: FrontStorage::new(fronts(), platform, self.clock.clone()),
            vault: Vault::new(fronts(), platform, self.clock.clone()),
            access: self.access[platform].clone(),
            tenants: TenantRouter::new(gateways, platform, self.default_tenant.clone()),
            media: self.media.clone(),
            commands: served.commands.subscribe(),
            http: self.http.clone(),
            clock: self.clock.clone(),
            random: self.random.clone(),
        }
    }
}

/// Runs one front until it is to stop, or until only a person can help.
async fn supervise(served: Arc<Served>, context: FrontContext, stop: CancellationToken) {
    let platform = served.platform.as_str();
    let mut wait = FIRST_WAIT;
    loop {
        context.state.starting();
        let begun = Instant::now();
        match run(&served, &context, &stop).await {
            Ended::Fatal(error) => {
                tracing::error!(platform, %error, "the front has ended; the others go on");
                return context.state.fatal(&error);
            }
            _ if stop.is_cancelled() => return,
            Ended::Early => {
                tracing::error!(platform, ?wait, "the front ended by itself; starting it again");
                context.state.degraded("the front ended by itself; it is started again");
            }
            Ended::Panicked => {
                tracing::error!(platform, ?wait, "the front panicked; starting it again. Report this");
                context.state.degraded("the front panicked; it is started again, and its log says more");
            }
        }
        if begun.elapsed() >= STEADY {
            wait = FIRST_WAIT;
        }
        if stop.run_until_cancelled(sleep(wait)).await.is_none() {
            return;
        }
        wait = (2 * wait).min(LONGEST_WAIT);
    }
}

/// How a front's run came to its end.
enum Ended {
    Fatal(FrontError),
    Early,
    Panicked,
}

async fn run(served: &Served, context: &FrontContext, stop: &CancellationToken) -> Ended {
    // Also what it does before its first wait may panic.
    let running = async { served.front.run(context.clone(), stop.child_token()).await };
    match AssertUnwindSafe(running).catch_unwind().await {
        Ok(Ok(())) => Ended::Early,
        Ok(Err(error)) => Ended::Fatal(error),
        Err(_) => Ended::Panicked,
    }
}
