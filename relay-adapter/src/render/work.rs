//! The steps and the plan of a turn's work, in as few lines as a chat wants to see.

use std::collections::VecDeque;

use super::cut::Format;
use crate::agent::one_line_of;
use crate::{PlanEntry, ToolCall, ToolDisplay, ToolState};

/// Steps that `tools: brief` shows, the last ones.
const BRIEF: usize = 5;

/// Steps that `tools: full` shows.
const FULL: usize = 20;

/// Entries of a plan that are shown.
const PLAN: usize = 8;

/// Characters of a step's or an entry's line.
const LINE: usize = 90;

/// Characters of what a step does, with `tools: full`.
const DETAIL: usize = 200;

/// Steps that are shown no more and are still known by their ids.
const KNOWN: usize = 512;

/// What is known of a turn's work.
#[derive(Debug)]
pub(super) struct WorkLog {
    display: ToolDisplay,
    steps: VecDeque<ToolCall>,
    /// Steps that are shown no more.
    earlier: VecDeque<String>,
    left_out: usize,
    plan: Vec<PlanEntry>,
}

impl WorkLog {
    pub(super) fn new(display: ToolDisplay) -> Self {
        Self { display, steps: VecDeque::new(), earlier: VecDeque::new(), left_out: 0, plan: Vec::new() }
    }

    /// A step, or the same one further on.
    pub(super) fn step(&mut self, call: ToolCall) {
        if let Some(known) = self.steps.iter_mut().find(|known| known.id == call.id) {
            *known = call;
            return;
        }
        if self.earlier.contains(&call.id) {
            return;
        }
        self.steps.push_back(call);
        let most = if self.display == ToolDisplay::Full { FULL } else { BRIEF };
        if self.steps.len() > most
            && let Some(oldest) = self.steps.pop_front()
        {
            self.left_out += 1;
            self.earlier.push_back(oldest.id);
            if self.earlier.len() > KNOWN {
                self.earlier.pop_front();
            }
        }
    }

    /// The plan, instead of what it was.
    pub(super) fn plan(&mut self, entries: Vec<PlanEntry>) {
        self.plan = entries;
    }

    /// The turn is over: no step of it is under way any more.
    pub(super) fn end(&mut self, state: ToolState) {
        for step in &mut self.steps {
            if matches!(step.state, ToolState::Pending | ToolState::Running) {
                step.state = state;
            }
        }
    }

    /// What a chat sees of it, in one message; `None` where there is nothing to see.
    pub(super) fn text(&self, format: &Format) -> Option<String> {
        let mut lines: VecDeque<_> = self.lines().into();
        while !lines.is_empty() {
            let text = lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
            if format.whole(&text).is_some() {
                return Some(text);
            }
            lines.pop_front();
        }
        None
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for entry in self.plan.iter().take(PLAN) {
            let mark = match entry.state {
                ToolState::Pending => '☐',
                ToolState::Running => '▸',
                ToolState::Done | ToolState::Failed => '☑',
            };
            lines.push(format!("{mark} {}", one_line_of(&entry.text, LINE)));
        }
        if self.plan.len() > PLAN {
            lines.push(format!("… {} more", self.plan.len() - PLAN));
        }
        if self.left_out > 0 {
            let steps = if self.left_out == 1 { "step" } else { "steps" };
            lines.push(format!("… {} earlier {steps}", self.left_out));
        }
        for step in &self.steps {
            let mark = match step.state {
                ToolState::Pending => '…',
                ToolState::Running => '▸',
                ToolState::Done => '✓',
                ToolState::Failed => '✗',
            };
            let mut line = format!("{mark} {}", one_line_of(&step.title, LINE));
            if self.display == ToolDisplay::Full
                && let Some(detail) = step.detail.as_deref().map(|detail| one_line_of(detail, DETAIL))
                && !detail.is_empty()
                && detail != step.title
            {
                line.push_str("\n   ");
                line.push_str(&detail);
            }
            lines.push(line);
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use relay_wire::CapabilityDescriptor;

    use super::WorkLog;
    use crate::render::cut::Format;
    use crate::{PlanEntry, ToolCall, ToolDisplay, ToolKind, ToolState};

    fn call(id: usize, state: ToolState) -> ToolCall {
        ToolCall::new(id.to_string(), format!("step\n{id}"), ToolKind::Other, state).with_detail("rm x")
    }

    fn format(max: usize) -> Format {
        Format::of(&CapabilityDescriptor { max_message_length: max, ..CapabilityDescriptor::default() })
    }

    #[test]
    fn the_last_five_steps_are_shown_each_in_its_latest_state() {
        let mut log = WorkLog::new(ToolDisplay::Brief);
        assert_eq!(log.text(&format(2000)), None);
        for id in 0..7 {
            log.step(call(id, ToolState::Running));
            log.step(call(id, ToolState::Done));
        }
        log.step(call(0, ToolState::Failed));
        log.step(call(6, ToolState::Failed));
        assert_eq!(
            log.text(&format(2000)).as_deref(),
            Some("… 2 earlier steps\n✓ step 2\n✓ step 3\n✓ step 4\n✓ step 5\n✗ step 6")
        );
        assert_eq!(log.text(&format(20)).as_deref(), Some("✓ step 5\n✗ step 6"), "in one message");
    }

    #[test]
    fn what_a_step_does_is_shown_in_full_and_a_plan_stands_above() {
        let mut log = WorkLog::new(ToolDisplay::Full);
        log.plan(vec![
            PlanEntry { text: "look".into(), state: ToolState::Done },
            PlanEntry { text: "do".into(), state: ToolState::Pending },
        ]);
        log.step(call(1, ToolState::Pending));
        assert_eq!(log.text(&format(2000)).as_deref(), Some("☑ look\n☐ do\n… step 1\n   rm x"));
        log.end(ToolState::Failed);
        assert_eq!(log.text(&format(2000)).as_deref(), Some("☑ look\n☐ do\n✗ step 1\n   rm x"));
    }
}
