//! Many runs, side by side; each stays on its own thread.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::breaks::Break;
use crate::happening::Fault;
use crate::plan::Plan;
use crate::run::{Report, run};

/// How much of a failed run's trace is shown.
const TAIL: usize = 60;

/// What many runs came to.
#[derive(Default)]
pub struct Figures {
    runs: u64,
    messages: usize,
    faults: BTreeMap<Fault, u32>,
    simulated: Duration,
    pub failed: Vec<Report>,
}

/// Runs the seeds from `from` on, until `seeds` of them ran or `enough` of them failed.
pub fn run_all(from: u64, seeds: u64, enough: usize, broken: Option<Break>) -> Figures {
    let figures = Mutex::new(Figures::default());
    let next = AtomicU64::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds
                        || figures.lock().unwrap_or_else(PoisonError::into_inner).failed.len() >= enough
                    {
                        return;
                    }
                    let report = run(Plan::of(from + seed), broken);
                    figures.lock().unwrap_or_else(PoisonError::into_inner).add(report);
                }
            });
        }
    });
    let mut figures = figures.into_inner().unwrap_or_else(PoisonError::into_inner);
    figures.failed.sort_by_key(|report| report.seed);
    figures
}

impl Figures {
    fn add(&mut self, report: Report) {
        self.runs += 1;
        self.messages += report.messages;
        self.simulated += report.took;
        for (fault, count) in &report.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
        if report.violation.is_some() {
            self.failed.push(report);
        }
    }

    /// What ran, in a few lines.
    pub fn summary(&self, since: Instant) -> String {
        let mut text = format!(
            "{} seeds, {} messages, {:.1} h simulated in {:.1} s; faults:",
            self.runs,
            self.messages,
            self.simulated.as_secs_f64() / 3600.0,
            since.elapsed().as_secs_f64()
        );
        for (fault, count) in &self.faults {
            let _ = write!(text, " {fault:?} {count}");
        }
        text
    }
}

impl Report {
    /// What went wrong, the last that happened before it, and how to see it again.
    pub fn failure(&self, whole: bool) -> String {
        let violation = self.violation.as_deref().unwrap_or_default();
        let from = if whole { 0 } else { self.trace.len().saturating_sub(TAIL) };
        format!(
            "seed {}: {violation}\n{}\nto replay it: cargo xtask simulate --seeds 1 --from {}\n",
            self.seed,
            self.trace[from..].join("\n"),
            self.seed
        )
    }
}
