//! What a newcomer does, from the first command to a restart in mid-answer.

use std::os::unix::fs::PermissionsExt as _;

use rustix::process::Signal;

use crate::fake::{Fake, TOKEN};
use crate::home::{Home, Person};

/// So many words that the answer is under way for seconds.
const LONG: &str = "one two three four five six seven eight nine ten";

#[tokio::test(flavor = "multi_thread")]
async fn from_a_token_to_an_answer_and_over_a_restart_in_mid_answer() {
    let (fake, home) = (Fake::start().await, Home::new());
    let set_up = home.init(&fake, &["--agent", "echo"]).await;
    assert_eq!(set_up.code, Some(0), "{set_up:?}");
    assert!(set_up.out.contains("ok: it is @relaybot (Relay), https://t.me/relaybot"), "{}", set_up.out);
    assert!(!set_up.out.contains(TOKEN) && !set_up.err.contains(TOKEN));
    for file in ["telegram-token", "connector.yaml", "config.yaml"] {
        let mode = std::fs::metadata(home.path().join(file)).expect(file).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }

    // The first one to show the code is the owner.
    let up = home.up("first", &["--echo-pause", "100ms"]);
    let printed = up.prints("?start=").await;
    let code =
        printed.split("?start=").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a code");
    let ann = Person { fake: &fake, id: 7, name: "Ann" };
    ann.says(1, &format!("/start {code}"));
    ann.reads("You are the owner now").await;
    ann.says(2, "hello there");
    ann.reads("hello there").await;
    assert_listens_nowhere(up.id());

    // A stranger is let in by the code that they were told.
    let bob = Person { fake: &fake, id: 8, name: "Bob" };
    bob.says(3, "hi?");
    bob.reads("Give this code to the owner").await;
    let listed = home.run(&["pair"]).await;
    assert!(
        listed.out.contains("owner: Ann (id 7)") && listed.out.contains("waits: Bob (id 8)"),
        "{listed:?}"
    );
    let code = listed.out.split("code ").nth(1).expect("a code").trim().to_owned();
    assert_eq!(home.run(&["pair", &code]).await.out, "Bob may talk now; let them write again.\n");
    bob.says(4, "hi again");
    bob.reads("hi again").await;

    // Told to stop in mid-answer, it ends the answer first.
    ann.says(5, LONG);
    ann.reads("one").await;
    assert_eq!(up.signal(Signal::TERM).await, Some(0));
    let whole = |chat: Vec<String>| chat.into_iter().filter(|text| text == LONG).count();
    assert_eq!(whole(ann.chat()), 1, "{:?}", ann.chat());

    // Meanwhile somebody writes; after the start it is answered, and nothing else again.
    ann.says(6, "are you back");
    let up = home.up("second", &[]);
    ann.reads("are you back").await;
    assert_eq!(whole(ann.chat()), 1);
    assert_eq!(ann.chat().iter().filter(|text| text.contains("owner now")).count(), 1);
    let printed = up.prints("the bot is at").await;
    assert!(!printed.contains("?start="), "an owner is there: {printed}");
    assert_eq!(up.signal(Signal::TERM).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_mid_answer_it_says_so_once_and_answers_what_comes() {
    let (fake, home) = (Fake::start().await, Home::new());
    let access = ["--agent", "echo", "--access", "list", "--allow", "7"];
    assert_eq!(home.init(&fake, &access).await.code, Some(0));
    let ann = Person { fake: &fake, id: 7, name: "Ann" };
    let up = home.up("first", &["--echo-pause", "300ms"]);
    ann.says(1, LONG);
    ann.reads("one").await;
    assert_eq!(up.signal(Signal::KILL).await, None);

    let up = home.up("second", &[]);
    ann.says(2, "hello again");
    ann.reads("hello again").await;
    let chat = ann.chat();
    let beginnings = chat.iter().filter(|text| text.starts_with("one")).count();
    assert_eq!(beginnings, 1, "one answer, however far it came: {chat:?}");
    assert_eq!(up.signal(Signal::TERM).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_asked_until_the_answers_are_good() {
    let (fake, home) = (Fake::start().await, Home::new());
    let api = fake.base.to_string();
    fake.refuse("getMe", 401, "Unauthorized");
    let answers = format!("telegram\nnonsense\n{TOKEN}\n{TOKEN}\nsing\necho\nme\npairing\nn\n");
    let ended = home.answer(&["init", "--telegram-api", &api], &answers).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for told in [
        "Send /newbot to @BotFather",
        "this is no bot token",
        "Telegram does not know the token",
        "/mybots",
        "ok: it is @relaybot",
        "`sing` names no agent",
        "Answer pairing, list or everyone.",
        "Start it now?",
        "Next: relay-gateway --home",
    ] {
        assert!(ended.out.contains(told), "no `{told}` in\n{}", ended.out);
    }
    let file = std::fs::read_to_string(home.path().join("connector.yaml")).expect("written");
    assert!(file.contains("access: pairing") && !file.contains(TOKEN), "{file}");
}

/// No TCP socket of the process listens.
fn assert_listens_nowhere(process: u32) {
    let sockets: Vec<String> = std::fs::read_dir(format!("/proc/{process}/fd"))
        .expect("Linux")
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|target| {
            Some(target.to_str()?.strip_prefix("socket:[")?.trim_end_matches(']').to_owned())
        })
        .collect();
    for table in ["tcp", "tcp6"] {
        let table = std::fs::read_to_string(format!("/proc/{process}/net/{table}")).expect("Linux");
        for line in table.lines().skip(1) {
            let columns: Vec<&str> = line.split_whitespace().collect();
            // 0A is a socket that listens; the tenth column is its inode.
            assert!(columns[3] != "0A" || !sockets.iter().any(|inode| inode == columns[9]), "{line}");
        }
    }
}
