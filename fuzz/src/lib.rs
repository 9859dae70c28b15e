//! What each fuzz target does with its input: plain functions that panic on a finding, so that the same
//! code runs under libFuzzer and, on any toolchain, over the committed corpus.
//!
//! - `cargo fuzz run TARGET`, with `RUSTC_BOOTSTRAP=1` on a stable toolchain, searches.
//! - `cargo test` replays the corpus.
//! - `cargo run --bin TARGET -- FILE…` replays single inputs, such as a finding.

mod config_yaml;
mod connector_frame;
mod gateway_frame;
mod identity;
mod replay;
mod token;

pub use config_yaml::config_yaml;
pub use connector_frame::connector_frame;
pub use gateway_frame::gateway_frame;
pub use identity::{identity_keys, identity_token};
pub use replay::{replay, replay_arguments};
pub use token::token;
