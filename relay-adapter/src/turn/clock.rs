//! How long a turn has taken, without the time in which it waits for people.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

/// Counts a turn's time. It stands still while a question waits for its answer.
#[derive(Debug)]
pub(crate) struct TurnClock(watch::Sender<State>);

#[derive(Clone, Copy, Debug)]
struct State {
    /// Questions that wait.
    questions: usize,
    /// When the agent gave something last.
    heard: Instant,
}

/// A question that waits, until it is dropped.
pub(crate) struct Paused<'c>(&'c TurnClock);

impl Default for TurnClock {
    fn default() -> Self {
        Self(watch::Sender::new(State { questions: 0, heard: Instant::now() }))
    }
}

impl TurnClock {
    /// The agent gave something. Wakes nobody: it happens for each word.
    pub(crate) fn heard(&self) {
        self.0.send_if_modified(|state| {
            state.heard = Instant::now();
            false
        });
    }

    /// A question waits until the answer is dropped.
    pub(crate) fn question(&self) -> Paused<'_> {
        self.0.send_modify(|state| state.questions += 1);
        Paused(self)
    }

    /// The agent is done: from here on no time passes.
    pub(crate) fn stop(&self) {
        self.0.send_modify(|state| state.questions += 1);
    }

    /// Completes while no question waits.
    pub(crate) async fn runs(&self) {
        // Its sender is in `self`, so the channel does not close.
        let _ = self.0.subscribe().wait_for(|state| state.questions == 0).await;
    }

    async fn stands(&self) {
        let _ = self.0.subscribe().wait_for(|state| state.questions > 0).await;
    }

    /// Completes once the turn has run for so long.
    pub(crate) async fn has_run(&self, limit: Duration) {
        let mut left = limit;
        loop {
            self.runs().await;
            let began = Instant::now();
            tokio::select! {
                biased;
                () = self.stands() => left = left.saturating_sub(began.elapsed()),
                () = sleep(left) => return,
            }
        }
    }

    /// Completes once the agent has given nothing for so long.
    pub(crate) async fn is_silent(&self, limit: Duration) {
        loop {
            self.runs().await;
            let due = self.0.borrow().heard + limit;
            if due <= Instant::now() {
                return;
            }
            tokio::select! {
                biased;
                () = self.stands() => {}
                () = sleep_until(due) => {}
            }
        }
    }
}

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|state| {
            state.questions -= 1;
            // Whoever was asked took that long, not the agent.
            state.heard = Instant::now();
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::TurnClock;

    const MINUTE: Duration = Duration::from_mins(1);

    #[tokio::test(start_paused = true)]
    async fn the_time_of_a_turn_stands_still_while_a_question_waits() {
        let (clock, began) = (TurnClock::default(), Instant::now());
        let people = async {
            sleep(10 * MINUTE).await;
            let waiting = clock.question();
            sleep(60 * MINUTE).await;
            drop(waiting);
        };
        tokio::join!(people, clock.has_run(30 * MINUTE));
        assert_eq!(began.elapsed(), 90 * MINUTE);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_begins_anew_with_each_word_and_with_each_answer() {
        let (clock, began) = (TurnClock::default(), Instant::now());
        let turn = async {
            sleep(4 * MINUTE).await;
            clock.heard();
            sleep(4 * MINUTE).await;
            let waiting = clock.question();
            sleep(60 * MINUTE).await;
            drop(waiting);
        };
        tokio::join!(turn, clock.is_silent(5 * MINUTE));
        assert_eq!(began.elapsed(), 73 * MINUTE);
    }
}
