//! One turn: the agent answers a message, and its chat sees it happen.

use std::borrow::Cow;
use std::convert::Infallible;
use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_transport::Outcome;
use relay_wire::{Event, SessionKey};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::{Reactions, TurnClock, TurnEnd, TurnLedger, typing};
use crate::adapter::Shared;
use crate::admission::{ChatCommand, for_agent};
use crate::agent::one_line_of;
use crate::question::Asking;
use crate::render::{Reply, Shown};
use crate::session::{Message, choose};
use crate::{
    AgentError, AgentErrorKind, Progress, Remainder, SessionSetting, Step, StopReason, Turn, TurnOutput,
    TurnSummary,
};

/// How long an agent may take to forget a conversation, or to set what somebody chose.
const BETWEEN_TURNS: Duration = Duration::from_mins(1);

/// What may wait between the agent and the chat.
const EVENTS: usize = 64;

/// What a chat is told whose answer may have been cut short: by a restart, or by a connection that was lost before
/// the connector said what became of it.
const RESTARTED: &str =
    "I was restarted while I answered this; the answer may lack its end. Please ask again if it does.";
const CUT_OFF: &str =
    "I was cut off while I answered this; the answer may lack its end. Please ask again if it does.";

/// What a chat is told whose agent gives no sign for long, and whose agent had no room for all of its answer.
const SILENT: &str = "The agent is still working on this; /stop ends it.";
const CUT_SHORT: &str = "The answer ends here: the agent reached a limit of its own.";

/// What a chat is told whose agent had acted when the gateway ended, and had said nothing yet.
const ACTED: &str = "I was restarted while I worked on this and had begun to act, so I did not begin again. Please look at \
                     what was done before you ask again.";

impl Shared {
    /// Answers one message, to its end.
    pub(crate) async fn run_turn(
        &self,
        session_key: &SessionKey,
        message: &Message,
        interrupted: CancellationToken,
    ) -> TurnEnd {
        let Some(progress) = &message.recovered else {
            return self.begin(session_key, message, interrupted).await;
        };
        // Boxed: it is rare, and every turn would have its size.
        self.resume(session_key, message, progress, interrupted).boxed().await
    }

    /// Goes on with a message that an earlier run left.
    async fn resume(
        &self,
        session_key: &SessionKey,
        message: &Message,
        progress: &Progress,
        interrupted: CancellationToken,
    ) -> TurnEnd {
        // Without a link nothing is known of the platform either, such as how long its messages may be.
        if let Some(end) = self.until_live(&interrupted).await {
            return end;
        }
        match progress {
            Progress::Untouched => self.begin(session_key, message, interrupted).await,
            Progress::Left(rest) => {
                let ledger = TurnLedger::new(Arc::clone(&self.inbox), message.entry, None);
                let reply = Reply::new(&self.outbox, &ledger, &self.settings, session_key, message);
                match reply.resume(rest.clone()) {
                    Some(mut reply) => {
                        let (_, nothing_more) = TurnOutput::channel(1);
                        let shown = tokio::select! {
                            biased;
                            () = interrupted.cancelled() => return self.end_of_interrupted(),
                            shown = reply.show(nothing_more) => shown,
                        };
                        let end = self.end_of_shown(session_key, message, shown, &interrupted).await;
                        let is_command = ChatCommand::of(&message.event.text).is_some();
                        if is_command && end == TurnEnd::Answered { TurnEnd::Command } else { end }
                    }
                    None => self.notice(session_key, message, RESTARTED, &interrupted).await,
                }
            }
            Progress::InDoubt => self.notice(session_key, message, RESTARTED, &interrupted).await,
            Progress::Acted => self.notice(session_key, message, ACTED, &interrupted).await,
        }
    }

    /// Waits for the link; how the turn ends if it does not come.
    async fn until_live(&self, interrupted: &CancellationToken) -> Option<TurnEnd> {
        tokio::select! {
            biased;
            is_live = self.outbox.live() => (!is_live).then_some(TurnEnd::Kept),
            () = interrupted.cancelled() => Some(self.end_of_interrupted()),
        }
    }

    /// Says that an answer may have been cut short: at most once, and also when the link goes away meanwhile.
    async fn notice(
        &self,
        session_key: &SessionKey,
        message: &Message,
        notice: &str,
        interrupted: &CancellationToken,
    ) -> TurnEnd {
        let owed = |text: &str| Step::Left(Remainder::of_line(text));
        loop {
            // Done with first: rather no notice than one more at each restart.
            if let Err(failure) = self.inbox.record(message.entry, owed("")).await {
                error!(session_key = %session_key, error = %failure, "a chat is not told that its answer was cut short");
                return TurnEnd::Kept;
            }
            if self.outbox.reply(session_key, message, notice).await != Outcome::NotSent {
                return TurnEnd::Noticed;
            }
            if let Err(failure) = self.inbox.record(message.entry, owed(notice)).await {
                error!(session_key = %session_key, error = %failure, "a chat is not told that its answer was cut short");
                return TurnEnd::Kept;
            }
            if let Some(end) = self.until_live(interrupted).await {
                return end;
            }
        }
    }

    async fn begin(
        &self,
        session_key: &SessionKey,
        message: &Message,
        interrupted: CancellationToken,
    ) -> TurnEnd {
        // Boxed: they are rare, and every turn would have their size.
        match ChatCommand::of(&message.event.text) {
            None => self.answer(session_key, message, interrupted).await,
            Some(ChatCommand::New) => self.begin_anew(session_key, message, interrupted).boxed().await,
            Some(ChatCommand::Mode) => {
                self.select(session_key, message, SessionSetting::Mode, interrupted).boxed().await
            }
            Some(ChatCommand::Model) => {
                self.select(session_key, message, SessionSetting::Model, interrupted).boxed().await
            }
            Some(ChatCommand::Agent) => self.switch(session_key, message, &interrupted).boxed().await,
            // These are here only after a restart.
            Some(ChatCommand::Status) => {
                let text = self.status(session_key, &message.event);
                self.say(session_key, message, &text, &interrupted).await.unwrap_or(TurnEnd::Command)
            }
            Some(ChatCommand::Help) => {
                let text = self.help(session_key, &message.event);
                self.say(session_key, message, &text, &interrupted).await.unwrap_or(TurnEnd::Command)
            }
            Some(ChatCommand::Stop | ChatCommand::Approve | ChatCommand::Deny) => TurnEnd::Command,
        }
    }

    /// Sets what somebody chose, and says so.
    async fn select(
        &self,
        session_key: &SessionKey,
        message: &Message,
        setting: SessionSetting,
        interrupted: CancellationToken,
    ) -> TurnEnd {
        let wanted = ChatCommand::argument(&message.event.text);
        let descriptor = self.outbox.descriptor(&message.address);
        let selecting = async {
            let in_use = self.open.enter(session_key, &message.event, &descriptor).await;
            let status = in_use.session().status();
            let Some(option) = choose::meant(wanted, choose::of(setting, &status).1) else {
                return Ok(choose::list(setting, &status, wanted));
            };
            in_use.session().select(setting, &option.id).await?;
            Ok(format!("The {} is {} now.", setting.as_str(), one_line_of(&option.id, 64)))
        };
        let line = match self.at_rest(session_key, selecting, &interrupted).await {
            Some(Ok(line)) => line,
            Some(Err(kind)) => kind.sentence().to_owned(),
            None => return self.end_of_interrupted(),
        };
        self.say(session_key, message, &line, &interrupted).await.unwrap_or(TurnEnd::Command)
    }

    /// Lets the agent that somebody chose answer from now on, and says so.
    async fn switch(
        &self,
        session_key: &SessionKey,
        message: &Message,
        interrupted: &CancellationToken,
    ) -> TurnEnd {
        let source = &message.event.source;
        let line = match self.agent_meant(&message.event) {
            Ok(number) => match self.assignments.choose(source, number).await {
                Ok(()) => {
                    let name = self.assignments.agents().name(number);
                    let name = name.map(ToString::to_string).unwrap_or_default();
                    info!(session_key = %session_key, agent = name, "a chat has another agent");
                    format!("The agent is {name} now.")
                }
                Err(failure) => {
                    error!(session_key = %session_key, error = %failure, "a chat's choice of an agent is not kept");
                    AgentErrorKind::Other.sentence().to_owned()
                }
            },
            Err(text) => text,
        };
        self.say(session_key, message, &line, interrupted).await.unwrap_or(TurnEnd::Command)
    }

    /// What an agent makes of something between two turns, within its time; `None` where that was stopped.
    async fn at_rest<T>(
        &self,
        session_key: &SessionKey,
        work: impl Future<Output = Result<T, AgentError>>,
        interrupted: &CancellationToken,
    ) -> Option<Result<T, AgentErrorKind>> {
        let work = timeout(BETWEEN_TURNS, AssertUnwindSafe(work).catch_unwind());
        let done = tokio::select! {
            biased;
            done = work => done,
            () = interrupted.cancelled() => return None,
        };
        Some(match done {
            Ok(Ok(Ok(value))) => Ok(value),
            Ok(Ok(Err(error))) => {
                warn!(session_key = %session_key, kind = %error.kind, detail = error.detail, "the agent did not carry out a chat command");
                Err(error.kind)
            }
            Ok(Err(_)) => Err(AgentErrorKind::Crashed),
            Err(_) => Err(AgentErrorKind::Timeout),
        })
    }

    /// Lets the agent forget the conversation, and says so.
    async fn begin_anew(
        &self,
        session_key: &SessionKey,
        message: &Message,
        interrupted: CancellationToken,
    ) -> TurnEnd {
        let descriptor = self.outbox.descriptor(&message.address);
        let reset = async {
            let in_use = self.open.enter(session_key, &message.event, &descriptor).await;
            in_use.session().reset().await
        };
        let line = match self.at_rest(session_key, reset, &interrupted).await {
            Some(Ok(())) => {
                self.open.begun_anew(session_key);
                "A new conversation begins."
            }
            Some(Err(kind)) => kind.sentence(),
            None => return self.end_of_interrupted(),
        };
        self.say(session_key, message, line, &interrupted).await.unwrap_or(TurnEnd::Command)
    }

    async fn answer(
        &self,
        session_key: &SessionKey,
        message: &Message,
        interrupted: CancellationToken,
    ) -> TurnEnd {
        let permit = tokio::select! {
            biased;
            permit = self.permits[self.assignments.of(&message.event.source)].acquire() => permit,
            () = interrupted.cancelled() => return self.end_of_interrupted(),
        };
        let _running = self.counters.runs();
        let reactions = Reactions::begin(self.settings.reactions, &self.outbox, message, &self.tasks);
        let end = self.work(session_key, message, interrupted).await;
        drop(permit);
        reactions.end(end);
        end
    }

    /// Lets the agent answer, and shows what it gives.
    async fn work(
        &self,
        session_key: &SessionKey,
        message: &Message,
        interrupted: CancellationToken,
    ) -> TurnEnd {
        let address = &message.address;
        // Fires also when the turn's time is over, and then what was said so far is still shown.
        let cancelled = interrupted.child_token();
        let asking = Asking::new(self, session_key.clone(), message, cancelled.clone());
        let ledger = Arc::new(TurnLedger::new(Arc::clone(&self.inbox), message.entry, Some(asking)));
        let mut reply = Reply::new(&self.outbox, &ledger, &self.settings, session_key, message);
        let (output, events) = TurnOutput::recorded(EVENTS, Arc::clone(&ledger));
        let descriptor = self.outbox.descriptor(address);
        let event = match for_agent(&message.event.text) {
            Cow::Borrowed(_) => Arc::clone(&message.event),
            Cow::Owned(text) => Arc::new(Event { text, ..Event::clone(&message.event) }),
        };
        let turn = Turn::new(session_key.clone(), event, descriptor, cancelled.clone());
        // Pinned here, or the join would keep a second place of its size in every turn.
        let mut show = pin!(async {
            tokio::select! {
                biased;
                () = interrupted.cancelled() => {
                    self.end_display(message, &mut reply);
                    None
                }
                shown = reply.show(events) => Some(shown),
            }
        });
        let clock = ledger.clock();
        let ask = async {
            let answered = self.ask(&turn, output).await;
            // What is left to show may wait for the link, and that is not the agent's time.
            clock.stop();
            let answered = self.in_time(answered, &cancelled);
            // Known before the end of the answer is: a stop may come before this is said.
            if let Some(line) = last_line(&answered) {
                ledger.owe(line);
            }
            answered
        };
        // Boxed: what waits in it is large, and the turn is moved before it begins.
        let attending = async {
            tokio::select! {
                biased;
                never = typing::keep_shown(&self.outbox, address, clock) => never,
                never = self.end_in_time(clock, &cancelled) => never,
                never = self.note_silence(session_key, message, clock) => never,
            }
        };
        let attending = attending.boxed();
        let work = async { tokio::join!(ask, show.as_mut()) };
        let (answered, shown) = tokio::select! {
            biased;
            done = work => done,
            never = attending => match never {},
        };
        typing::clear(&self.outbox, address).await;
        let usage = answered.as_ref().ok().and_then(|summary| summary.usage).or(ledger.usage());
        self.open.used(session_key, usage);

        // An agent that heeds the interrupt ends its answer, which must not pass for a whole one.
        let Some(shown) = shown.filter(|_| !interrupted.is_cancelled()) else {
            return self.end_of_interrupted();
        };
        if shown == Shown::Kept {
            return TurnEnd::Kept;
        }
        let line = last_line(&answered);
        let end = match answered {
            Err(error) => {
                warn!(session_key = %session_key, kind = %error.kind, detail = error.detail, "the agent failed");
                TurnEnd::AgentFailed
            }
            Ok(_) => self.end_of_shown(session_key, message, shown, &interrupted).await,
        };
        match line.filter(|_| matches!(end, TurnEnd::AgentFailed | TurnEnd::Answered)) {
            Some(line) => self.say(session_key, message, line, &interrupted).await.unwrap_or(end),
            None => end,
        }
    }

    /// What the agent answered, unless the turn's time was over: then whatever it made of that does not count.
    fn in_time(
        &self,
        answered: Result<TurnSummary, AgentError>,
        cancelled: &CancellationToken,
    ) -> Result<TurnSummary, AgentError> {
        if !cancelled.is_cancelled() {
            return answered;
        }
        let detail = format!("it took longer than {:?}", self.settings.turn_deadline.unwrap_or_default());
        Err(AgentError::new(AgentErrorKind::Timeout, detail))
    }

    /// The chat sees nothing more of the answer; its status message and its questions say that they are over.
    fn end_display(&self, message: &Message, reply: &mut Reply<'_>) {
        let actions = reply.stopped();
        if !actions.is_empty() {
            let (outbox, address) = (self.outbox.clone(), message.address.clone());
            self.tasks.spawn(async move {
                for action in actions {
                    outbox.request(&address, action).await;
                }
            });
        }
    }

    /// Stops the agent once the turn's time is over.
    async fn end_in_time(&self, clock: &TurnClock, cancelled: &CancellationToken) -> Infallible {
        if let Some(limit) = self.settings.turn_deadline {
            clock.has_run(limit).await;
            cancelled.cancel();
        }
        pending().await
    }

    /// Tells the chat, once, of an agent that gives no sign.
    async fn note_silence(
        &self,
        session_key: &SessionKey,
        message: &Message,
        clock: &TurnClock,
    ) -> Infallible {
        if let Some(limit) = self.settings.silence_notice {
            clock.is_silent(limit).await;
            // Boxed: it is rare, and every turn would have its size.
            let telling = async {
                while self.outbox.live().await
                    && self.outbox.reply(session_key, message, SILENT).await == Outcome::NotSent
                {
                }
            };
            telling.boxed().await;
        }
        pending().await
    }

    async fn end_of_shown(
        &self,
        session_key: &SessionKey,
        message: &Message,
        shown: Shown,
        interrupted: &CancellationToken,
    ) -> TurnEnd {
        match shown {
            Shown::Everything => TurnEnd::Answered,
            Shown::Nothing => TurnEnd::Silent,
            Shown::NotAll => TurnEnd::NotDelivered,
            Shown::Kept => TurnEnd::Kept,
            Shown::InDoubt => match self.until_live(interrupted).await {
                Some(end) => end,
                None => self.notice(session_key, message, CUT_OFF, interrupted).boxed().await,
            },
        }
    }

    /// Says something of the gateway's own in a chat, as carefully as an answer: while the link is down it waits, and the
    /// inbox keeps it. `None` once it is said or was refused, else how the message ends instead.
    pub(crate) fn say<'a>(
        &'a self,
        session_key: &'a SessionKey,
        message: &'a Message,
        text: &'a str,
        unwanted: &'a CancellationToken,
    ) -> BoxFuture<'a, Option<TurnEnd>> {
        // Boxed: it is rare, and every turn would have its size.
        async move {
            let ledger = TurnLedger::new(Arc::clone(&self.inbox), message.entry, None);
            let reply = Reply::new(&self.outbox, &ledger, &self.settings, session_key, message);
            let (_, nothing_more) = TurnOutput::channel(1);
            let mut reply = reply.of_line(text);
            tokio::select! {
                biased;
                shown = reply.show(nothing_more) => (shown == Shown::Kept).then_some(TurnEnd::Kept),
                () = unwanted.cancelled() => Some(self.end_of_interrupted()),
            }
        }
        .boxed()
    }

    /// A turn that was stopped by its chat is over; one that was stopped with the gateway is not.
    pub(crate) fn end_of_interrupted(&self) -> TurnEnd {
        if self.is_stopping() { TurnEnd::Kept } else { TurnEnd::Interrupted }
    }

    /// Runs the agent; an interrupted one gets a grace to end what it started.
    async fn ask(&self, turn: &Turn, output: TurnOutput) -> Result<TurnSummary, AgentError> {
        let answer = async {
            let in_use = self.open.enter(&turn.session_key, &turn.event, &turn.descriptor).await;
            in_use.session().turn(turn, output).await
        };
        let answer = AssertUnwindSafe(answer).catch_unwind();
        tokio::pin!(answer);
        let finished = tokio::select! {
            biased;
            finished = &mut answer => finished,
            () = turn.cancelled.cancelled() => {
                let Ok(finished) = timeout(self.settings.cancel_grace, answer).await else {
                    debug!(session_key = %turn.session_key, "the agent did not stop in time and was dropped");
                    return Ok(TurnSummary::stopped(StopReason::Cancelled));
                };
                finished
            }
        };
        finished.unwrap_or_else(|panic| {
            let detail = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            Err(AgentError::new(AgentErrorKind::Crashed, detail))
        })
    }
}

/// What a chat reads after an answer that is not all that it was to be.
fn last_line(answered: &Result<TurnSummary, AgentError>) -> Option<&'static str> {
    match answered {
        Err(error) => Some(error.kind.sentence()),
        Ok(summary) => (summary.stop == StopReason::Limit).then_some(CUT_SHORT),
    }
}
