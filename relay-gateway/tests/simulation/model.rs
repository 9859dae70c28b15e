//! The reference model: what must hold, in plain data.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use relay_adapter::TurnEnd;

use crate::happening::{Happening, Host};
use crate::names::{MessageId, Word, worked_on};

/// For how long after a fault a result may still be missing: what a fault breaks may be noticed by silence only.
const AFTERMATH: Duration = Duration::from_secs(90);

/// What is known of one message.
#[derive(Debug, Default)]
struct Message {
    is_stop: bool,
    taken: bool,
    /// It was sent live without being buffered, so it may be lost with its connection.
    live: bool,
    admitted: bool,
    /// The gateway's life that it was admitted in.
    admitted_in: u32,
    /// The gateway's life that its turn last began in.
    began_in: Option<u32>,
    /// The inbox is done with it. Where the power failed then, nobody was told how its turn ended.
    finished: bool,
    /// The gateway's life that it was last finished in.
    finished_in: u32,
    /// How its turn ended, once it did for good.
    end: Option<TurnEnd>,
    /// Outcomes of its sends and edits.
    outcomes: BTreeSet<&'static str>,
    /// What its chat was told beside its answer.
    notices: BTreeSet<String>,
    /// How often its turn began, over all lives, and how many status messages its chat shows. One of an earlier life may
    /// appear late.
    begun: u32,
    statuses: u32,
    /// Every way in which its turn ended, in any life.
    ends: Vec<TurnEnd>,
}

impl Message {
    fn is_lost_live(&self) -> bool {
        self.live && !self.admitted
    }
}

/// What was asked of the platform and is not answered.
#[derive(Debug)]
struct Asked {
    at: Duration,
    message: Option<MessageId>,
}

/// A message that a chat shows.
#[derive(Debug, Default)]
struct Shown {
    content: String,
}

#[derive(Debug, Default)]
pub struct Model {
    messages: BTreeMap<MessageId, Message>,
    /// Which message a buffer id was last used for.
    deliveries: BTreeMap<String, MessageId>,
    asked: BTreeMap<u64, Asked>,
    shown: BTreeMap<(String, String), Shown>,
    /// The chat's message that shows a word.
    said: BTreeMap<Word, (String, String)>,
    gateway_life: u32,
    last_fault: Option<Duration>,
    healed: bool,
}

/// What a run must not do; the text says what it did.
pub type Verdict = Result<(), String>;

impl Model {
    /// Takes in what happened, and says what is wrong with it.
    pub fn take(&mut self, at: Duration, happening: &Happening) -> Verdict {
        match happening {
            Happening::Fault { fault, .. } => {
                if fault.loses_results() {
                    self.last_fault = Some(at);
                }
                Ok(())
            }
            Happening::Healed => {
                self.healed = true;
                self.last_fault = Some(at);
                Ok(())
            }
            Happening::Started { host: Host::Gateway, life } => {
                self.gateway_life = *life;
                self.asked.clear();
                Ok(())
            }
            Happening::Started { host: Host::Connector, .. }
            | Happening::Link(_)
            | Happening::Reacted { remove: true, .. } => Ok(()),
            Happening::Written { message, is_stop } => {
                self.messages.insert(*message, Message { is_stop: *is_stop, ..Message::default() });
                Ok(())
            }
            Happening::Taken { message, kept } => {
                let message = self.message(*message)?;
                (message.taken, message.live) = (true, message.live || !kept);
                Ok(())
            }
            Happening::Delivered { message, buffer_id } => {
                let Some(buffer_id) = buffer_id else {
                    self.message(*message)?.live = true;
                    return Ok(());
                };
                let first = *self.deliveries.entry(buffer_id.clone()).or_insert(*message);
                check(first == *message, || format!("{buffer_id} names {first} and {message}"))
            }
            Happening::DeadLetter(id) => {
                Err(format!("{id} is a dead letter, and its gateway would have taken it"))
            }
            Happening::Admitted(id) => self.admitted(*id),
            Happening::Again(id) => {
                check(self.message(*id)?.admitted, || format!("{id} is called known and was never admitted"))
            }
            Happening::Finished(id) => {
                let life = self.gateway_life;
                let message = self.message(*id)?;
                (message.finished, message.finished_in) = (true, life);
                Ok(())
            }
            Happening::Acked { buffer_id } => self.acked(buffer_id),
            Happening::Began(id) => self.began(*id),
            Happening::Asked { request, message, .. } => {
                self.asked.insert(*request, Asked { at, message: *message });
                Ok(())
            }
            Happening::Told { request, outcome } => self.told(at, *request, outcome),
            Happening::Sent { chat, id, about, content } => self.sent(chat, id, *about, content),
            Happening::Edited { chat, id, content } => self.edited(chat, id, content),
            Happening::Reacted { message, emoji, remove: false } => self.reacted(*message, emoji),
            Happening::Ended { message, end } => self.ended(*message, *end),
        }
    }

    /// Every message has come to its end.
    pub fn is_settled(&self) -> bool {
        self.messages.values().all(|message| message.finished || message.is_lost_live())
    }

    pub fn messages(&self) -> usize {
        self.messages.len()
    }

    /// What must hold once all is over. `words` says how many words the whole answer to a message has.
    pub fn settle(&self, words: impl Fn(MessageId) -> u32) -> Verdict {
        for (id, message) in self.messages.iter().filter(|(_, message)| !message.is_lost_live()) {
            check(message.taken, || format!("{id} was never taken by the connector"))?;
            check(message.admitted, || {
                format!("{id} is lost: the connector took it and the gateway never got it")
            })?;
            check(message.finished, || format!("{id} is stuck: its turn never ended"))?;
            // A life that ended between the two could tell nobody, and one that finds nothing left to say of what an
            // earlier life had begun ends no turn.
            let was_told = message.end.is_some()
                || message.finished_in < self.gateway_life
                || message.admitted_in < message.finished_in;
            check(message.is_stop || was_told, || {
                format!("{id} is discarded: the inbox is done with it, and no turn of it has ended")
            })?;
            // What may have happened in an earlier life is not known in a later one.
            if message.end == Some(TurnEnd::Answered) && !message.outcomes.contains("unknown") {
                self.answered(*id, words(*id))?;
            }
        }
        Ok(())
    }

    fn answered(&self, id: MessageId, words: u32) -> Verdict {
        // The chat in the order in which its messages appeared.
        let chat = id.session.chat_name();
        let shown = self.shown.iter().filter(|((in_chat, _), _)| *in_chat == chat);
        let said: Vec<u32> = shown
            .flat_map(|(_, shown)| Word::all(&shown.content))
            .filter(|word| word.message == id)
            .map(|word| word.place)
            .collect();
        check(said.iter().copied().eq(0..words), || {
            format!("{id} ended as answered, and its chat shows {said:?} of its {words} words")
        })
    }

    fn message(&mut self, id: MessageId) -> Result<&mut Message, String> {
        self.messages.get_mut(&id).ok_or_else(|| format!("{id} was never written"))
    }

    fn earlier(&self, id: MessageId) -> impl Iterator<Item = (&MessageId, &Message)> {
        self.messages.range(MessageId { number: 0, ..id }..id)
    }

    fn admitted(&mut self, id: MessageId) -> Verdict {
        if let Some((skipped, _)) = self.earlier(id).find(|(_, message)| !message.admitted && !message.live) {
            return Err(format!("{id} is admitted before {skipped}, which was written first"));
        }
        let life = self.gateway_life;
        let message = self.message(id)?;
        check(!message.admitted, || format!("{id} is admitted twice"))?;
        (message.admitted, message.admitted_in) = (true, life);
        Ok(())
    }

    fn acked(&mut self, buffer_id: &str) -> Verdict {
        let Some(id) = self.deliveries.get(buffer_id).copied() else {
            return Err(format!("{buffer_id} is acknowledged and was never delivered"));
        };
        check(self.message(id)?.admitted, || format!("{id} is acknowledged before it is committed"))
    }

    fn began(&mut self, id: MessageId) -> Verdict {
        if let Some((open, _)) = self.earlier(id).find(|(_, message)| {
            !message.is_stop && message.admitted && message.end.is_none() && !message.finished
        }) {
            return Err(format!("the turn of {id} begins before that of {open} has ended"));
        }
        let said = self.said.range(Word { message: id, place: 0 }..).next();
        check(said.is_none_or(|(word, _)| word.message != id), || {
            format!("the agent is asked again for {id}, and its chat has seen an answer")
        })?;
        let life = self.gateway_life;
        let message = self.message(id)?;
        check(message.admitted, || format!("the turn of {id} begins before it is committed"))?;
        check(message.began_in != Some(life), || format!("the turn of {id} begins twice"))?;
        message.began_in = Some(life);
        message.begun += 1;
        Ok(())
    }

    fn told(&mut self, at: Duration, request: u64, outcome: &'static str) -> Verdict {
        let Some(Asked { at: asked_at, message }) = self.asked.remove(&request) else {
            return Err(format!("#{request} has an outcome and was never asked"));
        };
        if outcome == "unknown" {
            let in_the_aftermath = self.last_fault.is_some_and(|fault| fault + AFTERMATH >= asked_at);
            check(in_the_aftermath, || {
                format!(
                    "#{request} was asked at {asked_at:?}, no fault kept its result from coming, and at {at:?} it is unknown"
                )
            })?;
        }
        if let Some(id) = message {
            self.message(id)?.outcomes.insert(outcome);
        }
        Ok(())
    }

    fn sent(&mut self, chat: &str, id: &str, about: Option<MessageId>, content: &str) -> Verdict {
        let place = (chat.to_owned(), id.to_owned());
        let words = Word::all(content);
        if let Some(worked_on) = worked_on(content) {
            let message = self.message(worked_on)?;
            check(words.is_empty(), || format!("work on {worked_on} is shown within an answer: {content}"))?;
            message.statuses += 1;
            check(message.statuses <= message.begun, || {
                format!(
                    "{worked_on} has {} status messages, and its turn began {} times",
                    message.statuses, message.begun
                )
            })?;
        }
        if let (true, Some(about)) = (words.is_empty(), about) {
            let first = self.message(about)?.notices.insert(content.to_owned());
            check(first, || format!("{about} is told a second time: {content}"))?;
        }
        self.say(&place, &words)?;
        self.shown.insert(place, Shown { content: content.to_owned() });
        Ok(())
    }

    fn edited(&mut self, chat: &str, id: &str, content: &str) -> Verdict {
        let place = (chat.to_owned(), id.to_owned());
        check(self.shown.contains_key(&place), || {
            format!("{id} is edited and chat {chat} has no such message")
        })?;
        self.say(&place, &Word::all(content))?;
        if let Some(shown) = self.shown.get_mut(&place) {
            content.clone_into(&mut shown.content);
        }
        Ok(())
    }

    /// How a turn ended is worn by its message, and only by that.
    fn reacted(&mut self, id: MessageId, emoji: &str) -> Verdict {
        let message = self.message(id)?;
        check(message.admitted, || format!("{id} wears {emoji} before it is committed"))?;
        let fits = |end: &TurnEnd| match emoji {
            "\u{2705}" => matches!(end, TurnEnd::Answered | TurnEnd::Silent | TurnEnd::Command),
            "\u{274C}" => matches!(end, TurnEnd::AgentFailed | TurnEnd::NotDelivered | TurnEnd::Noticed),
            _ => false,
        };
        check(emoji == "\u{1F440}" || message.ends.iter().any(fits), || {
            format!("{id} wears {emoji}, and its turn ended as {:?}", message.ends)
        })
    }

    /// No word stands in two messages.
    fn say(&mut self, place: &(String, String), words: &[Word]) -> Verdict {
        for word in words {
            let first = self.said.entry(*word).or_insert_with(|| place.clone());
            check(first == place, || format!("{word} is said twice: in {} and in {}", first.1, place.1))?;
        }
        Ok(())
    }

    fn ended(&mut self, id: MessageId, end: TurnEnd) -> Verdict {
        let life = self.gateway_life;
        let stopped =
            self.messages.iter().any(|(other, message)| message.is_stop && other.session == id.session);
        let message = self.message(id)?;
        check(message.admitted, || format!("the turn of {id} ends before it is committed"))?;
        if end == TurnEnd::Kept {
            return Ok(());
        }
        message.end = Some(end);
        message.ends.push(end);
        match end {
            TurnEnd::Interrupted => check(stopped, || format!("{id} was interrupted and nobody said /stop")),
            TurnEnd::Noticed => {
                check(message.admitted_in < life || message.outcomes.contains("unknown"), || {
                    format!("{id} is told that its answer was cut short, and nothing did that")
                })
            }
            TurnEnd::NotDelivered => {
                let why = ["declined", "failed"];
                check(why.iter().any(|outcome| message.outcomes.contains(outcome)), || {
                    format!("{id} was not delivered, and every action of it was ({:?})", message.outcomes)
                })
            }
            TurnEnd::Refused => Err(format!("{id} was refused, and its session's queue cannot be full")),
            _ => Ok(()),
        }
    }
}

fn check(holds: bool, otherwise: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(otherwise()) }
}
