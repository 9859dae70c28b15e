//! What a figure was measured on.

use std::fmt;
use std::fs;
use std::process::Command;

use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A description of this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) memory_mib: u64,
    pub(crate) kernel: String,
    pub(crate) rustc: String,
    /// The average of the last minute: what else the machine had to do.
    pub(crate) load: String,
    /// In UTC.
    pub(crate) date: Date,
}

impl Machine {
    pub(crate) fn here() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let rustc = Command::new("rustc").arg("--version").output();
        Self {
            cpu: field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_mib: field(&read("/proc/meminfo"), "MemTotal")
                .and_then(|total| total.trim_end_matches(" kB").trim().parse::<u64>().ok())
                .unwrap_or_default()
                / 1024,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            rustc: rustc.map_or_else(
                |_| "unknown".to_owned(),
                |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            ),
            load: read("/proc/loadavg").split_whitespace().next().unwrap_or("unknown").to_owned(),
            date: TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date(),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cpu, cores, memory_mib, kernel, rustc, load, date } = self;
        write!(
            f,
            "{date}, {cpu}, {cores} cores, {memory_mib} MiB of memory, Linux {kernel}, {rustc}, \
             load average {load} at the end"
        )
    }
}

fn field(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::{Machine, field};

    #[test]
    fn a_machine_is_described() {
        assert_eq!(field("a : b\nmodel name\t: Fast CPU\n", "model name").as_deref(), Some("Fast CPU"));
        let machine = Machine::here();
        assert!(
            machine.cores > 0 && machine.memory_mib > 0 && machine.rustc.starts_with("rustc"),
            "{machine}"
        );
        let day = machine.to_string();
        assert!(day.starts_with("20") && day.as_bytes()[4] == b'-' && day.as_bytes()[7] == b'-', "{day}");
    }
}
