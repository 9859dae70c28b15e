//! `config show`: every setting, its value and where it comes from.

use std::path::Path;

use relay_config::{Found, Lookup, Origin, Problem, Problems};
use serde_json::{Value, json};

use crate::boot::survey::{Surveyed, survey};
use crate::cli::{Columns, Exit, ShowArgs, print, report_error};

pub(crate) fn run(home: Option<&Path>, args: &ShowArgs) -> anyhow::Result<Exit> {
    let surveyed = survey(home)?;
    let text = if args.json { format!("{:#}\n", in_json(&surveyed)) } else { in_text(&surveyed) };
    print(&text)?;
    let problems = problems(&surveyed);
    if problems.0.is_empty() { Ok(Exit::Done) } else { Ok(report_error(Exit::Config, &problems)) }
}

/// What is wrong, with the agents too.
fn problems(surveyed: &Surveyed) -> Problems {
    let mut problems = surveyed.problems.clone();
    problems.0.extend(surveyed.agents.as_ref().err().into_iter().flat_map(|wrong| wrong.0.iter().cloned()));
    problems
}

fn in_text(surveyed: &Surveyed) -> String {
    let mut columns = Columns::default();
    columns.push(["SETTING", "VALUE", "FROM"].map(str::to_owned));
    for lookup in &surveyed.lookups {
        columns.push([lookup.name().to_owned(), shown(&lookup.found), lookup.origin.to_string()]);
    }
    format!("Home: {}\n\n{columns}", surveyed.home.path().display())
}

/// A value on one line, whatever is in it.
pub(crate) fn shown(found: &Found) -> String {
    match found {
        Found::Secret => "set (secret)".to_owned(),
        Found::Text(text) => text.escape_debug().to_string(),
        Found::Default(text) if text.is_empty() => "-".to_owned(),
        Found::Default(text) => text.clone(),
    }
}

fn in_json(surveyed: &Surveyed) -> Value {
    let listed = |problems: &[Problem]| problems.iter().map(Problem::to_string).collect::<Vec<_>>();
    json!({
        "home": surveyed.home.path().display().to_string(),
        "settings": surveyed.lookups.iter().map(setting).collect::<Vec<_>>(),
        "problems": listed(&problems(surveyed).0),
        "warnings": listed(&surveyed.warnings.0),
    })
}

/// A setting for machines: `value` is null where it is a secret or where there is none.
pub(crate) fn setting(lookup: &Lookup) -> Value {
    let (value, set, secret) = match &lookup.found {
        Found::Secret => (None, true, true),
        Found::Text(text) => (Some(text.as_str()), true, false),
        Found::Default(text) => (Some(text.as_str()).filter(|text| !text.is_empty()), false, false),
    };
    json!({
        "variable": lookup.variable,
        "key": lookup.key,
        "value": value,
        "set": set,
        "secret": secret,
        "origin": origin(&lookup.origin),
    })
}

fn origin(origin: &Origin) -> Value {
    match origin {
        Origin::Environment { name } => json!({"kind": "environment", "name": name}),
        Origin::DotEnv { path, line, name } => {
            json!({"kind": "dotenv", "path": path.display().to_string(), "line": line, "name": name})
        }
        Origin::Yaml { path, line, key } => {
            json!({"kind": "config", "path": path.display().to_string(), "line": line, "key": key})
        }
        Origin::Default => json!({"kind": "default"}),
        other => json!({"kind": "other", "name": other.to_string()}),
    }
}
