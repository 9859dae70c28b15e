//! `connector.yaml`: what is read, and what is said of what is wrong.

use std::path::PathBuf;

use relay_connector::{GroupRule, PeopleRule, Tenant};
use relay_connector_setup::ConnectorFile;

fn read(text: &str) -> Result<ConnectorFile, String> {
    ConnectorFile::parse("home/connector.yaml", text).map_err(|problems| problems.to_string())
}

fn wrong(text: &str) -> String {
    read(text).expect_err("something is wrong")
}

#[test]
fn a_front_and_its_token_are_enough() {
    let file = read("fronts:\n  telegram:\n    token_file: telegram-token\n").expect("a connector");
    assert_eq!((file.listen, file.window), (None, 32));
    assert_eq!(file.data, PathBuf::from("home/relay/connector"));
    assert_eq!(file.tenant, Tenant::default());
    let front = &file.fronts[0];
    assert_eq!(front.platform(), "telegram");
    assert_eq!((front.access().people, front.access().groups), (PeopleRule::Pairing, GroupRule::Allowed));
}

#[test]
fn everything_that_can_be_said_is_read() {
    let file = read(
        "listen: localhost:8787\npublic_url: https://relay.example\ndata: /var/lib/relay\ntenant: team\nwindow: 8\n\
         ca_file: roots.pem\nallow_private_wake: true\nfronts:\n  telegram:\n    token_env: BOT_TOKEN\n    api: \
         http://127.0.0.1:8081\n    tenant: other\n    access: list\n    allow: [42, 43]\n    groups: everyone\n",
    )
    .expect("a connector");
    assert_eq!(file.listen.expect("an address").to_string(), "127.0.0.1:8787");
    assert_eq!((file.data, file.ca_file), ("/var/lib/relay".into(), Some("home/roots.pem".into())));
    let access = file.fronts[0].access();
    assert_eq!((access.people, access.groups), (PeopleRule::Listed, GroupRule::Everyone));
    assert_eq!(access.allow, ["42".to_owned(), "43".to_owned()].into());
}

#[test]
fn what_is_wrong_is_told_together_each_with_its_line_and_what_was_meant() {
    let told = wrong(
        "lisen: 8787\nwindow: 0\nfronts:\n  telegram:\n    token_fiel: x\n    access: pairng\n    api: \
         http://api.example\n  telegarm: {}\n",
    );
    for line in [
        "home/connector.yaml:1 (lisen): `lisen` is no setting of a connector; did you mean `listen`?",
        "home/connector.yaml:2 (window): the value must be a whole number between 1 and 1000",
        "home/connector.yaml:4 (fronts.telegram): nothing says where the secret is; write `token_file: FILE`",
        "home/connector.yaml:5 (fronts.telegram.token_fiel): `token_fiel` is no setting of the front telegram; did you mean `token_file`?",
        "home/connector.yaml:6 (fronts.telegram.access): `pairng` is not known here; did you mean `pairing`?",
        "home/connector.yaml:7 (fronts.telegram.api): the bot's token may only go to https, or to this machine",
        "home/connector.yaml:8 (fronts.telegarm): `telegarm` is no platform of this program; did you mean `telegram`?",
    ] {
        assert!(told.lines().any(|told| told == line), "{line}\nis not in\n{told}");
    }
    assert_eq!(told.lines().count(), 7, "{told}");
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    let told = wrong("fronts: {telegram: {token: '123:hush-hush-hush'}}\n");
    assert!(told.contains("`token_file`") && !told.contains("hush"), "{told}");
    let both = wrong("fronts: {telegram: {token_file: a, token_env: B}}\n");
    assert!(both.contains("keep one of them"), "{both}");
}

#[test]
fn an_empty_file_and_an_open_address_are_refused_with_what_to_write() {
    assert!(wrong("").starts_with("home/connector.yaml: no front is named"), "{}", wrong(""));
    let open = wrong("listen: 0.0.0.0:8787\nfronts: {telegram: {token_file: a}}\n");
    assert!(open.contains("allow_plaintext: true"), "{open}");
    let listening = |listen: &str| {
        let text =
            format!("listen: '{listen}'\nallow_plaintext: true\nfronts: {{telegram: {{token_file: a}}}}\n");
        read(&text).map(|file| file.listen.expect("an address").to_string())
    };
    assert_eq!(listening("8787"), Ok("127.0.0.1:8787".to_owned()));
    assert_eq!(listening(":8787"), Ok("127.0.0.1:8787".to_owned()));
    assert_eq!(listening("[::1]:1"), Ok("[::1]:1".to_owned()));
    assert!(listening("example.org:1").expect_err("a name").contains("is no address"));
}
