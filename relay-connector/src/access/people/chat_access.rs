//! Judges what was written in a chat by who wrote it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use relay_auth::{RandomFailed, UnixSeconds};
use relay_runtime::{Clock, Random};
use relay_wire::{ChatType, Source};

use super::code::PairingCode;
use super::decision::{AccessDecision, AccessReply};
use super::policy::{AccessPolicy, PeopleRule};
use super::records::{ASKED, Asked, PERSON, Person, PersonRole, Records, put};
use crate::store::FrontStore;
use crate::{StorageChanges, StoreError};

/// How long nobody is told the same again.
const QUIET: Duration = Duration::from_mins(10);

/// How many chats are remembered as told.
const MOST_TOLD: usize = 1_000;

/// The command that lets somebody in, or opens a group.
const PAIR: &str = "/pair";

/// Who may talk to the agent on one platform. What it knows is in the connector's store, so several processes may use it
/// at once, and each sees at once what another decided.
///
/// A front asks [`judge`](Self::judge) about everything that a person does, before it fetches a file of theirs or hands
/// an event over, and sends the lines that come of it.
#[derive(Clone)]
pub struct ChatAccess {
    pub(super) records: Records,
    pub(super) policy: Arc<AccessPolicy>,
    pub(super) clock: Clock,
    pub(super) random: Random,
    /// When which chat was last told something that is not kept. To forget it costs a line more.
    told: Arc<Mutex<HashMap<String, UnixSeconds>>>,
}

impl fmt::Debug for ChatAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatAccess").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// Why nobody can be judged or let in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// What is known of people cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gave no randomness for a code.
    #[error(transparent)]
    Random(#[from] RandomFailed),
}

impl ChatAccess {
    /// The access of one platform, by its name, over a connector's store.
    pub fn new(
        store: Arc<dyn FrontStore>,
        platform: &str,
        policy: AccessPolicy,
        clock: Clock,
        random: Random,
    ) -> Self {
        Self {
            records: Records::new(store, platform),
            policy: Arc::new(policy),
            clock,
            random,
            told: Arc::default(),
        }
    }

    /// Whether something that was written, pressed or sent here is passed on. `text` is what was written, with the bot's
    /// own name taken off a command.
    ///
    /// # Errors
    /// What is known of people cannot be read or written. The front asks again; nothing is passed on meanwhile.
    pub async fn judge(&self, source: &Source, text: &str) -> Result<AccessDecision, AccessError> {
        if source.chat_type != ChatType::Dm {
            return self.judge_in_group(source, text).await;
        }
        let Some(user) = author(source) else { return Ok(AccessDecision::SILENCE) };
        let role = self.role(user).await?;
        match (pair_words(text), role) {
            // Also somebody who may talk already can become the owner.
            (Some(words), role) if role != Some(PersonRole::Owner) => {
                if let Ok(code) = words.parse()
                    && let Some(decision) = self.claim(source, user, &code).await?
                {
                    return Ok(decision);
                }
            }
            (Some(words), Some(PersonRole::Owner)) => return self.pair(source, words).await,
            _ => {}
        }
        match role {
            Some(PersonRole::Member)
                if self.policy.people == PeopleRule::Pairing && pair_words(text).is_some() =>
            {
                Ok(self.tell_once(source, "Only the owner of this bot lets people in."))
            }
            Some(_) => Ok(AccessDecision::Admitted),
            None => self.stranger(source, user, text).await,
        }
    }

    /// Whether this person may talk, and what else; `None` for a stranger.
    pub(super) async fn role(&self, user: &str) -> Result<Option<PersonRole>, StoreError> {
        if let Some(person) = self.records.one::<Person>(&format!("{PERSON}{user}")).await? {
            return Ok(Some(person.role));
        }
        let is_in = self.policy.people == PeopleRule::Everyone || self.policy.allow.contains(user);
        Ok(is_in.then_some(PersonRole::Member))
    }

    /// An owner's `/pair`: with a code it lets somebody in, without one it lists who waits.
    async fn pair(&self, source: &Source, words: &str) -> Result<AccessDecision, AccessError> {
        let here = |text: String| AccessDecision::Withheld(vec![reply(source, text)]);
        if words.is_empty() {
            let waiting = self.pending().await?;
            let lines: Vec<String> =
                waiting.iter().take(10).map(|asked| format!("{}: {}", asked.code, asked.name)).collect();
            return Ok(here(match lines.as_slice() {
                [] => "Nobody waits to be let in. Whoever writes to this bot gets a code for you.".to_owned(),
                lines => format!("These wait to be let in; answer /pair and a code:\n{}", lines.join("\n")),
            }));
        }
        let Ok(code) = words.parse::<PairingCode>() else {
            return Ok(here("This is no code. Codes look like K7QM-2XPA: /pair K7QM-2XPA".to_owned()));
        };
        let Some((id, asked)) = self.asked_by_code(&code).await? else {
            return Ok(here(format!(
                "Nobody has the code {code} any more: codes are good for an hour. Let them write again."
            )));
        };
        self.let_in(&id, &asked).await?;
        let lines = vec![
            reply(source, format!("{} may talk to the agent now.", asked.name)),
            AccessReply {
                chat_id: asked.chat,
                thread_id: None,
                text: "You are let in. Write again, and the agent answers.".to_owned(),
            },
        ];
        Ok(AccessDecision::Withheld(lines))
    }

    pub(super) async fn let_in(&self, id: &str, asked: &Asked) -> Result<(), StoreError> {
        let now = self.clock.now();
        let person = Person { role: PersonRole::Member, name: asked.name.clone(), since: now.0 };
        let changes = StorageChanges::new().remove(format!("{ASKED}{id}"));
        self.records.change(put(changes, format!("{PERSON}{id}"), &person), now).await?;
        tracing::info!(user = %id, name = %asked.name, "somebody was let in");
        Ok(())
    }

    /// Says something that is not kept, once in a while.
    pub(super) fn tell_once(&self, source: &Source, text: impl Into<String>) -> AccessDecision {
        if self.is_news(&source.chat_id) {
            AccessDecision::Withheld(vec![reply(source, text)])
        } else {
            AccessDecision::SILENCE
        }
    }

    /// Whether this was not so recently; from now on it was.
    pub(super) fn is_news(&self, what: &str) -> bool {
        let now = self.clock.now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |then: &UnixSeconds| now.0 < then.0.saturating_add(QUIET.as_secs());
        if told.get(what).is_some_and(is_recent) {
            return false;
        }
        if told.len() >= MOST_TOLD {
            told.retain(|_, then| is_recent(then));
        }
        // A flood from more chats than that is not answered at all.
        let has_room = told.len() < MOST_TOLD;
        if has_room {
            told.insert(what.to_owned(), now);
        }
        has_room
    }

    /// Whether somebody was told something so recently that they are not told again.
    pub(super) fn is_recent(&self, then: u64) -> bool {
        self.clock.now().0 < then.saturating_add(QUIET.as_secs())
    }
}

/// The author of what was written, where there is one.
pub(super) fn author(source: &Source) -> Option<&str> {
    source.user_id.as_deref().filter(|id| !id.is_empty())
}

/// A line for where something was written.
pub(super) fn reply(source: &Source, text: impl Into<String>) -> AccessReply {
    AccessReply { chat_id: source.chat_id.clone(), thread_id: source.thread_id.clone(), text: text.into() }
}

/// What follows `/pair`, or `/start`, by which links of platforms carry a code.
pub(super) fn pair_words(text: &str) -> Option<&str> {
    let text = text.trim();
    let (command, words) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let words = words.trim();
    (command == PAIR || command == "/start" && words.parse::<PairingCode>().is_ok()).then_some(words)
}
