//! The budgets beside what was measured.

use std::fmt;

use super::against::Comparison;
use super::machine::Machine;

/// What a figure says about its budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BudgetResult {
    Met,
    Missed,
    /// There is no budget; the figure is for comparison.
    Reference,
    /// What it takes was not there.
    NotMeasured,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) what: &'static str,
    pub(crate) budget: &'static str,
    pub(crate) measured: String,
    pub(crate) verdict: BudgetResult,
}

impl Figure {
    /// A figure that has to keep a budget.
    pub(crate) fn judged(what: &'static str, budget: &'static str, measured: String, met: bool) -> Self {
        let verdict = if met { BudgetResult::Met } else { BudgetResult::Missed };
        Self { what, budget, measured, verdict }
    }

    /// A figure to compare with.
    pub(crate) fn reference(what: &'static str, measured: String) -> Self {
        Self { what, budget: "", measured, verdict: BudgetResult::Reference }
    }

    /// A figure that this run does not have.
    pub(crate) fn not_measured(what: &'static str, budget: &'static str, why: &str) -> Self {
        Self { what, budget, measured: why.to_owned(), verdict: BudgetResult::NotMeasured }
    }
}

impl fmt::Display for BudgetResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Met => "met",
            Self::Missed => "MISSED",
            Self::Reference => "",
            Self::NotMeasured => "not measured",
        })
    }
}

/// The rows as a Markdown table with aligned columns.
pub(crate) fn render(rows: &[Figure]) -> String {
    let cells = rows.iter().map(|row| {
        [row.what.to_owned(), row.budget.to_owned(), row.measured.clone(), row.verdict.to_string()]
    });
    table(["what", "budget", "measured", "verdict"], cells)
}

/// Both builds as a Markdown table with aligned columns.
pub(crate) fn render_comparisons(rows: &[Comparison]) -> String {
    let cells = rows.iter().map(|row| {
        let Comparison { what, unit, older, newer } = row;
        let verdict = if row.is_worse() { "WORSE" } else { "kept" };
        [
            (*what).to_owned(),
            format!("{older:.2} {unit}"),
            format!("{newer:.2} {unit}"),
            format!("{:.3}", row.ratio()),
            verdict.to_owned(),
        ]
    });
    table(["what", "older", "newer", "ratio", "verdict"], cells)
}

fn table<const N: usize>(head: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let lines: Vec<[String; N]> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let mut table = String::new();
    for (number, line) in lines.iter().enumerate() {
        table.extend(line.iter().zip(widths).map(|(cell, width)| format!("| {cell:<width$} ")));
        table.push_str("|\n");
        if number == 0 {
            table.extend(widths.map(|width| format!("| {} ", "-".repeat(width.max(3)))));
            table.push_str("|\n");
        }
    }
    table
}

/// The whole of `docs/benchmarks.md`.
pub(crate) fn document(rows: &[Figure], machine: &Machine) -> String {
    format!(
        "# Benchmarks\n\n\
         The budgets of this project, and what one run of `cargo xtask bench` measured. The command writes this \
         file.\n\n\
         {machine}.\n\n\
         {}\n\
         The load generator is the connector's side: it keeps 64 messages in flight, each in a chat of its own and \
         each with a\n`bufferId`, answers every `send` with a result, and shares the machine with what it measures. \
         The bare client uses the\nsame WebSocket library and JSON parser, parses each message and answers it at once, \
         in a single thread; it has\nno sessions, no inbox, no admission. What a client gains that gathers the \
         answers to all it has read into one write is\nshown beside it. Throughputs are the median of several rounds, taken in turns.\n\n\
         Latencies are of one message at a time, from its frame written by the load generator: to its acknowledgement \
         read,\nwhich leaves when the message is committed and its turn begins, and to its answer read, which with \
         the durable inbox\nwaits for a second commit, that of the answer. An absolute figure holds for its machine, \
         and a load average far above 0\nsays that others had it too; the ratios and the CPU times are what to \
         compare.\n",
        render(rows)
    )
}

#[cfg(test)]
mod tests {
    use super::{Comparison, Figure, Machine, document, render, render_comparisons};

    #[test]
    fn both_builds_stand_side_by_side_with_their_ratio() {
        let row = |newer| Comparison { what: "start", unit: "ms", older: 4.0, newer };
        assert_eq!(
            render_comparisons(&[row(4.0), row(5.0)]),
            "| what  | older   | newer   | ratio | verdict |\n\
             | ----- | ------- | ------- | ----- | ------- |\n\
             | start | 4.00 ms | 4.00 ms | 1.000 | kept    |\n\
             | start | 4.00 ms | 5.00 ms | 1.250 | WORSE   |\n"
        );
    }

    #[test]
    fn the_table_is_markdown_with_a_verdict_for_each_budget() {
        let rows = [
            Figure::reference("bare", "70,000/s".to_owned()),
            Figure::judged("fast", ">= 1", "2".to_owned(), true),
            Figure::judged("small", "<= 1", "2 µs".to_owned(), false),
            Figure::not_measured("python", ">= 5", "no Python"),
        ];
        assert_eq!(
            render(&rows),
            "| what   | budget | measured  | verdict      |\n\
             | ------ | ------ | --------- | ------------ |\n\
             | bare   |        | 70,000/s  |              |\n\
             | fast   | >= 1   | 2         | met          |\n\
             | small  | <= 1   | 2 µs      | MISSED       |\n\
             | python | >= 5   | no Python | not measured |\n"
        );
        assert!(document(&rows, &Machine::default()).contains("| fast   | >= 1   | 2"));
    }
}
