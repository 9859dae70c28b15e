//! The bounds of a link.

use std::time::Duration;

use getset::{CopyGetters, WithSetters};
use relay_wire::DEFAULT_MAX_LINE;

/// How much a link takes, and how long it waits. Every bound can be changed; a queue of 0 counts as 1.
#[derive(Clone, Debug, PartialEq, Eq, CopyGetters, WithSetters)]
#[getset(get_copy = "pub", set_with = "pub")]
pub struct Limits {
    /// The longest line read, in bytes; a longer one is skipped. 8 MiB.
    pub(crate) line: usize,
    /// The largest WebSocket message read, in bytes; a larger one ends the connection with 1009. 16 MiB.
    pub(crate) message: usize,
    /// From the upgrade to the first descriptor. 30 s.
    pub(crate) descriptor: Duration,
    /// From an action being written to its result; after that its outcome is unknown. 30 s.
    pub(crate) result: Duration,
    /// Until the socket has taken what was written; after that the connection is lost. 10 s.
    pub(crate) write: Duration,
    /// Resolving, connecting, TLS and the upgrade together. 15 s.
    pub(crate) connect: Duration,
    /// Saying goodbye, at most. 5 s.
    pub(crate) teardown: Duration,
    /// Between two pings. 10 s.
    pub(crate) ping_every: Duration,
    /// How long the peer may send nothing at all, not even a pong. 20 s.
    pub(crate) dead_after: Duration,
    /// How long a connection must have been live for the backoff to begin anew. 60 s.
    pub(crate) healthy_after: Duration,
    /// The hold before the backoff when the connector says 1013, try again later. 10 s.
    pub(crate) try_later: Duration,
    /// How long a hibernating link sleeps before it dials by itself. 60 s.
    pub(crate) hibernate_redial: Duration,
    /// How often a hibernating link compares its clocks: a suspended machine's timers stand still, and nothing tells
    /// a program that it was thawed. 1 s.
    pub(crate) clock_check: Duration,
    /// Deliveries that wait for the consumer. 4096.
    pub(crate) event_queue: usize,
    /// Deliveries that the link takes beyond a full event queue, so that results and interrupts behind them
    /// still get through; when these are full too, the socket is not read until there is room. One message
    /// may go over it by the frames that it holds. 1024.
    pub(crate) event_backlog: usize,
    /// The bytes of the lines that waiting deliveries came in, in the queue and beyond it together; when there are
    /// as many, the socket is not read until there is room. One message may go over it. 32 MiB.
    pub(crate) event_bytes: usize,
    /// Interrupts that wait for the consumer. 1024.
    pub(crate) interrupt_queue: usize,
    /// Requests that wait to be written; callers wait beyond that. 1024.
    pub(crate) command_queue: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: DEFAULT_MAX_LINE,
            message: 16 * 1024 * 1024,
            descriptor: Duration::from_secs(30),
            result: Duration::from_secs(30),
            write: Duration::from_secs(10),
            connect: Duration::from_secs(15),
            teardown: Duration::from_secs(5),
            ping_every: Duration::from_secs(10),
            dead_after: Duration::from_secs(20),
            healthy_after: Duration::from_mins(1),
            try_later: Duration::from_secs(10),
            hibernate_redial: Duration::from_mins(1),
            clock_check: Duration::from_secs(1),
            event_queue: 4096,
            event_backlog: 1024,
            event_bytes: 32 * 1024 * 1024,
            interrupt_queue: 1024,
            command_queue: 1024,
        }
    }
}
