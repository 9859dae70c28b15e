//! The program in a home of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A home with files, and an environment without anything of this process's that concerns the gateway.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    environment: Vec<(&'static str, String)>,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), environment: Vec::new() }
    }

    /// A home whose `.env` names this connector and credentials, as `enroll` leaves it.
    pub(crate) fn enrolled(url: &str) -> Self {
        let home = Self::new();
        home.dotenv(&format!("GATEWAY_RELAY_URL={url}\nGATEWAY_RELAY_ID=gw\nGATEWAY_RELAY_SECRET=hunter2\n"));
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.file(name);
        fs::write(&path, text).expect("a home that can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
    }

    pub(crate) fn dotenv(&self, text: &str) {
        self.write(".env", text, 0o600);
    }

    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.environment.push((name, value.into()));
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_relay-gateway"));
        command.arg("--home").arg(self.path()).args(arguments).stdin(Stdio::null());
        for (name, _) in std::env::vars() {
            let ours = ["GATEWAY_RELAY_", "HERMES_", "RUST_LOG", "NOTIFY_", "WATCHDOG_"];
            let proxy = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE"];
            if ours.iter().any(|ours| name.starts_with(ours)) || proxy.contains(&name.to_uppercase().as_str())
            {
                command.env_remove(name);
            }
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end: exit code, stdout, stderr.
    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let Output { status, stdout, stderr } = self.command(arguments).output().expect("the program starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program speaks UTF-8");
        (status.code().expect("the program exits by itself"), text(stdout), text(stderr))
    }

    /// Runs `doctor`, once for people and once for machines, which must agree and show no secret.
    pub(crate) fn doctor(&self, arguments: &[&str]) -> Diagnosis {
        let all = |first: &[&'static str]| {
            first.iter().copied().chain(arguments.iter().copied()).map(str::to_owned).collect::<Vec<_>>()
        };
        let run =
            |arguments: Vec<String>| self.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let (code, json, stderr) = run(all(&["doctor", "--timeout", "2", "--json"]));
        assert!(!json.contains("hunter2") && !stderr.contains("hunter2"), "{json}{stderr}");
        let json: Value =
            serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}{stderr}"));
        assert_eq!(json["exit_code"], code);
        Diagnosis { code, json }
    }
}

#[test]
fn the_old_name_of_an_option_is_understood_with_a_notice_and_shown_to_nobody() {
    // A home without a platform: the command ends before it dials.
    let home = Home::new();
    let notice = "--dormant-after is now called --hibernate-after";
    let (code, _, stderr) = home.run(&["run", "--dormant-after", "5m"]);
    assert!(code == 78 && stderr.contains(notice) && stderr.contains("no platform is enabled"), "{stderr}");
    let (code, _, stderr) = home.run(&["run", "--hibernate-after", "5m"]);
    assert!(code == 78 && !stderr.contains(notice), "{stderr}");
    let (code, _, stderr) = home.run(&["run", "--hibernate-after", "5m", "--dormant-after", "5m"]);
    assert!(code == 2 && stderr.contains("cannot be used with"), "{stderr}");
    let (_, help, _) = home.run(&["run", "--help"]);
    assert!(help.contains("--hibernate-after") && !help.contains("dormant"), "{help}");
}

/// What `doctor` found.
pub(crate) struct Diagnosis {
    pub(crate) code: i32,
    pub(crate) json: Value,
}

impl Diagnosis {
    pub(crate) fn check(&self, name: &str) -> (&str, String) {
        let checks = self.json["checks"].as_array().expect("a list");
        let check = checks.iter().find(|check| check["name"] == name);
        let check = check.unwrap_or_else(|| panic!("no check {name}: {:#}", self.json));
        let text = |field: &str| check[field].as_str().unwrap_or_default().to_owned();
        let verdict = check["verdict"].as_str().expect("a word");
        (verdict, format!("{} -> {}", text("detail"), text("remedy")))
    }

    /// The names of the checks with this verdict.
    pub(crate) fn named(&self, verdict: &str) -> Vec<&str> {
        let checks = self.json["checks"].as_array().expect("a list");
        let named = checks.iter().filter(|check| check["verdict"] == verdict);
        named.map(|check| check["name"].as_str().expect("a name")).collect()
    }

    /// That exactly this check fails, and says all this of what is wrong and what to do.
    pub(crate) fn names(&self, name: &str, code: i32, told: &[&str]) {
        assert_eq!(self.named("failed"), [name], "{:#}", self.json);
        assert_eq!(self.code, code, "{:#}", self.json);
        let (_, text) = self.check(name);
        for part in told {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.ends_with("-> "), "no remedy: {text}");
    }
}
