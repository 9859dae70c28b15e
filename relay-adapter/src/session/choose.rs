//! What people may choose, in words: the agent of a chat, the modes and the models of a session.

use std::fmt::Write as _;

use crate::agent::one_line_of;
use crate::{Agents, SessionOption, SessionSetting, SessionStatus};

/// Options that are listed.
const LISTED: usize = 40;

/// The value of a setting, and those there are.
pub(crate) fn of(setting: SessionSetting, status: &SessionStatus) -> (Option<&str>, &[SessionOption]) {
    match setting {
        SessionSetting::Mode => (status.mode.as_deref(), &status.modes),
        SessionSetting::Model => (status.model.as_deref(), &status.models),
    }
}

/// The option that somebody means: by its id, its name, or its number in the list.
pub(crate) fn meant<'o>(wanted: &str, options: &'o [SessionOption]) -> Option<&'o SessionOption> {
    let is = |text: &str| text.trim().to_lowercase() == wanted.to_lowercase();
    options
        .iter()
        .find(|option| is(&option.id))
        .or_else(|| options.iter().find(|option| is(&option.name)))
        .or_else(|| options.get(wanted.parse::<usize>().ok()?.checked_sub(1)?))
}

/// What there is to choose, and how. `wanted` is what somebody chose that is not there.
pub(crate) fn list(setting: SessionSetting, status: &SessionStatus, wanted: &str) -> String {
    let word = setting.as_str();
    let (current, options) = of(setting, status);
    if options.is_empty() {
        return format!(
            "No {word} can be chosen here. Some agents say what they have only after their first answer."
        );
    }
    numbered(word, current, options, wanted, true)
}

/// The agents of a gateway, as options: each with its kind and whether it can answer.
pub(crate) fn agents(agents: &Agents) -> Vec<SessionOption> {
    let option = |(name, agent): (Option<&crate::AgentName>, &std::sync::Arc<dyn crate::Agent>)| {
        let id = name.map(ToString::to_string).unwrap_or_default();
        SessionOption { id, name: format!("{}, {}", agent.info().kind, agent.state().borrow().as_str()) }
    };
    agents.iter().map(option).collect()
}

/// Which agents there are and which of them answers here. `wanted` is what somebody chose who may not, or what is not
/// there.
pub(crate) fn list_agents(
    options: &[SessionOption],
    current: &str,
    wanted: &str,
    may_choose: bool,
) -> String {
    if options.len() < 2 {
        return "One agent answers everywhere here; /status says which.".to_owned();
    }
    let is_there = meant(wanted, options).is_some();
    let mut text = numbered("agent", Some(current), options, if is_there { "" } else { wanted }, may_choose);
    if !may_choose {
        text.push_str("\nYou may not choose here; whoever runs this gateway decides who may.");
    }
    text
}

fn numbered(
    word: &str,
    current: Option<&str>,
    options: &[SessionOption],
    wanted: &str,
    may_choose: bool,
) -> String {
    let mut text = String::new();
    if !wanted.is_empty() {
        let _ = writeln!(text, "There is no {word} `{}`.", one_line_of(wanted, 64).replace('`', "'"));
    }
    let _ = if may_choose {
        write!(text, "Choose with /{word} NAME or its number:")
    } else {
        write!(text, "Each {word} there is:")
    };
    for (number, option) in (1..).zip(options).take(LISTED) {
        let name = one_line_of(&option.name, 64);
        let _ = write!(text, "\n{number}. {}", one_line_of(&option.id, 64));
        if !name.is_empty() && name != option.id {
            let _ = write!(text, " ({name})");
        }
        if current == Some(&option.id) {
            text.push_str(" \u{2190} now");
        }
    }
    if options.len() > LISTED {
        let _ = write!(text, "\n\u{2026} {} more", options.len() - LISTED);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{list, meant};
    use crate::{SessionOption, SessionSetting, SessionStatus};

    fn status() -> SessionStatus {
        let option = |id: &str, name: &str| SessionOption { id: id.into(), name: name.into() };
        SessionStatus {
            mode: Some("ask".into()),
            modes: vec![option("ask", "Ask first"), option("yolo", "yolo")],
            ..SessionStatus::default()
        }
    }

    #[test]
    fn an_option_is_meant_by_id_name_or_number() {
        let status = status();
        let id = |wanted| meant(wanted, &status.modes).map(|option| option.id.as_str());
        assert_eq!(
            [id("YOLO"), id("ask FIRST"), id("2"), id("0"), id("3"), id("sing")],
            [Some("yolo"), Some("ask"), Some("yolo"), None, None, None]
        );
    }

    #[test]
    fn the_list_says_what_is_set_and_what_is_not_there() {
        assert_eq!(
            list(SessionSetting::Mode, &status(), "si`ng"),
            "There is no mode `si'ng`.\nChoose with /mode NAME or its number:\n1. ask (Ask first) \u{2190} now\n2. yolo"
        );
        assert!(list(SessionSetting::Model, &status(), "").starts_with("No model can be chosen here."));
    }
}
