//! The client against an agent that plays whatever a script says: well behaved, or in each of the ways that agents
//! were seen to misbehave.

mod agent;
mod chat;

mod bad_input;
mod environment;
mod limits;
mod process_end;
mod questions;
mod sessions;
mod stop;
mod streams;

/// Plays the agent in a process of its own: the other tests start this very program with this test's name. What the
/// test harness prints besides is output that is no message, and skipped.
#[test]
#[ignore = "it is the agent of the other tests, which start it"]
fn scripted_agent() {
    agent::play();
}
