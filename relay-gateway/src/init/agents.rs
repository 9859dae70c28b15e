//! The agents of this machine.

use relay_acp::PRESETS;

use crate::agent::{AgentHost, AgentSpec};

/// An agent that is installed here.
pub(crate) struct FoundAgent {
    /// As `--agent` takes it.
    pub(crate) spec: String,
    /// What people call it.
    pub(crate) title: &'static str,
}

/// Every agent with a preset whose program is found as starting it would find it. Nothing is started.
pub(crate) fn found(host: &AgentHost) -> Vec<FoundAgent> {
    let installed = PRESETS.iter().filter_map(|preset| {
        let spec = format!("acp:{}", preset.name);
        let plan: AgentSpec = spec.parse().ok()?;
        plan.check(host).is_ok().then_some(FoundAgent { spec, title: preset.title })
    });
    installed.collect()
}

/// What can be installed, for people.
pub(crate) fn installable() -> String {
    let lines: Vec<String> =
        PRESETS.iter().map(|preset| format!("  {:12} {}", preset.name, preset.install)).collect();
    lines.join("\n")
}
