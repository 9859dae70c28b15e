//! Strangers: what they are told, and how one of them becomes the owner.

use relay_auth::UnixSeconds;
use relay_wire::Source;

use super::chat_access::{AccessError, ChatAccess, author, pair_words, reply};
use super::code::PairingCode;
use super::decision::AccessDecision;
use super::name::shown;
use super::policy::PeopleRule;
use super::records::{ASKED, Asked, CLAIM, Claim, PERSON, Person, PersonRole, put};
use crate::{StorageChanges, StoreError};

/// How many strangers have a code at a time. Further ones get none until one of those ends: a flood drives nobody's
/// code away.
const MOST_ASKED: usize = 100;

/// How many wrong codes one stranger may show before the next hour.
const TRIES: u32 = 5;

/// How many wrong codes all of them may show before the owner's code is void: 2 to the 30th part of what there is.
const TRIES_OF_ALL: u32 = 1_000;

impl ChatAccess {
    /// Somebody who may not talk.
    pub(super) async fn stranger(
        &self,
        source: &Source,
        user: &str,
        text: &str,
    ) -> Result<AccessDecision, AccessError> {
        if self.policy.people != PeopleRule::Pairing {
            let shown: String = shown(user);
            return Ok(self.tell_once(
                source,
                format!("This bot answers only people on its owner's list. Your id is {shown}; give it to the owner."),
            ));
        }
        let now = self.clock.now();
        let all: Vec<(String, Asked)> = self.records.all(ASKED).await?;
        let (good, old): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, asked)| asked.is_good(now));
        let changes =
            old.iter().fold(StorageChanges::new(), |changes, (id, _)| changes.remove(format!("{ASKED}{id}")));
        let known = good.iter().find(|(id, _)| id == user).map(|(_, asked)| asked.clone());
        let shows_a_code = code_in(text);
        if let Some(known) = &known
            && known.tries >= TRIES
        {
            return Ok(AccessDecision::SILENCE);
        }
        // The word `/pair` was looked at already.
        if let Some(code) = shows_a_code.as_ref().filter(|_| pair_words(text).is_none())
            && let Some(decision) = self.claim(source, user, code).await?
        {
            return Ok(decision);
        }
        let wrong = u32::from(shows_a_code.is_some());
        let (asked, is_told) = match known.clone() {
            Some(known) => {
                let is_told = !self.is_recent(known.told);
                let told = if is_told { now.0 } else { known.told };
                (Asked { tries: known.tries + wrong, told, ..known }, is_told)
            }
            None if good.len() >= MOST_ASKED => {
                if self.is_news("") {
                    tracing::warn!(
                        waiting = good.len(),
                        "strangers get no codes: too many have one; codes end after an hour"
                    );
                }
                return Ok(AccessDecision::SILENCE);
            }
            None => {
                let code = PairingCode::random(&self.random)?;
                let name = name_of(source);
                tracing::info!(%code, %name, "somebody wants to be let in");
                let (code, chat) = (code.compact().to_owned(), source.chat_id.clone());
                (Asked { code, chat, name, since: now.0, told: now.0, tries: wrong }, true)
            }
        };
        let text = asked.code.parse::<PairingCode>().map(|code| {
            format!(
                "You are not let in yet. Give this code to the owner of this bot: {code} (good for an hour)"
            )
        });
        // A flood by somebody who has a code is not worth a write.
        let changes = match known {
            Some(known) if known == asked => changes,
            _ => put(changes, format!("{ASKED}{user}"), &asked),
        };
        self.records.change(changes, now).await?;
        Ok(match text {
            Ok(text) if is_told => AccessDecision::Withheld(vec![reply(source, text)]),
            _ => AccessDecision::SILENCE,
        })
    }

    /// Makes somebody the owner who shows the code that the operator was given; `None` where the code is another.
    pub(super) async fn claim(
        &self,
        source: &Source,
        user: &str,
        code: &PairingCode,
    ) -> Result<Option<AccessDecision>, StoreError> {
        let now = self.clock.now();
        let tries = self.records.one::<Asked>(&format!("{ASKED}{user}")).await?;
        if tries.is_some_and(|asked| asked.is_good(now) && asked.tries >= TRIES) {
            return Ok(None);
        }
        let Some(mut claim) = self.records.one::<Claim>(CLAIM).await? else { return Ok(None) };
        if now.0 >= claim.expires || claim.wrong >= TRIES_OF_ALL {
            return Ok(None);
        }
        if claim.code != code.compact() {
            claim.wrong += 1;
            if claim.wrong == TRIES_OF_ALL {
                tracing::warn!(
                    "the owner's code is void: too many wrong ones were shown; have a new one made"
                );
            }
            self.records.change(put(StorageChanges::new(), CLAIM.to_owned(), &claim), now).await?;
            return Ok(None);
        }
        self.make_owner(source, user, now).await?;
        let text = "You are the owner now: what you write goes to the agent. /pair and a code lets somebody else in.";
        Ok(Some(AccessDecision::Withheld(vec![reply(source, text)])))
    }

    async fn make_owner(&self, source: &Source, user: &str, now: UnixSeconds) -> Result<(), StoreError> {
        let name = name_of(source);
        tracing::info!(%user, %name, "the bot has an owner");
        let person = Person { role: PersonRole::Owner, name, since: now.0 };
        let changes = StorageChanges::new().remove(CLAIM).remove(format!("{ASKED}{user}"));
        self.records.change(put(changes, format!("{PERSON}{user}"), &person), now).await
    }
}

/// A code that somebody shows, by itself or behind a command.
fn code_in(text: &str) -> Option<PairingCode> {
    pair_words(text).unwrap_or(text).parse().ok()
}

fn name_of(source: &Source) -> String {
    let name = source.user_name.as_deref().or(source.user_handle.as_deref());
    shown(name.or_else(|| author(source)).unwrap_or_default())
}
