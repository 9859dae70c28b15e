//! Staged faults: of each, doctor names the one check that fails, its cause and its remedy.

use std::fs;
use std::io::{Read as _, Write as _};

use crate::program::Home;
use crate::servers::{Greeting, answering, closed_port, connector, host, silent, status, tls};

#[test]
fn no_address() {
    let home = Home::new();
    home.dotenv("");
    let diagnosis = home.doctor(&[]);
    diagnosis.names("configuration", 78, &["no connector is configured", "GATEWAY_RELAY_URL", "enroll"]);
    assert_eq!(diagnosis.check("dns"), ("skipped", "configuration failed -> ".to_owned()));
}

#[test]
fn a_relay_that_is_switched_off() {
    let home = Home::enrolled("http://127.0.0.1:1");
    home.write("config.yaml", "platforms:\n  relay:\n    enabled: false\n", 0o600);
    home.doctor(&[]).names("configuration", 78, &["switched off by", "config.yaml:3", "set it to true"]);
}

#[test]
fn a_malformed_address_and_everything_else_that_is_wrong_in_the_files() {
    let home = Home::enrolled("gopher://me:hunter2@x");
    home.write("config.yaml", "agent: [\n", 0o600);
    let told =
        [".env:1 (GATEWAY_RELAY_URL): the connector URL must begin with", "config.yaml:", "config show"];
    home.doctor(&[]).names("configuration", 78, &told);
}

#[test]
fn a_secret_that_would_travel_in_plaintext() {
    let diagnosis = Home::enrolled("http://connector.invalid").doctor(&[]);
    diagnosis.names("address", 78, &["is not encrypted", "change the URL to wss://", ".env:1"]);
    assert_eq!(diagnosis.check("dns"), ("skipped", "address failed -> ".to_owned()));
}

#[test]
fn a_name_that_is_nowhere() {
    let diagnosis = Home::enrolled("https://connector.invalid").doctor(&[]);
    diagnosis.names("dns", 69, &["connector.invalid was not found", "spelling", ".env:1"]);
    assert_eq!(diagnosis.named("skipped"), ["tcp", "tls", "clock", "upgrade", "authentication", "handshake"]);
}

#[test]
fn a_port_that_is_closed() {
    let port = closed_port();
    let told = format!("nothing listens at {port}");
    Home::enrolled(&format!("http://{port}")).doctor(&[]).names("tcp", 69, &[&told, "start the connector"]);
}

#[test]
fn a_host_that_says_nothing_over_tls_and_without() {
    let silent = silent();
    let told = ["said nothing for 2s", "leads to a connector"];
    Home::enrolled(&format!("http://{silent}")).doctor(&[]).names("upgrade", 69, &told);
    let told = ["does not answer TLS", "the port"];
    Home::enrolled(&format!("https://{silent}")).doctor(&[]).names("tls", 69, &told);
}

#[test]
fn a_certificate_that_nobody_vouches_for() {
    let (address, _) = tls("localhost");
    let url = format!("https://localhost:{}", address.port());
    let told = ["nobody whom this machine trusts", "SSL_CERT_FILE"];
    Home::enrolled(&url).doctor(&[]).names("tls", 69, &told);
}

#[test]
fn a_certificate_for_another_name() {
    let (address, certificate) = tls("elsewhere.example");
    let mut home = Home::enrolled(&format!("https://localhost:{}", address.port()));
    home.write("ca.pem", &certificate, 0o600);
    home.set("SSL_CERT_FILE", home.file("ca.pem").display().to_string());
    home.doctor(&[]).names(
        "tls",
        69,
        &["is for another name", "use the name that stands in the certificate"],
    );
}

#[test]
fn a_port_that_speaks_no_tls() {
    let address = host(|mut stream| {
        // It reads what it was told first, or its end of the connection would be a reset.
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(status("400 Bad Request", "").as_bytes());
    });
    let told = ["speaks no TLS", "write http:// or ws://"];
    Home::enrolled(&format!("https://{address}")).doctor(&[]).names("tls", 69, &told);
}

#[test]
fn a_web_server_that_is_no_relay() {
    for (answer, code, told) in [
        (status("404 Not Found", ""), 78, "there is no relay at this address"),
        (status("400 Bad Request", ""), 78, "its path ends in /relay"),
        (status("301 Moved", "location: https://new.example/\r\n"), 78, "set the final address"),
        (status("502 Bad Gateway", ""), 69, "not up"),
        (status("429 Too Many Requests", ""), 69, "wait"),
        (status("200 OK", ""), 78, "there is no relay"),
        ("220 smtp.example\r\n".to_owned(), 76, "does not speak WebSocket"),
    ] {
        Home::enrolled(&format!("http://{}", answering(answer))).doctor(&[]).names("upgrade", code, &[told]);
    }
}

#[test]
fn a_secret_that_the_connector_does_not_know() {
    for (address, what) in [
        (connector(Greeting::Closes(4401, "bad signature"), 0), "closed with 4401 (bad signature)"),
        (answering(status("401 Unauthorized", "")), "answered HTTP 401"),
    ] {
        let told = [what, "GATEWAY_RELAY_SECRET", "enroll again"];
        Home::enrolled(&format!("http://{address}")).doctor(&[]).names("authentication", 77, &told);
    }
}

#[test]
fn a_gateway_that_never_enrolled() {
    let home = Home::new();
    let address = connector(Greeting::Closes(4401, "no token"), 0);
    home.dotenv(&format!("GATEWAY_RELAY_URL=http://{address}\n"));
    let diagnosis = home.doctor(&[]);
    diagnosis.names("authentication", 77, &["(no token)", "run `relay-gateway enroll`"]);
    assert_eq!(diagnosis.check("identity").0, "warned");
}

#[test]
fn an_identity_that_cannot_be_had() {
    let home = Home::new();
    let address = connector(Greeting::Closes(4401, "no token"), 0);
    home.dotenv(&format!(
        "GATEWAY_RELAY_URL=http://{address}\nGATEWAY_RELAY_ACCESS_TOKEN_FILE=/nowhere/identity\n"
    ));
    let diagnosis = home.doctor(&[]);
    diagnosis.names("identity", 78, &["/nowhere/identity", ".env:2", "cannot be read", "check the path"]);
    assert_eq!(diagnosis.check("authentication").0, "skipped");
}

#[test]
fn an_identity_provider_that_refuses() {
    let home = Home::new();
    let address = connector(Greeting::Closes(4401, "no token"), 0);
    let provider = answering(status("401 Unauthorized", ""));
    home.dotenv(&format!(
        "GATEWAY_RELAY_URL=http://{address}\nGATEWAY_RELAY_IDP_TOKEN_URL=http://{provider}/token\n\
         GATEWAY_RELAY_IDP_CLIENT_ID=me\nGATEWAY_RELAY_IDP_CLIENT_SECRET=hunter2\n"
    ));
    home.doctor(&[]).names("identity", 67, &["/token", ".env:2", "GATEWAY_RELAY_IDP_CLIENT_ID"]);
}

#[test]
fn a_clock_that_is_ten_minutes_behind() {
    let address = connector(Greeting::Closes(4401, "expired"), 600);
    let diagnosis = Home::enrolled(&format!("http://{address}")).doctor(&[]);
    assert_eq!(diagnosis.named("failed"), ["clock", "authentication"], "{:#}", diagnosis.json);
    assert_eq!(diagnosis.code, 78, "the clock is what has to be mended first");
    let (_, clock) = diagnosis.check("clock");
    assert!(
        clock.contains("s behind the connector's") && clock.contains("set this machine's clock"),
        "{clock}"
    );
    assert!(diagnosis.check("authentication").1.contains("clock"), "not the secret is at fault");
}

#[test]
fn a_clock_that_is_ten_minutes_ahead_is_worth_a_warning() {
    let address = connector(Greeting::Describes, -600);
    let diagnosis = Home::enrolled(&format!("http://{address}")).doctor(&[]);
    assert_eq!((diagnosis.code, diagnosis.named("warned")), (0, vec!["clock"]), "{:#}", diagnosis.json);
    assert!(diagnosis.check("clock").1.contains("s ahead of the connector's"));
}

#[test]
fn a_connector_that_describes_nothing() {
    let address = connector(Greeting::Silence, 0);
    let told = ["no descriptor came within 2s", "GATEWAY_RELAY_PLATFORMS"];
    Home::enrolled(&format!("http://{address}")).doctor(&[]).names("handshake", 76, &told);
}

#[test]
fn another_gateway_of_the_same_name() {
    let address = connector(Greeting::Closes(1008, "duplicate session"), 0);
    let told = ["another gateway is connected under this name", "stop the other one"];
    Home::enrolled(&format!("http://{address}")).doctor(&[]).names("handshake", 77, &told);
}

#[test]
fn an_agent_that_cannot_be_started() {
    let address = connector(Greeting::Describes, 0);
    let home = Home::enrolled(&format!("http://{address}"));
    home.write("plain", "", 0o600);
    home.write("script", "#!/nowhere/python\n", 0o700);
    let (plain, script) = (home.file("plain"), home.file("script"));
    for (agent, code, told) in [
        ("command:no-such-program-anywhere hunter2".to_owned(), 78, ["was not found", "PATH"]),
        (format!("command:{}", plain.display()), 78, ["may not be executed", "chmod +x"]),
        (format!("command:{}", script.display()), 78, ["asks for /nowhere/python", "first line"]),
    ] {
        home.write("config.yaml", &format!("agent: {agent}\n"), 0o600);
        home.doctor(&[]).names("agent", code, &told);
    }
    home.write("config.yaml", "agent: sing\n", 0o600);
    home.doctor(&[]).names("agent", 78, &["config.yaml:1 (agent)", "command:PROGRAM"]);
    assert_eq!(home.doctor(&["--agent", "command:sh -c true"]).code, 0);
}

#[test]
fn a_dotenv_that_others_can_read_or_that_has_lines_without_meaning() {
    let address = connector(Greeting::Describes, 0);
    let home = Home::enrolled(&format!("http://{address}"));
    let good = fs::read_to_string(home.file(".env")).expect("written");
    home.write(".env", &good, 0o644);
    let diagnosis = home.doctor(&[]);
    assert_eq!((diagnosis.code, diagnosis.named("warned")), (0, vec![".env"]));
    let (_, told) = diagnosis.check(".env");
    assert!(told.contains("has mode 644") && told.contains("chmod 600"), "{told}");

    home.write(".env", &format!("{good}hunter2 is my secret\n"), 0o600);
    let diagnosis = home.doctor(&[]);
    assert_eq!((diagnosis.code, diagnosis.named("warned")), (0, vec![".env"]));
    let (_, told) = diagnosis.check(".env");
    assert!(told.contains(".env:4: ") && told.contains("NAME=VALUE"), "{told}");
}

#[test]
fn an_inbox_that_is_damaged_or_cannot_be_made() {
    let address = connector(Greeting::Describes, 0);
    let home = Home::enrolled(&format!("http://{address}"));
    assert!(home.doctor(&[]).check("inbox").1.contains("will be made"));
    assert!(!home.file("relay").exists(), "a diagnosis makes nothing");

    home.write("relay", "a file where a folder should be", 0o600);
    home.doctor(&[]).names("inbox", 74, &["cannot be made in", "/relay", "--inbox"]);
    fs::remove_file(home.file("relay")).expect("there");

    fs::create_dir(home.file("relay")).expect("a folder");
    home.write("relay/inbox.db", &"no database ".repeat(1_000), 0o600);
    home.doctor(&[]).names("inbox", 74, &["relay/inbox.db is damaged", "move it away"]);
    let diagnosis = home.doctor(&["--inbox", "memory"]);
    assert_eq!((diagnosis.code, diagnosis.check("inbox").0), (0, "warned"));
}
