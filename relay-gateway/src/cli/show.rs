//! `config show`: every setting, its value and where it comes from.

use std::path::Path;

use relay_config::{Found, Lookup, Origin, Problem};
use serde_json::{Value, json};

use crate::boot::survey::{Surveyed, survey};
use crate::cli::Columns;
use crate::cli::Exit;
use crate::cli::ShowArgs;
use crate::cli::{print, report_error};

pub(crate) fn run(home: Option<&Path>, args: &ShowArgs) -> anyhow::Result<Exit> {
    let surveyed = survey(home)?;
    let text = if args.json { format!("{:#}\n", in_json(&surveyed)) } else { in_text(&surveyed) };
    print(&text)?;
    if surveyed.problems.0.is_empty() {
        return Ok(Exit::Done);
    }
    Ok(report_error(Exit::Config, &surveyed.problems))
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
    let problems = |problems: &[Problem]| problems.iter().map(Problem::to_string).collect::<Vec<_>>();
    json!({
        "home": surveyed.home.path().display().to_string(),
        "settings": surveyed.lookups.iter().map(setting).collect::<Vec<_>>(),
        "problems": problems(&surveyed.problems.0),
        "warnings": problems(&surveyed.warnings.0),
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
