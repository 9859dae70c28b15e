//! The contract as its document says it: tables behind markers.
//!
//! A marker is a comment in a line of its own, `<!-- contract: WHAT -->`, and the table that follows it is
//! compared with the code. What is between code fences is not read.

use super::markdown_table::{MarkdownTable, Row, marked};
use super::model::{
    CloseCode, Contract, Field, OffTheWire, Place, Presence, Route, Side, Subject, Table, Words,
};
use crate::violation::Violation;

const FIELDS: &[&str] = &["Field", "Type", "Presence", "If missing", "Meaning"];
const WORDS: &[&str] = &["Word", "Meaning"];
const ROUTES: &[&str] = &["Method", "Path", "Bearer", "Request", "Answer", "Refused with"];
const CLOSE_CODES: &[&str] = &["Code", "Said by", "Meaning", "The gateway then"];
const OFF_THE_WIRE: &[&str] = &["Field", "Why"];

/// What a marker promises without a table.
const NO_FIELDS: &str = ", no fields";

/// Reads the document, `file` being where it is said to be.
pub(crate) fn read(file: &str, text: &str) -> Contract {
    let mut reader = Reader { file, contract: Contract::default() };
    for table in marked(text) {
        reader.table(&table);
    }
    reader.contract
}

struct Reader<'d> {
    file: &'d str,
    contract: Contract,
}

impl Reader<'_> {
    fn table(&mut self, table: &MarkdownTable) {
        let place = self.at(table.line);
        match table.marker.as_str() {
            "routes" => {
                for row in self.rows(table, ROUTES) {
                    self.route(row);
                }
            }
            "close codes" => {
                for row in self.rows(table, CLOSE_CODES) {
                    self.close_code(row);
                }
            }
            "off the wire" => {
                for row in self.rows(table, OFF_THE_WIRE) {
                    let (pattern, place) = (plain(row.cell(0)), self.at(row.line));
                    self.contract.off_the_wire.push(OffTheWire { pattern, place });
                }
            }
            marker => match (marker.strip_prefix("words "), subject(marker.trim_end_matches(NO_FIELDS))) {
                (Some(name), _) => {
                    let rows = self.rows(table, WORDS).iter();
                    let listed = rows.map(|row| (plain(row.cell(0)), self.at(row.line))).collect();
                    self.contract.words.push(Words { name: name.into(), place, listed });
                }
                (None, Some(subject)) => self.fields(table, subject, place, marker.ends_with(NO_FIELDS)),
                (None, None) => self.fault(
                    &place,
                    "a marker such as `gateway frame hello`, `op send`, `object Event`, `words Op`, `routes`",
                    &format!("`{marker}`"),
                ),
            },
        }
    }

    /// The rows of a table that has these columns.
    fn rows<'t>(&mut self, table: &'t MarkdownTable, columns: &[&str]) -> &'t [Row] {
        let place = self.at(table.line);
        if table.rows.is_empty() {
            self.fault(&place, "a table with rows below the marker", "none");
        }
        if table.header == columns {
            return &table.rows;
        }
        let actual = format!("| {} |", table.header.join(" | "));
        self.fault(&place, &format!("a table | {} |", columns.join(" | ")), &actual);
        &[]
    }

    fn fields(&mut self, table: &MarkdownTable, subject: Subject, place: Place, none: bool) {
        let mut fields = Vec::new();
        if !none {
            for row in self.rows(table, FIELDS) {
                let place = self.at(row.line);
                let said = row.cell(2);
                let Some(presence) = Presence::ALL.into_iter().find(|known| known.to_string() == said) else {
                    self.fault(&place, "a presence of `always`, `always, may be null` or `when set`", said);
                    continue;
                };
                fields.push(Field {
                    name: plain(row.cell(0)),
                    kind: plain(row.cell(1)),
                    presence,
                    required: row.cell(3) == "required",
                    place,
                });
            }
        }
        self.contract.tables.push(Table { subject, place, fields });
    }

    fn route(&mut self, row: &Row) {
        let bodies = row.cells.iter().skip(3).map(|cell| plain(cell));
        self.contract.routes.push(Route {
            method: Some(plain(row.cell(0))),
            path: plain(row.cell(1)),
            bodies: bodies.filter(|cell| cell.starts_with(char::is_uppercase)).collect(),
            place: self.at(row.line),
        });
    }

    fn close_code(&mut self, row: &Row) {
        let place = self.at(row.line);
        let said_by = match row.cell(1) {
            "connector" => [Side::Connector].into(),
            "gateway" => [Side::Gateway].into(),
            "both" => [Side::Connector, Side::Gateway].into(),
            other => return self.fault(&place, "said by `connector`, `gateway` or `both`", other),
        };
        match plain(row.cell(0)).parse() {
            Ok(code) => self.contract.close_codes.push(CloseCode { code, said_by, place }),
            Err(_) => self.fault(&place, "a close code", row.cell(0)),
        }
    }

    fn at(&self, line: usize) -> Place {
        Place::new(self.file, line)
    }

    fn fault(&mut self, place: &Place, expected: &str, actual: &str) {
        self.contract.faults.push(Violation {
            place: place.to_string(),
            expected: expected.into(),
            actual: actual.into(),
            remedy: "correct the document; its section on reading the tables states the form".into(),
        });
    }
}

fn subject(marker: &str) -> Option<Subject> {
    let (kind, name) = marker.rsplit_once(' ')?;
    Some(match kind {
        "gateway frame" => Subject::GatewayFrame(name.into()),
        "connector frame" => Subject::ConnectorFrame(name.into()),
        "op" => Subject::Op(name.into()),
        "object" => Subject::Object(name.into()),
        _ => return None,
    })
}

/// A cell without its backticks and links: ``list of [`Media`](#media)`` is `list of Media`.
fn plain(cell: &str) -> String {
    let mut text = String::new();
    let mut rest = cell;
    while let Some((before, link)) = rest.split_once('[') {
        let Some((label, (_, after))) =
            link.split_once("](").and_then(|(label, target)| Some((label, target.split_once(')')?)))
        else {
            break;
        };
        text.push_str(before);
        text.push_str(label);
        rest = after;
    }
    text.push_str(rest);
    text.replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        read("doc.md", text).faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_table_of_fields_is_read_with_its_lines() {
        let text = "intro\n<!-- contract: op send -->\n\n\
            | Field | Type | Presence | If missing | Meaning |\n| --- | --- | --- | --- | --- |\n\
            | `media` | list of [`Media`](#media) | when set | required | a \\| b |\n";
        let contract = read("doc.md", text);
        assert_eq!(contract.faults, []);
        let [table] = contract.tables.as_slice() else { panic!("one table") };
        assert_eq!((table.subject.to_string(), table.place.line), ("op send".to_owned(), 2));
        let place = Place::new("doc.md", 6);
        let presence = Presence::WhenSet;
        let field =
            Field { name: "media".into(), kind: "list of Media".into(), presence, required: true, place };
        assert_eq!(table.fields, [field]);
    }

    #[test]
    fn what_cannot_be_read_is_said_with_its_line() {
        let header = "| Field | Type | Presence | If missing | Meaning |\n| --- | --- | --- | --- | --- |\n";
        for (text, line) in [
            ("<!-- contract: opp send -->\n".to_owned(), 1),
            ("\n<!-- contract: op send -->\nno table\n".to_owned(), 2),
            (format!("<!-- contract: op send -->\n{header}| a | text | sometimes | - | x |\n"), 4),
            ("<!-- contract: words Op -->\n| Op |\n| --- |\n| send |\n".to_owned(), 1),
            (
                "<!-- contract: close codes -->\n| Code | Said by | Meaning | The gateway then |\n| - | - | - | - |\n\
                | 1 | nobody | x | y |\n"
                    .to_owned(),
                4,
            ),
        ] {
            let faults = faults(&text);
            assert!(faults.first().is_some_and(|fault| fault.starts_with(&format!("doc.md:{line}\n"))), "{faults:?}");
        }
    }

    #[test]
    fn a_subject_without_fields_says_so_and_needs_no_table() {
        let contract = read("doc.md", "<!-- contract: gateway frame going_idle, no fields -->\n");
        assert_eq!((contract.faults.len(), contract.tables[0].fields.len()), (0, 0));
        assert_eq!(contract.tables[0].subject, Subject::GatewayFrame("going_idle".into()));
    }

    #[test]
    fn a_list_in_a_type_is_not_taken_for_a_link() {
        assert_eq!(plain("list of `[text, text]`"), "list of [text, text]");
    }
}
