//! The adapter: takes deliveries in, and runs what they ask for.

use std::sync::Arc;

use relay_transport::{Deliveries, Delivery, RelayTransport};
use relay_wire::{BufferId, Event, Forward, SessionKey};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, info, warn};

use crate::address::ChatMemory;
use crate::discord::{FOLLOW_UP_KIND, interaction_event};
use crate::outbox::Outbox;
use crate::sessions::{Message, Placed, Sessions};
use crate::stop::is_stop;
use crate::{AdapterSettings, Admission, Agent, DeliveryKeys, Inbox, TurnEnd, TurnReport};

/// Connects a link, an agent and an inbox.
pub struct Adapter {
    shared: Arc<Shared>,
}

/// What every turn works with.
pub(crate) struct Shared {
    pub(crate) outbox: Outbox,
    pub(crate) agent: Arc<dyn Agent>,
    pub(crate) settings: AdapterSettings,
    pub(crate) permits: Semaphore,
    inbox: Arc<dyn Inbox>,
    memory: ChatMemory,
    sessions: Sessions,
    tasks: TaskTracker,
}

impl Adapter {
    /// An adapter that does nothing until it is [`run`](Self::run).
    pub fn new(
        transport: Arc<dyn RelayTransport>,
        agent: Arc<dyn Agent>,
        inbox: Arc<dyn Inbox>,
        settings: AdapterSettings,
    ) -> Self {
        let memory = ChatMemory::new(settings.identities.clone(), settings.remembered_chats);
        Self {
            shared: Arc::new(Shared {
                outbox: Outbox::new(transport),
                agent,
                permits: Semaphore::new(settings.running_turns),
                settings,
                inbox,
                memory,
                sessions: Sessions::default(),
                tasks: TaskTracker::new(),
            }),
        }
    }

    /// Serves until `shutdown` is cancelled or the link closes for good, then gives running turns
    /// [`shutdown_grace`](AdapterSettings::shutdown_grace) to finish and stops the rest.
    pub async fn run(self, deliveries: Deliveries, shutdown: CancellationToken) {
        let Deliveries { mut events, mut interrupts } = deliveries;
        let shared = Arc::clone(&self.shared);
        let interrupting = tokio::spawn(async move {
            while let Some(interrupt) = interrupts.recv().await {
                let found = shared.sessions.interrupt(interrupt.session_key.as_str());
                debug!(session_key = %interrupt.session_key, found, "an interrupt came over the relay");
            }
        });
        loop {
            let delivery = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                delivery = events.recv() => delivery,
            };
            let Some(delivery) = delivery else { break };
            self.shared.take(delivery).await;
        }
        self.shared.finish().await;
        interrupting.abort();
    }
}

impl Shared {
    /// Admits one delivery: commit, then acknowledge, then act.
    async fn take(self: &Arc<Self>, delivery: Delivery) {
        match delivery {
            Delivery::Inbound(inbound) => {
                self.admit(*inbound.event, inbound.buffer_id, None).await;
            }
            Delivery::Passthrough(passthrough) => {
                let (forward, buffer_id) = (passthrough.forward, passthrough.buffer_id);
                match interaction_event(&forward) {
                    Some(event) => {
                        self.admit(event, buffer_id, Some(FOLLOW_UP_KIND.to_owned())).await;
                    }
                    None => self.drop_forward(&forward, buffer_id),
                }
            }
            Delivery::Unreadable { buffer_id, error } => {
                error!(buffer_id = %buffer_id, error = %error, "a buffered delivery can never be read and is dropped");
                self.outbox.transport().ack(buffer_id);
            }
        }
    }

    async fn admit(
        self: &Arc<Self>,
        event: Event<'static>,
        buffer_id: Option<BufferId>,
        follow_up: Option<String>,
    ) {
        match self.inbox.admit(DeliveryKeys::of_event(&event, buffer_id.as_ref())).await {
            Err(failure) => {
                error!(error = %failure, "a message was not taken; it is not acknowledged and comes again");
                return;
            }
            Ok(admission) => {
                if let Some(buffer_id) = buffer_id {
                    self.outbox.transport().ack(buffer_id);
                }
                if admission == Admission::Duplicate {
                    debug!(
                        message_id = event.message_id.as_deref(),
                        "a redelivered message was taken before"
                    );
                    return;
                }
            }
        }
        self.act(event, follow_up);
    }

    /// A forward that nothing here understands is dropped on purpose, and acknowledged so that it does not
    /// come again.
    fn drop_forward(&self, forward: &Forward<'_>, buffer_id: Option<BufferId>) {
        info!(
            platform = &*forward.platform,
            method = &*forward.method,
            path = &*forward.path,
            "a forwarded request is of no known kind and is dropped"
        );
        if let Some(buffer_id) = buffer_id {
            self.outbox.transport().ack(buffer_id);
        }
    }

    fn act(self: &Arc<Self>, event: Event<'static>, follow_up: Option<String>) {
        let address = self.memory.learn(&event);
        let session_key = event.source.session_key(self.settings.session_keys);
        if let Some(press) = &event.prompt_response {
            debug!(prompt_id = &*press.prompt_id, "a press on a prompt that is not open here is consumed");
            return;
        }
        if event.text.trim().is_empty() && event.media_urls.is_empty() {
            debug!(session_key = %session_key, "a message without text or files asks for nothing");
            return;
        }
        let stops = is_stop(&event.text);
        let message = Message { event, address, follow_up };
        if stops {
            self.stop(session_key, message);
            return;
        }
        let placed =
            self.sessions.place(&session_key, message, self.settings.while_busy, self.settings.session_queue);
        match placed {
            Placed::Start(message, running) => {
                let shared = Arc::clone(self);
                self.tasks.spawn(async move { shared.run_session(session_key, *message, running).await });
            }
            Placed::Waits => {}
            Placed::Full(message) => {
                warn!(session_key = %session_key, "a session's queue is full; its chat is told so");
                let shared = Arc::clone(self);
                self.tasks.spawn(async move {
                    let line = "Too many messages are waiting here; this one was not taken.";
                    shared.outbox.reply(&session_key, &message, line).await;
                    shared.report(&session_key, message.id(), TurnEnd::Refused);
                });
            }
        }
    }

    /// Runs a session's turns one after the other until nothing waits.
    async fn run_session(
        self: Arc<Self>,
        session_key: SessionKey,
        first: Message,
        running: CancellationToken,
    ) {
        let mut next = Some((first, running));
        while let Some((message, running)) = next {
            let end = self.run_turn(&session_key, &message, running).await;
            // First, so that whoever is told of the end finds the session at rest.
            next = self.sessions.next(&session_key);
            self.report(&session_key, message.id(), end);
        }
    }

    /// Stops the running turn. One that does not run here may run in a sibling of this gateway.
    fn stop(self: &Arc<Self>, session_key: SessionKey, message: Message) {
        let running_here = self.sessions.interrupt(session_key.as_str());
        if !running_here {
            self.outbox.transport().interrupt(session_key.clone(), Some("stopped by the user".to_owned()));
        }
        let line = if running_here { "Stopped." } else { "Nothing is running here." };
        let shared = Arc::clone(self);
        self.tasks.spawn(async move {
            shared.outbox.reply(&session_key, &message, line).await;
            shared.report(&session_key, message.id(), TurnEnd::Command);
        });
    }

    fn report(&self, session_key: &SessionKey, message_id: Option<&str>, end: TurnEnd) {
        debug!(session_key = %session_key, message_id, end = end.as_str(), "a message is done with");
        if let Some(observer) = &self.settings.observer {
            observer(&TurnReport {
                session_key: session_key.clone(),
                message_id: message_id.map(str::to_owned),
                end,
            });
        }
    }

    async fn finish(&self) {
        for (session_key, message) in self.sessions.take_waiting() {
            warn!(session_key = %session_key, message_id = message.id(), "a waiting message is not answered: the gateway stops");
        }
        self.tasks.close();
        if timeout(self.settings.shutdown_grace, self.tasks.wait()).await.is_err() {
            info!("stopping the turns that are still running");
            self.sessions.interrupt_all();
            if timeout(2 * self.settings.interrupt_grace, self.tasks.wait()).await.is_err() {
                warn!("some turns did not end in time");
            }
        }
    }
}
