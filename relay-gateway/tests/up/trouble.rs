//! What goes wrong, and what is said of it.

use std::net::TcpListener;

use crate::fake::Fake;
use crate::home::Home;
use rustix::process::Signal;

#[tokio::test(flavor = "multi_thread")]
async fn init_says_what_helps_and_leaves_nothing_behind() {
    let (fake, home) = (Fake::start().await, Home::new());
    let failed = |code: i32, words: &'static str| {
        move |ended: crate::home::Ended| {
            assert_eq!(ended.code, Some(code), "{ended:?}");
            assert!(ended.err.contains(words), "{ended:?}");
        }
    };
    fake.refuse("getMe", 401, "Unauthorized");
    failed(77, "@BotFather")(home.init(&fake, &["--agent", "echo"]).await);
    failed(78, "names no agent")(home.init(&fake, &["--agent", "sing"]).await);
    failed(78, "was not found")(home.init(&fake, &["--agent", "command:no-such-program"]).await);
    failed(78, "no agent that is known")(home.init(&fake, &[]).await);
    failed(78, "no id of Telegram's")(home.init(&fake, &["--agent", "echo", "--allow", "@ann"]).await);
    failed(78, "--telegram-token-file is not given")(home.run(&["init", "--yes", "--agent", "echo"]).await);
    let token = home.file("token");
    let nobody =
        ["--telegram-token-file", token.to_str().expect("UTF-8"), "--telegram-api", "http://127.0.0.1:1"];
    let unreachable = [&["init", "--yes", "--agent", "echo"][..], &nobody].concat();
    failed(69, "--offline")(home.run(&unreachable).await);
    assert!(!home.path().exists(), "nothing was written");
    let offline = home.run(&[&unreachable[..], &["--offline"]].concat()).await;
    assert_eq!(offline.code, Some(0), "{offline:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn init_again_changes_nothing_and_overwrites_nothing_unasked() {
    let (fake, home) = (Fake::start().await, Home::new());
    assert_eq!(home.init(&fake, &["--agent", "echo"]).await.code, Some(0));
    let read = |name: &str| std::fs::read_to_string(home.path().join(name)).expect("a file");
    let before = (read("connector.yaml"), read("config.yaml"));
    let again = home.init(&fake, &["--agent", "echo"]).await;
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(again.out.contains("Unchanged: ") && again.out.contains("connector.yaml"), "{}", again.out);
    let other = home.init(&fake, &["--access", "everyone"]).await;
    assert_eq!((other.code, other.err.contains("--replace")), (Some(73), true), "{other:?}");
    assert_eq!(before, (read("connector.yaml"), read("config.yaml")));
    assert_eq!(home.init(&fake, &["--access", "everyone", "--replace"]).await.code, Some(0));
    assert!(read("connector.yaml").contains("access: everyone"));
    assert_eq!(before.1, read("config.yaml"));
}

#[tokio::test(flavor = "multi_thread")]
async fn init_writes_all_of_it_or_nothing_and_keeps_what_else_is_in_config_yaml() {
    let (fake, home) = (Fake::start().await, Home::new());
    std::fs::create_dir_all(home.path()).expect("a folder");
    let file = |name: &str| home.path().join(name);
    std::fs::write(file("connector.yaml"), "# of somebody else\n").expect("a file");
    std::fs::write(file("config.yaml"), "relay:\n  while_busy: queue\n").expect("a file");
    let refused = home.init(&fake, &["--agent", "echo"]).await;
    assert_eq!(refused.code, Some(73), "{refused:?}");
    let read = |name: &str| std::fs::read_to_string(file(name)).expect("a file");
    assert_eq!(read("connector.yaml"), "# of somebody else\n");
    assert_eq!(read("config.yaml"), "relay:\n  while_busy: queue\n");
    assert!(!file("telegram-token").exists());
    assert_eq!(home.init(&fake, &["--agent", "echo", "--replace"]).await.code, Some(0));
    assert_eq!(read("config.yaml"), "relay:\n  agent: 'echo'\n  while_busy: queue\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn up_names_what_is_missing_wrong_or_in_its_way() {
    let (fake, home) = (Fake::start().await, Home::new());
    let nothing = home.run(&["up"]).await;
    assert_eq!((nothing.code, nothing.err.contains("relay-gateway init")), (Some(78), true), "{nothing:?}");
    assert_eq!(home.init(&fake, &["--agent", "echo"]).await.code, Some(0));
    let file = home.path().join("connector.yaml");
    let text = std::fs::read_to_string(&file).expect("a file");

    std::fs::write(&file, format!("lisen: 1\n{text}")).expect("a file");
    let wrong = home.run(&["up"]).await;
    assert_eq!(wrong.code, Some(78), "{wrong:?}");
    assert!(wrong.err.contains("connector.yaml:1 (lisen)") && wrong.err.contains("`listen`"), "{wrong:?}");

    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    std::fs::write(&file, format!("listen: {address}\n{text}")).expect("a file");
    let in_use = home.run(&["up"]).await;
    assert_eq!((in_use.code, in_use.err.contains("cannot be listened on")), (Some(75), true), "{in_use:?}");
    std::fs::write(&file, text).expect("a file");

    let up = home.up("up", &[]);
    up.logs("Telegram knows the bot").await;
    let second = home.run(&["up"]).await;
    assert_eq!((second.code, second.err.contains("already")), (Some(75), true), "{second:?}");
    let status = home.run(&["status"]).await;
    assert_eq!((status.code, status.out.contains("telegram     live")), (Some(0), true), "{status:?}");
    let doctor = home.run(&["doctor"]).await;
    assert_eq!(doctor.code, Some(0), "{doctor:?}");
    assert!(
        doctor.out.contains("telegram token") && !doctor.out.contains("connector.localhost"),
        "{doctor:?}"
    );
    assert_eq!(up.signal(Signal::TERM).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_ends_it_with_a_remedy() {
    let (fake, home) = (Fake::start().await, Home::new());
    assert_eq!(home.init(&fake, &["--agent", "echo"]).await.code, Some(0));
    // The first question is for the bot's name.
    for _ in 0..2 {
        fake.refuse("getMe", 401, "Unauthorized");
    }
    let mut up = home.up("up", &[]);
    assert_eq!(up.ended().await, Some(77));
    up.logs("take the token from @BotFather").await;
    fake.refuse("getMe", 401, "Unauthorized");
    let doctor = home.run(&["doctor"]).await;
    assert_eq!((doctor.code, doctor.out.contains("/mybots")), (Some(77), true), "{doctor:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_sees_a_webhook_and_another_reader() {
    let (fake, home) = (Fake::start().await, Home::new());
    assert_eq!(home.init(&fake, &["--agent", "echo"]).await.code, Some(0));
    fake.world().has_webhook = true;
    let webhook = home.run(&["doctor"]).await;
    assert_eq!(webhook.code, Some(0), "{webhook:?}");
    assert!(webhook.out.contains("hook.example") && !webhook.out.contains("s3cret"), "{webhook:?}");
    fake.world().has_webhook = false;
    fake.refuse("getUpdates", 409, "Conflict: terminated by other getUpdates request");
    let other = home.run(&["doctor"]).await;
    assert_eq!((other.code, other.out.contains("another program takes")), (Some(75), true), "{other:?}");
}
