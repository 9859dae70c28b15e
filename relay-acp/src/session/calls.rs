//! The requests that open a session and set it up.

use std::path::Path;
use std::time::Duration;

use agent_client_protocol_schema::v1::{
    CloseSessionRequest, CloseSessionResponse, LoadSessionRequest, LoadSessionResponse, NewSessionRequest,
    NewSessionResponse, ResumeSessionRequest, ResumeSessionResponse, SetSessionConfigOptionRequest,
    SetSessionModeRequest,
};
use relay_adapter::{AgentError, AgentErrorKind, SessionSetting};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::warn;

use super::facts::{Facts, Setter};
use super::folder;
use super::slot::Slot;
use crate::client::AgentProcess;
use crate::error::agent_error;
use crate::mcp;
use crate::rpc::{Call, CallError};
use crate::settings::{AcpSettings, Mode};

/// Waits for an answer, so long and no longer.
pub(crate) async fn answered<R: DeserializeOwned>(
    process: &AgentProcess,
    what: &str,
    limit: Duration,
    call: Call<R>,
) -> Result<R, AgentError> {
    let answer = timeout(limit, call).await.map_err(|_| {
        let detail = format!("{what}: no answer within {} s", limit.as_secs_f32());
        AgentError::new(AgentErrorKind::Timeout, detail)
    })?;
    answer.map_err(|error| agent_error(what, &error, process.mask()))
}

/// Begins a session in a folder.
pub(crate) async fn begin(
    settings: &AcpSettings,
    process: &AgentProcess,
    cwd: &Path,
) -> Result<NewSessionResponse, AgentError> {
    let request = NewSessionRequest::new(cwd).mcp_servers(servers(settings, process));
    let call = process.connection().request("session/new", request);
    answered(process, "session/new", settings.limits.open, call).await
}

fn servers(
    settings: &AcpSettings,
    process: &AgentProcess,
) -> Vec<agent_client_protocol_schema::v1::McpServer> {
    let (offered, left_out) = mcp::offered(&settings.mcp_servers, &process.capabilities().mcp_capabilities);
    if !left_out.is_empty() {
        warn!(
            agent = settings.name,
            ?left_out,
            "the agent cannot reach these MCP servers; give them as programs"
        );
    }
    offered
}

/// Takes up a session: resumes it where the agent can, else loads it.
pub(crate) async fn take_up(
    settings: &AcpSettings,
    process: &AgentProcess,
    slot: &Slot,
    cwd: &Path,
) -> Result<(), AgentError> {
    let can = process.capabilities();
    let limit = settings.limits.open;
    let servers = servers(settings, process);
    let mut failure = AgentError::new(AgentErrorKind::Lost, "the agent can neither resume nor load sessions");
    if can.session_capabilities.resume.is_some() {
        let request = ResumeSessionRequest::new(slot.id().to_owned(), cwd).mcp_servers(servers.clone());
        let call = process.connection().request::<_, ResumeSessionResponse>("session/resume", request);
        match answered(process, "session/resume", limit, call).await {
            Ok(answer) => {
                slot.facts(|facts| facts.opened(answer.modes, answer.config_options));
                return Ok(());
            }
            Err(error) => failure = error,
        }
        if matches!(
            failure.kind,
            AgentErrorKind::Timeout | AgentErrorKind::Crashed | AgentErrorKind::LoginNeeded
        ) {
            return Err(failure);
        }
    }
    if can.load_session {
        let request = LoadSessionRequest::new(slot.id().to_owned(), cwd).mcp_servers(servers);
        let call = process.connection().request::<_, LoadSessionResponse>("session/load", request);
        let answer = answered(process, "session/load", limit, call).await?;
        slot.facts(|facts| facts.opened(answer.modes, answer.config_options));
        return Ok(());
    }
    Err(failure)
}

/// Waits until the agent repeats nothing any more of a session that was taken up.
pub(crate) async fn settle(settings: &AcpSettings, slot: &Slot) {
    let began = Instant::now();
    loop {
        let quiet = slot.last_output_at().max(began) + settings.limits.replay_silence;
        let until = quiet.min(began + settings.limits.replay);
        if Instant::now() >= until {
            return;
        }
        sleep_until(until).await;
    }
}

/// Waits until the agent says nothing more of a turn that is over; `false` where it does not stop, or where it went on
/// after a stop and its session can be taken up by a process that has nothing left to say.
pub(crate) async fn has_passed(settings: &AcpSettings, process: &AgentProcess, slot: &Slot) -> bool {
    let can = process.capabilities();
    let can_take_up = can.load_session || can.session_capabilities.resume.is_some();
    let late = if slot.was_stopped() { settings.limits.late_stopped } else { settings.limits.late };
    let began = Instant::now();
    loop {
        if can_take_up && slot.speaks_late() {
            return false;
        }
        let Some(silent_since) = slot.silent_since() else { return true };
        let quiet = silent_since + late;
        if Instant::now() >= quiet {
            return true;
        }
        if began.elapsed() >= settings.limits.replay {
            return false;
        }
        sleep_until(quiet).await;
    }
}

/// Sets a mode or a model, unless it is set.
pub(crate) async fn set(
    settings: &AcpSettings,
    process: &AgentProcess,
    slot: &Slot,
    setting: SessionSetting,
    wanted: &str,
) -> Result<(), AgentError> {
    let setter = slot
        .facts(|facts| choose(facts, setting, wanted))
        .map_err(|detail| unavailable(&settings.name, &detail))?;
    let limit = settings.limits.setting;
    let what = setting.as_str();
    let connection = process.connection();
    match setter {
        None => return Ok(()),
        Some(Setter::Mode) => {
            let request = SetSessionModeRequest::new(slot.id().to_owned(), wanted.to_owned());
            let call = connection.request::<_, Value>("session/set_mode", request);
            answered(process, what, limit, call).await?;
        }
        Some(Setter::Option(option)) => {
            let request = SetSessionConfigOptionRequest::new(slot.id().to_owned(), option, wanted);
            let call = connection.request::<_, Value>("session/set_config_option", request);
            answered(process, what, limit, call).await?;
        }
    }
    slot.facts(|facts| facts.changed(setting, wanted));
    Ok(())
}

/// How a setting gets this value; nothing where it has it, the list of values where there is no such.
fn choose(facts: &mut Facts, setting: SessionSetting, wanted: &str) -> Result<Option<Setter>, String> {
    let (current, there) = facts.setting(setting);
    if current.as_deref() == Some(wanted) {
        return Ok(None);
    }
    let what = setting.as_str();
    if !there.iter().any(|option| option.id == wanted) {
        let ids: Vec<_> = there.iter().map(|option| option.id.as_str()).collect();
        let list = if ids.is_empty() { "none".to_owned() } else { ids.join(", ") };
        return Err(format!("has no {what} `{wanted}`; it has: {list}. Set `{what}` to one of them"));
    }
    Ok(facts.setter(setting))
}

fn unavailable(agent: &str, detail: &str) -> AgentError {
    AgentError::new(AgentErrorKind::Unavailable, format!("the agent `{agent}` {detail}"))
}

/// Sets the mode that the settings demand.
pub(crate) async fn set_mode(
    settings: &AcpSettings,
    process: &AgentProcess,
    slot: &Slot,
) -> Result<(), AgentError> {
    let Some(wanted) = settings.mode.wanted() else { return Ok(()) };
    let has_modes = slot.facts(|facts| !facts.setting(SessionSetting::Mode).1.is_empty());
    if !has_modes && matches!(settings.mode, Mode::Asking(_)) {
        warn!(
            agent = settings.name,
            "the agent has no modes; whether it asks before it acts is up to its own configuration"
        );
        return Ok(());
    }
    set(settings, process, slot, SessionSetting::Mode, wanted).await
}

/// Fails where the agent does not have the mode that the operator chose. It needs a session to say which it has.
pub(crate) async fn check_mode(settings: &AcpSettings, process: &AgentProcess) -> Result<(), AgentError> {
    let Mode::Chosen(wanted) = &settings.mode else { return Ok(()) };
    let cwd = folder::probe(settings)?;
    let Ok(answer) = begin(settings, process, &cwd).await else {
        // The turn that needs a session says why there is none.
        return Ok(());
    };
    let mut facts = Facts::default();
    facts.opened(answer.modes, answer.config_options);
    close(process, &answer.session_id.0);
    choose(&mut facts, SessionSetting::Mode, wanted)
        .map(drop)
        .map_err(|detail| unavailable(&settings.name, &detail))
}

/// Whether somebody has signed the agent in, as far as the begin of a session tells. It needs no more than that.
pub(crate) async fn check_login(settings: &AcpSettings, process: &AgentProcess) -> Result<(), AgentError> {
    let cwd = folder::probe(settings)?;
    // Without servers of tools: they would be started for nothing.
    let call =
        process.connection().request::<_, NewSessionResponse>("session/new", NewSessionRequest::new(cwd));
    match answered(process, "session/new", settings.limits.open, call).await {
        Ok(answer) => {
            close(process, &answer.session_id.0);
            Ok(())
        }
        Err(error) if error.kind == AgentErrorKind::LoginNeeded => Err(error),
        // The turn that needs a session says why there is none.
        Err(_) => Ok(()),
    }
}

/// Frees a session of the agent, where it knows how.
pub(crate) fn close(process: &AgentProcess, session_id: &str) {
    if process.capabilities().session_capabilities.close.is_some() {
        let request = CloseSessionRequest::new(session_id.to_owned());
        // Nothing depends on the answer.
        drop(process.connection().request::<_, CloseSessionResponse>("session/close", request));
    }
}

/// Whether a failed call may have been the agent's loss of the session.
pub(crate) fn is_lost(error: &CallError) -> bool {
    match error {
        CallError::Refused(error) => crate::error::kind_of(error) == AgentErrorKind::Lost,
        _ => false,
    }
}
