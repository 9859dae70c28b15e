//! The program with a connector.yaml: served, looked at, and asked who may talk.

mod rig;

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rig::http;

/// A port of this machine at which nothing listens.
const NOBODY: &str = "http://127.0.0.1:1";

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relay-connector"));
    command.env_remove("RELAY_CONNECTOR_DATA").env("RUST_LOG", "off");
    command
}

/// Runs a command on a file: its exit code, stdout and stderr.
fn run(command: &[&str], file: &Path) -> (i32, String, String) {
    let output = program().args(command).arg("--config").arg(file).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A folder with a token and a file with this text.
fn folder(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "123456:abcdefghijklmnop\n").unwrap();
    let file = folder.path().join("connector.yaml");
    std::fs::write(&file, text).unwrap();
    (folder, file)
}

fn telegram(more: &str) -> String {
    format!("{more}fronts:\n  telegram:\n    token_file: token\n    api: {NOBODY}\n")
}

#[test]
fn check_says_what_is_wrong_with_the_line_and_never_the_secret() {
    let (_folder, file) = folder(&telegram(""));
    let (code, out, _) = run(&["check"], &file);
    assert_eq!((code, out.contains("is well: telegram")), (0, true), "{out}");
    let (_folder, file) = folder(&telegram("windwo: 3\n"));
    let (code, _, told) = run(&["check"], &file);
    assert_eq!((code, told.contains(":1 (windwo)"), told.contains("`window`")), (78, true, true), "{told}");
    let (folder, file) = folder(&telegram(""));
    std::fs::write(folder.path().join("token"), "hush-hush").unwrap();
    let (code, _, told) = run(&["check"], &file);
    assert_eq!((code, told.contains("@BotFather"), told.contains("hush")), (78, true, false), "{told}");
    std::fs::remove_file(folder.path().join("token")).unwrap();
    let (code, _, told) = run(&["check"], &file);
    assert_eq!((code, told.contains("cannot be read")), (78, true), "{told}");
    let (code, _, told) = run(&["check"], &folder.path().join("elsewhere.yaml"));
    assert_eq!((code, told.contains("there is no")), (66, true), "{told}");
}

#[test]
fn doctor_tells_a_platform_that_is_not_reached_from_a_token_that_is_wrong() {
    let (_folder, file) = folder(&telegram(""));
    let (code, out, told) = run(&["doctor"], &file);
    assert_eq!((code, told.contains("to mend: telegram token")), (69, true), "{told}");
    assert!(out.contains("FAIL") && out.contains("-> see to this machine's network"), "{out}");
    assert!(!out.contains("abcdefghij"), "{out}");
    let (_, out, _) = run(&["doctor", "--json"], &file);
    assert!(out.contains("\"verdict\":\"failed\""), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_served_with_a_code_for_the_owner_and_one_connector_holds_its_folder() {
    let (_folder, file) = folder(&telegram("listen: 127.0.0.1:0\n"));
    let mut child = program()
        .args(["serve", "--config"])
        .arg(&file)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let address: SocketAddr = first.split_whitespace().nth(3).unwrap().parse().unwrap();
    let code =
        lines.by_ref().map(Result::unwrap).find(|line| line.contains("The owner on telegram")).unwrap();
    assert!(code.contains("within a day"), "{code}");
    assert_eq!(http(address, "GET", "/relay/nothing", "").await.status(), 404);
    let (code, _, told) = run(&["serve"], &file);
    assert_eq!((code, told.contains("another connector serves")), (75, true), "{told}");
    let (code, out, _) = run(&["pair"], &file);
    assert_eq!((code, out.as_str()), (0, "telegram\n  nobody yet\n"));
    let (code, _, told) = run(&["pair", "K7QM-2XPA"], &file);
    assert_eq!((code, told.contains("K7QM-2XPA")), (66, true), "{told}");
    child.kill().unwrap();
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    child.wait().unwrap();
    assert_eq!(told, "");
}

#[test]
fn what_the_file_says_is_not_said_again() {
    let (_folder, file) = folder(&telegram(""));
    let (code, _, told) = run(&["serve", "--front", "lines"], &file);
    assert_eq!((code, told.contains("cannot be used with")), (2, true), "{told}");
}
