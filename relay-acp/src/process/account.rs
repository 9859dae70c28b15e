//! The account of the operating system that an agent runs under.

use std::path::{Path, PathBuf};

/// Somebody else than the gateway's own account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub(super) name: String,
    pub(super) user: u32,
    pub(super) group: u32,
    pub(super) home: PathBuf,
}

/// Why no account of a name can be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// `/etc/passwd` has no such name.
    #[error("there is no account `{0}` in /etc/passwd; create it or correct `user`")]
    Unknown(String),
    /// Only root may run programs as somebody else.
    #[error("only a gateway that runs as root can run an agent as `{0}`; start it as root or remove `user`")]
    NotRoot(String),
}

impl Account {
    /// The account's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its user id.
    pub fn user(&self) -> u32 {
        self.user
    }

    /// Its primary group.
    pub fn group(&self) -> u32 {
        self.group
    }

    /// Its home, which the agent gets as `HOME`.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The account of this name; `None` where it is the gateway's own.
    pub fn find(name: &str) -> Result<Option<Self>, AccountError> {
        let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let account = Self::read(&accounts, name).ok_or_else(|| AccountError::Unknown(name.to_owned()))?;
        let own = rustix::process::geteuid();
        if own.as_raw() == account.user {
            return Ok(None);
        }
        if !own.is_root() {
            return Err(AccountError::NotRoot(name.to_owned()));
        }
        Ok(Some(account))
    }

    fn read(accounts: &str, name: &str) -> Option<Self> {
        accounts.lines().find_map(|line| {
            let fields: Vec<_> = line.split(':').collect();
            let [found, _, user, group, _, home, ..] = fields[..] else { return None };
            (found == name).then_some(())?;
            let (user, group) = (user.parse().ok()?, group.parse().ok()?);
            Some(Self { name: name.to_owned(), user, group, home: home.into() })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Account, AccountError};

    #[test]
    fn an_account_is_found_by_its_name() {
        let accounts = "root:x:0:0:root:/root:/bin/bash\n# note\nagent:x:1001:1002::/home/agent:/bin/sh\n";
        let account = Account::read(accounts, "agent").expect("it is there");
        assert_eq!((account.user, account.group), (1001, 1002));
        assert_eq!(account.home.to_str(), Some("/home/agent"));
        assert_eq!(Account::read(accounts, "agen"), None);
    }

    #[test]
    fn an_unknown_account_is_named() {
        let error = Account::find("no such account").expect_err("nobody is called that");
        assert_eq!(error, AccountError::Unknown("no such account".to_owned()));
    }
}
