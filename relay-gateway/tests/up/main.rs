//! From a bot's token to an answer on the phone: `init`, `up`, `pair` and `doctor` as people run them, against a Bot API of
//! ours.
#![cfg(feature = "up")]

#[allow(dead_code, reason = "the tests of the front use all of it")]
#[path = "../../../relay-front-telegram/tests/bot_api/fake.rs"]
mod fake;
mod home;
#[allow(dead_code, reason = "the tests of the front use all of it")]
#[path = "../../../relay-markdown/tests/properties/telegram_rules.rs"]
mod telegram_rules;
mod transcript;
mod trouble;
