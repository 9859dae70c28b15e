//! The adapter against a connector in memory, with time standing still.

#![allow(unreachable_pub, reason = "a test binary exports nothing")]

mod admission;
mod agents;
mod backlog;
mod cards;
mod commands;
mod discord;
mod life;
mod output;
mod owed;
mod questions;
mod recovery;
mod sessions;
mod snapshots;
mod stub;
mod time;
mod turns;
