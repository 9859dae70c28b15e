//! What an agent said of one session and no chat has taken yet. The reader puts it in and never waits.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agent_client_protocol_schema::v1::{ContentBlock, ContentChunk, SessionUpdate};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::content::{self, Shown};
use super::facts::Facts;
use super::item::{Asked, Item, OpenQuestion};
use super::tools::Tools;
use crate::rpc::RequestId;

/// Pieces that wait; beyond it the agent's further pieces are left out, as beyond the bound of bytes.
const PIECES: usize = 4096;

/// Questions that wait; further ones are answered at once.
const QUESTIONS: usize = 32;

/// Messages of turns that are over whose late pieces are recognized.
const MESSAGES: usize = 16;

/// What a piece costs beside its text, in bytes.
const OVERHEAD: usize = 64;

/// The longest piece that is given out at once, in bytes: what is on its way to a chat counts as unseen, too.
const PIECE: usize = 8 * 1024;

/// Characters of the person's own text, repeated by the agent, that are kept to recognize it.
const ECHO: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No turn: what comes is replayed or late, and dropped.
    Resting,
    /// A turn takes what comes.
    Listening,
    /// The agent ended the turn: what it said before is taken, what comes is dropped.
    Ended,
    /// The turn was stopped: what comes is dropped, questions are answered at once.
    Stopping,
    /// The session is not used any more.
    Retired,
}

/// One session of an agent's process.
pub(crate) struct Slot {
    id: Arc<str>,
    unseen: usize,
    inner: Mutex<Inner>,
    changed: Notify,
}

struct Inner {
    claimed: bool,
    phase: Phase,
    items: VecDeque<Item>,
    bytes: usize,
    left_out: u64,
    open: Vec<OpenQuestion>,
    facts: Facts,
    tools: Tools,
    last_output_at: Instant,
    /// When the last turn was over.
    rests_since: Option<Instant>,
    /// The last turn was stopped.
    was_stopped: bool,
    /// After it had answered the stop, the agent said more of that turn.
    speaks_late: bool,
    /// The tool calls of the turn before, where that was stopped: what comes of them is late.
    stopped_tools: HashSet<String>,
    /// The last messages that the agent wrote in this turn, and in the turns before, where it says which.
    messages: VecDeque<Arc<str>>,
    messages_before: VecDeque<Arc<str>>,
    /// The agent names messages of different turns differently, so that a late piece tells that it is one.
    names_messages: bool,
}

impl Slot {
    pub(crate) fn new(id: Arc<str>, unseen: usize) -> Self {
        let inner = Inner {
            claimed: false,
            phase: Phase::Resting,
            items: VecDeque::new(),
            bytes: 0,
            left_out: 0,
            open: Vec::new(),
            facts: Facts::default(),
            tools: Tools::default(),
            last_output_at: Instant::now(),
            rests_since: None,
            was_stopped: false,
            speaks_late: false,
            stopped_tools: HashSet::new(),
            messages: VecDeque::new(),
            messages_before: VecDeque::new(),
            names_messages: false,
        };
        Self { id, unseen, inner: Mutex::new(inner), changed: Notify::new() }
    }

    /// The agent's id of the session.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Takes the slot for one conversation; `false` where another one has it.
    pub(crate) fn claim(&self) -> bool {
        !std::mem::replace(&mut self.inner().claimed, true)
    }

    pub(crate) fn is_claimed(&self) -> bool {
        self.inner().claimed
    }

    pub(crate) fn is_retired(&self) -> bool {
        self.inner().phase == Phase::Retired
    }

    /// A turn begins: what was said before it is not part of it.
    pub(crate) fn listen(&self) {
        let mut inner = self.inner();
        if inner.phase != Phase::Retired {
            inner.phase = Phase::Listening;
            inner.clear();
            let tools = std::mem::take(&mut inner.tools);
            inner.stopped_tools =
                if std::mem::take(&mut inner.was_stopped) { tools.into_ids() } else { HashSet::new() };
            let over = std::mem::take(&mut inner.messages);
            for message in over {
                remember(&mut inner.messages_before, message);
            }
        }
    }

    /// The agent ended the turn. What it said before waits to be taken.
    pub(crate) fn end(&self) {
        let mut inner = self.inner();
        if inner.phase == Phase::Listening {
            inner.phase = Phase::Ended;
        }
    }

    /// The turn is over. Answers the questions that are open.
    #[must_use]
    pub(crate) fn rest(&self) -> Vec<OpenQuestion> {
        self.leave(Phase::Resting)
    }

    /// The turn was stopped and its answer is waited for. Answers the questions that are open.
    #[must_use]
    pub(crate) fn stop(&self) -> Vec<OpenQuestion> {
        self.inner().was_stopped = true;
        self.leave(Phase::Stopping)
    }

    /// The session is not used any more; what it still says is dropped. Answers the questions that are open.
    #[must_use]
    pub(crate) fn retire(&self) -> Vec<OpenQuestion> {
        self.leave(Phase::Retired)
    }

    fn leave(&self, phase: Phase) -> Vec<OpenQuestion> {
        let mut inner = self.inner();
        if inner.phase != Phase::Retired {
            inner.phase = phase;
        }
        inner.rests_since = Some(Instant::now());
        inner.clear();
        std::mem::take(&mut inner.open)
    }

    /// Takes an update; `false` where nobody wants it.
    pub(crate) fn take(&self, update: SessionUpdate) -> bool {
        let mut inner = self.inner();
        let Some(said) = inner.facts.note(update) else { return true };
        inner.last_output_at = Instant::now();
        if inner.phase != Phase::Listening {
            if inner.phase == Phase::Resting && inner.was_stopped {
                inner.speaks_late |= inner.is_indistinct(&said);
            }
            return false;
        }
        let taken = inner.put(said, self.unseen);
        drop(inner);
        self.changed.notify_one();
        taken
    }

    /// Takes a question; gives it back where no turn can show it.
    pub(crate) fn ask(&self, question: OpenQuestion) -> Result<(), OpenQuestion> {
        let mut inner = self.inner();
        let is_late = match &question.asked {
            Asked::Permission(request) => inner.is_of_stopped_tool(&request.tool_call.tool_call_id.0),
            Asked::Form(_) => false,
        };
        if inner.phase != Phase::Listening || is_late || inner.open.len() >= QUESTIONS {
            return Err(question);
        }
        inner.open.push(question.clone());
        inner.items.push_back(Item::Question(question));
        drop(inner);
        self.changed.notify_one();
        Ok(())
    }

    /// The agent takes a question back.
    pub(crate) fn withdraw(&self, id: &RequestId) {
        let mut inner = self.inner();
        if inner.open.iter().any(|question| question.id == *id) {
            inner.items.push_back(Item::Withdrawn(id.clone()));
            drop(inner);
            self.changed.notify_one();
        }
    }

    /// A question is answered, once; `false` where it was before.
    #[must_use]
    pub(crate) fn settle(&self, id: &RequestId) -> bool {
        let mut inner = self.inner();
        let before = inner.open.len();
        inner.open.retain(|question| question.id != *id);
        inner.open.len() < before
    }

    /// The next piece; waits for one.
    pub(crate) async fn next(&self) -> Item {
        loop {
            if let Some(item) = self.try_next() {
                return item;
            }
            self.changed.notified().await;
        }
    }

    /// The next piece that is there.
    pub(crate) fn try_next(&self) -> Option<Item> {
        let mut inner = self.inner();
        if let Some(Item::Text { message, text }) = inner.items.front_mut()
            && text.len() > PIECE
        {
            let rest = text.split_off(text.floor_char_boundary(PIECE));
            let piece = Item::Text { message: message.clone(), text: std::mem::replace(text, rest) };
            inner.bytes = inner.bytes.saturating_sub(PIECE);
            return Some(piece);
        }
        let item = inner.items.pop_front()?;
        inner.bytes = inner.bytes.saturating_sub(cost(&item));
        Some(item)
    }

    /// Bytes of the turn's text that were left out so far.
    pub(crate) fn left_out(&self) -> u64 {
        self.inner().left_out
    }

    /// When the agent said something of the conversation last, replayed or not.
    pub(crate) fn last_output_at(&self) -> Instant {
        self.inner().last_output_at
    }

    /// Since when nothing was said of the turn that is over; `None` where there was none.
    pub(crate) fn silent_since(&self) -> Option<Instant> {
        let inner = self.inner();
        inner.rests_since.map(|rests| rests.max(inner.last_output_at))
    }

    /// Whether the turn that is over was stopped.
    pub(crate) fn was_stopped(&self) -> bool {
        self.inner().was_stopped
    }

    /// Whether the agent went on speaking of a turn after it had answered its stop, in words that could as well be part
    /// of the next turn.
    pub(crate) fn speaks_late(&self) -> bool {
        self.inner().speaks_late
    }

    /// What is known of the session besides its conversation.
    pub(crate) fn facts<T>(&self, look: impl FnOnce(&mut Facts) -> T) -> T {
        look(&mut self.inner().facts)
    }

    /// What is known of a tool call of this turn.
    pub(crate) fn tools<T>(&self, look: impl FnOnce(&mut Tools) -> T) -> T {
        look(&mut self.inner().tools)
    }

    #[cfg(test)]
    fn bytes(&self) -> usize {
        self.inner().bytes
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn clear(&mut self) {
        self.items = VecDeque::new();
        self.bytes = 0;
        self.left_out = 0;
    }

    /// Words of which nobody could tell, in the next turn, that they belong to this one.
    fn is_indistinct(&self, update: &SessionUpdate) -> bool {
        match update {
            SessionUpdate::AgentMessageChunk(chunk) | SessionUpdate::AgentThoughtChunk(chunk) => {
                chunk.message_id.is_none() || !self.names_messages
            }
            _ => false,
        }
    }

    /// Whether a tool call belongs to the turn before, which was stopped.
    fn is_of_stopped_tool(&self, id: &str) -> bool {
        self.stopped_tools.contains(id) && !self.tools.knows(id)
    }

    /// Whether a piece of this message belongs to a turn that is over.
    fn is_late(&mut self, message: &Arc<str>) -> bool {
        let is_earlier = self.messages_before.contains(message);
        self.names_messages |= !is_earlier && !self.messages_before.is_empty();
        self.names_messages && is_earlier
    }

    fn put(&mut self, update: SessionUpdate, unseen: usize) -> bool {
        if let SessionUpdate::AgentMessageChunk(chunk) = &update
            && let Some(message) = &chunk.message_id
        {
            if self.is_late(&message.0) {
                return false;
            }
            remember(&mut self.messages, Arc::clone(&message.0));
        }
        let item = match update {
            SessionUpdate::AgentMessageChunk(chunk) => match content::shown(chunk.content) {
                Shown::Text(text) if text.is_empty() => return true,
                Shown::Text(text) => Item::Text { message: chunk.message_id.map(|id| id.0), text },
                Shown::File(file) => Item::File(file),
                Shown::Nothing => return false,
            },
            SessionUpdate::AgentThoughtChunk(chunk) => match text_of(chunk) {
                Some(text) => Item::Thought(text),
                None => return false,
            },
            SessionUpdate::UserMessageChunk(chunk) => {
                let text = text_of(chunk).unwrap_or_default();
                Item::Echo(text.chars().take(ECHO).collect())
            }
            SessionUpdate::ToolCall(call) => Item::Tool(Box::new(self.tools.announce(call))),
            SessionUpdate::ToolCallUpdate(update) if self.is_of_stopped_tool(&update.tool_call_id.0) => {
                return false;
            }
            SessionUpdate::ToolCallUpdate(update) => Item::Tool(Box::new(self.tools.update(update))),
            SessionUpdate::Plan(plan) => Item::Plan(content::plan(plan)),
            SessionUpdate::Notice(notice) => Item::Notice(content::notice(&notice)),
            SessionUpdate::UsageUpdate(_) => Item::Usage,
            _ => return false,
        };
        self.push(item, unseen)
    }

    /// Joins what belongs together, so that a flood of small pieces waits as few.
    fn push(&mut self, item: Item, unseen: usize) -> bool {
        match (&item, self.items.back_mut()) {
            (Item::Usage, Some(Item::Usage)) => return true,
            (Item::Plan(_), _) => self.items.retain(|waiting| !matches!(waiting, Item::Plan(_))),
            (Item::Tool(call), _) => {
                let same = self.items.iter_mut().find_map(|waiting| match waiting {
                    Item::Tool(waiting) if waiting.id == call.id => Some(waiting),
                    _ => None,
                });
                if let Some(waiting) = same {
                    waiting.clone_from(call);
                    return true;
                }
            }
            _ => {}
        }
        let joins = match (&item, self.items.back()) {
            (Item::Text { message, .. }, Some(Item::Text { message: last, .. })) => message == last,
            (Item::Thought(_), Some(Item::Thought(_))) => true,
            _ => false,
        };
        let cost = if joins { cost(&item) - OVERHEAD } else { cost(&item) };
        if self.bytes + cost > unseen || self.items.len() >= PIECES {
            self.left_out += cost as u64;
            return false;
        }
        self.bytes += cost;
        match (item, self.items.back_mut()) {
            (Item::Text { text, .. }, Some(Item::Text { text: last, .. })) if joins => last.push_str(&text),
            (Item::Thought(text), Some(Item::Thought(last))) if joins => last.push_str(&text),
            (item, _) => self.items.push_back(item),
        }
        true
    }
}

/// Keeps the last of them, each once.
fn remember(messages: &mut VecDeque<Arc<str>>, message: Arc<str>) {
    if messages.contains(&message) {
        return;
    }
    if messages.len() >= MESSAGES {
        messages.pop_front();
    }
    messages.push_back(message);
}

fn text_of(chunk: ContentChunk) -> Option<String> {
    match chunk.content {
        ContentBlock::Text(text) => Some(text.text),
        _ => None,
    }
}

fn cost(item: &Item) -> usize {
    OVERHEAD
        + match item {
            Item::Text { text, .. } | Item::Thought(text) | Item::Notice(text) | Item::Echo(text) => {
                text.len()
            }
            Item::File(file) => content::bytes_of(file),
            Item::Tool(call) => call.title.len() + call.detail.as_ref().map_or(0, String::len),
            Item::Plan(entries) => entries.iter().map(|entry| entry.text.len() + OVERHEAD).sum(),
            Item::Usage | Item::Question(_) | Item::Withdrawn(_) => 0,
        }
}

#[cfg(test)]
mod tests {
    use agent_client_protocol_schema::v1::{
        ContentChunk, RequestPermissionRequest, SessionUpdate, ToolCallUpdate, ToolCallUpdateFields,
    };

    use super::super::item::{Asked, Item, OpenQuestion};
    use super::Slot;
    use crate::rpc::RequestId;

    fn text(text: &str) -> SessionUpdate {
        SessionUpdate::AgentMessageChunk(ContentChunk::new(text.into()))
    }

    fn question(id: i64) -> OpenQuestion {
        let tool = ToolCallUpdate::new("t", ToolCallUpdateFields::new());
        let asked = Asked::Permission(Box::new(RequestPermissionRequest::new("s", tool, Vec::new())));
        OpenQuestion { id: RequestId::Number(id), asked }
    }

    fn listening(unseen: usize) -> Slot {
        let slot = Slot::new("s".into(), unseen);
        slot.listen();
        slot
    }

    #[tokio::test]
    async fn a_flood_waits_as_one_piece_and_within_its_bound() {
        let slot = listening(1000);
        for _ in 0..200_000 {
            slot.take(text("word "));
        }
        assert!(slot.bytes() <= 1000, "{}", slot.bytes());
        let Item::Text { text, .. } = slot.next().await else { panic!("text") };
        assert!(text.starts_with("word word ") && text.len() <= 1000);
        assert!(slot.try_next().is_none());
        assert_eq!(slot.left_out() + text.len() as u64, 5 * 200_000);
        assert_eq!(slot.bytes(), 0);
    }

    #[tokio::test]
    async fn nothing_is_kept_without_a_turn() {
        let slot = Slot::new("s".into(), 1000);
        assert!(!slot.take(text("replayed")));
        slot.listen();
        assert!(slot.take(text("answer")));
        assert!(matches!(slot.next().await, Item::Text { text, .. } if text == "answer"));
        assert!(slot.rest().is_empty());
        assert!(!slot.take(text("late")));
        assert!(slot.try_next().is_none());
    }

    #[tokio::test]
    async fn a_stop_gives_out_every_open_question_and_refuses_further_ones() {
        let slot = listening(1000);
        for id in 0..10 {
            slot.ask(question(id)).expect("a turn shows it");
        }
        assert!(slot.settle(&RequestId::Number(3)));
        assert!(!slot.settle(&RequestId::Number(3)), "answered once");
        let open: Vec<_> = slot.stop().into_iter().map(|question| question.id.to_string()).collect();
        assert_eq!(open, ["0", "1", "2", "4", "5", "6", "7", "8", "9"]);
        assert!(slot.ask(question(11)).is_err());
        assert!(slot.try_next().is_none(), "nothing of it is shown");
    }

    #[tokio::test]
    async fn a_retired_session_never_listens_again() {
        let slot = listening(1000);
        assert!(slot.retire().is_empty());
        slot.listen();
        assert!(slot.is_retired());
        assert!(!slot.take(text("late")));
    }

    #[tokio::test]
    async fn a_step_that_waits_is_replaced_by_its_next_state() {
        let slot = listening(10_000);
        for _ in 0..100 {
            let fields = ToolCallUpdateFields::new().title("ls".to_owned());
            slot.take(SessionUpdate::ToolCallUpdate(ToolCallUpdate::new("t", fields)));
        }
        assert!(matches!(slot.next().await, Item::Tool(call) if call.title == "ls"));
        assert!(slot.try_next().is_none());
    }
}
