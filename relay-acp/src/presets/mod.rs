//! Agents that relay knows by name: their command, the mode in which they ask, and what they need to see.

use std::time::Duration;

use crate::settings::Mode;

/// One agent that relay knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Preset {
    /// Its name, as in `acp:gemini`.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The program and its arguments.
    pub command: &'static [&'static str],
    /// The mode in which it asks before it acts; `None` where that is no mode but its own configuration.
    pub asking_mode: Option<&'static str>,
    /// Variables that it gets unless they are set.
    pub env: &'static [(&'static str, &'static str)],
    /// Variables of the gateway's environment that it gets where they are set: how it signs in, where it lives.
    pub env_from: &'static [&'static str],
    /// How exactly it names the record of a session by the time at which that is begun or taken up. Taken up again
    /// within the same such time, a session overwrites its record. `None` where records are named otherwise.
    pub record_time: Option<Duration>,
    /// Sign-in methods of the agent that ask nobody anything, each with the variable whose value it takes: the first whose
    /// variable the agent gets is used before its first session.
    pub sign_in_with: &'static [(&'static str, &'static str)],
    /// How it is installed, for people.
    pub install: &'static str,
    /// How it is signed in, for people.
    pub sign_in: &'static str,
}

/// Every preset, by name.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "claude",
        title: "Claude Code",
        command: &["claude-agent-acp"],
        asking_mode: Some("default"),
        env: &[],
        env_from: &[
            "ANTHROPIC_API_KEY",
            "ANTHROPIC_BASE_URL",
            "CLAUDE_CONFIG_DIR",
            "CLAUDE_CODE_OAUTH_TOKEN",
        ],
        record_time: None,
        sign_in_with: &[],
        install: "npm install -g @agentclientprotocol/claude-agent-acp",
        sign_in: "set ANTHROPIC_API_KEY, or run `claude` once and sign in",
    },
    Preset {
        name: "codex",
        title: "Codex",
        command: &["codex-acp"],
        asking_mode: Some("read-only"),
        env: &[],
        env_from: &["OPENAI_API_KEY", "CODEX_API_KEY", "OPENAI_BASE_URL", "CODEX_HOME"],
        record_time: None,
        sign_in_with: &[("OPENAI_API_KEY", "api-key"), ("CODEX_API_KEY", "api-key")],
        install: "npm install -g @agentclientprotocol/codex-acp",
        sign_in: "set OPENAI_API_KEY, or run `codex login`",
    },
    Preset {
        name: "gemini",
        title: "Gemini CLI",
        command: &["gemini", "--acp"],
        asking_mode: Some("default"),
        env: &[],
        env_from: &[
            "GEMINI_API_KEY",
            "GOOGLE_API_KEY",
            "GOOGLE_CLOUD_PROJECT",
            "GOOGLE_GEMINI_BASE_URL",
            "GEMINI_CLI_TRUST_WORKSPACE",
        ],
        record_time: Some(Duration::from_mins(1)),
        sign_in_with: &[],
        install: "npm install -g @google/gemini-cli",
        sign_in: "set GEMINI_API_KEY, or run `gemini` once and sign in",
    },
    Preset {
        name: "qwen",
        title: "Qwen Code",
        command: &["qwen", "--acp"],
        asking_mode: Some("default"),
        env: &[],
        env_from: &["OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "DASHSCOPE_API_KEY"],
        record_time: None,
        sign_in_with: &[],
        install: "npm install -g @qwen-code/qwen-code",
        sign_in: "set OPENAI_API_KEY and OPENAI_BASE_URL, or run `qwen` once and sign in",
    },
    Preset {
        name: "opencode",
        title: "opencode",
        command: &["opencode", "acp"],
        // Its modes choose among its own agents; whether it asks is its permission setting.
        asking_mode: None,
        env: &[
            ("OPENCODE_PERMISSION", r#"{"edit":"ask","bash":"ask","webfetch":"ask"}"#),
            ("OPENCODE_DISABLE_AUTOUPDATE", "1"),
        ],
        env_from: &[
            "OPENCODE_API_KEY",
            "ANTHROPIC_API_KEY",
            "OPENAI_API_KEY",
            "XDG_CONFIG_HOME",
            "XDG_DATA_HOME",
        ],
        record_time: None,
        sign_in_with: &[],
        install: "npm install -g opencode-ai",
        sign_in: "run `opencode auth login`, or set the key of its provider",
    },
    Preset {
        name: "hermes",
        title: "Hermes Agent",
        command: &["hermes", "acp"],
        asking_mode: Some("default"),
        env: &[],
        env_from: &["HERMES_HOME", "OPENROUTER_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"],
        record_time: None,
        sign_in_with: &[],
        install: "pip install 'hermes-agent[acp]'",
        sign_in: "run `hermes setup`, or write its config.yaml",
    },
    Preset {
        name: "kimi",
        title: "Kimi Code",
        command: &["kimi", "acp"],
        asking_mode: None,
        env: &[],
        env_from: &["KIMI_API_KEY", "KIMI_BASE_URL", "MOONSHOT_API_KEY"],
        record_time: None,
        sign_in_with: &[],
        install: "npm install -g @moonshot-ai/kimi-code",
        sign_in: "run `kimi` once and sign in, or set KIMI_API_KEY",
    },
    Preset {
        name: "vibe",
        title: "Mistral Vibe",
        command: &["vibe-acp"],
        asking_mode: Some("ask"),
        env: &[],
        env_from: &["MISTRAL_API_KEY", "VIBE_HOME"],
        record_time: None,
        sign_in_with: &[],
        install: "pip install mistral-vibe",
        sign_in: "set MISTRAL_API_KEY, or run `vibe --setup`",
    },
    Preset {
        name: "goose",
        title: "goose",
        command: &["goose", "acp"],
        asking_mode: Some("approve"),
        env: &[("GOOSE_MODE", "approve")],
        env_from: &[
            "GOOSE_PROVIDER",
            "GOOSE_MODEL",
            "OPENAI_API_KEY",
            "ANTHROPIC_API_KEY",
            "OPENAI_HOST",
            "GOOSE_PATH_ROOT",
        ],
        record_time: None,
        sign_in_with: &[],
        install: "see https://block.github.io/goose",
        sign_in: "run `goose configure`",
    },
];

impl Preset {
    /// The preset of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// The mode that its sessions are set to unless the operator chose one.
    pub fn mode(&self) -> Mode {
        self.asking_mode.map_or(Mode::Agents, Mode::Asking)
    }
}

#[cfg(test)]
mod tests {
    use super::{PRESETS, Preset};

    #[test]
    fn every_preset_is_found_by_its_name_and_has_a_command() {
        let names: Vec<_> = PRESETS.iter().map(|preset| preset.name).collect();
        assert_eq!(
            names,
            ["claude", "codex", "gemini", "qwen", "opencode", "hermes", "kimi", "vibe", "goose"]
        );
        for preset in PRESETS {
            assert_eq!(Preset::find(preset.name), Some(preset));
            assert!(!preset.command.is_empty() && !preset.install.is_empty(), "{}", preset.name);
        }
        assert_eq!(Preset::find("nobody"), None);
    }
}
