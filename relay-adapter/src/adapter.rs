//! The adapter: takes deliveries in, and runs what they ask for.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream::FuturesOrdered;
use relay_transport::{Deliveries, RelayTransport};
use relay_wire::{ChatType, Event, SessionKey};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, interval, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, info, warn};

use crate::activity::ActivityCount;
use crate::address::ChatMemory;
use crate::admission::{Admitting, Backlog, ChatCommand, Recovery, size_of};
use crate::agent::AgentNumber;
use crate::outbox::Outbox;
use crate::question::{Press, QuestionDesk};
use crate::session::{
    Assignments, Interrupted, Message, Next, OpenSessions, Placed, Sessions, StatusOf, Waiting, choose,
    help_text, status_text,
};
use crate::turn::Reactions;
use crate::{
    Activity, AdapterCounters, AdapterSettings, Agents, ChooseAgent, EntryId, Inbox, InboxError,
    SessionSetting, SessionStore, TurnEnd, TurnReport, Unfinished, WhileBusy,
};

/// How often sessions that nobody uses are looked for, at the most.
const MIN_SWEEP: Duration = Duration::from_secs(1);

/// Sessions of an agent that have a task beside those whose turns may run: they wait for a turn's place, or for the link. Further
/// ones are an entry.
const NEXT_SESSIONS: usize = 64;

/// What somebody reads who presses a button of a question that ended without an answer.
const LATE: &str = "This question is no longer open.";

/// Connects a link, agents, an inbox and what is remembered of sessions.
pub struct Adapter {
    shared: Arc<Shared>,
}

impl fmt::Debug for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = &self.shared;
        f.debug_struct("Adapter")
            .field("agents", shared.assignments.agents())
            .field("settings", &shared.settings)
            .finish_non_exhaustive()
    }
}

/// What every turn works with.
pub(crate) struct Shared {
    pub(crate) outbox: Outbox,
    pub(crate) assignments: Arc<Assignments>,
    pub(crate) open: OpenSessions,
    pub(crate) desk: Arc<QuestionDesk>,
    pub(crate) settings: AdapterSettings,
    /// Of each agent: one whose turns hang keeps no other from answering.
    pub(crate) permits: Vec<Semaphore>,
    pub(crate) inbox: Arc<dyn Inbox>,
    pub(crate) memory: ChatMemory,
    sessions: Arc<Sessions>,
    pub(crate) counters: AdapterCounters,
    pub(crate) tasks: TaskTracker,
    /// Turns are being stopped because the gateway stops.
    pub(crate) stopping: CancellationToken,
    activity: ActivityCount,
    pub(crate) backlog: Backlog,
}

impl Adapter {
    /// An adapter that does nothing until it is [`run`](Self::run).
    pub fn new(
        transport: Arc<dyn RelayTransport>,
        agents: impl Into<Agents>,
        inbox: Arc<dyn Inbox>,
        store: Arc<dyn SessionStore>,
        settings: AdapterSettings,
    ) -> Self {
        let assignments = Arc::new(Assignments::new(agents.into(), Arc::clone(&store)));
        let most_running = settings.running_turns.saturating_add(NEXT_SESSIONS);
        let sessions = Arc::new(Sessions::new(assignments.agents().count(), most_running));
        let counters = AdapterCounters::over(Arc::clone(&sessions));
        let open =
            OpenSessions::new(Arc::clone(&assignments), store, settings.open_sessions, settings.session_idle);
        let permits = (0..assignments.agents().count()).map(|_| Semaphore::new(settings.running_turns));
        let memory = ChatMemory::new(settings.identities.clone(), settings.remembered_chats);
        Self {
            shared: Arc::new(Shared {
                outbox: Outbox::new(transport),
                permits: permits.collect(),
                assignments,
                open,
                desk: Arc::new(QuestionDesk::new(settings.prompt_nonce, settings.approvers.clone())),
                backlog: Backlog::new(settings.open_messages, settings.open_bytes),
                settings,
                inbox,
                memory,
                sessions,
                counters,
                tasks: TaskTracker::new(),
                stopping: CancellationToken::new(),
                activity: ActivityCount::default(),
            }),
        }
    }

    /// A way to look at what the adapter has done and does.
    pub fn counters(&self) -> AdapterCounters {
        self.shared.counters.clone()
    }

    /// How busy it is, now and as that changes.
    pub fn activity(&self) -> watch::Receiver<Activity> {
        self.shared.activity.watch()
    }

    /// Goes on with what an earlier run left, then serves until `stop` completes or the link closes for good.
    ///
    /// `stop` answers the time by which all must be over, the agents included: running turns may finish until shortly
    /// before, then they are stopped. What is not done with by then stays in the inbox.
    ///
    /// An error is told before anything is served: the inbox cannot be read.
    pub async fn run(
        self,
        deliveries: Deliveries,
        stop: impl Future<Output = Instant>,
    ) -> Result<(), InboxError> {
        let (mut events, mut interrupts) = deliveries.into_parts();
        for (_, agent) in self.shared.assignments.agents().iter() {
            agent.start();
        }
        self.shared.assignments.load().await;
        let mut recovery = Recovery::begin(&self.shared).await?;
        let shared = Arc::clone(&self.shared);
        let interrupting = tokio::spawn(async move {
            while let Some(interrupt) = interrupts.recv().await {
                let found = shared.interrupt(interrupt.session_key.as_str());
                debug!(session_key = %interrupt.session_key, found, "an interrupt came over the relay");
            }
        });
        let mut stop = std::pin::pin!(stop);
        let mut admitting = FuturesOrdered::new();
        let mut sweep = interval(self.shared.settings.session_idle.div_f64(8.0).max(MIN_SWEEP));
        let deadline = loop {
            let has_room = self.shared.backlog.has_room(admitting.len());
            let takes = has_room && recovery.is_done() && admitting.len() < self.shared.settings.admissions;
            tokio::select! {
                biased;
                deadline = &mut stop => break deadline,
                Some(admitted) = admitting.next() => self.shared.admitted(admitted),
                page = recovery.page(&self.shared) => recovery.read(&self.shared, page),
                delivery = events.recv(), if takes => match delivery {
                    Some(delivery) => admitting.extend(self.shared.admit(delivery)),
                    None => break Instant::now(),
                },
                () = self.shared.backlog.freed(), if !has_room => {}
                _ = sweep.tick() => self.shared.open.close_idle(),
            }
        };
        self.shared.finish(admitting, deadline).await;
        interrupting.abort();
        Ok(())
    }
}

impl Shared {
    /// Whether an event is for the agent at all.
    pub(crate) fn asks_for_something(event: &Event) -> bool {
        event.prompt_response.is_none() && (!event.text.trim().is_empty() || !event.media_urls.is_empty())
    }

    /// The inbox need not keep a message any longer.
    pub(crate) fn done(&self, entry: EntryId) {
        // It is queued already; nothing depends on when it is committed.
        drop(self.inbox.finish(entry));
    }

    pub(crate) fn act(self: &Arc<Self>, entry: EntryId, event: Arc<Event>, follow_up: Option<String>) {
        let address = self.memory.learn(&event);
        let session_key = event.source.session_key(self.settings.session_keys);
        if let Some(press) = &event.prompt_response
            && self.desk.press(&event, press) == Press::Late
        {
            let shared = Arc::clone(self);
            self.tasks.spawn(async move {
                let size = size_of(&event);
                let message = Message { entry, recovered: None, event, address, follow_up, size };
                if shared.say(&session_key, &message, LATE, &shared.stopping).await.is_none() {
                    shared.done(entry);
                }
            });
            return;
        }
        if !Self::asks_for_something(&event) {
            return self.done(entry);
        }
        let command = ChatCommand::of(&event.text);
        if command.is_none() && self.desk.answers(&session_key, &event) {
            return self.done(entry);
        }
        let size = size_of(&event);
        let message = Box::new(Message { entry, recovered: None, event, address, follow_up, size });
        self.begun(&message);
        let (while_busy, capacity) = (self.settings.while_busy, self.settings.session_queue);
        match command {
            Some(ChatCommand::Stop) => self.stop(session_key, message),
            // In its session's order: no turn runs while the conversation is forgotten.
            Some(ChatCommand::New) => self.place(session_key, message, WhileBusy::Interrupt, capacity),
            Some(ChatCommand::Status) => {
                let text = self.status(&session_key, &message.event);
                self.reply_to_command(session_key, message, text);
            }
            Some(ChatCommand::Help) => {
                let text = self.help(&session_key, &message.event);
                self.reply_to_command(session_key, message, text);
            }
            Some(command @ (ChatCommand::Approve | ChatCommand::Deny)) => {
                self.decide(session_key, message, command);
            }
            Some(ChatCommand::Agent) => self.choose_agent(session_key, message),
            Some(ChatCommand::Mode) => self.choose(session_key, message, SessionSetting::Mode),
            Some(ChatCommand::Model) => self.choose(session_key, message, SessionSetting::Model),
            None => self.place(session_key, message, while_busy, capacity),
        }
    }

    pub(crate) fn place(
        self: &Arc<Self>,
        session_key: SessionKey,
        message: Box<Message>,
        while_busy: WhileBusy,
        capacity: usize,
    ) {
        let agent = self.assignments.of(&message.event.source);
        match self.sessions.place(&session_key, agent, message, while_busy, capacity) {
            Placed::Start(next) => self.start(next),
            Placed::Waits => {}
            Placed::Full(message) => {
                warn!(session_key = %session_key, "a session's queue is full; its chat is told so");
                let shared = Arc::clone(self);
                self.tasks.spawn(async move {
                    let line = "Too many messages are waiting here; this one was not taken.";
                    let kept = shared.say(&session_key, &message, line, &shared.stopping).await;
                    shared.report(&session_key, &message, kept.unwrap_or(TurnEnd::Refused), None);
                });
            }
        }
    }

    fn start(self: &Arc<Self>, next: Next) {
        let is_stopped = next.running.is_cancelled();
        self.tasks.spawn(Arc::clone(self).run_sessions(next, is_stopped));
    }

    /// Runs turns one after the other until nothing waits: of one session, or of each that waits in its turn.
    /// `is_stopped` says that the first one is over before it begins.
    async fn run_sessions(self: Arc<Self>, first: Next, mut is_stopped: bool) {
        let mut next = Some(first);
        while let Some(Next { session_key, message, running }) = next {
            let Some(message) = self.held(&session_key, message).await else {
                next = self.sessions.next(&session_key);
                continue;
            };
            let began = Instant::now();
            let end = if std::mem::take(&mut is_stopped) {
                self.end_of_interrupted()
            } else {
                self.run_turn(&session_key, &message, running).await
            };
            Reactions::end_of_earlier_run(self.settings.reactions, &self.outbox, &message, &self.tasks, end);
            let took = began.elapsed();
            // First, so that whoever is told of the end finds the session at rest.
            next = self.sessions.next(&session_key);
            self.report(&session_key, &message, end, Some(took));
        }
    }

    /// The message, read again where it is in the inbox alone.
    async fn held(&self, session_key: &SessionKey, message: Waiting) -> Option<Box<Message>> {
        let stored = match message {
            Waiting::Held(message) => return Some(message),
            Waiting::Stored(stored) => stored,
        };
        match self.inbox.find(stored.entry).await {
            Ok(Some(Unfinished { id: entry, event, follow_up, progress, question: _ })) => {
                let address = self.memory.learn(&event);
                let recovered = stored.is_recovered.then_some(progress);
                return Some(Box::new(Message {
                    entry,
                    recovered,
                    event,
                    address,
                    follow_up,
                    size: stored.size,
                }));
            }
            Ok(None) => {
                error!(session_key = %session_key, entry = stored.entry.0, "a message that waited is not in the inbox any more; report this");
            }
            Err(failure) => {
                error!(session_key = %session_key, error = %failure, "a message that waited is kept for the next start");
            }
        }
        self.ended(stored.size, TurnEnd::Kept);
        None
    }

    /// Stops what runs or waits to run in a session; `false` where nothing does.
    fn interrupt(self: &Arc<Self>, session_key: &str) -> bool {
        match self.sessions.interrupt(session_key) {
            Interrupted::Nothing => return false,
            Interrupted::Running => {}
            Interrupted::Waiting(next) => self.start(next),
        }
        true
    }

    /// Stops the running turn. One that does not run here may run in a sibling of this gateway.
    fn stop(self: &Arc<Self>, session_key: SessionKey, message: Box<Message>) {
        let running_here = self.interrupt(session_key.as_str());
        if !running_here {
            self.outbox.transport().interrupt(session_key.clone(), Some("stopped by the user".to_owned()));
        }
        let line = if running_here { "Stopped." } else { "Nothing is running here." };
        self.reply_to_command(session_key, message, line.to_owned());
    }

    fn reply_to_command(self: &Arc<Self>, session_key: SessionKey, message: Box<Message>, text: String) {
        let shared = Arc::clone(self);
        self.tasks.spawn(async move {
            let kept = shared.say(&session_key, &message, &text, &shared.stopping).await;
            shared.report(&session_key, &message, kept.unwrap_or(TurnEnd::Command), None);
        });
    }

    /// Answers the question that waits, unless there is none that this person may answer.
    fn decide(self: &Arc<Self>, session_key: SessionKey, message: Box<Message>, command: ChatCommand) {
        let is_decided = self.desk.decides(&session_key, &message.event, &format!("/{}", command.name()));
        if is_decided && message.follow_up.is_none() {
            // The question itself says what came of it.
            return self.report(&session_key, &message, TurnEnd::Command, None);
        }
        let line = if is_decided { "Done." } else { "No permission waits here for your answer." };
        self.reply_to_command(session_key, message, line.to_owned());
    }

    /// Sets a mode or a model once no turn runs, or says which there are.
    fn choose(self: &Arc<Self>, session_key: SessionKey, message: Box<Message>, setting: SessionSetting) {
        let wanted = ChatCommand::argument(&message.event.text);
        let session = self.open.find(&session_key, &message.event).map(|in_use| in_use.session().status());
        let session = session.unwrap_or_default();
        let is_there = choose::meant(wanted, choose::of(setting, &session).1).is_some();
        if !wanted.is_empty() && is_there {
            return self.place(session_key, message, WhileBusy::Queue, self.settings.session_queue);
        }
        let text = choose::list(setting, &session, wanted);
        self.reply_to_command(session_key, message, text);
    }

    /// Lets another agent answer once no turn runs, or says which there are.
    fn choose_agent(self: &Arc<Self>, session_key: SessionKey, message: Box<Message>) {
        match self.agent_meant(&message.event) {
            Ok(_) => self.place(session_key, message, WhileBusy::Queue, self.settings.session_queue),
            Err(text) => self.reply_to_command(session_key, message, text),
        }
    }

    /// The agent that somebody chooses who may; else what they are told.
    pub(crate) fn agent_meant(&self, event: &Event) -> Result<AgentNumber, String> {
        let wanted = ChatCommand::argument(&event.text);
        let agents = self.assignments.agents();
        let options = choose::agents(agents);
        let may_choose = self.may_choose_agent(event);
        let meant = choose::meant(wanted, &options).filter(|_| may_choose && options.len() > 1);
        meant.and_then(|option| agents.find(&option.id)).ok_or_else(|| {
            let current = self.assignments.name(&event.source).map(ToString::to_string);
            choose::list_agents(&options, &current.unwrap_or_default(), wanted, may_choose)
        })
    }

    fn may_choose_agent(&self, event: &Event) -> bool {
        match self.settings.choose_agent {
            ChooseAgent::Off => false,
            ChooseAgent::Everyone => true,
            ChooseAgent::Direct if event.source.chat_type == ChatType::Dm => true,
            ChooseAgent::Direct | ChooseAgent::Approvers => self.desk.is_approver(event),
        }
    }

    pub(crate) fn help(&self, session_key: &SessionKey, event: &Event) -> String {
        let commands = self.open.find(session_key, event).map(|in_use| in_use.session().commands());
        help_text(&commands.unwrap_or_default())
    }

    pub(crate) fn status(&self, session_key: &SessionKey, event: &Event) -> String {
        let session = self.open.find(session_key, event).map(|in_use| in_use.session().status());
        let mut session = session.unwrap_or_default();
        let known = self.open.age_and_usage(session_key, event);
        session.usage = session.usage.or(known.and_then(|(_, usage)| usage));
        let (running, waiting) = self.sessions.of(session_key);
        let (agents, number) = (self.assignments.agents(), self.assignments.of(&event.source));
        let agent = agents.get(number);
        let others = agents.iter().enumerate().filter(|(other, _)| *other != number);
        let others = others.filter_map(|(_, (name, agent))| {
            Some(format!("{} ({})", name?, agent.state().borrow().as_str()))
        });
        status_text(&StatusOf {
            name: agents.name(number),
            info: &agent.info(),
            state: &agent.state().borrow().clone(),
            others: &others.collect::<Vec<_>>(),
            running,
            waiting,
            session: &session,
            age: known.map(|(age, _)| age),
        })
    }

    /// A message is taken and is to be ended.
    pub(crate) fn begun(&self, message: &Message) {
        self.activity.begun();
        self.backlog.begun(message.size);
    }

    fn ended(&self, size: u32, end: TurnEnd) {
        self.counters.ended(end);
        self.activity.ended();
        self.backlog.ended(size);
    }

    fn report(&self, session_key: &SessionKey, message: &Message, end: TurnEnd, took: Option<Duration>) {
        if end != TurnEnd::Kept {
            self.done(message.entry);
        }
        self.ended(message.size, end);
        let message_id = message.id();
        debug!(session_key = %session_key, message_id, end = end.as_str(), "a message is done with");
        if let Some(observer) = &self.settings.observer {
            observer(&TurnReport {
                session_key: session_key.clone(),
                message_id: message_id.map(str::to_owned),
                agent: self.assignments.name(&message.event.source).cloned(),
                end,
                took,
            });
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// Ends what runs by the deadline; what cannot end stays in the inbox.
    async fn finish(&self, admitting: FuturesOrdered<Admitting>, deadline: Instant) {
        let left = deadline - Instant::now();
        let agents = self.assignments.agents();
        let takes = agents.iter().map(|(_, agent)| agent.shutdown_takes()).max().unwrap_or_default();
        let turns_end = deadline - takes.min(left / 2);
        self.stop_turns(admitting, turns_end).await;
        let end_agent = async {
            self.open.close_all().await;
            join_all(agents.iter().map(|(_, agent)| agent.shutdown())).await;
        };
        if timeout_at(deadline, end_agent).await.is_err() {
            warn!("an agent did not end in time; something that it started may still run");
        }
        // Or the next start would find unfinished what its chat has seen the end of.
        if !matches!(timeout_at(deadline, self.inbox.flush()).await, Ok(Ok(()))) {
            error!(
                "the inbox could not be written at the end; some chats may get a notice at the next start"
            );
        }
    }

    async fn stop_turns(&self, mut admitting: FuturesOrdered<Admitting>, deadline: Instant) {
        let messages = self.sessions.let_go();
        if messages > 0 {
            let fate = if self.inbox.is_durable() { "kept for the next start" } else { "not answered" };
            warn!(messages, "the gateway stops; what waits is {fate}");
        }
        let now = Instant::now();
        // Stopping takes its time too.
        let stop_at = deadline - self.settings.cancel_grace.min((deadline - now) / 3);
        self.tasks.close();
        let quiet = async {
            // What is being committed is acknowledged, and waits in the inbox like the rest.
            while let Some(admitted) = admitting.next().await {
                self.acknowledge(admitted);
            }
            self.tasks.wait().await;
        };
        if timeout_at(stop_at, quiet).await.is_ok() {
            return;
        }
        info!("stopping the turns that are still running");
        self.stopping.cancel();
        self.sessions.interrupt_all();
        if timeout_at(deadline, self.tasks.wait()).await.is_err() {
            warn!("some turns did not end in time");
        }
    }
}
