//! What the operator of a connector does about people, whether or not it runs.

use std::time::Duration;

use relay_auth::UnixSeconds;

use super::chat_access::{AccessError, ChatAccess};
use super::code::PairingCode;
use super::records::{
    ASKED, AllowedPerson, Asked, CLAIM, Claim, GROUP, Group, OpenedGroup, PERSON, PendingPairing, Person,
    PersonRole, put,
};
use crate::{StorageChanges, StoreError};

impl ChatAccess {
    /// Makes the code by which somebody becomes an owner, in the place of the one before it. It is for the operator's
    /// eyes: whoever shows it to the bot within `ttl` (whole seconds) lets others in from then on.
    ///
    /// # Errors
    /// There is no randomness, or the code cannot be kept.
    pub async fn make_owner_code(&self, ttl: Duration) -> Result<PairingCode, AccessError> {
        let now = self.clock.now();
        let code = PairingCode::random(&self.random)?;
        let claim =
            Claim { code: code.compact().to_owned(), expires: now.0.saturating_add(ttl.as_secs()), wrong: 0 };
        self.records.change(put(StorageChanges::new(), CLAIM.to_owned(), &claim), now).await?;
        Ok(code)
    }

    /// Whether somebody is an owner.
    ///
    /// # Errors
    /// What is known of people cannot be read.
    pub async fn has_owner(&self) -> Result<bool, AccessError> {
        Ok(self.people().await?.iter().any(|person| person.role == PersonRole::Owner))
    }

    /// Lets in who was told this code; `None` where nobody has it, or not any more.
    ///
    /// # Errors
    /// What is known of people cannot be read or written.
    pub async fn approve(&self, code: &PairingCode) -> Result<Option<AllowedPerson>, AccessError> {
        let Some((id, asked)) = self.asked_by_code(code).await? else { return Ok(None) };
        self.let_in(&id, &asked).await?;
        let since = self.clock.now();
        Ok(Some(AllowedPerson { id, name: asked.name, role: PersonRole::Member, since }))
    }

    /// Takes from a person, or closes a group, what was given; whether there was something.
    ///
    /// # Errors
    /// What is known of people cannot be read or written.
    pub async fn remove(&self, id: &str) -> Result<bool, AccessError> {
        let keys = [format!("{PERSON}{id}"), format!("{GROUP}{id}")];
        let person = self.records.one::<Person>(&keys[0]).await?.is_some();
        let group = self.records.one::<Group>(&keys[1]).await?.is_some();
        if !person && !group {
            return Ok(false);
        }
        let changes = keys.into_iter().fold(StorageChanges::new(), StorageChanges::remove);
        self.records.change(changes, self.clock.now()).await?;
        Ok(true)
    }

    /// Those who were let in, by their ids; those on the operator's list are not among them.
    ///
    /// # Errors
    /// What is known of people cannot be read.
    pub async fn people(&self) -> Result<Vec<AllowedPerson>, AccessError> {
        let people = self.records.all::<Person>(PERSON).await?.into_iter();
        let person = |(id, person): (String, Person)| {
            let Person { role, name, since } = person;
            AllowedPerson { id, name, role, since: UnixSeconds(since) }
        };
        Ok(people.map(person).collect())
    }

    /// The groups that were opened, by their ids.
    ///
    /// # Errors
    /// What is known of groups cannot be read.
    pub async fn groups(&self) -> Result<Vec<OpenedGroup>, AccessError> {
        let groups = self.records.all::<Group>(GROUP).await?.into_iter();
        let group = |(id, group): (String, Group)| {
            let Group { name, by, since } = group;
            OpenedGroup { id, name, by, since: UnixSeconds(since) }
        };
        Ok(groups.map(group).collect())
    }

    /// Those who wait to be let in and whose codes are good, the first one first.
    ///
    /// # Errors
    /// What is known of people cannot be read.
    pub async fn pending(&self) -> Result<Vec<PendingPairing>, AccessError> {
        let now = self.clock.now();
        let asked = self.records.all::<Asked>(ASKED).await?.into_iter();
        let mut pending: Vec<PendingPairing> = asked
            .filter(|(_, asked)| asked.is_good(now))
            .filter_map(|(id, asked)| {
                let Asked { code, name, since, .. } = asked;
                Some(PendingPairing { code: code.parse().ok()?, id, name, since: UnixSeconds(since) })
            })
            .collect();
        pending.sort_by_key(|asked| asked.since);
        Ok(pending)
    }

    pub(super) async fn asked_by_code(
        &self,
        code: &PairingCode,
    ) -> Result<Option<(String, Asked)>, StoreError> {
        let now = self.clock.now();
        let mut asked = self.records.all::<Asked>(ASKED).await?.into_iter();
        Ok(asked.find(|(_, asked)| asked.is_good(now) && asked.code == code.compact()))
    }
}
