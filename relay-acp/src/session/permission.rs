//! May the agent do this? As a question to people, or answered by the settings.

use agent_client_protocol_schema::v1::{
    PermissionOption, PermissionOptionId, PermissionOptionKind as Kind, RequestPermissionOutcome,
    RequestPermissionResponse, SelectedPermissionOutcome, ToolKind,
};
use relay_adapter::{OptionKind, Question, QuestionKind, QuestionOption, QuestionReply};

use super::content::line;
use super::tools::{DETAIL, Known};
use crate::settings::Permissions;

/// Characters of an option's label.
const LABEL: usize = 60;

/// Characters of the question's line.
const TITLE: usize = 200;

/// What people are asked.
const ASKED: &str = "May the agent do this?";

/// The option that the settings choose without asking anybody.
pub(crate) fn decided<'a>(
    permissions: Permissions,
    known: &Known,
    options: &'a [PermissionOption],
) -> Option<&'a PermissionOptionId> {
    let allows = match permissions {
        Permissions::Ask => false,
        Permissions::AllowReads => matches!(known.kind, Some(ToolKind::Read | ToolKind::Search)),
        Permissions::AllowAll => true,
    };
    // Once before always: what the settings allow today, they may not tomorrow.
    let allowing = [Kind::AllowOnce, Kind::AllowAlways];
    let found = allowing.iter().find_map(|kind| options.iter().find(|option| option.kind == *kind));
    found.filter(|_| allows).map(|option| &option.option_id)
}

/// The question: what would be done, and what can be chosen. An option's id is its place, since an agent's own may be
/// of any length and given twice.
pub(crate) fn question(known: &Known, options: &[PermissionOption]) -> Question {
    let what = if known.whole_title.is_empty() { "use a tool" } else { &known.whole_title };
    let detail = known.detail.as_deref().filter(|detail| line(detail, DETAIL) != known.whole_title);
    let in_one_line = format!("{ASKED} {what}");
    let (title, body) = match detail {
        None => (ASKED.to_owned(), what.to_owned()),
        Some(detail) if in_one_line.chars().count() <= TITLE => (in_one_line, detail.to_owned()),
        // A title that is cut could hide the end of a command, so it is shown whole where there is room.
        Some(detail) => (ASKED.to_owned(), format!("{what}\n\n{detail}")),
    };
    let chosen = options.iter().enumerate().map(|(place, option)| {
        QuestionOption::new(place.to_string(), line(&option.name, LABEL), kind(option.kind))
    });
    Question::new(QuestionKind::Permission, title, chosen.collect()).with_body(body)
}

fn kind(kind: Kind) -> OptionKind {
    match kind {
        Kind::AllowOnce => OptionKind::AllowOnce,
        Kind::AllowAlways => OptionKind::AllowAlways,
        Kind::RejectAlways => OptionKind::RejectAlways,
        // What a later version adds is safest as a refusal.
        _ => OptionKind::RejectOnce,
    }
}

/// What people chose. Nothing chosen is a refusal for this time, where the agent has one.
pub(crate) fn chosen<'a>(
    reply: &QuestionReply,
    options: &'a [PermissionOption],
) -> Option<&'a PermissionOption> {
    match reply {
        QuestionReply::Chosen { option, .. } => {
            option.parse::<usize>().ok().and_then(|place| options.get(place))
        }
        QuestionReply::Withdrawn => None,
        _ => options.iter().find(|option| option.kind == Kind::RejectOnce),
    }
}

/// Whether an option lets the agent act.
pub(crate) fn grants(option: &PermissionOption) -> bool {
    matches!(option.kind, Kind::AllowOnce | Kind::AllowAlways)
}

/// The answer to the agent.
pub(crate) fn response(option: Option<&PermissionOptionId>) -> RequestPermissionResponse {
    RequestPermissionResponse::new(match option {
        Some(option) => RequestPermissionOutcome::Selected(SelectedPermissionOutcome::new(option.clone())),
        None => RequestPermissionOutcome::Cancelled,
    })
}

#[cfg(test)]
mod tests {
    use agent_client_protocol_schema::v1::{PermissionOption, PermissionOptionKind as Kind, ToolKind};
    use relay_adapter::{OptionKind, QuestionReply};

    use super::{chosen, decided, grants, question};
    use crate::session::tools::Known;
    use crate::settings::Permissions;

    fn options() -> Vec<PermissionOption> {
        vec![
            PermissionOption::new(
                "x".repeat(300),
                "Always, and this label is far longer than any button can be ".repeat(3),
                Kind::AllowAlways,
            ),
            PermissionOption::new("once", "Allow", Kind::AllowOnce),
            PermissionOption::new("no", "Reject", Kind::RejectOnce),
        ]
    }

    fn known(kind: ToolKind) -> Known {
        Known {
            title: "bash".into(),
            whole_title: "bash".into(),
            kind: Some(kind),
            detail: Some("rm -rf junk".into()),
            ..Known::default()
        }
    }

    #[test]
    fn a_question_says_what_would_be_done() {
        let question = question(&known(ToolKind::Execute), &options());
        assert_eq!(question.title, "May the agent do this? bash");
        assert_eq!(question.body.as_deref(), Some("rm -rf junk"));
        let kinds: Vec<_> = question.options.iter().map(|option| option.kind).collect();
        assert_eq!(kinds, [OptionKind::AllowAlways, OptionKind::AllowOnce, OptionKind::RejectOnce]);
        assert!(
            question.options.iter().all(|option| option.id.len() < 3 && option.label.chars().count() <= 60)
        );
    }

    #[test]
    fn a_command_that_stands_in_the_title_alone_is_shown_to_its_end() {
        let command = format!("echo {} && rm -rf /", "x".repeat(300));
        let cwd = Some("in /work".to_owned());
        let known = Known { whole_title: command.clone(), detail: cwd, ..Known::default() };
        let question = question(&known, &options());
        assert_eq!(question.title, "May the agent do this?");
        assert_eq!(question.body.as_deref(), Some(&*format!("{command}\n\nin /work")));
    }

    #[test]
    fn a_reply_becomes_the_agents_own_option() {
        let options = options();
        let reply = |option: &str| QuestionReply::Chosen { option: option.into(), by: None };
        let first = chosen(&reply("0"), &options).expect("it is there");
        assert_eq!(first.option_id.0.len(), 300);
        assert!(grants(first));
        assert_eq!(chosen(&reply("7"), &options), None);
        for unanswered in [QuestionReply::Expired, QuestionReply::Unsupported] {
            let refusal = chosen(&unanswered, &options).expect("a refusal");
            assert!(refusal.option_id.0.as_ref() == "no" && !grants(refusal));
        }
        assert_eq!(chosen(&QuestionReply::Withdrawn, &options), None);
    }

    #[test]
    fn the_settings_allow_what_they_say_and_once() {
        let options = options();
        let decide = |permissions, kind| {
            decided(permissions, &known(kind), &options).map(|option| option.0.to_string())
        };
        assert_eq!(decide(Permissions::Ask, ToolKind::Read), None);
        assert_eq!(decide(Permissions::AllowReads, ToolKind::Read).as_deref(), Some("once"));
        assert_eq!(decide(Permissions::AllowReads, ToolKind::Execute), None);
        assert_eq!(decide(Permissions::AllowReads, ToolKind::Fetch), None);
        assert_eq!(decide(Permissions::AllowAll, ToolKind::Execute).as_deref(), Some("once"));
    }
}
