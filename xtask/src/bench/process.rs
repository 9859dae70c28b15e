//! What the kernel says of a process.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;

/// The kernel counts CPU time in these: `USER_HZ`, which is 100 on every Linux.
const TICKS_PER_SECOND: u64 = 100;

/// A running process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    /// The CPU time that all its threads have used.
    pub(crate) fn cpu(self) -> anyhow::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0)).context("the process has ended")?;
        let ticks = cpu_ticks(&stat).context("an odd /proc/PID/stat")?;
        Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
    }

    /// The memory that it holds, in KiB.
    pub(crate) fn rss_kib(self) -> anyhow::Result<u64> {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.0)).context("the process has ended")?;
        rss_kib(&status).context("an odd /proc/PID/status")
    }
}

/// The sum of the 14th and 15th field; the second one, the name, may hold blanks and brackets.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

fn rss_kib(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Process, cpu_ticks, rss_kib};

    #[test]
    fn the_kernels_lines_are_read() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 12 30 0 0 20 0 1 0 100 1000 100";
        assert_eq!(cpu_ticks(stat), Some(42));
        assert_eq!(rss_kib("Name:\tx\nVmRSS:\t    5124 kB\nVmData: 1 kB\n"), Some(5124));
    }

    #[test]
    fn this_process_uses_something() {
        let own = Process(std::process::id());
        assert!(own.cpu().is_ok() && own.rss_kib().unwrap() > 0);
    }
}
