//! What an agent does, as it says it.

/// A step of the agent's work. Told again with the same id, it is the same step, further on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolCall {
    /// Names the step within its turn.
    pub id: String,
    /// What it does, in one line for people.
    pub title: String,
    /// What kind of step it is.
    pub kind: ToolKind,
    /// How far it is.
    pub state: ToolState,
    /// More of what it does, such as a command; shown with `tools: full`. Never its output.
    pub detail: Option<String>,
}

impl ToolCall {
    /// A step of the work.
    pub fn new(id: impl Into<String>, title: impl Into<String>, kind: ToolKind, state: ToolState) -> Self {
        Self { id: id.into(), title: title.into(), kind, state, detail: None }
    }

    /// The same with more of what it does.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}

/// A kind of step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ToolKind {
    /// Reads files or data.
    Read,
    /// Changes files or data.
    Edit,
    /// Removes files or data.
    Delete,
    /// Moves or renames.
    Move,
    /// Searches.
    Search,
    /// Runs a command.
    Execute,
    /// Thinks or plans.
    Think,
    /// Fetches from elsewhere.
    Fetch,
    /// Anything else.
    #[default]
    Other,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ToolState {
    /// Not begun: it waits, perhaps for a permission.
    #[default]
    Pending,
    /// At work.
    Running,
    /// Done.
    Done,
    /// Failed, or not allowed.
    Failed,
}

/// An entry of the agent's plan.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlanEntry {
    /// What is to be done, in one line for people.
    pub text: String,
    /// How far it is.
    pub state: ToolState,
}

impl PlanEntry {
    /// A step of the plan, and how far it is.
    pub fn new(text: impl Into<String>, state: ToolState) -> Self {
        Self { text: text.into(), state }
    }
}
