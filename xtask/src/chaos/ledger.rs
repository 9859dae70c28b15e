//! The accounting: what was taken, what the agent saw, what was said, and what must not have happened.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// One message: the chat, and its place in it, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name {
    pub(crate) chat: usize,
    pub(crate) place: usize,
}

impl Name {
    /// Reads what [`Display`](fmt::Display) writes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (chat, place) = text.strip_prefix('c')?.split_once('-')?;
        Some(Self { chat: chat.parse().ok()?, place: place.parse().ok()? })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}-{}", self.chat, self.place)
    }
}

/// When something happened, by the machine's clock.
pub(crate) type Moment = Duration;

/// What is known of one message.
#[derive(Clone, Debug, Default)]
struct Entry {
    taken: bool,
    /// Each time the agent saw it, and which gateway ran it then; `None` where that one was gone already.
    seen: Vec<(Moment, Option<u32>)>,
    replies: u64,
}

/// Something that must not happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Anomaly {
    /// Taken, and the agent never saw it.
    Lost(Name),
    /// One gateway ran it twice.
    RanTwice(Name),
    /// Its reply was performed more than once.
    RepliedTwice(Name),
    /// The agent saw it, nothing went wrong then, and there is no reply.
    NotReplied(Name),
    /// The agent saw it after a later one of its chat.
    SeenOutOfOrder(Name),
    /// Its reply came after that to a later one of its chat.
    RepliedOutOfOrder(Name),
    /// Never confirmed, although it was offered until the end.
    NotTaken(Name),
    /// Something came that nobody sent.
    Unexpected(String),
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(name) => write!(f, "{name} was taken and never reached the agent"),
            Self::RanTwice(name) => write!(f, "{name} was run twice by a gateway that was not killed"),
            Self::RepliedTwice(name) => write!(f, "the reply to {name} was performed more than once"),
            Self::NotReplied(name) => write!(f, "{name} has no reply, and no fault that would explain it"),
            Self::SeenOutOfOrder(name) => write!(f, "{name} reached the agent after a later one of its chat"),
            Self::RepliedOutOfOrder(name) => write!(f, "the reply to {name} came after a later one's"),
            Self::NotTaken(name) => write!(f, "{name} was never taken"),
            Self::Unexpected(what) => write!(f, "unexpected: {what}"),
        }
    }
}

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) taken: u64,
    /// Messages that the agent saw.
    pub(crate) seen: u64,
    /// Times that it saw one again, in another gateway process.
    pub(crate) reruns: u64,
    pub(crate) replied: u64,
    /// Messages without a reply whose turn met a fault.
    pub(crate) unknown: u64,
    /// Those of them whose chat was told.
    pub(crate) unknown_noticed: u64,
    /// What was said in chats that is no reply.
    pub(crate) notices: u64,
    pub(crate) violations: Vec<Anomaly>,
}

/// Takes everything that happens.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: BTreeMap<Name, Entry>,
    /// The latest place of each chat that the agent saw, and that was replied to.
    latest_seen: BTreeMap<usize, usize>,
    latest_replied: BTreeMap<usize, usize>,
    notices: BTreeMap<usize, u64>,
    faults: Vec<(Moment, Moment)>,
    violations: Vec<Anomaly>,
}

impl Ledger {
    /// A message is to be taken.
    pub(crate) fn offered(&mut self, name: Name) {
        self.entries.entry(name).or_default();
    }

    /// The connector said that it has taken a message; whether that is news.
    pub(crate) fn taken(&mut self, name: Name) -> bool {
        match self.entries.get_mut(&name) {
            Some(entry) => !std::mem::replace(&mut entry.taken, true),
            None => self.unexpected(format!("{name} was taken before it was offered")),
        }
    }

    /// The agent saw a message, run by the gateway of this process id; whether for the first time.
    pub(crate) fn seen(&mut self, name: Name, at: Moment, gateway: Option<u32>) -> bool {
        let Some(entry) = self.entries.get_mut(&name) else {
            return self.unexpected(format!("the agent saw {name} before it was offered"));
        };
        let again = gateway.is_some() && entry.seen.iter().any(|(_, earlier)| *earlier == gateway);
        entry.seen.push((at, gateway));
        let first = entry.seen.len() == 1;
        if again {
            self.violations.push(Anomaly::RanTwice(name));
        }
        if first && !rises(&mut self.latest_seen, name) {
            self.violations.push(Anomaly::SeenOutOfOrder(name));
        }
        first
    }

    /// The reply to a message was performed; whether it is the first one.
    pub(crate) fn replied(&mut self, name: Name) -> bool {
        let Some(entry) = self.entries.get_mut(&name) else {
            return self.unexpected(format!("{name} was replied to before it was offered"));
        };
        entry.replies += 1;
        if entry.replies > 1 {
            self.violations.push(Anomaly::RepliedTwice(name));
            return false;
        }
        if !rises(&mut self.latest_replied, name) {
            self.violations.push(Anomaly::RepliedOutOfOrder(name));
        }
        true
    }

    /// Something else was said in a chat.
    pub(crate) fn noticed(&mut self, chat: usize) {
        *self.notices.entry(chat).or_default() += 1;
    }

    /// Something went wrong on purpose between these two moments.
    pub(crate) fn fault(&mut self, from: Moment, to: Moment) {
        self.faults.push((from, to));
    }

    /// Notes what should not be there; always `false`.
    pub(crate) fn unexpected(&mut self, what: String) -> bool {
        self.violations.push(Anomaly::Unexpected(what));
        false
    }

    /// The sum, at the end of the run.
    pub(crate) fn close(&self) -> Account {
        let mut account = Account { violations: self.violations.clone(), ..Account::default() };
        account.notices = self.notices.values().sum();
        let count = |counted: bool| u64::from(counted);
        for (name, entry) in &self.entries {
            account.taken += count(entry.taken);
            account.seen += count(!entry.seen.is_empty());
            account.replied += count(entry.replies > 0);
            account.reruns += entry.seen.len().saturating_sub(1) as u64;
            if !entry.taken {
                account.violations.push(Anomaly::NotTaken(*name));
            } else if entry.seen.is_empty() {
                account.violations.push(Anomaly::Lost(*name));
            } else if entry.replies == 0 && self.met_a_fault(*name, entry) {
                account.unknown += 1;
                account.unknown_noticed += count(self.notices.contains_key(&name.chat));
            } else if entry.replies == 0 {
                account.violations.push(Anomaly::NotReplied(*name));
            }
        }
        account.violations.sort();
        account
    }

    /// Whether something went wrong between the agent seeing a message and its seeing the chat's next one: a
    /// chat's turns run one after the other, so by then the message was done with.
    fn met_a_fault(&self, name: Name, entry: &Entry) -> bool {
        let Some((begun, _)) = entry.seen.first() else { return false };
        let next = Name { place: name.place + 1, ..name };
        let over = self.entries.get(&next).and_then(|next| next.seen.first()).map(|(at, _)| *at);
        self.faults.iter().any(|(from, to)| begun <= to && over.is_none_or(|over| *from <= over))
    }
}

/// Whether a message is later than all before it in its chat.
fn rises(latest: &mut BTreeMap<usize, usize>, name: Name) -> bool {
    let latest = latest.entry(name.chat).or_default();
    let rises = name.place > *latest;
    *latest = name.place.max(*latest);
    rises
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Account, Anomaly, Ledger, Name};

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn name(place: usize) -> Name {
        Name { chat: 1, place }
    }

    /// Three messages of a chat that were taken.
    fn taken() -> Ledger {
        let mut ledger = Ledger::default();
        for place in 1..=3 {
            ledger.offered(name(place));
            assert!(ledger.taken(name(place)));
        }
        ledger
    }

    fn violations(ledger: &Ledger) -> Vec<Anomaly> {
        ledger.close().violations
    }

    #[test]
    fn a_run_in_which_all_went_well_has_nothing_to_tell() {
        let mut ledger = taken();
        for place in 1..=3 {
            assert!(ledger.seen(name(place), at(place as u64), Some(7)));
            assert!(ledger.replied(name(place)));
        }
        assert!(!ledger.taken(name(1)), "told again after it was sent again");
        assert_eq!(ledger.close(), Account { taken: 3, seen: 3, replied: 3, ..Account::default() });
    }

    #[test]
    fn a_lost_one_is_seen() {
        let mut ledger = taken();
        for place in [1, 3] {
            ledger.seen(name(place), at(1), Some(7));
            ledger.replied(name(place));
        }
        // No fault excuses it.
        ledger.fault(at(0), at(9));
        assert_eq!(violations(&ledger), [Anomaly::Lost(name(2))]);
    }

    #[test]
    fn one_that_was_never_taken_is_seen() {
        let mut ledger = Ledger::default();
        ledger.offered(name(1));
        assert_eq!(violations(&ledger), [Anomaly::NotTaken(name(1))]);
    }

    #[test]
    fn a_doubled_reply_is_seen() {
        let mut ledger = taken();
        for place in 1..=3 {
            ledger.seen(name(place), at(1), Some(7));
            ledger.replied(name(place));
        }
        assert!(!ledger.replied(name(3)));
        assert_eq!(violations(&ledger), [Anomaly::RepliedTwice(name(3))]);
    }

    #[test]
    fn a_turn_that_ran_twice_is_seen_unless_its_gateway_was_killed_in_between() {
        let mut ledger = taken();
        for place in 1..=3 {
            ledger.seen(name(place), at(1), Some(7));
            ledger.replied(name(place));
        }
        assert!(!ledger.seen(name(2), at(2), Some(8)), "another gateway");
        assert!(!ledger.seen(name(2), at(2), None), "a gateway that was gone by then");
        assert_eq!((violations(&ledger), ledger.close().reruns), (vec![], 2));
        ledger.seen(name(2), at(3), Some(8));
        assert_eq!(violations(&ledger), [Anomaly::RanTwice(name(2))]);
    }

    #[test]
    fn a_reordered_one_is_seen() {
        let mut ledger = taken();
        for place in [1, 3, 2] {
            ledger.seen(name(place), at(1), Some(7));
        }
        for place in [2, 1, 3] {
            ledger.replied(name(place));
        }
        assert_eq!(
            violations(&ledger),
            [Anomaly::SeenOutOfOrder(name(2)), Anomaly::RepliedOutOfOrder(name(1))]
        );
    }

    #[test]
    fn a_missing_reply_is_excused_by_a_fault_during_its_turn_and_by_no_other() {
        let mut ledger = taken();
        for (place, seconds) in [(1, 10), (2, 20), (3, 30)] {
            ledger.seen(name(place), at(seconds), Some(7));
        }
        ledger.replied(name(1));
        ledger.replied(name(3));
        ledger.fault(at(5), at(19));
        ledger.fault(at(31), at(35));
        assert_eq!(violations(&ledger), [Anomaly::NotReplied(name(2))]);
        ledger.fault(at(19), at(20));
        let account = ledger.close();
        assert_eq!((account.violations, account.unknown, account.unknown_noticed), (vec![], 1, 0));
        ledger.noticed(1);
        assert_eq!(ledger.close().unknown_noticed, 1);
    }

    #[test]
    fn what_nobody_sent_is_seen() {
        let mut ledger = taken();
        for place in 1..=3 {
            ledger.seen(name(place), at(1), Some(7));
            ledger.replied(name(place));
        }
        let stranger = Name { chat: 9, place: 1 };
        assert!(!ledger.seen(stranger, at(1), None) && !ledger.replied(stranger) && !ledger.taken(stranger));
        assert_eq!(violations(&ledger).len(), 3);
    }

    #[test]
    fn a_name_reads_as_it_is_written() {
        let name = Name { chat: 12, place: 345 };
        assert_eq!(Name::parse(&name.to_string()), Some(name));
        for other in ["", "c1", "1-2", "c1-", "cx-1", "c1-2 "] {
            assert_eq!(Name::parse(other), None, "{other:?}");
        }
    }
}
