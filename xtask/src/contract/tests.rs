//! The check on this tree's own document and code, and on copies of them that are broken on purpose.

use super::{DOCUMENT, read, violations};
use crate::root;
use crate::source::SourceFile;
use crate::violation::Violation;

/// This tree, to be broken.
struct Tree {
    document: String,
    files: Vec<SourceFile>,
}

impl Tree {
    fn new() -> Self {
        let (document, mut files) = read(root()).unwrap();
        // The rest says nothing of the contract and would only be parsed over and over.
        files.retain(|file| file.place.starts_with("relay-wire/") || speaks_of_it(file));
        Self { document, files }
    }

    /// Replaces a text that stands in the document.
    #[track_caller]
    fn document(mut self, from: &str, to: &str) -> Self {
        assert!(self.document.contains(from), "the document has {from:?}");
        self.document = self.document.replacen(from, to, 1);
        self
    }

    /// Replaces a text that stands in a source file.
    #[track_caller]
    fn code(mut self, place: &str, from: &str, to: &str) -> Self {
        let file = self.files.iter_mut().find(|file| file.place == place).expect("the file exists");
        assert!(file.text.contains(from), "{place} has {from:?}");
        file.text = file.text.replacen(from, to, 1);
        self
    }

    /// The only violation.
    #[track_caller]
    fn violation(&self) -> Violation {
        let found = self.violations();
        assert_eq!(found.len(), 1, "{found:#?}");
        found.into_iter().next().expect("one is there")
    }

    fn violations(&self) -> Vec<Violation> {
        violations(&self.document, &self.files).unwrap()
    }
}

/// Whether a file of another crate can say something of the contract: close codes or routes.
fn speaks_of_it(file: &SourceFile) -> bool {
    ["CloseCode", "route(", "close_code"].iter().any(|word| file.text.contains(word))
}

const SOURCE: &str = "relay-wire/src/source.rs";
const ACTIONS: &str = "relay-wire/src/action/mod.rs";
const OPS: &str = "relay-wire/src/action/op.rs";
const GATEWAY: &str = "relay-wire/src/frame/gateway.rs";
const HTTP: &str = "relay-wire/src/http.rs";

/// A violation names both sides with a line.
#[track_caller]
fn assert_both_sides(violation: &Violation, code: &str) {
    let place = &violation.place;
    assert!(place.contains(&format!("{DOCUMENT}:")) && place.contains(&format!("{code}:")), "{place}");
}

#[test]
fn this_tree_agrees_with_its_document() {
    assert_eq!(Tree::new().violations(), []);
}

#[test]
fn a_field_that_only_the_code_has_is_found() {
    let violation = Tree::new()
        .code(SOURCE, "    pub chat_name:", "    pub chat_name: Option<String>,\n    pub mood:")
        .violation();
    assert_eq!(violation.expected, "`mood` of object Source in the document's table");
    assert_eq!(violation.actual, "the code alone has it");
    assert_both_sides(&violation, SOURCE);
}

#[test]
fn a_field_that_only_the_document_has_is_found() {
    let row = "| `remove` | boolean |";
    let violation = Tree::new()
        .document(row, "| `mood` | text | always | empty | how it feels |\n| `remove` | boolean |")
        .violation();
    assert_eq!(violation.expected, "`mood` of op react in the code");
    assert_both_sides(&violation, ACTIONS);
}

#[test]
fn a_presence_that_was_flipped_is_found_from_either_side() {
    let document = Tree::new()
        .document("| `thread_id` | text | always, may be null |", "| `thread_id` | text | when set |");
    assert_eq!(document.violation().actual, "the document says when set");
    let skip = ", skip_serializing_if = \"Option::is_none\")]\n    pub scope_id";
    let code = Tree::new().code(SOURCE, skip, ")]\n    pub scope_id");
    let violation = code.violation();
    assert_eq!(violation.expected, "`scope_id` of object Source present always, may be null, as in the code");
    assert_both_sides(&violation, SOURCE);
}

#[test]
fn a_required_field_that_became_optional_is_found_in_frames_and_bodies() {
    let frame = Tree::new().document(
        "| `requestId` | text | always | required | pairs",
        "| `requestId` | text | always | empty | pairs",
    );
    assert_eq!(frame.violation().actual, "the document says readable without it");
    let read = ".ok_or(FrameError::missing(\"hello\", \"platform\"))?";
    let code = Tree::new().code(GATEWAY, read, ".unwrap_or_default()");
    assert_eq!(
        code.violation().expected,
        "`platform` of gateway frame hello being readable without it, as in the code"
    );
    let body =
        Tree::new().code(HTTP, "    pub enrollment_token", "    #[serde(default)]\n    pub enrollment_token");
    assert_eq!(body.violation().actual, "the document says required");
}

#[test]
fn another_type_or_name_on_the_wire_is_found() {
    let of_type = Tree::new().code(ACTIONS, "pub draft_id: i64", "pub draft_id: String").violation();
    assert_eq!(of_type.actual, "the document says integer");
    let renamed = Tree::new().code(ACTIONS, "#[serde(rename = \"final\")]", "#[serde(rename = \"done\")]");
    let expected: Vec<_> = renamed.violations().into_iter().map(|violation| violation.expected).collect();
    assert!(expected.contains(&"`done` of op draft in the document's table".to_owned()), "{expected:?}");
    assert!(expected.contains(&"`final` of op draft in the code".to_owned()), "{expected:?}");
}

#[test]
fn an_op_that_one_side_lacks_is_found() {
    let document = Tree::new().document("<!-- contract: op react -->", "").violation();
    assert_eq!(document.expected, "op react, in the document");
    assert!(document.place.starts_with(ACTIONS), "{}", document.place);
    let word = Tree::new().document("| `react` | add or take back a reaction |\n", "").violation();
    assert_eq!(word.expected, "`react` among the words Op, in the document");
    let code = Tree::new().code(ACTIONS, "    React(ReactAction),\n", "").violations();
    assert!(
        code.iter().any(|violation| violation.expected.starts_with("op react, in the code")),
        "{code:#?}"
    );
    let unnamed = Tree::new().code(OPS, "            Self::React => \"react\",\n", "").violation();
    assert!(unnamed.expected.starts_with("`react` among the words Op, in the code"), "{unnamed}");
}

#[test]
fn a_frame_that_was_renamed_is_found_on_both_sides() {
    let violations = Tree::new()
        .code(
            GATEWAY,
            "            GoingIdle,\n            InboundAck",
            "            Sleeping,\n            InboundAck",
        )
        .violations();
    let expected: Vec<_> = violations.iter().map(|violation| violation.expected.as_str()).collect();
    assert!(expected.contains(&"gateway frame sleeping, in the document"), "{expected:?}");
    assert!(
        expected.iter().any(|expected| expected.starts_with("gateway frame going_idle, in the code")),
        "{expected:?}"
    );
    let other_direction =
        Tree::new().document("contract: gateway frame interrupt ", "contract: connector frame interrupt ");
    assert_eq!(other_direction.violations().len(), 2);
}

#[test]
fn an_object_without_a_table_and_a_table_without_an_object_are_found() {
    let added = "/// New.\n#[derive(Serialize)]\npub struct Mood { pub name: String }\n\n/// Where";
    let violation = Tree::new()
        .code(SOURCE, "/// The kind of chat;", &format!("{added}\n/// The kind of chat;"))
        .violation();
    assert_eq!(violation.expected, "object Mood, in the document");
    let violations = Tree::new()
        .document("<!-- contract: object ChatInfo -->", "<!-- contract: object ChatMood -->")
        .violations();
    assert_eq!(violations.len(), 2, "{violations:#?}");
}

#[test]
fn a_word_that_one_side_lacks_is_found() {
    let code = Tree::new()
        .code("relay-wire/src/message_type.rs", "    Sticker,\n    Command,\n", "    Command,\n")
        .violation();
    assert!(code.expected.starts_with("`sticker` among the words MessageType, in the code"), "{code}");
    assert_both_sides(&code, "relay-wire/src/message_type.rs");
}

#[test]
fn a_route_that_one_side_lacks_is_found() {
    let policy = "| `POST` | `/relay/policy` | upgrade | `PolicyRequest` | any 2xx | `ErrorBody` |\n";
    let missing = Tree::new().document(policy, "").violations();
    assert!(
        missing.iter().any(|violation| violation.expected == "route POST /relay/policy, in the document"),
        "{missing:#?}"
    );
    let row = "| `GET` | `/relay/mood` | upgrade | – | the mood | `ErrorBody` |\n";
    let added = Tree::new().document(policy, &format!("{policy}{row}")).violation();
    assert!(added.expected.starts_with("route GET /relay/mood, in the code"), "{added}");
    let served = Tree::new()
        .code(
            "relay-connector/src/server/routes/mod.rs",
            "post_only(enroll::enroll)",
            "put_only(enroll::enroll)",
        )
        .violation();
    assert_eq!(served.expected, "route PUT /relay/enroll, in the document");
}

#[test]
fn a_close_code_that_one_side_lacks_or_says_otherwise_is_found() {
    let row = Tree::new().document("| 4401 | connector |", "| 4402 | connector |").violations();
    assert_eq!(row.len(), 2, "{row:#?}");
    let side = Tree::new().document("| 1013 | connector |", "| 1013 | both |").violation();
    assert_eq!(side.actual, "the document says {Connector, Gateway}");
    let code =
        Tree::new().code("relay-connector/src/delivery/closing.rs", "CloseCode::Size", "CloseCode::Error");
    assert_eq!(code.violations().len(), 2, "{:#?}", code.violations());
}

#[test]
fn a_field_that_is_to_stay_off_the_wire_is_found() {
    let claim = "pub is_bot: Option<bool>,\n    #[serde(skip_serializing_if = \"Option::is_none\")]\n    pub via_relay: Option<bool>,";
    let row = "| `via_relay` | boolean | when set | unset | it came over the relay |\n| `is_bot` | boolean |";
    let violation = Tree::new()
        .code(SOURCE, "pub is_bot: Option<bool>,", claim)
        .document("| `is_bot` | boolean |", row)
        .violation();
    assert_eq!(violation.expected, "no field of the socket that matches `*relay*`");
    assert_eq!(violation.actual, "`via_relay` of object Source");
}

#[test]
fn a_field_that_is_only_ever_read_is_found() {
    let decode = "relay-wire/src/action/decode.rs";
    let violation =
        Tree::new().code(decode, "    remove: bool,", "    remove: bool,\n    mood: bool,").violation();
    assert!(violation.expected.starts_with("`mood` in anything that is written"), "{violation}");
}

#[test]
fn what_the_check_cannot_see_through_is_a_violation_and_no_silence() {
    let flattened = Tree::new().code(SOURCE, "    pub chat_type", "    #[serde(flatten)]\n    pub chat_type");
    assert_eq!(flattened.violation().actual, "`chat_type` has `flatten`");
    let by_hand = "impl Serialize for Mood {}\n\n/// The kind of chat;";
    let violation = Tree::new().code(SOURCE, "/// The kind of chat;", by_hand).violation();
    assert!(violation.actual.starts_with("`Mood` is written by hand"), "{violation}");
}
