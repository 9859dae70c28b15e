//! What an agent repeats of a conversation that it took up again, kept away from the chat.
//!
//! Agents repeat it before the answer to `session/load`, after it, or on `session/resume` too. What comes before the
//! next prompt is dropped where it arrives. What comes later is told from the answer by the person's own text in
//! it: the first pieces of the first turn are held for a moment, and everything up to and around such a text is dropped.

use std::time::Duration;

use tokio::time::Instant;

use super::item::Item;

/// The guard of the first turn after a session was taken up.
pub(crate) struct ReplayGuard {
    prompt: String,
    silence: Duration,
    held: Vec<Item>,
    state: State,
    /// Since the last text of somebody, pieces were dropped that may have been the answer.
    dropped: bool,
    /// A step of work was among them.
    dropped_work: bool,
}

enum State {
    /// Pieces are held until then.
    Holding(Instant),
    /// Pieces are dropped until then: they follow a text of somebody that is not the prompt.
    Dropping(Instant),
    /// Pieces pass.
    Open,
}

impl ReplayGuard {
    /// Of a turn with this prompt that began now.
    pub(crate) fn new(prompt: &str, silence: Duration, now: Instant) -> Self {
        Self {
            prompt: prompt.trim().to_owned(),
            silence,
            held: Vec::new(),
            state: State::Holding(now + silence),
            dropped: false,
            dropped_work: false,
        }
    }

    /// Nothing was repeated, so nothing is held.
    pub(crate) fn off() -> Self {
        Self {
            prompt: String::new(),
            silence: Duration::ZERO,
            held: Vec::new(),
            state: State::Open,
            dropped: false,
            dropped_work: false,
        }
    }

    /// The answer may have been among what was dropped, and the agent did nothing that must not be done twice.
    pub(crate) fn may_ask_again(&self) -> bool {
        self.dropped && !self.dropped_work
    }

    /// The pieces that may be shown now, with this one.
    pub(crate) fn pass(&mut self, item: Item, now: Instant) -> Vec<Item> {
        if matches!(item, Item::Question(_) | Item::Withdrawn(_)) {
            // An agent that repeats a conversation asks nothing.
            self.state = State::Open;
            let mut items = std::mem::take(&mut self.held);
            items.push(item);
            return items;
        }
        match (&self.state, item) {
            (State::Open, Item::Echo(_)) => Vec::new(),
            (State::Open, item) => vec![item],
            (_, Item::Echo(text)) => {
                self.held.clear();
                (self.dropped, self.dropped_work) = (false, false);
                let own = text.trim();
                let repeats_prompt = !own.is_empty() && self.prompt.starts_with(own);
                let until = now + self.silence;
                self.state = if repeats_prompt { State::Holding(until) } else { State::Dropping(until) };
                Vec::new()
            }
            (State::Dropping(until), item) if now < *until => {
                self.dropped = true;
                self.dropped_work |= matches!(item, Item::Tool(_));
                Vec::new()
            }
            (State::Holding(until), item) if now < *until => {
                self.held.push(item);
                Vec::new()
            }
            (_, item) => {
                let mut items = self.release();
                items.push(item);
                items
            }
        }
    }

    /// When held pieces may be shown although no further one comes.
    pub(crate) fn due(&self) -> Option<Instant> {
        match self.state {
            State::Holding(until) if !self.held.is_empty() => Some(until),
            _ => None,
        }
    }

    /// The pieces that are held; from here on every piece passes.
    pub(crate) fn release(&mut self) -> Vec<Item> {
        self.state = State::Open;
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Item, ReplayGuard};

    const SILENCE: Duration = Duration::from_millis(400);

    fn text(text: &str) -> Item {
        Item::Text { message: None, text: text.into() }
    }

    fn texts(items: Vec<Item>) -> Vec<String> {
        let texts = items.into_iter().map(|item| match item {
            Item::Text { text, .. } => text,
            other => panic!("{other:?}"),
        });
        texts.collect()
    }

    #[test]
    fn a_conversation_that_is_repeated_late_is_dropped_and_the_answer_is_not() {
        let now = Instant::now();
        let mut guard = ReplayGuard::new("what was it?", SILENCE, now);
        for _ in 0..2 {
            assert!(guard.pass(text("an old answer"), now).is_empty());
            assert!(guard.pass(Item::Echo("an old question".into()), now).is_empty());
            assert!(guard.pass(text("an old answer"), now).is_empty());
        }
        assert_eq!(guard.due(), None, "nothing is held");
        let later = now + SILENCE;
        assert_eq!(texts(guard.pass(text("4711"), later)), ["4711"]);
        assert_eq!(texts(guard.pass(text("!"), later)), ["!"]);
    }

    #[test]
    fn an_answer_is_held_for_a_moment_and_then_shown_whole() {
        let now = Instant::now();
        let mut guard = ReplayGuard::new("hello", SILENCE, now);
        assert!(
            guard.pass(Item::Echo("hello".into()), now).is_empty(),
            "agents repeat the prompt itself too"
        );
        assert!(guard.pass(text("a"), now).is_empty());
        assert!(guard.pass(text("b"), now).is_empty());
        assert_eq!(guard.due(), Some(now + SILENCE));
        assert_eq!(texts(guard.release()), ["a", "b"]);
        assert_eq!(texts(guard.pass(text("c"), now)), ["c"]);
    }

    #[test]
    fn a_turn_of_a_session_that_was_not_taken_up_is_not_held() {
        let now = Instant::now();
        let mut guard = ReplayGuard::off();
        assert_eq!(texts(guard.pass(text("a"), now)), ["a"]);
        assert!(guard.pass(Item::Echo("anything".into()), now).is_empty());
        assert_eq!(texts(guard.pass(text("b"), now)), ["b"]);
    }
}
