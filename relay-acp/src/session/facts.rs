//! What an agent says of a session besides its conversation: mode, model, commands, usage.

use agent_client_protocol_schema::v1::{
    SessionConfigKind, SessionConfigOption, SessionConfigOptionCategory as Category,
    SessionConfigSelectOptions, SessionModeState, SessionUpdate,
};
use relay_adapter::{AgentCommand, Cost, SessionOption, SessionSetting, SessionStatus, Usage};

/// Commands that are kept of the list that an agent gives.
const COMMANDS: usize = 200;

/// Characters of a command's description.
const DESCRIPTION: usize = 200;

/// The latest of each.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    modes: Option<SessionModeState>,
    options: Vec<SessionConfigOption>,
    commands: Vec<AgentCommand>,
    usage: Option<Usage>,
}

/// How a setting is changed towards the agent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Setter {
    /// `session/set_mode`.
    Mode,
    /// `session/set_config_option` with this option.
    Option(String),
}

impl Facts {
    /// Notes an update, and gives back those that are part of the conversation.
    pub(crate) fn note(&mut self, update: SessionUpdate) -> Option<SessionUpdate> {
        match update {
            SessionUpdate::AvailableCommandsUpdate(update) => {
                let commands = update.available_commands.into_iter().take(COMMANDS);
                self.commands = commands
                    .map(|command| {
                        AgentCommand::new(
                            command.name,
                            super::content::line(&command.description, DESCRIPTION),
                        )
                    })
                    .collect();
                None
            }
            SessionUpdate::CurrentModeUpdate(update) => {
                if let Some(modes) = &mut self.modes {
                    modes.current_mode_id = update.current_mode_id;
                }
                None
            }
            SessionUpdate::ConfigOptionUpdate(update) => {
                self.options = update.config_options;
                None
            }
            SessionUpdate::UsageUpdate(update) => {
                let mut usage = Usage::default();
                usage.context_used = Some(update.used);
                usage.context_size = Some(update.size);
                usage.cost = update.cost.as_ref().and_then(|cost| Cost::new(cost.amount, &cost.currency));
                self.usage = Some(usage);
                Some(SessionUpdate::UsageUpdate(update))
            }
            SessionUpdate::SessionInfoUpdate(_) => None,
            said => Some(said),
        }
    }

    /// What the answer to an opened session says.
    pub(crate) fn opened(
        &mut self,
        modes: Option<SessionModeState>,
        options: Option<Vec<SessionConfigOption>>,
    ) {
        if modes.is_some() {
            self.modes = modes;
        }
        if let Some(options) = options {
            self.options = options;
        }
    }

    /// A setting was changed.
    pub(crate) fn changed(&mut self, setting: SessionSetting, id: &str) {
        if setting == SessionSetting::Mode
            && let Some(modes) = &mut self.modes
        {
            modes.current_mode_id = id.to_owned().into();
        }
        if let Some(option) = self.options.iter_mut().find(|option| option.category == category(setting))
            && let SessionConfigKind::Select(select) = &mut option.kind
        {
            select.current_value = id.to_owned().into();
        }
    }

    /// The value of a setting, and those there are.
    pub(crate) fn setting(&self, setting: SessionSetting) -> (Option<String>, Vec<SessionOption>) {
        if setting == SessionSetting::Mode
            && let Some(modes) = &self.modes
        {
            let there = modes
                .available_modes
                .iter()
                .map(|mode| SessionOption::new(mode.id.to_string(), mode.name.clone()));
            return (Some(modes.current_mode_id.to_string()), there.collect());
        }
        let Some((_, select)) = self.select(setting) else { return (None, Vec::new()) };
        let values = match &select.options {
            SessionConfigSelectOptions::Ungrouped(values) => values.iter().collect::<Vec<_>>(),
            SessionConfigSelectOptions::Grouped(groups) => {
                groups.iter().flat_map(|group| &group.options).collect()
            }
            _ => Vec::new(),
        };
        let there =
            values.into_iter().map(|value| SessionOption::new(value.value.to_string(), value.name.clone()));
        (Some(select.current_value.to_string()), there.collect())
    }

    /// How a setting is changed; `None` where the agent has none of it.
    pub(crate) fn setter(&self, setting: SessionSetting) -> Option<Setter> {
        if setting == SessionSetting::Mode && self.modes.is_some() {
            return Some(Setter::Mode);
        }
        self.select(setting).map(|(option, _)| Setter::Option(option.id.to_string()))
    }

    fn select(
        &self,
        setting: SessionSetting,
    ) -> Option<(&SessionConfigOption, &agent_client_protocol_schema::v1::SessionConfigSelect)> {
        self.options.iter().find_map(|option| match &option.kind {
            SessionConfigKind::Select(select) if option.category == category(setting) => {
                Some((option, select))
            }
            _ => None,
        })
    }

    /// What `/status` says of it.
    pub(crate) fn status(&self) -> SessionStatus {
        let mut status = SessionStatus::default();
        (status.mode, status.modes) = self.setting(SessionSetting::Mode);
        (status.model, status.models) = self.setting(SessionSetting::Model);
        status.usage = self.usage;
        status
    }

    pub(crate) fn usage(&self) -> Option<Usage> {
        self.usage
    }

    pub(crate) fn commands(&self) -> &[AgentCommand] {
        &self.commands
    }
}

fn category(setting: SessionSetting) -> Option<Category> {
    match setting {
        SessionSetting::Mode => Some(Category::Mode),
        SessionSetting::Model => Some(Category::Model),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use agent_client_protocol_schema::v1::{NewSessionResponse, SessionUpdate};
    use relay_adapter::SessionSetting;

    use super::{Facts, Setter};

    fn opened(json: &str) -> Facts {
        let response: NewSessionResponse = serde_json::from_str(json).expect("it parses");
        let mut facts = Facts::default();
        facts.opened(response.modes, response.config_options);
        facts
    }

    #[test]
    fn modes_are_set_the_way_the_agent_has_them() {
        let facts = opened(
            r#"{"sessionId":"s","modes":{"currentModeId":"yolo","availableModes":[
                {"id":"default","name":"Default"},{"id":"yolo","name":"YOLO"}]}}"#,
        );
        let (mode, modes) = facts.setting(SessionSetting::Mode);
        assert_eq!(mode.as_deref(), Some("yolo"));
        assert_eq!(modes.iter().map(|mode| mode.id.as_str()).collect::<Vec<_>>(), ["default", "yolo"]);
        assert_eq!(facts.setter(SessionSetting::Mode), Some(Setter::Mode));
        assert_eq!(facts.setter(SessionSetting::Model), None);
    }

    #[test]
    fn a_configuration_option_can_be_the_mode_and_the_model() {
        let mut facts = opened(
            r#"{"sessionId":"s","configOptions":[
                {"id":"m","name":"Model","category":"model","type":"select","currentValue":"a",
                 "options":[{"value":"a","name":"A"},{"value":"b","name":"B"}]},
                {"id":"mode","name":"Mode","category":"mode","type":"select","currentValue":"build",
                 "options":[{"value":"build","name":"Build"}]}]}"#,
        );
        assert_eq!(facts.setter(SessionSetting::Model), Some(Setter::Option("m".into())));
        facts.changed(SessionSetting::Model, "b");
        let status = facts.status();
        assert_eq!((status.mode.as_deref(), status.model.as_deref()), (Some("build"), Some("b")));
    }

    #[test]
    fn usage_and_commands_are_kept() {
        let mut facts = Facts::default();
        let usage = r#"{"sessionUpdate":"usage_update","used":11,"size":128000,"cost":{"amount":0.5,"currency":"USD"}}"#;
        let said = facts.note(serde_json::from_str::<SessionUpdate>(usage).expect("it parses"));
        assert!(said.is_some(), "a turn shows it too");
        let commands = r#"{"sessionUpdate":"available_commands_update","availableCommands":[{"name":"compact","description":"Shortens\nthe context"}]}"#;
        assert!(facts.note(serde_json::from_str(commands).expect("it parses")).is_none());
        assert_eq!(facts.commands()[0].description, "Shortens the context");
        assert_eq!(facts.usage().and_then(|usage| usage.context_size), Some(128_000));
    }
}
