//! Puts an AI agent into people's chats without a public address: the program around the relay crates.

pub mod agent;
