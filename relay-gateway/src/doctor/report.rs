//! The findings, for people and for machines.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::outcome::{Check, CheckOutcome, exit};
use crate::boot::survey::Surveyed;
use crate::cli::{Columns, Exit, show};

pub(crate) fn text(surveyed: &Surveyed, checks: &[Check]) -> String {
    let mut settings = Columns::default();
    for lookup in surveyed.set() {
        let origin = format!("from {}", lookup.origin);
        settings.push([format!("  {}", lookup.name()), show::shown(&lookup.found), origin]);
    }
    let mut findings = Columns::default();
    for check in checks {
        let mut lines = check.outcome.detail().lines();
        let first = lines.next().unwrap_or_default().to_owned();
        findings.push([mark(&check.outcome).to_owned(), check.name.to_owned(), first]);
        let remedy = check.outcome.remedy().map(|remedy| format!("-> {remedy}"));
        for line in lines.map(str::to_owned).chain(remedy) {
            findings.push([String::new(), String::new(), line]);
        }
    }
    let mut text = format!("Home: {}\n{settings}\n{findings}\n", surveyed.home.path().display());
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}", summary(checks));
    text
}

fn mark(outcome: &CheckOutcome) -> &'static str {
    match outcome {
        CheckOutcome::Passed(_) => "ok",
        CheckOutcome::Warned(_) => "warn",
        CheckOutcome::Failed(..) => "FAIL",
        CheckOutcome::Skipped(_) => "skip",
    }
}

fn summary(checks: &[Check]) -> String {
    let named = |word: &str| {
        let names: Vec<_> =
            checks.iter().filter(|check| check.outcome.word() == word).map(|check| check.name).collect();
        names.join(", ")
    };
    let (failed, warned) = (named("failed"), named("warned"));
    match (exit(checks), warned.is_empty()) {
        (Exit::Done, true) => "Everything is well.".to_owned(),
        (Exit::Done, false) => format!("It works; worth mending: {warned}."),
        (exit, _) => format!("To mend: {failed} (exit code {}).", exit.code()),
    }
}

pub(crate) fn json(surveyed: &Surveyed, checks: &[Check]) -> Value {
    let found = checks.iter().map(|check| {
        json!({
            "name": check.name,
            "verdict": check.outcome.word(),
            "detail": check.outcome.detail(),
            "remedy": check.outcome.remedy(),
        })
    });
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "home": surveyed.home.path().display().to_string(),
        "settings": surveyed.lookups.iter().map(show::setting).collect::<Vec<_>>(),
        "checks": found.collect::<Vec<_>>(),
        "exit_code": exit(checks).code(),
    })
}
