//! Telegram's published limits: about a message a second in a chat, 20 a minute in a group, 30 a second for a bot.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The longest wait within one action; a gateway takes an action for unknown after 30 s.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// Chats that were quiet for so long start afresh.
const FORGET: Duration = Duration::from_mins(2);

/// When what may be sent, chat by chat.
#[derive(Default)]
pub(crate) struct Pace {
    slots: Mutex<Slots>,
}

#[derive(Default)]
struct Slots {
    chats: HashMap<String, Instant>,
    bot: Option<Instant>,
}

/// The wait that Telegram asks for is longer than an action may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong(pub(crate) Duration);

impl Pace {
    /// Waits until the chat may be written to, and takes its turn.
    pub(crate) async fn turn(&self, chat: &str) -> Result<(), TooLong> {
        let at = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            slots.take(chat, now)?
        };
        tokio::time::sleep_until(at).await;
        Ok(())
    }

    /// How long the chat would have to wait now.
    pub(crate) fn wait(&self, chat: &str) -> Duration {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, burst) = spacing(chat);
        let free_at = slots.chats.get(chat).and_then(|slot| slot.checked_sub(burst));
        free_at.map(|at| at.saturating_duration_since(Instant::now())).unwrap_or_default()
    }

    /// Holds the chat for as long as Telegram asks.
    pub(crate) fn hold(&self, chat: &str, wait: Duration) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let until = Instant::now() + wait;
        let (_, burst) = spacing(chat);
        // A turn is free a whole burst before its slot: the burst is used up.
        slots.chats.insert(chat.to_owned(), until + burst);
    }
}

impl Slots {
    /// The slot of a chat is the time at which it would have sent everything evenly; it may run a burst ahead.
    fn take(&mut self, chat: &str, now: Instant) -> Result<Instant, TooLong> {
        if self.chats.len() > 1024 {
            self.chats.retain(|_, slot| *slot + FORGET > now);
        }
        let (every, burst) = spacing(chat);
        let slot = self.chats.get(chat).copied().unwrap_or(now).max(now);
        let chat_at = slot.checked_sub(burst).map_or(now, |at| at.max(now));
        let bot_at = self.bot.unwrap_or(now).max(now);
        let at = chat_at.max(bot_at);
        if at - now > LONGEST_WAIT {
            return Err(TooLong(at - now));
        }
        self.chats.insert(chat.to_owned(), slot + every);
        self.bot = Some(at.max(bot_at) + Duration::from_millis(34));
        Ok(at)
    }
}

/// How far apart a chat's messages are, and how far they may run ahead of that.
fn spacing(chat: &str) -> (Duration, Duration) {
    if chat.starts_with('-') {
        (Duration::from_secs(3), Duration::from_secs(12))
    } else {
        (Duration::from_secs(1), Duration::from_secs(3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_group_has_at_most_twenty_five_in_its_first_minute_and_twenty_in_each_after_it() {
        let (pace, begun) = (Pace::default(), Instant::now());
        let mut times = Vec::new();
        for _ in 0..60 {
            pace.turn("-1").await.expect("a turn");
            times.push(begun.elapsed().as_secs());
        }
        assert_eq!(times[0], 0);
        assert!(times.iter().filter(|time| **time < 60).count() <= 25, "{times:?}");
        assert!(times.iter().filter(|time| (60..120).contains(*time)).count() <= 20, "{times:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_held_chat_waits_to_the_end_and_its_neighbour_does_not() {
        let (pace, begun) = (Pace::default(), Instant::now());
        pace.hold("7", Duration::from_secs(15));
        pace.turn("8").await.expect("a turn");
        assert!(begun.elapsed() < Duration::from_secs(1));
        pace.turn("7").await.expect("a turn");
        assert!(begun.elapsed() >= Duration::from_secs(15));
        pace.hold("7", Duration::from_mins(10));
        assert!(pace.turn("7").await.is_err(), "an action cannot wait that long");
    }
}
