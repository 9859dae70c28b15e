//! An agent that follows a script: words in the variable `SCRIPT` decide what it is like, words in the prompt what a
//! turn does. Its sessions are files in the folder `STORE`, so that it remembers over restarts.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio, exit};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// Shared by the threads of the turns.
#[derive(Clone)]
struct Agent {
    script: Arc<Vec<String>>,
    store: PathBuf,
    asked: Arc<Mutex<HashMap<i64, Sender<Value>>>>,
    cancelled: Arc<Mutex<HashMap<String, bool>>>,
    mode: Arc<Mutex<HashMap<String, String>>>,
    last: Arc<Mutex<i64>>,
}

pub(crate) fn play() {
    // The harness has begun a line.
    write("");
    let script: Vec<String> =
        std::env::var("SCRIPT").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    let agent = Agent {
        script: Arc::new(script),
        store: std::env::var("STORE").unwrap_or_default().into(),
        asked: Arc::default(),
        cancelled: Arc::default(),
        mode: Arc::default(),
        last: Arc::default(),
    };
    agent.begin();
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        let message: Value = serde_json::from_str(&line).expect("relay writes JSON");
        agent.log(&message);
        agent.take(&message);
    }
    if agent.is("stubborn") {
        thread::sleep(Duration::from_secs(1000));
    }
    exit(0);
}

impl Agent {
    fn is(&self, word: &str) -> bool {
        self.script.iter().any(|other| other == word)
    }

    /// What the script says as `word=number`.
    fn number(&self, word: &str) -> Option<u64> {
        self.script.iter().find_map(|other| other.strip_prefix(word)?.strip_prefix('=')?.parse().ok())
    }

    /// Everything that relay writes, for tests that look at it.
    fn log(&self, message: &Value) {
        let mut file =
            fs::OpenOptions::new().create(true).append(true).open(self.store.join("log")).expect("the store");
        let line = format!("{message}\n");
        file.write_all(line.as_bytes()).expect("the log");
    }

    fn begin(&self) {
        fs::create_dir_all(&self.store).expect("the store");
        let starts = self.store.join("starts");
        let count = fs::read_to_string(&starts).ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        fs::write(&starts, (count + 1).to_string()).expect("the store");
        if self.is("ignores-sigterm") {
            // A shell that ignores the signal hands that down to what it runs in its place.
            if std::env::var_os("IGNORES").is_none() {
                let own = std::env::current_exe().expect("this program");
                let arguments: Vec<_> = std::env::args().skip(1).collect();
                let error = Command::new("/bin/sh")
                    .args(["-c", "trap '' TERM; exec \"$0\" \"$@\""])
                    .arg(own)
                    .args(arguments)
                    .env("IGNORES", "1")
                    .exec();
                panic!("{error}");
            }
        }
        if self.number("exits-until").is_some_and(|until| count < until) {
            exit(1);
        }
        if self.is("exits-1") {
            exit(1);
        }
        if self.is("exits-0") {
            write("Configuration error: see the documentation.");
            exit(0);
        }
        if self.is("refuses-root") {
            complain("cannot be used with root privileges");
            exit(1);
        }
        if self.is("needs-login-to-start") {
            complain("You are not logged in. key=sk-0123456789abcdef");
            exit(1);
        }
        if self.is("prints-100-mb-in-a-line") {
            half(&"x".repeat(100 << 20));
            write("");
        }
        if self.is("prints-50-mb") {
            let mut out = std::io::stdout().lock();
            let line = format!("{}\n", "x".repeat(1023));
            for _ in 0..50 * 1024 {
                if out.write_all(line.as_bytes()).is_err() {
                    exit(1);
                }
            }
        }
        if self.is("half-a-line") {
            half(r#"{"jsonrpc":"2.0","id":1,"res"#);
            thread::sleep(Duration::from_secs(1000));
        }
        if self.is("prints-nothing") {
            for line in std::io::stdin().lock().lines() {
                drop(line);
            }
            exit(0);
        }
    }

    fn take(&self, message: &Value) {
        let id = message["id"].clone();
        let params = &message["params"];
        let session = params["sessionId"].as_str().unwrap_or_default().to_owned();
        match message["method"].as_str() {
            Some("initialize") => answer(&id, &self.initialized()),
            Some("session/new") => self.open_new(&id, params),
            Some("session/load" | "session/resume") => self.take_up(&id, message),
            Some("session/set_mode") => {
                let mode = params["modeId"].as_str().unwrap_or_default().to_owned();
                self.mode.lock().expect("modes").insert(session, mode);
                answer(&id, &Value::Null);
            }
            Some("session/close") => answer(&id, &json!({})),
            Some("session/prompt") => {
                let text = params["prompt"][0]["text"].as_str().unwrap_or_default().to_owned();
                self.cancelled.lock().expect("turns").insert(session.clone(), false);
                let agent = self.clone();
                thread::spawn(move || agent.turn(&id, &session, &text));
            }
            Some("session/cancel") => {
                self.cancelled.lock().expect("turns").insert(session, true);
            }
            Some(_) => write(
                &json!({"jsonrpc":"2.0","id":id,"error":{"code":-32601,"message":"Method not found"}})
                    .to_string(),
            ),
            None => {
                let waiting = id.as_i64().and_then(|id| self.asked.lock().expect("questions").remove(&id));
                if let Some(waiting) = waiting {
                    let _ = waiting.send(message.clone());
                }
            }
        }
    }

    fn initialized(&self) -> Value {
        let mut session = json!({});
        if self.is("resumes") {
            session["resume"] = json!({});
        }
        let ways =
            if self.is("auth-methods") { json!([{"id": "key", "name": "API key"}]) } else { json!([]) };
        json!({
            "authMethods": ways,
            "protocolVersion": self.number("version").unwrap_or(1),
            "agentInfo": {"name": "scripted", "version": "1"},
            "agentCapabilities": {"loadSession": self.is("loads"), "sessionCapabilities": session},
        })
    }

    fn modes(&self, session: &str) -> Value {
        if !self.is("modes") {
            return Value::Null;
        }
        self.mode.lock().expect("modes").insert(session.to_owned(), "yolo".to_owned());
        json!({"currentModeId": "yolo", "availableModes": [{"id": "ask", "name": "Ask"}, {"id": "yolo", "name": "All"}]})
    }

    fn open_new(&self, id: &Value, params: &Value) {
        let signed_in = self.store.join("signed-in");
        if self.is("needs-login") || (self.is("needs-login-once") && !signed_in.exists()) {
            fs::write(signed_in, "").expect("the store");
            return refuse(id, -32000, "Authentication required");
        }
        if let Some(wait) = self.number("opens-after") {
            thread::sleep(Duration::from_millis(wait));
        }
        let session = if self.is("one-id") {
            "the-only-one".to_owned()
        } else {
            let mut last = self.last.lock().expect("ids");
            *last += 1;
            format!("session-{}-{}", std::process::id(), *last)
        };
        let file = self.store.join(&session);
        fs::OpenOptions::new().create(true).append(true).open(file).expect("the store");
        self.record(&session);
        fs::write(self.store.join("cwd"), params["cwd"].as_str().unwrap_or_default()).expect("the store");
        answer(id, &json!({"sessionId": session, "modes": self.modes(&session)}));
        let commands = json!([{"name": "compact", "description": "Shortens the context"}]);
        update(
            &session,
            &json!({"sessionUpdate": "available_commands_update", "availableCommands": commands}),
        );
    }

    fn take_up(&self, id: &Value, message: &Value) {
        let session = message["params"]["sessionId"].as_str().unwrap_or_default().to_owned();
        if self.is("forgets-and-says-so") {
            return refuse(id, -32603, "Internal error: no such session here");
        }
        if self.is("forgets") {
            return answer(id, &json!({}));
        }
        let Ok(said) = fs::read_to_string(self.store.join(&session)) else {
            return refuse(id, -32602, "session not found");
        };
        if !self.record(&session) {
            fs::write(self.store.join(&session), "").expect("the store");
            return refuse(id, -32603, "No previous sessions found for this project.");
        }
        let modes = self.modes(&session);
        let replay = || {
            for line in said.lines() {
                update(&session, &json!({"sessionUpdate": "user_message_chunk", "content": text(line)}));
                Self::say(&session, &format!("REPLAYED {line}"));
            }
        };
        if self.is("replays-late") {
            answer(id, &json!({"modes": modes}));
            if let Some(wait) = self.number("later") {
                thread::sleep(Duration::from_millis(wait));
            }
            replay();
        } else {
            if self.is("replays") {
                replay();
            }
            answer(id, &json!({"modes": modes}));
        }
    }

    /// Begins a record of a session that is named by the time, as the script says; `false` where that overwrites one.
    fn record(&self, session: &str) -> bool {
        let Some(span) = self.number("records-by") else { return true };
        let now =
            SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_secs() / span;
        let record = self.store.join(format!("{session}.{now}"));
        !record.exists() && fs::write(record, "").is_ok()
    }

    #[expect(clippy::too_many_lines, reason = "one list of what a turn can do")]
    fn turn(&self, id: &Value, session: &str, prompt: &str) {
        let file = self.store.join(session);
        let before = fs::read_to_string(&file).unwrap_or_default();
        if self.is("forgets") && !session.starts_with(&format!("session-{}-", std::process::id())) {
            return answer(id, &json!({"stopReason": "refusal"}));
        }
        fs::write(&file, format!("{before}{prompt}\n")).expect("the store");
        if let Some(wait) = self.number("thinks") {
            thread::sleep(Duration::from_millis(wait));
        }
        let word = prompt.split_whitespace().next().unwrap_or_default();
        match word {
            "recall" => {
                Self::say(session, &format!("I recall: {}", before.lines().collect::<Vec<_>>().join(" | ")));
            }
            "mode" => {
                let mode = self.mode.lock().expect("modes").get(session).cloned().unwrap_or_default();
                Self::say(session, &format!("mode {mode}"));
            }
            "cwd" => Self::say(session, &fs::read_to_string(self.store.join("cwd")).unwrap_or_default()),
            "env" => {
                let mut names: Vec<_> = std::env::vars().map(|(name, _)| name).collect();
                names.sort();
                Self::say(session, &names.join(" "));
            }
            "paragraphs" => Self::paragraphs(session),
            "file" => update(
                session,
                &json!({"sessionUpdate": "agent_message_chunk", "content": {"type": "image", "mimeType": "image/png", "data": "aGk="}}),
            ),
            "slow" => return self.slow(id, session),
            "deaf" => return self.deaf(id, session),
            "ask" => {
                let outcome = self.ask(session, "t1", true);
                if self.was_cancelled(session) {
                    if self.is("breaks-when-stopped") {
                        return refuse(id, -32603, "'NoneType' object has no attribute 'startswith'");
                    }
                    return answer(id, &json!({"stopReason": "cancelled"}));
                }
                Self::say(session, &format!("outcome {outcome}"));
            }
            "ask-by-id" => {
                let outcome = self.ask(session, "t1", false);
                Self::say(session, &format!("outcome {outcome}"));
            }
            "ask-10" => return self.ask_ten(id, session),
            "form" => {
                let schema = json!({"type": "object", "properties": {"colour": {"type": "string", "enum": ["red", "blue"]}}, "required": ["colour"]});
                let answer = self.call("elicitation/create", &json!({"sessionId": session, "mode": "form", "message": "Which colour?", "requestedSchema": schema}));
                Self::say(session, &answer["result"].to_string());
            }
            "unknown" => {
                let answer =
                    self.call("fs/read_text_file", &json!({"sessionId": session, "path": "/etc/passwd"}));
                update(session, &json!({"sessionUpdate": "hologram_update", "shape": 1}));
                write(r#"{"jsonrpc":"2.0","method":"$/whatever","params":{}}"#);
                Self::say(session, &answer["error"]["code"].to_string());
            }
            "9-mib" => {
                write(&format!(
                    r#"{{"jsonrpc":"2.0","method":"session/update","params":{{"sessionId":"{session}","update":{{"sessionUpdate":"agent_message_chunk","content":{{"type":"text","text":"{}"}}}}}}}}"#,
                    "y".repeat(9 << 20)
                ));
                Self::say(session, "after the long line");
            }
            "much" => {
                for _ in 0..self.number("mib").unwrap_or(3) * 1024 {
                    Self::say(session, &"z".repeat(1024));
                }
                fs::write(self.store.join("said-much"), "").expect("the store");
            }
            "crash" => exit(1),
            "half" => {
                half(r#"{"jsonrpc":"2.0","method":"sess"#);
                exit(0);
            }
            "silent" => {}
            "401" => {
                return refuse(id, -32603, "Internal error: Incorrect API key provided: sk-0123456789abcdef");
            }
            "daemon" => {
                // In a session of its own, and its parent ends: it outlives the group.
                let mut child = Command::new("/bin/sh")
                    .args(["-c", "setsid sleep 1000 >/dev/null 2>&1 & echo $!"])
                    .stdin(Stdio::null())
                    .stdout(Stdio::piped())
                    .spawn()
                    .expect("a shell");
                let mut number = String::new();
                let _ = std::io::Read::read_to_string(child.stdout.as_mut().expect("piped"), &mut number);
                let _ = child.wait();
                Self::say(session, number.trim());
            }
            "number" => Self::say(session, &std::process::id().to_string()),
            _ => {
                for word in format!("You said: {prompt}").split_inclusive(' ') {
                    self.say_in_turn(session, &before, word);
                }
                update(session, &json!({"sessionUpdate": "usage_update", "used": 11, "size": 1000}));
            }
        }
        answer(id, &json!({"stopReason": "end_turn"}));
        if self.is("talks-after-the-end") {
            thread::sleep(Duration::from_millis(self.number("late").unwrap_or(0)));
            self.say_in_turn(session, &before, "LATE");
        }
    }

    fn paragraphs(session: &str) {
        let said = |id: &str, words: &str| json!({"sessionUpdate": "agent_message_chunk", "messageId": id, "content": text(words)});
        update(session, &said("m1", "one "));
        update(session, &said("m1", "more"));
        update(session, &json!({"sessionUpdate": "agent_thought_chunk", "content": text("hm")}));
        update(
            session,
            &json!({"sessionUpdate": "tool_call", "toolCallId": "t", "title": "ls", "kind": "execute", "status": "in_progress"}),
        );
        update(
            session,
            &json!({"sessionUpdate": "tool_call_update", "toolCallId": "t", "status": "completed"}),
        );
        update(
            session,
            &json!({"sessionUpdate": "plan", "entries": [{"content": "do it", "priority": "high", "status": "pending"}]}),
        );
        update(session, &json!({"sessionUpdate": "notice", "severity": "warning", "title": "careful"}));
        update(session, &said("m2", "two"));
    }

    /// Words until a stop, and then as the script says.
    fn slow(&self, id: &Value, session: &str) {
        if self.number("works-late").is_some() {
            update(
                session,
                &json!({"sessionUpdate": "tool_call", "toolCallId": "t-slow", "title": "slow", "kind": "execute", "status": "in_progress"}),
            );
        }
        for number in 0..100_000 {
            Self::say(session, &format!("word{number} "));
            thread::sleep(Duration::from_millis(5));
            if self.was_cancelled(session) {
                break;
            }
        }
        if self.is("floods-after-a-stop") {
            for number in 0..200_000 {
                Self::say(session, &format!("flood{number} "));
            }
        }
        if let Some(wait) = self.number("stops-after") {
            thread::sleep(Duration::from_millis(wait));
            Self::say(session, "THE WHOLE ANSWER AFTER ALL");
            return answer(id, &json!({"stopReason": "end_turn"}));
        }
        answer(id, &json!({"stopReason": "cancelled"}));
        if self.is("floods-after-its-answer") {
            for number in 0..200_000 {
                Self::say(session, &format!("flood{number} "));
            }
        }
        if let Some(wait) = self.number("speaks-late") {
            thread::sleep(Duration::from_millis(wait));
            Self::say(session, "LATE");
        }
        if let Some(wait) = self.number("works-late") {
            thread::sleep(Duration::from_millis(wait));
            let call = json!({"toolCallId": "t-slow", "title": "LATE", "status": "completed"});
            let mut done = call.clone();
            done["sessionUpdate"] = "tool_call_update".into();
            update(session, &done);
            let options = json!([{"optionId": "yes", "name": "Yes", "kind": "allow_once"}]);
            let outcome = self.call(
                "session/request_permission",
                &json!({"sessionId": session, "toolCall": call, "options": options}),
            );
            fs::write(self.store.join("late-outcome"), outcome.to_string()).expect("the store");
        }
        if self.is("never-stops-talking") {
            loop {
                Self::say(session, "and ");
                thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Says one word, and hears no stop.
    fn deaf(&self, id: &Value, session: &str) {
        Self::say(session, "deaf");
        thread::sleep(Duration::from_millis(self.number("deaf-for").unwrap_or(1_000_000)));
        answer(id, &json!({"stopReason": "end_turn"}));
    }

    fn ask_ten(&self, id: &Value, session: &str) {
        let asking: Vec<_> = (0..10)
            .map(|number| {
                let (agent, session) = (self.clone(), session.to_owned());
                thread::spawn(move || agent.ask(&session, &format!("t{number}"), true))
            })
            .collect();
        let outcomes: Vec<_> = asking.into_iter().map(|asking| asking.join().expect("a thread")).collect();
        if self.was_cancelled(session) {
            return answer(id, &json!({"stopReason": "cancelled"}));
        }
        Self::say(session, &outcomes.join(","));
        answer(id, &json!({"stopReason": "end_turn"}));
    }

    fn ask(&self, session: &str, tool: &str, describes: bool) -> String {
        update(
            session,
            &json!({"sessionUpdate": "tool_call", "toolCallId": tool, "title": "Run a command", "kind": "execute", "status": "pending", "rawInput": {"command": "rm -rf junk"}}),
        );
        let call = if describes {
            json!({"toolCallId": tool, "title": "Run a command", "rawInput": {"command": "rm -rf junk"}})
        } else {
            json!({"toolCallId": tool})
        };
        let options = json!([
            {"optionId": "proceed_always_and_this_id_is_longer_than_32", "name": "Always", "kind": "allow_always"},
            {"optionId": "proceed_once", "name": "Once", "kind": "allow_once"},
            {"optionId": "no", "name": "No", "kind": "reject_once"},
        ]);
        let answer = self.call(
            "session/request_permission",
            &json!({"sessionId": session, "toolCall": call, "options": options}),
        );
        let outcome = &answer["result"]["outcome"];
        outcome["optionId"].as_str().or_else(|| outcome["outcome"].as_str()).unwrap_or("none").to_owned()
    }

    fn was_cancelled(&self, session: &str) -> bool {
        self.cancelled.lock().expect("turns").get(session).copied().unwrap_or(false)
    }

    fn call(&self, method: &str, params: &Value) -> Value {
        let id = {
            let mut last = self.last.lock().expect("ids");
            *last += 1;
            *last + 1000
        };
        let (sender, receiver) = channel();
        self.asked.lock().expect("questions").insert(id, sender);
        write(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string());
        receiver.recv().unwrap_or(Value::Null)
    }

    /// Says something in a message that belongs to this turn, which what was said before tells from others.
    fn say_in_turn(&self, session: &str, before: &str, words: &str) {
        let mut said = json!({"sessionUpdate": "agent_message_chunk", "content": text(words)});
        if self.is("names-messages") {
            said["messageId"] = format!("m{}", before.lines().count()).into();
        }
        if self.is("one-message") {
            said["messageId"] = "m".into();
        }
        update(session, &said);
    }

    fn say(session: &str, words: &str) {
        update(session, &json!({"sessionUpdate": "agent_message_chunk", "content": text(words)}));
    }
}

fn update(session: &str, update: &Value) {
    write(&json!({"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": session, "update": update}}).to_string());
}

fn answer(id: &Value, result: &Value) {
    write(&json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string());
}

fn refuse(id: &Value, code: i64, message: &str) {
    write(&json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}}).to_string());
}

fn text(words: &str) -> Value {
    json!({"type": "text", "text": words})
}

fn complain(line: &str) {
    let _ = std::io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}

/// A line without its end.
fn half(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(line.as_bytes());
    let _ = out.flush();
}

/// One line, whole, whichever thread writes it; past the capture of the test harness.
fn write(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(format!("{line}\n").as_bytes());
    let _ = out.flush();
}
