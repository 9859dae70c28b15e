//! How long and how much an agent may.

use std::time::Duration;

use getset::{CopyGetters, WithSetters};

use crate::process::EndLimits;

/// The limits of one agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, CopyGetters, WithSetters)]
#[getset(get_copy = "pub", set_with = "pub")]
pub struct Limits {
    /// From the start of a process to its answer to `initialize`. Default 120 s.
    pub(crate) initialize: Duration,
    /// For the answer to `session/new`, `session/load` and `session/resume`. Default 60 s.
    pub(crate) open: Duration,
    /// For the answer to a change of mode or model, and to a sign-in. Default 30 s.
    pub(crate) setting: Duration,
    /// A turn that waits longer than this for its agent says so once. Default 5 s.
    pub(crate) notice: Duration,
    /// For the agent's answer to a stop. Beyond it the session is retired. Default 2.5 s: the chat's stop ends within
    /// 5 s.
    pub(crate) stop: Duration,
    /// After a session was loaded: silence that ends what is replayed. Default 400 ms.
    pub(crate) replay_silence: Duration,
    /// After a session was loaded: when no more is waited for that silence. Default 10 s.
    pub(crate) replay: Duration,
    /// After a turn: silence before the session's next prompt, so that what the agent still says of the one is not taken
    /// for the answer to the other. Default 100 ms. A session that is not silent within `replay` is retired.
    pub(crate) late: Duration,
    /// The same after a turn that was stopped: what of it still runs may speak later. Default 1 s.
    pub(crate) late_stopped: Duration,
    /// One line of output, in bytes. Default 8 MiB.
    pub(crate) line: usize,
    /// Text of one session that no chat has taken yet, in bytes. Default 1 MiB.
    pub(crate) unseen: usize,
    /// The first wait after a failed start; each further one is twice as long. Default 1 s.
    pub(crate) backoff: Duration,
    /// The longest wait between two starts. Default 60 s.
    pub(crate) backoff_most: Duration,
    /// So many failures within `failures_within` end the tries. Default 5.
    pub(crate) failures: usize,
    /// See `failures`. Default 5 minutes.
    pub(crate) failures_within: Duration,
    /// The waits of a process's end.
    pub(crate) end: EndLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            initialize: Duration::from_mins(2),
            open: Duration::from_mins(1),
            setting: Duration::from_secs(30),
            notice: Duration::from_secs(5),
            stop: Duration::from_millis(2500),
            replay_silence: Duration::from_millis(400),
            replay: Duration::from_secs(10),
            late: Duration::from_millis(100),
            late_stopped: Duration::from_secs(1),
            line: 8 << 20,
            unseen: 1 << 20,
            backoff: Duration::from_secs(1),
            backoff_most: Duration::from_mins(1),
            failures: 5,
            failures_within: Duration::from_mins(5),
            end: EndLimits::default(),
        }
    }
}
