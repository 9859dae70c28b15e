//! Which processes an agent has started, told from what the system says of them.
//!
//! Every process that an agent starts inherits a mark in its environment, so that it is found also after its parent
//! ended, and also in a session of its own. Where `/proc` is not, nothing is found and the process group is all.

use std::collections::HashSet;
use std::fs;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

/// The variable that holds the mark.
pub(crate) const MARK: &str = "RELAY_AGENT_RUN";

/// A process, and when it started: its number alone may belong to another one later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Process {
    number: i32,
    /// Clock ticks after the machine's start.
    started: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    process: Process,
    parent: i32,
    zombie: bool,
}

impl Stat {
    fn of(number: i32) -> Option<Self> {
        Self::read(number, &fs::read_to_string(format!("/proc/{number}/stat")).ok()?)
    }

    fn read(number: i32, line: &str) -> Option<Self> {
        // The name, in parentheses, may hold anything.
        let fields: Vec<_> = line.get(line.rfind(')')? + 2..)?.split(' ').collect();
        Some(Self {
            process: Process { number, started: fields.get(19)?.parse().ok()? },
            parent: fields.get(1)?.parse().ok()?,
            zombie: *fields.first()? == "Z",
        })
    }
}

fn everything() -> Vec<Stat> {
    let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
    numbers.filter_map(|entry| Stat::of(entry.file_name().to_str()?.parse().ok()?)).collect()
}

/// This gateway, as marks name it: its process namespace, number and start.
fn gateway() -> &'static str {
    static GATEWAY: OnceLock<String> = OnceLock::new();
    GATEWAY.get_or_init(|| {
        let number = rustix::process::getpid().as_raw_pid();
        let started = Stat::of(number).map_or(0, |stat| stat.process.started);
        format!("{}.{number}.{started}", namespace())
    })
}

/// Processes of another namespace have other numbers; theirs are not ours to judge.
fn namespace() -> String {
    let link = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    link.to_string_lossy().chars().filter(char::is_ascii_digit).collect()
}

/// What one agent's process has started.
#[derive(Debug)]
pub(crate) struct Lineage {
    mark: String,
    root: i32,
    known: HashSet<Process>,
}

impl Lineage {
    /// A mark that no other process has.
    pub(crate) fn new_mark() -> String {
        static LAST: AtomicU64 = AtomicU64::new(0);
        format!("{}.{}", gateway(), LAST.fetch_add(1, Ordering::Relaxed))
    }

    /// Of the process with this number, which carries `mark`.
    pub(crate) fn new(root: Pid, mark: String) -> Self {
        Self { mark, root: root.as_raw_pid(), known: HashSet::new() }
    }

    /// Looks who is there, while the agent's process still says who its children are.
    pub(crate) fn look(&mut self) {
        let all = everything();
        let mut found = HashSet::from([self.root]);
        loop {
            let before = found.len();
            found.extend(
                all.iter()
                    .filter(|stat| found.contains(&stat.parent))
                    .map(|stat| stat.process.number)
                    .collect::<Vec<_>>(),
            );
            if found.len() == before {
                break;
            }
        }
        found.remove(&self.root);
        self.known
            .extend(all.iter().map(|stat| stat.process).filter(|process| found.contains(&process.number)));
    }

    /// Kills what is left once the agent's own process has ended, and takes the exit of those that became children
    /// of the gateway. Answers how many are still there.
    pub(crate) fn sweep(&mut self) -> usize {
        let own = rustix::process::getpid().as_raw_pid();
        let mut left = 0;
        for stat in everything() {
            let process = stat.process;
            let is_ours = self.known.contains(&process) || carries(process.number, &self.mark);
            if !is_ours || process.number == own || process.number == self.root {
                continue;
            }
            self.known.insert(process);
            let Some(pid) = Pid::from_raw(process.number) else { continue };
            if !stat.zombie {
                let _ = kill_process(pid, Signal::KILL);
            }
            // One that has ended is there until its parent takes its exit: where that is a process that ends too, the
            // gateway becomes its parent in a moment.
            let is_gone = stat.parent == own && !matches!(waitpid(Some(pid), WaitOptions::NOHANG), Ok(None));
            left += usize::from(!is_gone);
        }
        left
    }

    /// Memory that the agent and what it started hold, in bytes.
    pub(crate) fn memory(&mut self) -> u64 {
        self.look();
        let of = |number: i32| {
            let status = fs::read_to_string(format!("/proc/{number}/status")).ok()?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        let numbers = self.known.iter().map(|process| process.number).chain([self.root]);
        numbers.filter_map(of).sum::<u64>() * 1024
    }
}

fn carries(number: i32, mark: &str) -> bool {
    mark_of(number).is_some_and(|found| found == mark)
}

fn mark_of(number: i32) -> Option<String> {
    let environment = fs::read(format!("/proc/{number}/environ")).ok()?;
    let value = environment
        .split(|&byte| byte == 0)
        .find_map(|entry| entry.strip_prefix(MARK.as_bytes()).and_then(|rest| rest.strip_prefix(b"=")))?;
    String::from_utf8(value.to_vec()).ok()
}

/// Kills what a gateway left behind that was killed itself. Answers how many processes that were.
pub(crate) fn sweep_leftovers() -> usize {
    let here = namespace();
    let all = everything();
    let is_alive = |gateway: &[&str]| {
        let (Ok(number), Ok(started)) = (gateway[1].parse(), gateway[2].parse()) else { return true };
        all.iter().any(|stat| stat.process == Process { number, started })
    };
    let mut killed = 0;
    for stat in all.iter().filter(|stat| !stat.zombie) {
        let Some(mark) = mark_of(stat.process.number) else { continue };
        let parts: Vec<_> = mark.split('.').collect();
        if parts.len() != 4 || parts[0] != here || here.is_empty() || is_alive(&parts) {
            continue;
        }
        if let Some(pid) = Pid::from_raw(stat.process.number) {
            killed += usize::from(kill_process(pid, Signal::KILL).is_ok());
        }
    }
    killed
}

/// Makes processes whose parent ended children of the gateway, where the system can.
pub(crate) fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_child_subreaper(Some(rustix::process::getpid())) {
        tracing::debug!(%error, "the system gives no orphans to this process; agents end by their process group");
    }
}

#[cfg(test)]
mod tests {
    use super::{Lineage, Process, Stat};

    #[test]
    fn a_name_with_parentheses_hides_nothing() {
        let line = "7 (a) b (c) S 4 7 7 0 -1 1 0 0 0 0 0 0 0 0 20 0 1 0 4242 1 1";
        assert_eq!(
            Stat::read(7, line),
            Some(Stat { process: Process { number: 7, started: 4242 }, parent: 4, zombie: false })
        );
    }

    #[test]
    fn no_two_processes_get_the_same_mark() {
        assert_ne!(Lineage::new_mark(), Lineage::new_mark());
        assert_eq!(Lineage::new_mark().split('.').count(), 4);
    }
}
