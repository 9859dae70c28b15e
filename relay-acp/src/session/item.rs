//! The pieces that a turn consists of, as the reader takes them apart.

use std::sync::Arc;

use agent_client_protocol_schema::v1::{CreateElicitationRequest, RequestPermissionRequest};
use relay_adapter::{OutputFile, PlanEntry, ToolCall};

use crate::rpc::RequestId;

/// A piece of a turn.
#[derive(Debug)]
pub(crate) enum Item {
    Text {
        message: Option<Arc<str>>,
        text: String,
    },
    Thought(String),
    File(Box<OutputFile>),
    Tool(Box<ToolCall>),
    Plan(Vec<PlanEntry>),
    Notice(String),
    /// The person's text, repeated by the agent.
    Echo(String),
    Usage,
    Question(OpenQuestion),
    /// The agent takes a question back.
    Withdrawn(RequestId),
}

/// A request of the agent that a person answers.
#[derive(Clone, Debug)]
pub(crate) struct OpenQuestion {
    pub(crate) id: RequestId,
    pub(crate) asked: Asked,
}

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    Permission(Box<RequestPermissionRequest>),
    Form(Box<CreateElicitationRequest>),
}
