//! A link that hibernates, and what wakes it.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::idle::Idle;
use super::thaw::Thaw;
use crate::LinkConfig;
use crate::link::command::{Command, Lanes, Outward};
use crate::link::inbound::InboundQueues;

/// A link without a connection, with what it borrows from the task.
pub(in crate::link) struct Hibernation<'t> {
    pub(in crate::link) config: &'t LinkConfig,
    pub(in crate::link) closing: &'t CancellationToken,
    pub(in crate::link) lanes: &'t mut Lanes,
    pub(in crate::link) inbound: &'t mut InboundQueues,
    pub(in crate::link) idle: &'t mut Idle,
    pub(in crate::link) wanted: &'t AtomicBool,
}

impl Hibernation<'_> {
    /// Waits until a connection is wanted again; `None` when the link is closed meanwhile.
    ///
    /// A request wakes the link and is kept for the connection. A link whose owner leaves wakes for nothing else
    /// but [`Link::wake`](crate::Link::wake); one that was sent to sleep wakes by itself as well.
    pub(in crate::link) async fn until_woken(&mut self) -> Option<()> {
        let limits = &self.config.limits;
        let clock = &self.config.clock;
        let mut asleep_since = Instant::now();
        let thaw = Thaw::since(clock.now(), asleep_since);
        let mut next_check = asleep_since + limits.clock_check;
        while self.idle.wished() {
            let hibernates = self.idle.hibernates();
            let redial = asleep_since + limits.hibernate_redial;
            let outward = tokio::select! {
                biased;
                () = self.closing.cancelled() => return None,
                () = self.inbound.interrupts.forward() => continue,
                () = self.inbound.events.forward() => continue,
                outward = self.lanes.next(true) => outward,
                () = sleep_until(redial.min(next_check)), if hibernates => {
                    let now = Instant::now();
                    let thawed = thaw.happened(clock.now(), now);
                    if thawed || now >= redial {
                        info!(thawed, "the relay link wakes by itself");
                        self.idle.wake();
                    }
                    next_check = now + limits.clock_check;
                    continue;
                }
            };
            match outward {
                Outward::Deserted => return None,
                Outward::Request(request) => {
                    info!("the relay link wakes for a request");
                    self.lanes.hold(request);
                    self.wanted.store(true, Ordering::Relaxed);
                    if self.idle.hibernates() {
                        self.idle.wake();
                    }
                    return Some(());
                }
                Outward::Command(Command::Idle(wish)) => {
                    self.idle.wish_unconnected(wish, true);
                    asleep_since = Instant::now();
                }
                Outward::Command(Command::Wake) => self.idle.wake(),
                Outward::Command(command) => command.unsent(&self.inbound.counters),
            }
        }
        Some(())
    }
}
