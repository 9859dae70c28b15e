//! One conversation with an agent: its session is begun, taken up again, replaced and forgotten here.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_adapter::{
    AgentCommand, AgentError, AgentErrorKind, AgentSession, RememberedSession, SessionContext,
    SessionSetting, SessionStatus, SessionStoreError, Turn, TurnOutput, TurnSummary,
};
use relay_auth::UnixSeconds;
use tokio::time::sleep;
use tracing::{info, warn};

use super::calls;
use super::folder;
use super::slot::Slot;
use crate::client::AgentProcess;
use crate::settings::{AcpSettings, Processes, Resume};
use crate::supervisor::Keeper;

/// The agent's side of one conversation.
pub(crate) struct AcpSession {
    pub(super) settings: Arc<AcpSettings>,
    pub(super) keeper: Arc<Keeper>,
    /// What the agent's state is read from.
    pub(super) shared: Arc<Keeper>,
    pub(super) context: SessionContext,
    pub(super) conversation: tokio::sync::Mutex<Conversation>,
    /// What `status` and `commands` read, also during a turn.
    seen: Mutex<Option<Arc<Slot>>>,
    memory: Arc<AtomicU64>,
}

/// What is known of the session of a conversation.
#[derive(Default)]
pub(super) struct Conversation {
    open: Option<(Arc<AgentProcess>, Arc<Slot>)>,
    remembered: Option<RememberedSession>,
    /// The next session is to know nothing of the ones before.
    anew: bool,
    /// What people chose, to be set again when the session is taken up.
    mode: Option<String>,
    model: Option<String>,
}

impl Conversation {
    /// The folder that its session works in.
    pub(super) fn folder(&self) -> PathBuf {
        self.remembered.as_ref().map(|session| PathBuf::from(&session.cwd)).unwrap_or_default()
    }
}

/// How a session came to be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// It was.
    Before,
    /// It was taken up again.
    Again,
    /// It was begun.
    New,
    /// It was begun although there was one, which the chat is to be told.
    Instead(&'static str),
}

/// What a chat reads when its conversation begins anew.
pub(super) const LOST: &str = "The agent no longer remembers this conversation; it begins anew.";
const CHANGED: &str = "The agent's configuration was changed; this conversation begins anew.";

impl AcpSession {
    pub(crate) fn new(
        settings: Arc<AcpSettings>,
        keeper: Arc<Keeper>,
        shared: Arc<Keeper>,
        context: SessionContext,
    ) -> Self {
        Self {
            settings,
            keeper,
            shared,
            context,
            conversation: tokio::sync::Mutex::default(),
            seen: Mutex::default(),
            memory: Arc::default(),
        }
    }

    /// The session on this process: as it is, taken up, or begun.
    pub(super) async fn open(
        &self,
        conversation: &mut Conversation,
        process: &Arc<AgentProcess>,
    ) -> Result<(Arc<Slot>, Opened), AgentError> {
        if let Some((on, slot)) = &conversation.open
            && Arc::ptr_eq(on, process)
            && !slot.is_retired()
        {
            return Ok((Arc::clone(slot), Opened::Before));
        }
        conversation.open = None;
        let remembered = match conversation.remembered.clone() {
            None if !conversation.anew && self.settings.resume != Resume::Off => self.recall().await?,
            remembered => remembered,
        };
        let Some(session) = remembered else {
            return Ok((self.begin(conversation, process).await?, Opened::New));
        };
        if session.agent != self.settings.fingerprint() {
            info!(session = %self.context.key, "a session belongs to another agent and is not taken up");
            conversation.anew = true;
            return Ok((self.begin(conversation, process).await?, Opened::Instead(CHANGED)));
        }
        match self.take_up(conversation, process, session).await {
            Ok(slot) => Ok((slot, Opened::Again)),
            Err(error) if passes(error.kind) => Err(error),
            Err(error) => {
                info!(session = %self.context.key, detail = error.detail, "a session was lost");
                self.lose(conversation).await?;
                Ok((self.begin(conversation, process).await?, Opened::Instead(LOST)))
            }
        }
    }

    /// The agent does not know the session any more. Fails where the settings demand that it does.
    pub(super) async fn lose(&self, conversation: &mut Conversation) -> Result<(), AgentError> {
        if self.settings.resume == Resume::Required {
            let detail = "the session was lost and `resume: required` begins no other; /new does";
            return Err(AgentError::new(AgentErrorKind::Lost, detail).with_retryable(false));
        }
        if let Some((process, slot)) = conversation.open.take() {
            process.release(&slot);
        }
        conversation.remembered = None;
        conversation.anew = true;
        self.forget().await;
        Ok(())
    }

    async fn recall(&self) -> Result<Option<RememberedSession>, AgentError> {
        self.context.memory.load().await.map_err(|error| {
            AgentError::new(
                AgentErrorKind::Other,
                format!("cannot read what is remembered of the session: {error}"),
            )
        })
    }

    async fn forget(&self) {
        if let Err(error) = self.context.memory.forget().await {
            warn!(session = %self.context.key, %error, "a session could not be forgotten");
        }
    }

    async fn take_up(
        &self,
        conversation: &mut Conversation,
        process: &Arc<AgentProcess>,
        mut session: RememberedSession,
    ) -> Result<Arc<Slot>, AgentError> {
        let cwd = folder::again(&self.settings, &session.cwd)?;
        let wait =
            self.settings.record_time.map(|span| until_next(span, session.opened, self.settings.clock.now()));
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            info!(session = %self.context.key, ?wait, "waiting until the agent can take up the session without overwriting it");
            sleep(wait).await;
        }
        let claim = process.claim(&session.session_id).map_err(|_| given_twice(&session.session_id))?;
        calls::take_up(&self.settings, process, claim.slot(), &cwd).await?;
        // An agent that answers one request after the other has repeated everything once the mode is set.
        self.set_up(conversation, process, claim.slot()).await?;
        calls::settle(&self.settings, claim.slot()).await;
        if self.settings.record_time.is_some() {
            session.opened = self.settings.clock.now();
            self.remember(&session).await?;
        }
        let slot = claim.keep();
        self.hold(conversation, process, &slot, session);
        Ok(slot)
    }

    async fn begin(
        &self,
        conversation: &mut Conversation,
        process: &Arc<AgentProcess>,
    ) -> Result<Arc<Slot>, AgentError> {
        let cwd = folder::fresh(&self.settings, &self.context.conversation, conversation.anew)?;
        let answer = calls::begin(&self.settings, process, &cwd).await?;
        let claim = process.claim(&answer.session_id.0).map_err(|_| given_twice(&answer.session_id.0))?;
        let slot = claim.slot();
        slot.facts(|facts| facts.opened(answer.modes, answer.config_options));
        let session = RememberedSession::new(
            self.settings.fingerprint(),
            slot.id().to_owned(),
            cwd.to_string_lossy().into_owned(),
            self.settings.clock.now(),
        );
        let begun = async {
            self.set_up(conversation, process, slot).await?;
            self.remember(&session).await
        };
        if let Err(error) = begun.await {
            calls::close(process, slot.id());
            return Err(error);
        }
        let slot = claim.keep();
        self.hold(conversation, process, &slot, session);
        conversation.anew = false;
        Ok(slot)
    }

    /// Durable before the first prompt, so that an id given twice is seen before two chats share a session.
    async fn remember(&self, session: &RememberedSession) -> Result<(), AgentError> {
        if self.settings.resume == Resume::Off {
            return Ok(());
        }
        match self.context.memory.store(session.clone()).await {
            Ok(()) => Ok(()),
            Err(SessionStoreError::Taken { session_id }) => Err(given_twice(&session_id)),
            Err(error) => {
                warn!(session = %self.context.key, %error, "a session will not be taken up after a restart");
                Ok(())
            }
        }
    }

    async fn set_up(
        &self,
        conversation: &Conversation,
        process: &AgentProcess,
        slot: &Slot,
    ) -> Result<(), AgentError> {
        match &conversation.mode {
            Some(mode) => calls::set(&self.settings, process, slot, SessionSetting::Mode, mode).await?,
            None => calls::set_mode(&self.settings, process, slot).await?,
        }
        if let Some(model) = conversation.model.as_ref().or(self.settings.model.as_ref()) {
            calls::set(&self.settings, process, slot, SessionSetting::Model, model).await?;
        }
        Ok(())
    }

    fn hold(
        &self,
        conversation: &mut Conversation,
        process: &Arc<AgentProcess>,
        slot: &Arc<Slot>,
        session: RememberedSession,
    ) {
        conversation.remembered = Some(session);
        conversation.open = Some((Arc::clone(process), Arc::clone(slot)));
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(slot));
    }

    /// Looks how much memory the agent takes, for the next `/status`.
    pub(super) fn weigh(&self, process: Arc<AgentProcess>) {
        let memory = Arc::clone(&self.memory);
        tokio::spawn(async move { memory.store(process.memory().await, Ordering::Relaxed) });
    }

    /// Frees the session; it is taken up at the next turn.
    async fn leave(&self) {
        let mut conversation = self.conversation.lock().await;
        if let Some((process, slot)) = conversation.open.take() {
            for question in slot.retire() {
                question.cancel(process.connection());
            }
            calls::close(&process, slot.id());
            process.release(&slot);
        }
        drop(conversation);
        if self.settings.processes == Processes::PerSession {
            self.keeper.shutdown().await;
        }
    }
}

/// Failures that say nothing of the session: the same may be taken up later.
fn passes(kind: AgentErrorKind) -> bool {
    matches!(
        kind,
        AgentErrorKind::Timeout
            | AgentErrorKind::Crashed
            | AgentErrorKind::LoginNeeded
            | AgentErrorKind::Unavailable
    )
}

/// How long until the clock's next span of this length, where something was done in the present one.
fn until_next(span: Duration, done: UnixSeconds, now: UnixSeconds) -> Duration {
    let span = span.as_secs().max(1);
    if done.0 / span != now.0 / span {
        return Duration::ZERO;
    }
    Duration::from_secs((now.0 / span + 1) * span - now.0)
}

fn given_twice(session_id: &str) -> AgentError {
    let detail = format!(
        "the agent gave the session id `{session_id}` a second time, which would join two conversations; it was refused. \
         Remove `cwd`, so that each session has a folder of its own, or set `processes: per_session`"
    );
    AgentError::new(AgentErrorKind::Other, detail).with_retryable(true)
}

impl AgentSession for AcpSession {
    fn turn<'a>(
        &'a self,
        turn: &'a Turn,
        output: TurnOutput,
    ) -> BoxFuture<'a, Result<TurnSummary, AgentError>> {
        self.run(turn, output).boxed()
    }

    fn reset(&self) -> BoxFuture<'_, Result<(), AgentError>> {
        async {
            let mut conversation = self.conversation.lock().await;
            if let Some((process, slot)) = conversation.open.take() {
                drop(slot.retire());
                calls::close(&process, slot.id());
                // The id stays claimed: should the agent give it again, it would bring the memory back.
            }
            *conversation = Conversation { anew: true, ..Conversation::default() };
            self.forget().await;
            Ok(())
        }
        .boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.leave().boxed()
    }

    fn status(&self) -> SessionStatus {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut status = seen.as_ref().map(|slot| slot.facts(|facts| facts.status())).unwrap_or_default();
        status.process_memory = Some(self.memory.load(Ordering::Relaxed)).filter(|&bytes| bytes > 0);
        status
    }

    fn commands(&self) -> Vec<AgentCommand> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.as_ref().map(|slot| slot.facts(|facts| facts.commands().to_vec())).unwrap_or_default()
    }

    fn select(&self, setting: SessionSetting, id: &str) -> BoxFuture<'_, Result<(), AgentError>> {
        let id = id.to_owned();
        async move {
            let mut conversation = self.conversation.lock().await;
            let Some((process, slot)) = conversation.open.clone() else {
                let detail = format!(
                    "no session is open whose {} could be set; send it a message first",
                    setting.as_str()
                );
                return Err(AgentError::new(AgentErrorKind::Other, detail));
            };
            calls::set(&self.settings, &process, &slot, setting, &id).await?;
            match setting {
                SessionSetting::Mode => conversation.mode = Some(id),
                SessionSetting::Model => conversation.model = Some(id),
                _ => {}
            }
            Ok(())
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use relay_auth::UnixSeconds;

    use super::until_next;

    #[test]
    fn the_next_minute_is_waited_for_only_in_the_minute_in_which_it_was_done() {
        let wait =
            |done, now| until_next(Duration::from_mins(1), UnixSeconds(done), UnixSeconds(now)).as_secs();
        assert_eq!([wait(120, 120), wait(120, 179), wait(179, 179)], [60, 1, 1]);
        assert_eq!([wait(119, 120), wait(0, 120), wait(120, 180)], [0, 0, 0]);
        assert_eq!(wait(180, 120), 0, "the clock was set back");
    }
}
