//! What an operator does about people, over the data folder, whether or not a connector serves it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use relay_connector::{
    AccessError, AllowedPerson, ChatAccess, Clock, OpenedGroup, PairingCode, PendingPairing, PeopleRule,
    PersonRole, Random,
};

use crate::{ConnectorFile, DataFolder, DataFolderError};

/// How long an owner's code is good: long enough to find the phone, and to sleep over it.
pub const OWNER_CODE_TTL: Duration = Duration::from_hours(24);

/// Everybody who may talk, or wants to, through the fronts of one file.
#[derive(Debug)]
pub struct PairingDesk {
    fronts: Vec<(&'static str, PeopleRule, ChatAccess)>,
}

/// Why nothing can be done about people.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PairingError {
    /// The data folder cannot be used.
    #[error(transparent)]
    DataFolder(#[from] DataFolderError),
    /// What is known of people cannot be read or written.
    #[error(transparent)]
    Access(#[from] AccessError),
}

/// All that is known of the people of one front.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PairingReport {
    /// The platform.
    pub platform: &'static str,
    /// Those who were let in.
    pub people: Vec<AllowedPerson>,
    /// The groups that are open.
    pub groups: Vec<OpenedGroup>,
    /// Those who wait.
    pub pending: Vec<PendingPairing>,
}

impl PairingDesk {
    /// The people of a file's fronts.
    ///
    /// # Errors
    /// The data folder cannot be made or used.
    pub fn open(file: &ConnectorFile) -> Result<Self, PairingError> {
        let store = Arc::new(DataFolder::create(&file.data)?.store_for_a_command()?);
        let fronts = file.fronts.iter().map(|front| {
            let (platform, policy) = (front.platform(), front.access().clone());
            let people = policy.people;
            let access =
                ChatAccess::new(Arc::clone(&store) as _, platform, policy, Clock::system(), Random::system());
            (platform, people, access)
        });
        Ok(Self { fronts: fronts.collect() })
    }

    /// Lets in who has this code, on whichever platform; `None` where nobody has it.
    ///
    /// # Errors
    /// What is known of people cannot be read or written.
    pub async fn approve(
        &self,
        code: &PairingCode,
    ) -> Result<Option<(&'static str, AllowedPerson)>, PairingError> {
        for (platform, _, access) in &self.fronts {
            if let Some(person) = access.approve(code).await? {
                return Ok(Some((platform, person)));
            }
        }
        Ok(None)
    }

    /// Takes from a person, or closes a group; the platforms where there was something.
    ///
    /// # Errors
    /// What is known of people cannot be read or written.
    pub async fn remove(&self, id: &str) -> Result<Vec<&'static str>, PairingError> {
        let mut removed = Vec::new();
        for (platform, _, access) in &self.fronts {
            if access.remove(id).await? {
                removed.push(*platform);
            }
        }
        Ok(removed)
    }

    /// Makes a new code for an owner of each platform where people are let in by codes; with `if_none`, only where there is
    /// no owner yet.
    ///
    /// # Errors
    /// There is no randomness, or the code cannot be kept.
    pub async fn owner_codes(&self, if_none: bool) -> Result<Vec<(&'static str, PairingCode)>, PairingError> {
        let mut codes = Vec::new();
        for (platform, people, access) in &self.fronts {
            if *people == PeopleRule::Pairing && !(if_none && access.has_owner().await?) {
                codes.push((*platform, access.make_owner_code(OWNER_CODE_TTL).await?));
            }
        }
        Ok(codes)
    }

    /// All that is known of people.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn report(&self) -> Result<Vec<PairingReport>, PairingError> {
        let mut reports = Vec::new();
        for (platform, _, access) in &self.fronts {
            reports.push(PairingReport {
                platform,
                people: access.people().await?,
                groups: access.groups().await?,
                pending: access.pending().await?,
            });
        }
        Ok(reports)
    }
}

impl fmt::Display for PairingReport {
    /// A few lines for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.platform)?;
        for person in &self.people {
            let role = if person.role == PersonRole::Owner { "owner" } else { "may talk" };
            writeln!(f, "  {role}: {} (id {})", person.name, person.id)?;
        }
        for group in &self.groups {
            writeln!(f, "  open group: {} (id {})", group.name, group.id)?;
        }
        for asked in &self.pending {
            writeln!(f, "  waits: {} (id {}), code {}", asked.name, asked.id, asked.code)?;
        }
        if self.people.is_empty() && self.groups.is_empty() && self.pending.is_empty() {
            writeln!(f, "  nobody yet")?;
        }
        Ok(())
    }
}
