//! The handle of a link.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use relay_wire::{Action, BufferId, Identity, Interrupt, Outbound, RequestId, SessionKey};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::command::{Command, Lanes, Request};
use super::connection::{Noise, Pending};
use super::counters::Counters;
use super::hibernation::{Aim, Idle, Wish};
use super::inbound::{EventQueue, InboundQueues, InterruptQueue};
use super::reconnect::{Disconnect, ReconnectPolicy};
use super::request_ids::RequestIds;
use super::stages::Stages;
use super::task::Task;
use crate::{Deliveries, Descriptors, Drained, LinkConfig, LinkCounts, LinkState, Outcome, RelayTransport};

/// A link to a connector, kept up by a task of its own. Cheap to clone; the link ends when it is
/// [closed](Self::close), or with its last handle.
#[derive(Clone, Debug)]
pub struct Link {
    commands: mpsc::UnboundedSender<Command>,
    requests: mpsc::Sender<Request>,
    ids: Arc<RequestIds>,
    state: watch::Receiver<LinkState>,
    descriptors: watch::Receiver<Arc<Descriptors>>,
    closing: CancellationToken,
    counters: Arc<Counters>,
    last_disconnect: watch::Receiver<Option<Arc<Disconnect>>>,
    /// Set when a request is refused for want of a connection.
    wanted: Arc<AtomicBool>,
}

/// The task of a link. Awaiting it waits until the link has ended; dropping it leaves the link alone.
#[derive(Debug)]
pub struct LinkTask(JoinHandle<()>);

impl Future for LinkTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(|ended| {
            if let Err(failure) = ended {
                error!("the task of the relay link did not end by itself: {failure}; report this");
            }
        })
    }
}

impl Link {
    /// Starts to dial, on the runtime that this is called on.
    pub fn start(config: LinkConfig) -> (Self, Deliveries, LinkTask) {
        let limits = config.limits.clone();
        let (commands, command_lane) = mpsc::unbounded_channel();
        let (requests, request_lane) = mpsc::channel(limits.command_queue.max(1));
        let (event_queue, events) = EventQueue::new(&limits);
        let (interrupt_queue, interrupts) = InterruptQueue::new(limits.interrupt_queue);
        let (stages, state) = Stages::new();
        let (descriptor_sender, descriptors) = watch::channel(Arc::default());
        let (disconnect_sender, last_disconnect) = watch::channel(None);
        let counters = Arc::new(Counters::default());
        let closing = CancellationToken::new();
        let wanted = Arc::new(AtomicBool::new(false));
        let ids = Arc::new(RequestIds::new(config.random.number()));
        let task = Task {
            closing: closing.clone(),
            lanes: Lanes::new(command_lane, request_lane),
            inbound: InboundQueues {
                events: event_queue,
                interrupts: interrupt_queue,
                pending: Pending::new(limits.result),
                descriptors: descriptor_sender,
                noise: Noise::default(),
                counters: Arc::clone(&counters),
            },
            stages,
            last_disconnect: disconnect_sender,
            policy: ReconnectPolicy::default(),
            idle: Idle::default(),
            wanted: Arc::clone(&wanted),
            config,
        };
        let link =
            Self { commands, requests, ids, state, descriptors, closing, counters, last_disconnect, wanted };
        (link, Deliveries::new(events, interrupts), LinkTask(tokio::spawn(task.run())))
    }

    /// Closes the link with 1000 and waits until it has ended, at most [`Limits::teardown`](crate::Limits).
    /// A link that was disabled stays so.
    pub async fn close(&self) {
        self.closing.cancel();
        let mut state = self.state.clone();
        // An error means that the task is gone, which is what is waited for.
        let _ = state.wait_for(LinkState::is_final).await;
    }

    /// Asks the connector to stop live delivery and to keep what comes from now on, and waits for its word, at
    /// most as long as the grace. For a gateway that is about to stop: whatever it says, [close](Self::close) the
    /// link when the last turn has spoken.
    ///
    /// The link is [`Draining`](LinkState::Draining) then and serves everything as before, requests too. When its
    /// connection is lost it goes [`Hibernating`](LinkState::Hibernating) instead of dialing, since a handshake would only
    /// bring deliveries to a gateway that leaves; a request that is made then, or was refused before for want of a
    /// connection, makes it dial all the same, and each new connection is asked to go idle again. Without a
    /// connection it does the same, and answers at once.
    pub async fn drain(&self, grace: Duration) -> Drained {
        self.idle(Aim::Leave, grace).await
    }

    /// Lets the link sleep: asks the connector to keep what comes from now on, and when it has confirmed that and
    /// the open requests are answered, closes with 1000 and goes [`Hibernating`](LinkState::Hibernating).
    ///
    /// Only with [`Drained::Acked`] does the link hibernate. Else it goes on as it was: live, or dialing.
    ///
    /// A hibernating link dials again after [`Limits::hibernate_redial`](crate::Limits), when the machine it runs on was
    /// suspended and is thawed, on [`wake`](Self::wake), or when a request is made; that request waits for the
    /// connection, and is [`NotSent`](Outcome::NotSent) if the first dial brings none. The connector then delivers
    /// what it kept.
    pub async fn hibernate(&self, grace: Duration) -> Drained {
        self.idle(Aim::Hibernate, grace).await
    }

    /// Takes back [`drain`](Self::drain) and [`hibernate`](Self::hibernate): deliveries are wanted again. A hibernating link
    /// dials at once; one whose connector has gone idle already replaces its connection when the open requests are
    /// answered, because only a handshake resumes deliveries.
    pub fn wake(&self) {
        // A link that has ended stays so.
        let _ = self.commands.send(Command::Wake);
    }

    async fn idle(&self, aim: Aim, grace: Duration) -> Drained {
        let (reply, answer) = oneshot::channel();
        if self.commands.send(Command::Idle(Wish { aim, grace, reply })).is_err() {
            return Drained::NoConnection;
        }
        // The task ended with the wish in its hands.
        answer.await.unwrap_or(Drained::NoConnection)
    }

    /// What the link has done so far.
    pub fn counts(&self) -> LinkCounts {
        self.counters.counts()
    }

    /// The latest disconnect, now and as others follow; it stands also after the link has come back.
    pub fn last_disconnect(&self) -> watch::Receiver<Option<Arc<Disconnect>>> {
        self.last_disconnect.clone()
    }

    async fn perform(&self, action: Action, via: Option<Identity>) -> Outcome {
        match *self.state.borrow() {
            LinkState::Live | LinkState::Draining | LinkState::Hibernating => {}
            LinkState::Connecting { .. } | LinkState::Handshaking => {
                self.wanted.store(true, Ordering::Relaxed);
                return Outcome::NotSent;
            }
            LinkState::Disabled { .. } | LinkState::Closed => return Outcome::NotSent,
        }
        let request_id = self.ids.mint();
        let (platform, bot_id) = match via {
            Some(via) => (Some(via.platform), Some(via.bot_id)),
            None => (None, None),
        };
        let bot_id = bot_id.filter(|id: &String| !id.is_empty());
        let (reply, answer) = oneshot::channel();
        let mut waiting = Waiting { commands: &self.commands, id: Some(request_id.clone()) };
        let frame = Outbound { request_id, action, platform, bot_id };
        if self.requests.send(Request { frame, reply }).await.is_err() {
            return Outcome::NotSent;
        }
        // A task that died with the request in its hands may have written it.
        let outcome = answer.await.unwrap_or(Outcome::Unknown);
        waiting.id = None;
        outcome
    }
}

impl RelayTransport for Link {
    fn request(&self, action: Action, via: Option<Identity>) -> BoxFuture<'_, Outcome> {
        Box::pin(async move {
            let outcome = self.perform(action, via).await;
            self.counters.ended(&outcome);
            outcome
        })
    }

    fn ack(&self, buffer_id: BufferId) {
        // A link that has ended has nobody to acknowledge to.
        let _ = self.commands.send(Command::Ack(buffer_id));
    }

    fn interrupt(&self, session_key: SessionKey, reason: Option<String>) {
        let interrupt = Interrupt { session_key, reason };
        let _ = self.commands.send(Command::Interrupt(interrupt));
    }

    fn descriptors(&self) -> Arc<Descriptors> {
        Arc::clone(&self.descriptors.borrow())
    }

    fn state(&self) -> watch::Receiver<LinkState> {
        self.state.clone()
    }
}

/// A caller that waits. When it stops before its answer came, the task need not keep its place.
struct Waiting<'l> {
    commands: &'l mpsc::UnboundedSender<Command>,
    id: Option<RequestId>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            let _ = self.commands.send(Command::Forget(id));
        }
    }
}
