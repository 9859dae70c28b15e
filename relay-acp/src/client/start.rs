//! The start of an agent: its process, the handshake, and why that failed.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use agent_client_protocol_schema::ProtocolVersion;
use agent_client_protocol_schema::v1::{
    AuthMethodId, AuthenticateRequest, AuthenticateResponse, ClientCapabilities, ClientSessionCapabilities,
    ElicitationCapabilities, ElicitationFormCapabilities, FileSystemCapabilities, Implementation,
    InitializeRequest, InitializeResponse, NoticeCapabilities,
};
use relay_adapter::{AgentError, AgentErrorKind};
use tokio::time::{Instant, timeout};
use tracing::info;

use super::process::AgentProcess;
use super::router::Router;
use crate::error::kind_of_text;
use crate::process::{ChildProcess, Mask, StderrTail, Streams, describe};
use crate::rpc::{CallError, Connection};
use crate::settings::AcpSettings;

/// Why an agent could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// Its program cannot be run.
    #[error("cannot run `{program}`: {error}; install it or correct `command`")]
    Spawn { program: String, error: io::Error },
    /// It ended before it had answered.
    #[error("it ended with {status} before it answered `initialize`")]
    Exited { status: String, kind: AgentErrorKind },
    /// It did not answer in time.
    #[error("it did not answer `initialize` within {} s", .0.as_secs())]
    Silent(Duration),
    /// It answered with an error.
    #[error("{0}")]
    Refused(AgentError),
    /// It speaks another version of the protocol.
    #[error(
        "it speaks version {0} of the Agent Client Protocol, and relay speaks version 1; install another version of it"
    )]
    Version(String),
}

impl StartError {
    /// The class of the failure, for the chat.
    pub(crate) fn kind(&self) -> AgentErrorKind {
        match self {
            Self::Exited { kind, .. } => *kind,
            Self::Refused(error) if error.kind == AgentErrorKind::LoginNeeded => error.kind,
            _ => AgentErrorKind::Unavailable,
        }
    }
}

/// What of the protocol relay offers: no files, no terminals; notices and forms.
fn capabilities() -> ClientCapabilities {
    ClientCapabilities::new()
        .fs(FileSystemCapabilities::new())
        .session(ClientSessionCapabilities::new().notices(NoticeCapabilities::new()))
        .elicitation(ElicitationCapabilities::new().form(ElicitationFormCapabilities::new()))
}

/// Starts a process and shakes hands with it. A process whose handshake fails is ended before this answers.
pub(crate) async fn start(settings: &AcpSettings) -> Result<Arc<AgentProcess>, StartError> {
    let began = Instant::now();
    let cwd = settings.cwd.as_ref().unwrap_or(&settings.folders);
    let spawned =
        ChildProcess::start(&settings.command, cwd, &settings.environment, settings.account.as_ref());
    let (child, streams) = spawned.map_err(|error| {
        let program = settings.command.first().cloned().unwrap_or_default();
        StartError::Spawn { program, error }
    })?;
    let mask = Mask::of(settings.environment.iter());
    let stderr = StderrTail::default();
    let Streams { stdin, stdout, stderr: stream } = streams;
    tokio::spawn(stderr.clone().read(stream, mask.clone(), settings.log_stderr, settings.name.clone()));
    let connection = Connection::new(stdin);
    let router = Arc::new(Router::new(Arc::clone(&connection), settings.limits.unseen));
    let (reading, peer, line) = (Arc::clone(&connection), Arc::clone(&router), settings.limits.line);
    tokio::spawn(async move { reading.read(stdout, line, &*peer).await });

    let handshake = handshake(&connection, settings, &mask);
    match handshake.await {
        Ok(initialized) => {
            let started_in = began.elapsed();
            info!(agent = settings.name, process = child.number(), ?started_in, "an agent was started");
            Ok(AgentProcess::new(child, connection, router, initialized, stderr, mask, settings.limits.end))
        }
        Err(failure) => {
            connection.close();
            // An agent that ended by itself says why it did; the others are ended.
            let ended = timeout(Duration::from_millis(200), child.ended()).await;
            child.end(settings.limits.end).await;
            Err(match (failure, ended) {
                (Failure::Closed, Ok(status)) => {
                    let kind = match kind_of_text(&stderr.lines().join("\n")) {
                        AgentErrorKind::LoginNeeded => AgentErrorKind::LoginNeeded,
                        _ => AgentErrorKind::Unavailable,
                    };
                    StartError::Exited { status: describe(status), kind }
                }
                (Failure::Closed, Err(_)) => StartError::Exited {
                    status: "a closed output".to_owned(),
                    kind: AgentErrorKind::Unavailable,
                },
                (Failure::Start(error), _) => error,
            })
        }
    }
}

enum Failure {
    Closed,
    Start(StartError),
}

async fn handshake(
    connection: &Connection,
    settings: &AcpSettings,
    mask: &Mask,
) -> Result<InitializeResponse, Failure> {
    let request = InitializeRequest::new(ProtocolVersion::V1)
        .client_capabilities(capabilities())
        .client_info(Implementation::new("relay", env!("CARGO_PKG_VERSION")));
    let limit = settings.limits.initialize;
    let answer = timeout(limit, connection.request::<_, InitializeResponse>("initialize", request)).await;
    let failed = |what: &str, error: &CallError| match error {
        CallError::Closed => Failure::Closed,
        _ => Failure::Start(StartError::Refused(crate::error::agent_error(what, error, mask))),
    };
    let initialized = answer
        .map_err(|_| Failure::Start(StartError::Silent(limit)))?
        .map_err(|error| failed("initialize", &error))?;
    if initialized.protocol_version != ProtocolVersion::V1 {
        return Err(Failure::Start(StartError::Version(initialized.protocol_version.to_string())));
    }
    if let Some(method) = &settings.sign_in {
        let request = AuthenticateRequest::new(AuthMethodId::new(method.as_str()));
        let answer = connection.request::<_, AuthenticateResponse>("authenticate", request);
        timeout(settings.limits.setting, answer)
            .await
            .map_err(|_| Failure::Start(StartError::Silent(settings.limits.setting)))?
            .map_err(|error| failed("authenticate", &error))?;
    }
    Ok(initialized)
}
