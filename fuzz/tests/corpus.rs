//! Replays the committed corpus of every target.

use relay_fuzz::{config_yaml, connector_frame, gateway_frame, identity_keys, identity_token, replay, token};

fn replayed(name: &str, target: fn(&[u8])) {
    let files = replay(name, target).expect("the corpus can be read");
    assert!(files > 0, "corpus/{name} is empty");
}

#[test]
fn configurations_of_the_corpus_hold() {
    replayed("config_yaml", config_yaml);
}

#[test]
fn connector_frames_of_the_corpus_hold() {
    replayed("connector_frame", connector_frame);
}

#[test]
fn gateway_frames_of_the_corpus_hold() {
    replayed("gateway_frame", gateway_frame);
}

#[test]
fn identity_keys_of_the_corpus_hold() {
    replayed("identity_keys", identity_keys);
}

#[test]
fn identity_tokens_of_the_corpus_hold() {
    replayed("identity_token", identity_token);
}

#[test]
fn tokens_of_the_corpus_hold() {
    replayed("token", token);
}
