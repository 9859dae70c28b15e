//! The steps and the plan of a turn's work, in as few lines as a chat wants to see.

use std::collections::VecDeque;

use relay_wire::{TaskChunk, TaskStatus};

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
    /// Steps that are kept.
    most: usize,
    steps: VecDeque<ToolCall>,
    /// Steps that are shown no more.
    earlier: VecDeque<String>,
    left_out: usize,
    plan: Vec<PlanEntry>,
}

impl WorkLog {
    pub(super) fn new(display: ToolDisplay) -> Self {
        let most = if display == ToolDisplay::Full { FULL } else { BRIEF };
        Self {
            display,
            most,
            steps: VecDeque::new(),
            earlier: VecDeque::new(),
            left_out: 0,
            plan: Vec::new(),
        }
    }

    /// Of a turn whose steps stand on a card. They stay there, so that more of them may still change.
    pub(super) fn of_card(display: ToolDisplay) -> Self {
        Self { most: FULL, ..Self::new(display) }
    }

    /// The steps are shown in a message after all.
    pub(super) fn leave_card(&mut self) {
        self.most = Self::new(self.display).most;
        while self.steps.len() > self.most {
            self.leave_out();
        }
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
        if self.steps.len() > self.most {
            self.leave_out();
        }
    }

    fn leave_out(&mut self) {
        if let Some(oldest) = self.steps.pop_front() {
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

    /// The turn is over: no step of it is under way any more. How far its plan is, the agent alone knows.
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

    /// The same as the steps of a card. One that is shown no more keeps its place there.
    pub(super) fn chunks(&self) -> Vec<TaskChunk> {
        let plan = (1..).zip(self.plan.iter().take(PLAN)).map(|(number, entry): (usize, _)| TaskChunk {
            id: format!("plan-{number}"),
            title: one_line_of(&entry.text, LINE),
            status: Some(status(entry.state)),
            ..TaskChunk::default()
        });
        let steps = (self.left_out + 1..).zip(&self.steps).map(|(number, step)| TaskChunk {
            id: format!("step-{number}"),
            title: one_line_of(&step.title, LINE),
            status: Some(status(step.state)),
            details: self.detail(step),
            output: None,
        });
        plan.chain(steps).collect()
    }

    /// What a step does, where that is shown and says more than its title.
    fn detail(&self, step: &ToolCall) -> Option<String> {
        let detail = step.detail.as_deref().filter(|_| self.display == ToolDisplay::Full)?;
        Some(one_line_of(detail, DETAIL)).filter(|detail| !detail.is_empty() && *detail != step.title)
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
            if let Some(detail) = self.detail(step) {
                line.push_str("\n   ");
                line.push_str(&detail);
            }
            lines.push(line);
        }
        lines
    }
}

fn status(state: ToolState) -> TaskStatus {
    match state {
        ToolState::Pending => TaskStatus::Pending,
        ToolState::Running => TaskStatus::InProgress,
        ToolState::Done => TaskStatus::Complete,
        ToolState::Failed => TaskStatus::Error,
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
