//! Groups and channels: open where somebody who may talk has opened them.

use relay_wire::Source;

use super::chat_access::{AccessError, ChatAccess, author, pair_words, reply};
use super::decision::AccessDecision;
use super::name::shown;
use super::policy::{GroupRule, PeopleRule};
use super::records::{GROUP, Group, put};
use crate::{StorageChanges, StoreError};

impl ChatAccess {
    /// The bot was added to a group or channel by the author of this.
    ///
    /// # Errors
    /// What is known of people cannot be read or written.
    pub async fn invited(&self, source: &Source) -> Result<AccessDecision, AccessError> {
        if self.policy.groups == GroupRule::Off {
            return Ok(AccessDecision::SILENCE);
        }
        let may = match author(source) {
            Some(user) => self.role(user).await?.is_some(),
            None => false,
        };
        if may {
            self.open(source).await?;
            return Ok(AccessDecision::Admitted);
        }
        Ok(self.tell_once(
            source,
            "This bot answers in a group that somebody has opened who may talk to it: let them send /pair here.",
        ))
    }

    /// The bot was removed from a group or channel: whoever adds it again has to be somebody who may.
    ///
    /// # Errors
    /// What is known of groups cannot be written.
    pub async fn removed_from(&self, chat_id: &str) -> Result<(), AccessError> {
        let changes = StorageChanges::new().remove(format!("{GROUP}{chat_id}"));
        Ok(self.records.change(changes, self.clock.now()).await?)
    }

    /// A group has another id from now on; where it was open, it stays so.
    ///
    /// # Errors
    /// What is known of groups cannot be read or written.
    pub async fn moved(&self, old_chat_id: &str, new_chat_id: &str) -> Result<(), AccessError> {
        let old = format!("{GROUP}{old_chat_id}");
        if let Some(group) = self.records.one::<Group>(&old).await? {
            let changes = put(StorageChanges::new().remove(old), format!("{GROUP}{new_chat_id}"), &group);
            self.records.change(changes, self.clock.now()).await?;
        }
        Ok(())
    }

    pub(super) async fn judge_in_group(
        &self,
        source: &Source,
        text: &str,
    ) -> Result<AccessDecision, AccessError> {
        if self.policy.groups == GroupRule::Off {
            return Ok(AccessDecision::SILENCE);
        }
        let role = match author(source) {
            Some(user) => self.role(user).await?,
            None => None,
        };
        let is_open = self.policy.people == PeopleRule::Everyone || self.is_open(&source.chat_id).await?;
        if role.is_some() && self.policy.people != PeopleRule::Everyone && pair_words(text).is_some() {
            if !is_open {
                self.open(source).await?;
            }
            let who = match self.policy.groups {
                GroupRule::Everyone => "everybody here",
                _ => "those here who were let in",
            };
            let text = format!("This group is open: the agent answers {who}.");
            return Ok(AccessDecision::Withheld(vec![reply(source, text)]));
        }
        // What a channel posts has no author: who may post is the channel's own rule.
        let may = role.is_some() || self.policy.groups == GroupRule::Everyone || author(source).is_none();
        match (is_open, role) {
            (true, _) if may => Ok(AccessDecision::Admitted),
            (false, Some(_)) => {
                Ok(self.tell_once(source, "This group is not open yet; send /pair here to open it."))
            }
            _ => Ok(AccessDecision::SILENCE),
        }
    }

    async fn is_open(&self, chat_id: &str) -> Result<bool, StoreError> {
        Ok(self.records.one::<Group>(&format!("{GROUP}{chat_id}")).await?.is_some())
    }

    async fn open(&self, source: &Source) -> Result<(), StoreError> {
        let now = self.clock.now();
        let name = shown(source.chat_name.as_deref().unwrap_or(&source.chat_id));
        let by = author(source).unwrap_or_default().to_owned();
        tracing::info!(chat = %source.chat_id, %name, %by, "a group was opened");
        let group = Group { name, by, since: now.0 };
        let changes = put(StorageChanges::new(), format!("{GROUP}{}", source.chat_id), &group);
        self.records.change(changes, now).await
    }
}
