//! What is shipped beside the program fits the program.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use relay_gateway::{Cli, Exit};

use crate::program::Home;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The directives of a unit, by `Section.Name`; of a repeated one all values.
fn unit(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut directives: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut section = "";
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name;
            continue;
        }
        let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("no directive: {line}"));
        assert!(!section.is_empty(), "outside of a section: {line}");
        directives.entry(format!("{section}.{name}")).or_default().push(value.to_owned());
    }
    directives
}

fn seconds(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("no whole seconds: {text}"))
}

#[test]
fn the_systemd_unit_starts_the_program_with_a_command_line_that_it_takes() {
    let unit = unit(&read("packaging/systemd/relay-gateway.service"));
    let one = |name: &str| match unit.get(name).map(Vec::as_slice) {
        Some([value]) => value.as_str(),
        other => panic!("{name}: {other:?}"),
    };
    let words = shlex::split(one("Service.ExecStart")).expect("words");
    assert!(words[0].starts_with('/') && words[0].ends_with("/relay-gateway"), "{words:?}");
    Cli::try_parse_from(&words).unwrap_or_else(|error| panic!("{error}"));

    let after = |option: &str| {
        let at = words.iter().position(|word| word == option).unwrap_or_else(|| panic!("no {option}"));
        words.get(at + 1).map_or("", String::as_str)
    };
    assert_eq!(after("--home"), format!("/var/lib/{}", one("Service.StateDirectory")));
    let grace = seconds(after("--shutdown-grace"));
    assert!(grace < seconds(one("Service.TimeoutStopSec")), "killed before its grace is over");
    assert_eq!((one("Service.Type"), one("Service.NotifyAccess")), ("notify", "main"));
    assert!(seconds(one("Service.WatchdogSec")) >= 10, "a machine may be busy");
    let given_up: Vec<u8> = one("Service.RestartPreventExitStatus")
        .split_whitespace()
        .map(|code| code.parse().expect("a code"))
        .collect();
    assert_eq!(given_up, [Exit::Refused.code(), Exit::Config.code()]);
    for hardened in
        ["NoNewPrivileges", "DynamicUser", "PrivateTmp", "RestrictNamespaces", "ProtectKernelTunables"]
    {
        assert_eq!(one(&format!("Service.{hardened}")), "yes", "{hardened}");
    }
    assert_eq!(one("Service.ProtectSystem"), "strict");
    assert!(one("Service.RestrictAddressFamilies").contains("AF_UNIX"), "for the status socket");
    assert_eq!(one("Install.WantedBy"), "multi-user.target");
}

/// The instructions of a Dockerfile: the word, and the rest of the line.
fn instructions(text: &str) -> Vec<(String, String)> {
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| line.split_once(' ').unwrap_or_else(|| panic!("an instruction alone: {line}")))
        .map(|(word, rest)| (word.to_owned(), rest.to_owned()))
        .collect()
}

#[test]
fn the_dockerfile_copies_what_exists_and_runs_a_command_line_that_the_program_takes() {
    let instructions = instructions(&read("packaging/docker/Dockerfile"));
    let all = |word: &str| {
        instructions.iter().filter(|(w, _)| w == word).map(|(_, rest)| rest.as_str()).collect::<Vec<_>>()
    };
    let last = |word: &str| all(word).pop().unwrap_or_else(|| panic!("no {word}")).to_owned();

    let mut built = false;
    for copy in all("COPY") {
        let mut words: Vec<&str> =
            copy.split_whitespace().filter(|word| !word.starts_with("--chown=")).collect();
        let from = words.iter().position(|word| word.starts_with("--from=")).map(|at| words.remove(at));
        let (_, sources) = words.split_last().expect("a target");
        for source in sources {
            match from {
                None => assert!(repository().join(source).exists(), "{source} is not there"),
                Some("--from=build") => built |= *source == "/src/target/release/relay-gateway",
                Some(other) => panic!("{other} is no stage"),
            }
        }
    }
    assert!(built, "the program is copied from where it is built");
    assert!(all("WORKDIR").contains(&"/src"));
    assert!(all("RUN").iter().any(|run| run.contains("cargo build --release --locked -p relay-gateway")));
    assert_eq!(all("FROM").len(), 2);
    assert_eq!(last("FROM"), "scratch", "nothing but the program");

    let user = last("USER");
    assert!(user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)), "{user}");
    let home = last("ENV");
    let home = home.strip_prefix("HERMES_HOME=").expect("the home is named");
    assert_eq!(last("VOLUME"), home);
    let owned = format!("--from=build --chown={user} {home} {home}");
    assert!(all("COPY").contains(&owned.as_str()), "the home is its user's");

    let words = |json: &str| {
        serde_json::from_str::<Vec<String>>(json).unwrap_or_else(|error| panic!("{json}: {error}"))
    };
    let entry = words(&last("ENTRYPOINT"));
    let command = [entry.clone(), words(&last("CMD"))].concat();
    Cli::try_parse_from(command).unwrap_or_else(|error| panic!("{error}"));
    let health = last("HEALTHCHECK");
    let health = words(health.split_once("CMD ").expect("a command").1);
    assert_eq!(health[0], entry[0]);
    Cli::try_parse_from(health).unwrap_or_else(|error| panic!("{error}"));
    assert!(read(".dockerignore").lines().any(|line| line == "**/target"), "what was built here is not sent");
}

#[test]
fn completions_know_the_commands_in_every_shell() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, script, stderr) = home.run(&["completions", shell]);
        assert_eq!((code, stderr.as_str()), (0, ""), "{shell}");
        assert!(script.contains("doctor") && script.contains("relay-gateway"), "{shell}");
    }
}

#[test]
fn the_manual_has_a_page_for_the_program_and_one_for_each_command() {
    let home = Home::new();
    let (code, page, _) = home.run(&["man"]);
    assert_eq!(code, 0);
    assert!(page.contains(".TH relay\\-gateway 1") || page.contains(".TH relay-gateway 1"), "{page}");
    let folder = home.file("man");
    assert_eq!(home.run(&["man", "--dir", &folder.display().to_string()]).0, 0);
    for page in ["relay-gateway.1", "relay-gateway-run.1", "relay-gateway-doctor.1", "relay-gateway-status.1"]
    {
        assert!(folder.join(page).is_file(), "{page}");
    }
    home.write("file", "", 0o600);
    let (code, _, stderr) = home.run(&["man", "--dir", &home.file("file").join("x").display().to_string()]);
    assert_eq!(code, 73);
    assert!(stderr.contains("cannot be written into") && stderr.contains("--dir"), "{stderr}");
}
