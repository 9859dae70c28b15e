//! This build beside an older one, figure by figure in one run.

use std::path::Path;

use anyhow::Context as _;

use super::measure::{self, Bench};
use super::peer::Door;
use super::stats::median;
use super::subject::{Gateway, Inbox};

/// By how much a figure may be worse before it counts.
const TOLERANCE: f64 = 0.05;

/// How often each start is timed.
const STARTS: usize = 40;

/// One figure of both builds; less is better in each.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Comparison {
    pub(crate) what: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) older: f64,
    pub(crate) newer: f64,
}

impl Comparison {
    /// The newer figure as a share of the older one.
    pub(crate) fn ratio(&self) -> f64 {
        self.newer / self.older
    }

    /// The newer build is worse by more than may be noise.
    pub(crate) fn is_worse(&self) -> bool {
        self.ratio() > 1.0 + TOLERANCE
    }
}

/// Measures both gateways in turns, so that whatever else the machine does meets both.
pub(crate) async fn compare(bench: &Bench<'_>, older: &Path) -> anyhow::Result<Vec<Comparison>> {
    let newer = bench.gateway;
    let mut rows = Vec::new();
    for (what, inbox) in [
        ("CPU of a round trip, inbox off", Inbox::Memory),
        ("CPU of a round trip, durable inbox", Inbox::Durable),
    ] {
        let (mut olds, mut news) = (Vec::new(), Vec::new());
        for round in 1..=bench.rounds {
            println!("bench: {what}, round {round} of {}", bench.rounds);
            for (binary, into) in [(older, &mut olds), (newer, &mut news)] {
                let figure = bench.throughput(|door| Gateway::new(binary, inbox).start(door)).await;
                into.push(figure.with_context(|| format!("{what}, {}", binary.display()))?.cpu_micros);
            }
        }
        rows.push(Comparison { what, unit: "µs", older: median(olds), newer: median(news) });
    }
    rows.extend(latencies(bench, older).await.context("latency")?);
    rows.push(starts(older, newer).await.context("start")?);
    println!("bench: memory of both");
    let memories = [older, newer].map(|binary| Gateway::new(binary, Inbox::Durable));
    let (old, new) = (measure::memory(&memories[0]).await?, measure::memory(&memories[1]).await?);
    rows.push(Comparison { what: "idle memory, connected", unit: "MiB", older: old.idle, newer: new.idle });
    rows.push(Comparison {
        what: "release binary, stripped",
        unit: "MiB",
        older: measure::size(older)?,
        newer: measure::size(newer)?,
    });
    Ok(rows)
}

async fn latencies(bench: &Bench<'_>, older: &Path) -> anyhow::Result<[Comparison; 2]> {
    let (mut olds, mut news) = (Vec::new(), Vec::new());
    for round in 1..=bench.rounds {
        println!("bench: latency of both, round {round} of {}", bench.rounds);
        for (binary, into) in [(older, &mut olds), (bench.gateway, &mut news)] {
            let figure = bench.latency(|door| Gateway::new(binary, Inbox::Durable).start(door)).await?;
            into.push(
                [&figure.taken, &figure.answered].map(|samples| samples.percentile(50).as_secs_f64() * 1e3),
            );
        }
    }
    let middle =
        |rounds: &[[f64; 2]], which: usize| median(rounds.iter().map(|round| round[which]).collect());
    let row = |what, which| Comparison {
        what,
        unit: "ms",
        older: middle(&olds, which),
        newer: middle(&news, which),
    };
    Ok([
        row("frame in to agent, durable inbox, p50", 0),
        row("frame in to answer out, durable inbox, p50", 1),
    ])
}

async fn starts(older: &Path, newer: &Path) -> anyhow::Result<Comparison> {
    println!("bench: start of both");
    let door = Door::open(None).await?;
    let (mut olds, mut news) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        for (binary, into) in [(older, &mut olds), (newer, &mut news)] {
            let mut subject = Gateway::new(binary, Inbox::Durable).start(&door)?;
            let (took, _peer) = subject.hello(&door).await?;
            into.push(took.as_secs_f64() * 1e3);
            subject.end().await?;
        }
    }
    Ok(Comparison { what: "exec to hello, loopback", unit: "ms", older: median(olds), newer: median(news) })
}

#[cfg(test)]
mod tests {
    use super::Comparison;

    #[test]
    fn a_figure_is_worse_beyond_a_twentieth_and_not_within_it() {
        let row = |newer| Comparison { what: "start", unit: "ms", older: 10.0, newer };
        assert!(row(10.6).is_worse());
        assert!(!row(10.4).is_worse() && !row(7.0).is_worse());
    }
}
