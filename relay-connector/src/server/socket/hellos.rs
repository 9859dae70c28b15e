//! The hellos of one connection: which wait for a descriptor, and which descriptor each platform was answered with.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::Limits;
use crate::delivery::gateway_connection::Announced;
use crate::front::descriptor::Published;
use crate::front::fronts::{Fronts, Served};

/// Hellos whose front has published no descriptor yet wait here, first come first served, and nothing of the connection
/// waits with them.
pub(super) struct Hellos {
    waiting: VecDeque<WaitingHello>,
    /// By platform, the front and the version that was sent last.
    answered: BTreeMap<String, (Arc<Served>, u64)>,
    changes: watch::Receiver<u64>,
    max_waiting: usize,
    patience: std::time::Duration,
}

struct WaitingHello {
    identity: Announced,
    until: Instant,
}

/// A hello that is to be answered now.
pub(super) struct ReadyHello {
    pub(super) identity: Announced,
    pub(super) published: Published,
}

impl Hellos {
    pub(super) fn new(fronts: &Fronts, limits: &Limits) -> Self {
        Self {
            waiting: VecDeque::new(),
            answered: BTreeMap::new(),
            changes: fronts.descriptor_changes(),
            max_waiting: limits.identities,
            patience: limits.hello,
        }
    }

    /// Has a hello wait for its turn; `false` when too many do.
    pub(super) fn push(&mut self, identity: Announced) -> bool {
        let has_room = self.waiting.len() < self.max_waiting;
        if has_room {
            self.waiting.push_back(WaitingHello { identity, until: Instant::now() + self.patience });
        }
        has_room
    }

    /// The first hello that need not wait any more. It counts as answered.
    pub(super) fn ready(&mut self) -> Option<ReadyHello> {
        let found = self
            .waiting
            .iter()
            .enumerate()
            .find_map(|(at, hello)| hello.identity.served.published().map(|published| (at, published)));
        let (at, published) = found?;
        let WaitingHello { identity, .. } = self.waiting.remove(at)?;
        let served = Arc::clone(&identity.served);
        self.answered.insert(served.platform.clone(), (served, published.version));
        Some(ReadyHello { identity, published })
    }

    /// A descriptor that has changed since its platform was answered. It counts as sent.
    pub(super) fn changed(&mut self) -> Option<Published> {
        self.answered.values_mut().find_map(|(served, version)| {
            let published = served.published().filter(|published| published.version > *version)?;
            *version = published.version;
            Some(published)
        })
    }

    /// A platform whose front a hello has waited for in vain.
    pub(super) fn overdue(&self) -> Option<&str> {
        let first = self.waiting.front().filter(|hello| hello.until <= Instant::now())?;
        Some(&first.identity.served.platform)
    }

    /// Completes once one of these may have something to say. Nothing is lost when the caller stops waiting.
    pub(super) async fn news(&mut self) {
        let overdue = self.waiting.front().map(|hello| hello.until);
        let wait = async {
            match overdue {
                Some(until) => sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            ticked = self.changes.changed() => if ticked.is_err() { std::future::pending().await },
            () = wait => {}
        }
    }
}
