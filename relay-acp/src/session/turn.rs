//! One turn: the prompt, what the agent does until it ends, and what a stop does.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use agent_client_protocol_schema::v1::{
    CancelNotification, CreateElicitationResponse, PromptRequest, PromptResponse, RequestPermissionResponse,
    StopReason as Stop,
};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, OptionFuture};
use relay_adapter::{
    AgentError, AgentErrorKind, QuestionKind, StopReason, TextDelta, Turn, TurnOutput, TurnOver, TurnSummary,
    prompt_text,
};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{debug, info};

use super::calls;
use super::conversation::{AcpSession, Conversation, LOST, Opened};
use super::folder;
use super::form;
use super::item::{Asked, Item, OpenQuestion};
use super::permission;
use super::replay::ReplayGuard;
use super::slot::Slot;
use crate::client::{AgentProcess, RunningTurn};
use crate::error::agent_error;
use crate::rpc::{Call, CallError};
use crate::settings::AcpSettings;

/// What a chat reads once when its agent takes long to be there.
const WAITS: &str = "The agent is being started; the answer comes as soon as it is there.";

/// How a prompt went.
enum Ended {
    /// The agent ended the turn.
    Said(Stop),
    /// It does not know the session.
    Lost,
    /// It repeated the conversation and answered so soon after that the one could not be told from the other.
    Unheard,
    /// It was stopped.
    Stopped,
}

impl AcpSession {
    pub(super) async fn run(&self, turn: &Turn, output: TurnOutput) -> Result<TurnSummary, AgentError> {
        let mut conversation = self.conversation.lock().await;
        let prompt = prompt_text(&turn.event);
        let prepared = tokio::select! {
            biased;
            () = turn.cancelled.cancelled() => return Ok(TurnSummary::stopped(StopReason::Cancelled)),
            () = output.over() => return Ok(TurnSummary::stopped(StopReason::Cancelled)),
            prepared = self.prepare(&mut conversation, &output) => prepared,
        };
        let (process, _running, mut slot, mut opened) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                if error.kind == AgentErrorKind::LoginNeeded {
                    self.shared.note_login(Some(&error));
                }
                return Err(error);
            }
        };
        let mut repeated = false;
        loop {
            if let Opened::Instead(notice) = opened {
                let _ = output.notice(notice).await;
            }
            let mut prompting =
                Prompting::new(&self.settings, &process, &slot, turn, &output, conversation.folder(), opened);
            let ended = prompting.run(&prompt).await;
            let shown = prompting.shown;
            drop(prompting);
            self.weigh(Arc::clone(&process));
            slot.facts(|facts| self.shared.note_commands(facts.commands()));
            let usage = slot.facts(|facts| facts.usage());
            let summary = |stop| {
                let mut summary = TurnSummary::stopped(stop);
                summary.usage = usage;
                summary
            };
            let ended = match ended {
                Ok(ended) => ended,
                Err(error) => {
                    if error.kind == AgentErrorKind::LoginNeeded {
                        self.shared.note_login(Some(&error));
                    }
                    return Err(error);
                }
            };
            if shown.any() {
                self.shared.note_login(None);
            }
            return match ended {
                Ended::Lost if !repeated && !shown.any() => {
                    info!(session = %turn.session_key, "the agent does not know the session any more");
                    repeated = true;
                    let again = async {
                        self.lose(&mut conversation).await?;
                        self.open(&mut conversation, &process).await
                    };
                    let again = tokio::select! {
                        biased;
                        () = turn.cancelled.cancelled() => return Ok(summary(StopReason::Cancelled)),
                        again = again => again,
                    };
                    let (new, _) = again?;
                    slot = new;
                    opened = Opened::Instead(LOST);
                    continue;
                }
                Ended::Unheard if !repeated => {
                    info!(session = %turn.session_key, "an answer came among the replayed messages and was dropped; the agent is asked again");
                    repeated = true;
                    tokio::select! {
                        biased;
                        () = turn.cancelled.cancelled() => return Ok(summary(StopReason::Cancelled)),
                        () = calls::settle(&self.settings, &slot) => {}
                    }
                    opened = Opened::Before;
                    continue;
                }
                Ended::Unheard => Err(AgentError::new(
                    AgentErrorKind::Empty,
                    "the answer was lost in a repeated conversation",
                )),
                Ended::Lost => {
                    Err(AgentError::new(AgentErrorKind::Lost, "the agent does not know the session any more")
                        .with_retryable(!shown.acted))
                }
                Ended::Said(Stop::MaxTokens | Stop::MaxTurnRequests) => Ok(summary(StopReason::Limit)),
                Ended::Said(Stop::Refusal) if !shown.any() => {
                    Err(AgentError::new(AgentErrorKind::Refused, "the agent refused without a word"))
                }
                Ended::Said(Stop::Refusal) => Ok(summary(StopReason::Refused)),
                Ended::Said(_) if !shown.any() && !shown.asked => {
                    Err(AgentError::new(AgentErrorKind::Empty, "the agent ended the turn without a word"))
                }
                Ended::Stopped | Ended::Said(Stop::Cancelled) => Ok(summary(StopReason::Cancelled)),
                Ended::Said(_) => Ok(summary(StopReason::Finished)),
            };
        }
    }

    /// A process with the session open on it. Says once that it takes long.
    async fn prepare(
        &self,
        conversation: &mut Conversation,
        output: &TurnOutput,
    ) -> Result<(Arc<AgentProcess>, RunningTurn, Arc<Slot>, Opened), AgentError> {
        let preparing = async {
            let (process, running) = self.keeper.acquire().await?;
            let (slot, opened) = self.open(conversation, &process).await?;
            if opened != Opened::Before || calls::has_passed(&self.settings, &process, &slot).await {
                return Ok((process, running, slot, opened));
            }
            info!(session = %self.context.key, "the agent keeps sending output for a turn that has ended; its session is retired");
            drop(slot.retire());
            calls::close(&process, slot.id());
            process.retire();
            drop(running);
            let (process, running) = self.keeper.acquire().await?;
            let (slot, opened) = self.open(conversation, &process).await?;
            Ok((process, running, slot, opened))
        };
        tokio::pin!(preparing);
        tokio::select! {
            prepared = &mut preparing => return prepared,
            () = sleep(self.settings.limits.notice) => {}
        }
        let (prepared, _) = tokio::join!(preparing, output.notice(WAITS));
        prepared
    }
}

/// What the chat has seen of a turn.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    said: bool,
    acted: bool,
    asked: bool,
}

impl Seen {
    fn any(self) -> bool {
        self.said || self.acted
    }
}

/// A prompt that the agent works on. Dropped before its end, it stops the agent and retires the session.
struct Prompting<'a> {
    settings: &'a AcpSettings,
    process: &'a AgentProcess,
    slot: &'a Arc<Slot>,
    turn: &'a Turn,
    output: &'a TurnOutput,
    /// The folder that the session works in; what is elsewhere is not sent.
    folder: PathBuf,
    guard: ReplayGuard,
    is_fresh: bool,
    is_open: bool,
    shown: Seen,
}

type Asking<'a> = (OpenQuestion, BoxFuture<'a, Result<Response, TurnOver>>);

/// The answer to a question of the agent.
enum Response {
    Permission(RequestPermissionResponse),
    Form(CreateElicitationResponse),
}

impl<'a> Prompting<'a> {
    fn new(
        settings: &'a AcpSettings,
        process: &'a AgentProcess,
        slot: &'a Arc<Slot>,
        turn: &'a Turn,
        output: &'a TurnOutput,
        folder: PathBuf,
        opened: Opened,
    ) -> Self {
        let is_fresh = opened == Opened::Again;
        let guard = ReplayGuard::off();
        Self {
            settings,
            process,
            slot,
            turn,
            output,
            folder,
            guard,
            is_fresh,
            is_open: false,
            shown: Seen::default(),
        }
    }

    async fn run(&mut self, prompt: &str) -> Result<Ended, AgentError> {
        self.slot.listen();
        self.is_open = true;
        if self.is_fresh {
            self.guard = ReplayGuard::new(prompt, self.settings.limits.replay_silence, Instant::now());
        }
        let request = PromptRequest::new(self.slot.id().to_owned(), vec![prompt.into()]);
        let ended = Arc::clone(self.slot);
        let connection = self.process.connection();
        let mut call =
            connection.request_then::<_, PromptResponse>("session/prompt", request, move || ended.end());
        let answer = self.follow(&mut call).await;
        let Some(answer) = answer else {
            self.stop(call).await;
            return Ok(Ended::Stopped);
        };
        self.close();
        match answer {
            Ok(response) => {
                // A session that was lost may look taken up, and then every prompt ends at once and without a word.
                let wordless = self.is_fresh && !self.shown.any() && !self.shown.asked;
                Ok(match response.stop_reason {
                    _ if wordless && self.guard.may_ask_again() => Ended::Unheard,
                    Stop::Refusal | Stop::Cancelled if wordless => Ended::Lost,
                    stop => Ended::Said(stop),
                })
            }
            Err(error) if calls::is_lost(&error) => Ok(Ended::Lost),
            Err(error) => {
                let mut failure = agent_error("session/prompt", &error, self.process.mask());
                failure.retryable &= !self.shown.acted;
                Err(failure)
            }
        }
    }

    /// Shows what the agent does until it ends the turn; `None` when the turn is stopped before.
    async fn follow(&mut self, call: &mut Call<PromptResponse>) -> Option<Result<PromptResponse, CallError>> {
        let (turn, output, slot) = (self.turn, self.output, self.slot);
        let mut answer = None;
        let mut asking: Option<Asking<'a>> = None;
        let mut waiting: VecDeque<OpenQuestion> = VecDeque::new();
        loop {
            if asking.is_none()
                && let Some(question) = waiting.pop_front()
            {
                asking = Some(self.question(question));
                continue;
            }
            let due = self.guard.due();
            let items = tokio::select! {
                biased;
                () = turn.cancelled.cancelled() => return None,
                () = output.over() => return None,
                reply = OptionFuture::from(asking.as_mut().map(|(_, reply)| reply)), if asking.is_some() => {
                    let (question, _) = asking.take()?;
                    // Nobody listens any more.
                    let response = reply?.ok()?;
                    if slot.settle(&question.id) {
                        self.reply(&question, response);
                    }
                    continue;
                }
                item = slot.next() => match item {
                    Item::Question(question) => {
                        let mut items = self.guard.release();
                        items.push(Item::Question(question));
                        items
                    }
                    item => self.guard.pass(item, Instant::now()),
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => self.guard.release(),
                ended = &mut *call, if answer.is_none() => {
                    answer = Some(ended);
                    continue;
                }
                // The agent ended the turn and everything it said before is taken.
                () = std::future::ready(()), if answer.is_some() => {
                    let held = self.guard.release();
                    if held.is_empty() {
                        break;
                    }
                    held
                }
            };
            for item in items {
                match item {
                    Item::Question(question) => waiting.push_back(question),
                    Item::Withdrawn(id) => {
                        waiting.retain(|question| question.id != id);
                        let withdrawn =
                            asking.take_if(|(question, _)| question.id == id).map(|(question, _)| question);
                        if let Some(question) = withdrawn
                            && slot.settle(&id)
                        {
                            question.cancel(self.process.connection());
                        }
                    }
                    item => {
                        let shown = tokio::select! {
                            biased;
                            () = turn.cancelled.cancelled() => return None,
                            shown = self.show(item) => shown,
                        };
                        shown.ok()?;
                    }
                }
            }
        }
        if slot.left_out() > 0 {
            let line = format!(
                "The agent said more than could be shown; {} kB of it are missing.",
                slot.left_out() / 1024 + 1
            );
            output.notice(line).await.ok()?;
        }
        answer
    }

    async fn show(&mut self, item: Item) -> Result<(), TurnOver> {
        let output = self.output;
        match item {
            Item::Text { message, text } => {
                self.shown.said |= !text.trim().is_empty();
                output.text(TextDelta::new(text, message)).await
            }
            Item::Thought(text) => output.thought(text).await,
            Item::File(file) => {
                self.shown.said = true;
                match folder::within(self.settings, &self.folder, *file) {
                    Ok(file) => output.file(file).await,
                    Err(notice) => output.notice(notice).await,
                }
            }
            Item::Tool(call) => {
                if !self.shown.acted {
                    output.acted().await?;
                    self.shown.acted = true;
                }
                output.tool(*call).await
            }
            Item::Plan(entries) => output.plan(entries).await,
            Item::Notice(line) => output.notice(line).await,
            Item::Usage => match self.slot.facts(|facts| facts.usage()) {
                Some(usage) => output.usage(usage).await,
                None => Ok(()),
            },
            Item::Echo(_) | Item::Question(_) | Item::Withdrawn(_) => Ok(()),
        }
    }

    /// A question to people, unless the settings answer it.
    fn question(&mut self, question: OpenQuestion) -> Asking<'a> {
        self.shown.asked = true;
        let output = self.output;
        let reply = match question.asked.clone() {
            Asked::Permission(request) => {
                let known = self.slot.tools(|tools| tools.asked(&request.tool_call));
                let decided =
                    permission::decided(self.settings.permissions, &known, &request.options).cloned();
                async move {
                    if let Some(option) = decided {
                        output.acted().await?;
                        return Ok(Response::Permission(permission::response(Some(&option))));
                    }
                    let asked = permission::question(&known, &request.options);
                    debug_assert_eq!(asked.kind, QuestionKind::Permission);
                    let reply = output.ask(asked).await?;
                    let chosen = permission::chosen(&reply, &request.options);
                    if chosen.is_some_and(permission::grants) {
                        // Recorded before it happens: a crash from here on never runs this turn again.
                        output.acted().await?;
                    }
                    Ok(Response::Permission(permission::response(chosen.map(|option| &option.option_id))))
                }
                .boxed()
            }
            Asked::Form(request) => {
                async move { form::fill(&request, output).await.map(Response::Form) }.boxed()
            }
        };
        (question, reply)
    }

    fn reply(&self, question: &OpenQuestion, response: Response) {
        let connection = self.process.connection();
        match response {
            Response::Permission(response) => connection.reply(&question.id, response),
            Response::Form(response) => connection.reply(&question.id, response),
        }
    }

    /// The turn is over; what is open is answered.
    fn close(&mut self) {
        self.is_open = false;
        for question in self.slot.rest() {
            question.cancel(self.process.connection());
        }
    }

    /// Stops the agent and waits a little for its word. Without a good one the session is retired.
    async fn stop(&mut self, call: Call<PromptResponse>) {
        self.cancel();
        match timeout(self.settings.limits.stop, call).await {
            Ok(Ok(_)) => {
                self.is_open = false;
                drop(self.slot.rest());
            }
            Ok(Err(error)) => {
                debug!(%error, "an agent answered a stop with an error; its session is retired");
                self.retire();
            }
            Err(_) => {
                debug!("an agent did not answer a stop in time; its session is retired");
                self.retire();
            }
        }
    }

    fn cancel(&self) {
        let connection = self.process.connection();
        connection.notify("session/cancel", CancelNotification::new(self.slot.id().to_owned()));
        for question in self.slot.stop() {
            question.cancel(connection);
        }
    }

    fn retire(&mut self) {
        self.is_open = false;
        drop(self.slot.retire());
        calls::close(self.process, self.slot.id());
        self.process.retire();
    }
}

/// A turn that is dropped has waited long enough.
impl Drop for Prompting<'_> {
    fn drop(&mut self) {
        if self.is_open {
            self.cancel();
            self.retire();
        }
    }
}
