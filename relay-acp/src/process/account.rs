//! The account of the operating system that an agent runs under.

use std::io;
use std::path::{Path, PathBuf};

use tokio::process::{Child, Command};

/// Somebody else than the gateway's own account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub(super) name: String,
    pub(super) user: u32,
    pub(super) group: u32,
    /// The further groups that it is in.
    pub(super) groups: Vec<u32>,
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

    /// The further groups that it is in.
    pub fn groups(&self) -> &[u32] {
        &self.groups
    }

    /// Its home, which the agent gets as `HOME`.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The account of this name; `None` where it is the gateway's own.
    pub fn find(name: &str) -> Result<Option<Self>, AccountError> {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let own = rustix::process::geteuid();
        Self::of(name, &read("/etc/passwd"), &read("/etc/group"), own.as_raw())
    }

    fn of(name: &str, accounts: &str, groups: &str, own: u32) -> Result<Option<Self>, AccountError> {
        let account =
            Self::read(accounts, groups, name).ok_or_else(|| AccountError::Unknown(name.to_owned()))?;
        if own == account.user {
            return Ok(None);
        }
        if own != 0 {
            return Err(AccountError::NotRoot(name.to_owned()));
        }
        Ok(Some(account))
    }

    fn read(accounts: &str, groups: &str, name: &str) -> Option<Self> {
        accounts.lines().find_map(|line| {
            let fields: Vec<_> = line.split(':').collect();
            let [found, _, user, group, _, home, ..] = fields[..] else { return None };
            (found == name).then_some(())?;
            let (user, group) = (user.parse().ok()?, group.parse().ok()?);
            let groups = groups_of(groups, name).filter(|further| *further != group).collect();
            Some(Self { name: name.to_owned(), user, group, groups, home: home.into() })
        })
    }

    /// Starts a program under this account: as its user, in its groups and in no other. `HOME`, `USER` and `LOGNAME` are
    /// its own.
    pub fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        command.env("HOME", &self.home).env("USER", &self.name).env("LOGNAME", &self.name);
        self.start(command)
    }

    #[cfg(target_os = "linux")]
    fn start(&self, command: &mut Command) -> io::Result<Child> {
        let runtime = tokio::runtime::Handle::current();
        self.act(|| {
            let _entered = runtime.enter();
            command.spawn()
        })
    }

    /// Elsewhere the rights of a thread are those of its process, and what is started has no further groups.
    #[cfg(not(target_os = "linux"))]
    fn start(&self, command: &mut Command) -> io::Result<Child> {
        command.uid(self.user).gid(self.group).spawn()
    }

    /// Does something with the rights of this account, so that nothing which it may not do is done for it.
    ///
    /// On Linux the rights of a thread are its own and what it starts inherits them: it is done by a thread that gives up
    /// the gateway's and ends.
    #[cfg(target_os = "linux")]
    pub(crate) fn act<T: Send>(&self, work: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
        let acting = || {
            self.assume().map_err(|error| {
                let why = format!(
                    "the account `{}` cannot be taken on ({error}); the gateway needs CAP_SETUID and CAP_SETGID",
                    self.name
                );
                io::Error::new(io::Error::from(error).kind(), why)
            })?;
            work()
        };
        std::thread::scope(|scope| scope.spawn(acting).join())
            .unwrap_or_else(|_| Err(io::Error::other("the thread that works for another account panicked")))
    }

    /// Elsewhere with the gateway's own.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn act<T: Send>(&self, work: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
        work()
    }

    /// Makes this thread the account's for good; the user last, since only root may change groups.
    #[cfg(target_os = "linux")]
    fn assume(&self) -> rustix::io::Result<()> {
        use rustix::process::{Gid, Uid};
        use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

        let (user, group) = (Uid::from_raw(self.user), Gid::from_raw(self.group));
        let groups: Vec<Gid> = self.groups.iter().map(|&group| Gid::from_raw(group)).collect();
        set_thread_groups(&groups)?;
        set_thread_res_gid(group, group, group)?;
        set_thread_res_uid(user, user, user)
    }
}

/// The groups that list an account among their members.
fn groups_of<'g>(groups: &'g str, name: &'g str) -> impl Iterator<Item = u32> + 'g {
    groups.lines().filter_map(move |line| {
        let fields: Vec<_> = line.split(':').collect();
        let [_, _, group, members, ..] = fields[..] else { return None };
        members.split(',').any(|member| member.trim() == name).then(|| group.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use tokio::process::Command;

    use super::{Account, AccountError};

    const ACCOUNTS: &str =
        "root:x:0:0:root:/root:/bin/bash\n# note\nagent:x:1001:1002::/home/agent:/bin/sh\n";
    const GROUPS: &str =
        "agent:x:1002:agent\ndocker:x:998:ann,agent\nwheel:x:10:ann\nodd\nvideo:x:44:agent\n";

    #[test]
    fn an_account_is_found_by_its_name_with_the_groups_that_it_is_in() {
        let account = Account::read(ACCOUNTS, GROUPS, "agent").expect("it is there");
        assert_eq!((account.user, account.group), (1001, 1002));
        assert_eq!(account.groups, [998, 44]);
        assert_eq!(account.home.to_str(), Some("/home/agent"));
        assert_eq!(Account::read(ACCOUNTS, GROUPS, "agen"), None);
    }

    #[test]
    fn only_root_becomes_somebody_else_and_the_refusal_says_what_to_do() {
        let find = |name, own| Account::of(name, ACCOUNTS, GROUPS, own);
        assert_eq!(find("agent", 1001), Ok(None), "it is the gateway's own");
        assert!(find("agent", 0).expect("root may").is_some());
        let refused = find("agent", 1003).expect_err("somebody else may not");
        assert_eq!(
            refused.to_string(),
            "only a gateway that runs as root can run an agent as `agent`; start it as root or remove `user`"
        );
        assert_eq!(find("ann", 0), Err(AccountError::Unknown("ann".to_owned())));
    }

    /// What `id` and the environment say of a program under this account.
    async fn told(account: &Account) -> String {
        let mut command = Command::new("/bin/sh");
        let script = "id -u; id -g; id -G; echo $HOME $USER $LOGNAME; cat /proc/self/status | grep CapEff";
        command.args(["-c", script]).current_dir("/").stdin(Stdio::null()).stdout(Stdio::piped());
        let child = account.spawn(&mut command).expect("root may");
        let output = child.wait_with_output().await.expect("it ends");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    #[tokio::test]
    async fn a_program_has_the_user_the_groups_and_the_home_of_its_account_and_no_right_of_the_gateways() {
        if !rustix::process::geteuid().is_root() {
            let refused = Account::find("root").expect_err("only root becomes somebody else");
            assert_eq!(refused, AccountError::NotRoot("root".to_owned()));
            return;
        }
        let mut account = Account::find("nobody").expect("there is one").expect("it is not root");
        (account.groups, account.home) = (vec![1, 2], "/srv/agent".into());
        let (user, group) = (account.user, account.group);
        let said = told(&account).await;
        let expected =
            format!("{user}\n{group}\n{group} 1 2\n/srv/agent nobody nobody\nCapEff:\t0000000000000000\n");
        assert_eq!(said, expected);
        assert!(rustix::process::geteuid().is_root(), "the gateway keeps its own");
        account.groups.clear();
        assert!(told(&account).await.starts_with(&format!("{user}\n{group}\n{group}\n")));
    }
}
