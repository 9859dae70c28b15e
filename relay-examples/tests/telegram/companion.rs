//! An agent that does as it is told, and waits where the test wants to look.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use relay_adapter::{
    Agent, AgentError, AgentInfo, AgentSession, FileSource, OptionKind, OutputFile, Question, QuestionKind,
    QuestionOption, QuestionReply, SessionContext, StopReason, Turn, TurnOutput, TurnOver, TurnSummary,
};
use relay_wire::MediaKind;
use tokio::sync::Semaphore;

/// Its gates, shared by all conversations.
#[derive(Clone, Default)]
pub(crate) struct Companion(Arc<Gates>);

struct Gates {
    go: Semaphore,
    waiting: Semaphore,
    stopped: Semaphore,
}

impl Default for Gates {
    fn default() -> Self {
        Self { go: Semaphore::new(0), waiting: Semaphore::new(0), stopped: Semaphore::new(0) }
    }
}

impl Companion {
    /// Lets one answer go on.
    pub(crate) fn go_on(&self) {
        self.0.go.add_permits(1);
    }

    /// Waits until an answer waits.
    pub(crate) async fn until_waiting(&self) {
        self.0.waiting.acquire().await.expect("never closed").forget();
    }

    /// Waits until a turn was stopped.
    pub(crate) async fn until_stopped(&self) {
        self.0.stopped.acquire().await.expect("never closed").forget();
    }

    async fn answer(&self, turn: &Turn, out: &TurnOutput) -> Result<TurnSummary, TurnOver> {
        match turn.event.text.as_str() {
            "stream" => {
                out.text("the beginning").await?;
                self.0.waiting.add_permits(1);
                self.0.go.acquire().await.expect("never closed").forget();
                out.text(" and the end").await?;
            }
            "ask" => {
                let options = vec![
                    QuestionOption::new("yes", "Yes", OptionKind::AllowOnce),
                    QuestionOption::new("no", "No", OptionKind::RejectOnce),
                ];
                let reply = out.ask(Question::new(QuestionKind::Permission, "May I?", options)).await?;
                let QuestionReply::Chosen { option, .. } = reply else { panic!("nobody chose: {reply:?}") };
                out.text(format!("you chose {option}")).await?;
            }
            "file" => {
                let media = &turn.event.media[0];
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                let size = media.size.unwrap_or_default();
                out.text(format!("got {}, {}, {size} bytes", text(&media.filename), text(&media.mime)))
                    .await?;
                let source = FileSource::Url("https://files.example/report.pdf".to_owned());
                out.file(OutputFile::new(source, MediaKind::Document)).await?;
            }
            "wait" => {
                out.text("still at it").await?;
                turn.cancelled.cancelled().await;
                self.0.stopped.add_permits(1);
                return Ok(TurnSummary::stopped(StopReason::Cancelled));
            }
            other => out.text(format!("{other} yourself")).await?,
        }
        Ok(TurnSummary::finished())
    }
}

impl Agent for Companion {
    fn info(&self) -> AgentInfo {
        AgentInfo::new("companion", "")
    }

    fn open(&self, _: SessionContext) -> Arc<dyn AgentSession> {
        Arc::new(self.clone())
    }
}

impl AgentSession for Companion {
    fn turn<'a>(&'a self, turn: &'a Turn, out: TurnOutput) -> BoxFuture<'a, Result<TurnSummary, AgentError>> {
        async move {
            // Whoever does not listen any more needs no end.
            Ok(self.answer(turn, &out).await.unwrap_or(TurnSummary::stopped(StopReason::Cancelled)))
        }
        .boxed()
    }

    fn reset(&self) -> BoxFuture<'_, Result<(), AgentError>> {
        ready(Ok(())).boxed()
    }
}
