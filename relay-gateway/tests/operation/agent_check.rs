//! `agent check`: an agent is started, asked once and ended, and one screen says what came of it.

use serde_json::Value;

use crate::program::Home;
use crate::servers::{Greeting, connector};

/// A small agent of the Agent Client Protocol in shell. `{NEW}` and `{PROMPT}` are how it answers.
const AGENT: &str = r#"#!/bin/sh
while read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
  case $line in
    *'"initialize"'*) result='"result":{"protocolVersion":1,"agentInfo":{"name":"tiny","version":"1.2"},"agentCapabilities":{"loadSession":true}}' ;;
    *'"session/new"'*) result='{NEW}' ;;
    *'"session/prompt"'*)
      echo '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s1","update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"I am here."}}}}'
      result='"result":{"stopReason":"end_turn"}' ;;
    *) continue ;;
  esac
  echo '{"jsonrpc":"2.0","id":'"$id"','"$result"'}'
done
"#;

const SESSION: &str = r#""result":{"sessionId":"s1"}"#;
const NOT_SIGNED_IN: &str = r#""error":{"code":-32000,"message":"Authentication required"}"#;

/// A home whose config.yaml names the small agent.
fn home(new_session: &str) -> Home {
    let home = Home::new();
    home.write("tiny", &AGENT.replace("{NEW}", new_session), 0o700);
    let command = home.file("tiny").display().to_string();
    home.write("config.yaml", &format!("relay:\n  agent: {{kind: acp, command: [{command}]}}\n"), 0o600);
    home
}

#[test]
fn an_agent_that_answers_is_shown_with_what_it_can_and_says() {
    let home = home(SESSION);
    let (code, stdout, stderr) = home.run(&["agent", "check"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    for found in [
        "config.yaml:2 (relay.agent)",
        "tiny can be executed",
        "\nstarted ",
        "tiny 1.2\n",
        "\ncapabilities  session/load\n",
        "\nlogin         not asked for\n",
        ": I am here.\n",
        "\nended ",
    ] {
        assert!(stdout.contains(found), "{found}: {stdout}");
    }
    assert!(!home.file("relay").exists(), "a check leaves nothing in the home");

    let (code, stdout, _) = home.run(&["agent", "check", "--json", "--agent", "echo", "--prompt", "hello"]);
    let json: Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!((code, &json["exit_code"], &json["failure"]), (0, &0.into(), &Value::Null));
    assert!(json["findings"].to_string().contains(": hello\""), "{json:#}");
}

#[test]
fn each_way_to_fail_has_its_exit_code_and_says_what_to_do() {
    let (code, stdout, stderr) = home(NOT_SIGNED_IN).run(&["agent", "check"]);
    assert_eq!(code, 77, "{stdout}{stderr}");
    assert!(stdout.contains("\nlogin         needed\n") && stderr.contains("sign it in"), "{stdout}{stderr}");

    let home = Home::new();
    for (agent, code, told) in [
        ("command:sh -c 'exit 3'", 1, "exit status 3"),
        ("command:true", 1, "without a word"),
        ("acp:no-such-agent-anywhere", 78, "was not found"),
        ("acp:true", 69, "before it answered `initialize`"),
        ("command:sleep 30", 75, "did not answer within 1s"),
        ("acp:sleep 30", 75, "was not ready within 1s"),
    ] {
        let (actual, stdout, stderr) = home.run(&["agent", "check", "--timeout", "1s", "--agent", agent]);
        assert_eq!(actual, code, "{agent}: {stdout}{stderr}");
        assert!(stderr.contains(told) && stderr.contains("; "), "{agent}: {stderr}");
    }
}

#[test]
fn doctor_starts_the_agent_and_asks_it_nothing() {
    let home = Home::enrolled(&format!("http://{}", connector(Greeting::Describes, 0)));
    home.write("tiny", &AGENT.replace("{NEW}", NOT_SIGNED_IN), 0o700);
    let agent = format!("acp:{}", home.file("tiny").display());
    let (outcome, told) = {
        let diagnosis = home.doctor(&["--agent", &agent]);
        let (outcome, told) = diagnosis.check("agent");
        (outcome.to_owned(), told)
    };
    assert!(outcome == "passed" && told.contains("is tiny 1.2"), "{outcome}: {told}");
    home.doctor(&["--agent", "acp:true"]).names("agent", 69, &["before it answered", "by hand"]);
}
