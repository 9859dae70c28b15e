//! What the document and the code say differently.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::model::{CloseCode, Contract, Field, Route, Side, Subject, Table};
use crate::violation::Violation;

/// Where the words of the code are, for a violation that only has the document's side.
const IN_CODE: &str = "relay-wire/src";

/// The file in which every body of an HTTP route is defined.
const BODIES: &str = "relay-wire/src/http.rs";

/// Names that every line has and that the document states in its prose.
const EVERYWHERE: &[&str] = &["type"];

/// Every difference, and every fault of either reading.
pub(crate) fn difference(document: &Contract, code: &Contract) -> Vec<Violation> {
    let mut found = Difference { document, code, violations: Vec::new() };
    found.violations.extend(document.faults.iter().chain(&code.faults).cloned());
    found.tables();
    found.words();
    found.routes();
    found.close_codes();
    found.off_the_wire();
    found.reads();
    found.violations
}

struct Difference<'c> {
    document: &'c Contract,
    code: &'c Contract,
    violations: Vec<Violation>,
}

impl Difference<'_> {
    fn tables(&mut self) {
        let (document, code) = (&self.document.tables, &self.code.tables);
        for table in code {
            match document.iter().find(|documented| documented.subject == table.subject) {
                Some(documented) => self.fields(documented, table),
                None => self.not_documented(&table.place, &format!("{}", table.subject)),
            }
        }
        for (position, table) in document.iter().enumerate() {
            if !code.iter().any(|known| known.subject == table.subject) {
                self.not_in_code(&table.place, &format!("{}", table.subject));
            }
            if let Some(first) = document[..position].iter().find(|other| other.subject == table.subject) {
                let actual = format!("`{}` is described at {} already", table.subject, first.place);
                self.add(&table.place, "one table for each subject", &actual, "remove one of the two");
            }
        }
    }

    fn fields(&mut self, document: &Table, code: &Table) {
        let subject = &code.subject;
        for field in &code.fields {
            match document.fields.iter().find(|documented| documented.name == field.name) {
                Some(documented) => self.field(subject, documented, field),
                None => self.add(
                    &format!("{} and {}", field.place, document.place),
                    format!("`{}` of {subject} in the document's table", field.name),
                    "the code alone has it",
                    "add a row to the table, or remove the field",
                ),
            }
        }
        for field in &document.fields {
            if !code.fields.iter().any(|known| known.name == field.name) {
                self.add(
                    &format!("{} and {}", field.place, code.place),
                    format!("`{}` of {subject} in the code", field.name),
                    "the document alone has it",
                    "remove the row, or add the field",
                );
            }
        }
    }

    fn field(&mut self, subject: &Subject, document: &Field, code: &Field) {
        let place = format!("{} and {}", document.place, code.place);
        let mut compare = |what: &str, documented: String, coded: String| {
            if documented != coded {
                let expected = format!("`{}` of {subject} {what} {coded}, as in the code", code.name);
                let actual = format!("the document says {documented}");
                self.add(&place, expected, actual, "correct whichever of the two is wrong");
            }
        };
        compare("of type", document.kind.clone(), code.kind.clone());
        compare("present", document.presence.to_string(), code.presence.to_string());
        let need = |required: bool| if required { "required" } else { "readable without it" }.to_owned();
        compare("being", need(document.required), need(code.required));
    }

    fn words(&mut self) {
        let (document, code) = (&self.document.words, &self.code.words);
        for words in code {
            let Some(documented) = document.iter().find(|documented| documented.name == words.name) else {
                self.not_documented(&words.place, &format!("words {}", words.name));
                continue;
            };
            for (word, place) in &words.listed {
                if !documented.listed.iter().any(|(documented, _)| documented == word) {
                    let what = format!("`{word}` among the words {}", words.name);
                    self.not_documented(&format!("{place} and {}", documented.place), &what);
                }
            }
            for (word, place) in &documented.listed {
                if !words.listed.iter().any(|(known, _)| known == word) {
                    let what = format!("`{word}` among the words {}", words.name);
                    self.not_in_code(&format!("{place} and {}", words.place), &what);
                }
            }
        }
        for words in document {
            if !code.iter().any(|known| known.name == words.name) {
                self.not_in_code(&words.place, &format!("words {}", words.name));
            }
        }
        // An op has a word and an action; a frame a word and a way to be written.
        self.each_has_a_table("Op", Subject::Op);
        self.each_has_a_table("GatewayFrame", Subject::GatewayFrame);
        self.each_has_a_table("ConnectorFrame", Subject::ConnectorFrame);
    }

    fn each_has_a_table(&mut self, list: &str, subject: fn(String) -> Subject) {
        let lists = self.code.words.iter().chain(&self.document.words);
        for (word, place) in lists.filter(|words| words.name == list).flat_map(|words| &words.listed) {
            let subject = subject(word.clone());
            if !self.code.tables.iter().any(|table| table.subject == subject) {
                self.not_in_code(place, &format!("{subject}"));
            }
        }
    }

    fn routes(&mut self) {
        let (document, code) = (&self.document.routes, &self.code.routes);
        for route in code {
            let Some(documented) = document.iter().find(|documented| is_same(documented, route)) else {
                self.not_documented(&route.place, &format!("route {}", name(route)));
                continue;
            };
            for body in route.bodies.difference(&documented.bodies) {
                let place = format!("{} and {}", documented.place, route.place);
                self.not_documented(&place, &format!("`{body}` of route {}", name(route)));
            }
        }
        for route in document {
            if !code.iter().any(|known| is_same(route, known)) {
                self.not_in_code(&route.place, &format!("route {}", name(route)));
            }
            for body in &route.bodies {
                if !self.code.tables.iter().any(|table| table.subject == Subject::Object(body.clone())) {
                    self.not_in_code(&route.place, &format!("object {body}"));
                }
            }
        }
        let carried: BTreeSet<_> = document.iter().flat_map(|route| &route.bodies).collect();
        for table in self.code.tables.iter().filter(|table| table.place.file == BODIES) {
            if let Subject::Object(body) = &table.subject
                && !carried.contains(body)
            {
                self.not_documented(&table.place, &format!("a route that carries `{body}`"));
            }
        }
    }

    fn close_codes(&mut self) {
        let said_by = |codes: &[CloseCode], code: u16| -> BTreeSet<Side> {
            codes.iter().filter(|known| known.code == code).flat_map(|known| known.said_by.clone()).collect()
        };
        let (document, code) = (&self.document.close_codes, &self.code.close_codes);
        for known in code {
            if !document.iter().any(|documented| documented.code == known.code) {
                self.not_documented(&known.place, &format!("close code {}", known.code));
            }
        }
        for documented in document {
            let Some(known) = code.iter().find(|known| known.code == documented.code) else {
                self.not_in_code(&documented.place, &format!("close code {}", documented.code));
                continue;
            };
            let coded = said_by(code, known.code);
            if documented.said_by != coded {
                self.add(
                    &format!("{} and {}", documented.place, known.place),
                    format!("close code {} said by {coded:?}, as in the code", known.code),
                    format!("the document says {:?}", documented.said_by),
                    "correct whichever of the two is wrong",
                );
            }
        }
    }

    fn off_the_wire(&mut self) {
        for table in self.code.tables.iter().filter(|table| table.place.file != BODIES) {
            for field in &table.fields {
                let off = self.document.off_the_wire.iter().find(|off| off.matches(&field.name));
                if let Some(off) = off {
                    self.add(
                        &format!("{} and {}", field.place, off.place),
                        format!("no field of the socket that matches `{}`", off.pattern),
                        format!("`{}` of {}", field.name, table.subject),
                        "take the field off the wire; the document says why it may not be there",
                    );
                }
            }
        }
    }

    /// What a reader looks for without a writer that the tables describe.
    fn reads(&mut self) {
        let written: BTreeSet<_> = self
            .code
            .tables
            .iter()
            .flat_map(|table| &table.fields)
            .map(|field| field.name.as_str())
            .collect();
        for read in &self.code.reads {
            if !written.contains(read.name.as_str()) && !EVERYWHERE.contains(&read.name.as_str()) {
                self.not_in_code(&read.place, &format!("`{}` in anything that is written", read.name));
            }
        }
    }

    fn not_documented(&mut self, place: &dyn Display, what: &str) {
        let expected = format!("{what}, in the document");
        self.add(place, expected, "the code alone has it", "describe it behind its marker, or remove it");
    }

    fn not_in_code(&mut self, place: &dyn Display, what: &str) {
        let expected = format!("{what}, in the code below {IN_CODE} or where routes and sockets are served");
        self.add(place, expected, "it is not there", "remove it here, or add it to the code");
    }

    fn add(
        &mut self,
        place: &dyn Display,
        expected: impl Into<String>,
        actual: impl Into<String>,
        remedy: &str,
    ) {
        let (place, remedy) = (place.to_string(), remedy.into());
        self.violations.push(Violation { place, expected: expected.into(), actual: actual.into(), remedy });
    }
}

/// Code that only knows a path serves everything below it: `/relay/media` is also `/relay/media/{id}`.
fn is_same(document: &Route, code: &Route) -> bool {
    match &code.method {
        Some(method) => document.method.as_ref() == Some(method) && document.path == code.path,
        None => document.path == code.path || document.path.starts_with(&format!("{}/{{", code.path)),
    }
}

fn name(route: &Route) -> String {
    format!("{} {}", route.method.as_deref().unwrap_or("any method"), route.path)
}
