//! Conversations over real sockets: a connector, a gateway, and platforms that record what is done to them.

#![allow(unreachable_pub, reason = "a test binary exports nothing")]

mod authentication;
mod harness;
mod interaction;
mod leaving;
mod platform;
mod sessions;
mod turns;
