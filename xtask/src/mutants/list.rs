//! The bugs. Each is small, plausible, and loses something, says something twice, or tells somebody what is not so.

use super::Mutant;

const ADAPTER: &[&str] = &["--package", "relay-adapter", "--lib", "--test", "adapter"];
const ACP: &[&str] = &["--package", "relay-acp", "--test", "scripted"];
const ACP_MEMORY: &[&str] = &["--package", "relay-acp", "--test", "memory"];
const SQLITE: &[&str] = &["--package", "relay-sqlite", "--test", "database"];
const CONNECTOR: &[&str] = &["--package", "relay-connector", "--all-features"];
const ACCESS: &[&str] = &["--package", "relay-connector", "--test", "access"];

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a message's name lacks its platform",
        file: "relay-adapter/src/inbox/port.rs",
        changes: &[(
            "format!(\"{}:{}:{id}\", source.platform, source.chat_id)",
            "format!(\"{}:{id}\", source.chat_id)",
        )],
        check: ADAPTER,
    },
    Mutant {
        name: "a stop discards what waits behind the turn",
        file: "relay-adapter/src/session/queue.rs",
        changes: &[(
            "        match self.active.get(key).map(|session| (&session.running, session.lane)) {\n",
            "        if let Some(session) = self.active.get_mut(key) {\n            session.waiting.clear();\n        }\n        \
             match self.active.get(key).map(|session| (&session.running, session.lane)) {\n",
        )],
        check: ADAPTER,
    },
    Mutant {
        name: "a question is answered from any chat",
        file: "relay-adapter/src/question/desk.rs",
        changes: &[("is_here && (question.asked", "(question.asked")],
        check: ADAPTER,
    },
    Mutant {
        name: "a restart leaves the buttons of a question",
        file: "relay-adapter/src/admission/recovery.rs",
        changes: &[(
            "            self.tasks.spawn(withdraw(self.outbox.clone(), address.clone(), question));\n",
            "",
        )],
        check: ADAPTER,
    },
    Mutant {
        name: "what came of a question is lost with the link",
        file: "relay-adapter/src/question/display.rs",
        changes: &[(
            "self.tasks.spawn(async move { perform_once_live(&outbox, &address, action).await });",
            "drop((outbox, address, action));",
        )],
        check: ADAPTER,
    },
    Mutant {
        name: "a message wears its eye for ever",
        file: "relay-adapter/src/turn/reactions.rs",
        changes: &[("        self.react(SEEN, true).await;\n", "")],
        check: ADAPTER,
    },
    Mutant {
        name: "words of a stopped turn are in the next one",
        file: "relay-acp/src/session/calls.rs",
        changes: &[(
            "if slot.was_stopped() { settings.limits.late_stopped }",
            "if slot.was_stopped() { settings.limits.late }",
        )],
        check: ACP,
    },
    Mutant {
        name: "a session is taken up while its record would be overwritten",
        file: "relay-acp/src/session/conversation.rs",
        changes: &[("wait.filter(|wait| !wait.is_zero())", "wait.filter(|wait| wait.is_zero())")],
        check: ACP,
    },
    Mutant {
        name: "nobody knows that an agent is not signed in",
        file: "relay-acp/src/supervisor/keeper.rs",
        changes: &[("                        self.probe_login(&process);\n", "")],
        check: ACP,
    },
    Mutant {
        name: "a line of an agent has no end",
        file: "relay-acp/src/client/start.rs",
        changes: &[(
            "let (reading, peer, line) = (Arc::clone(&connection), Arc::clone(&router), settings.limits.line);",
            "let (reading, peer, line) = (Arc::clone(&connection), Arc::clone(&router), usize::MAX);",
        )],
        check: ACP_MEMORY,
    },
    Mutant {
        name: "commits are not flushed to the disk",
        file: "relay-sqlite/src/open.rs",
        changes: &[
            ("\"synchronous\", \"FULL\"", "\"synchronous\", \"OFF\""),
            ("FULL: i64 = 2", "FULL: i64 = 0"),
        ],
        check: SQLITE,
    },
    Mutant {
        name: "a commit that fails is swallowed",
        file: "relay-sqlite/src/writer.rs",
        changes: &[("    transaction.commit()\n", "    let _ = transaction.commit();\n    Ok(())\n")],
        check: SQLITE,
    },
    Mutant {
        name: "a line is taken though the store fails",
        file: "relay-connector/src/front/lines/mod.rs",
        changes: &[(
            "tracing::error!(%error, \"an event is not taken yet; trying again\");\n",
            "tracing::error!(%error, \"an event is not taken yet; trying again\");\n                    break Ok(true);\n",
        )],
        check: CONNECTOR,
    },
    Mutant {
        name: "a line is taken though the buffers are full",
        file: "relay-connector/src/front/lines/mod.rs",
        changes: &[(
            "Err(DeliverError::Full) => tokio::time::sleep(RETRY).await,",
            "Err(DeliverError::Full) => return Ok(true),",
        )],
        check: CONNECTOR,
    },
    Mutant {
        name: "a full buffer drops its oldest",
        file: "relay-connector/src/store/sqlite/buffer.rs",
        changes: &[("if !arrival.is_taken && ", "if false && ")],
        check: CONNECTOR,
    },
    Mutant {
        name: "a delivery is blamed that was never read",
        file: "relay-connector/src/delivery/in_flight_window.rs",
        changes: &[("content_is_blamed || flight.alone", "true || flight.alone")],
        check: CONNECTOR,
    },
    Mutant {
        name: "dead letters are never tried again",
        file: "relay-connector/src/delivery/redelivery.rs",
        changes: &[("if retried > 0 {", "if false {")],
        check: CONNECTOR,
    },
    Mutant {
        name: "any byte of a gateway counts as life",
        file: "relay-connector/src/delivery/in_flight_window.rs",
        changes: &[("self.waiting.get_or_insert((number, now));", "self.waiting = None;")],
        check: CONNECTOR,
    },
    Mutant {
        name: "credentials lie in the file in the clear",
        file: "relay-connector/src/store/sqlite/fronts.rs",
        changes: &[(
            "seal(key, &credential.secret, place)?",
            "[&b\"clear\"[..], credential.secret.expose().as_bytes()].concat()",
        )],
        check: CONNECTOR,
    },
    Mutant {
        name: "a connector is ready on a full disk",
        file: "relay-connector/src/connector.rs",
        changes: &[("if self.parts.store.is_full() {", "if false {")],
        check: CONNECTOR,
    },
    Mutant {
        name: "a stranger guesses the owner's code for ever",
        file: "relay-connector/src/access/people/strangers.rs",
        changes: &[("const TRIES: u32 = 5;", "const TRIES: u32 = 5_000;")],
        check: ACCESS,
    },
    Mutant {
        name: "a flood of strangers fills the store",
        file: "relay-connector/src/access/people/strangers.rs",
        changes: &[("const MOST_ASKED: usize = 100;", "const MOST_ASKED: usize = 100_000;")],
        check: ACCESS,
    },
];
