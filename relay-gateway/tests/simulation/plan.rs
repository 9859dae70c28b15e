//! What a seed decides before its run begins.

use std::time::Duration;

use crate::dice::Dice;
use crate::happening::Fault;
use crate::names::{MessageId, Session};

/// The shape of one run.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    /// How much of a program's time passes before the other one's does.
    pub tick: Duration,
    /// The shortest and the longest way through the network.
    pub latency: (Duration, Duration),
    /// Who talks.
    pub sessions: Vec<Session>,
    /// What is written, when: messages are numbered within their chat.
    pub script: Vec<(Duration, MessageId, String)>,
    /// For how long things go wrong.
    pub trouble: Duration,
    /// What goes wrong. Not everything in every run: one fault may hide another.
    pub faults: Vec<Fault>,
    /// The longest time between two faults.
    pub between_faults: Duration,
    /// The longest time that a commit takes while the disk is slow, and that it is slow, in milliseconds.
    pub slowest_commit: u64,
    pub slow_disk_for: u64,
    /// Deliveries that the link hands up before the rest waits within it.
    pub event_queue: usize,
    /// Messages that the adapter has committed at a time.
    pub admissions: usize,
    /// Messages that the adapter has taken and not done with at a time.
    pub open_messages: usize,
    /// Frames that may wait for their acknowledgement.
    pub window: usize,
    /// Deliveries without an acknowledgement after which one is a dead letter.
    pub deliveries: u32,
    /// Whether also what could be sent at once goes through the buffer.
    pub always_buffer: bool,
    /// Deliveries that may wait in the connector's buffer.
    pub buffer_items: usize,
    /// What an answer looks like, for each platform.
    pub longest_message: [usize; 2],
}

/// What `/stop` is said with.
pub const STOP: &str = "/stop";

impl Plan {
    pub fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed, "plan");
        let sessions = sessions(&mut dice);
        let trouble = dice.millis(20_000..=120_000);
        let script = script(&mut dice, &sessions, trouble);
        let mut faults: Vec<Fault> = Fault::ALL.into_iter().filter(|_| dice.once_in(3)).collect();
        if faults.is_empty() {
            faults.push(dice.pick(&Fault::ALL));
        }
        let fast = dice.millis(0..=5);
        let mut event_queue = dice.pick(&[1, 4, 4096]);
        let mut admissions = dice.pick(&[1, 4, 256]);
        // Without a network to blame, and with a link that hands up one delivery at a time: whether what comes
        // behind the deliveries waits for them.
        let (mut slowest_commit, mut slow_disk_for) = (4_000, 20_000);
        if dice.once_in(10) {
            faults = vec![Fault::SlowDisk, Fault::SlowPlatform, Fault::Refusal];
            (event_queue, admissions) = (1, 1);
            (slowest_commit, slow_disk_for) = (8_000, 90_000);
        }
        Self {
            seed,
            tick: Duration::from_millis(dice.pick(&[2, 5, 10])),
            latency: (fast, fast + dice.millis(1..=150)),
            sessions,
            script,
            trouble,
            faults,
            between_faults: dice.millis(1_000..=15_000),
            event_queue: usize::try_from(event_queue).unwrap_or(1),
            slowest_commit,
            slow_disk_for,
            admissions: usize::try_from(admissions).unwrap_or(1),
            // Of its own dice, so that a seed decides all else as it did before there was this.
            open_messages: Dice::new(seed, "backlog").pick(&[2, 8, 65_536]),
            window: usize::try_from(dice.pick(&[1, 2, 32])).unwrap_or(1),
            deliveries: dice.pick(&[5, 1_000]),
            always_buffer: !dice.once_in(5),
            longest_message: [dice.pick(&[120, 300, 4096]), dice.pick(&[120, 300, 4096])],
            buffer_items: dice.pick(&[1, 3, 10_000, 10_000]),
        }
    }

    /// How the agent answers a message.
    pub fn answer(&self, message: MessageId) -> Answer {
        let mut dice = Dice::new(self.seed, &format!("answer to {message}"));
        let (silent, fails) = (dice.once_in(20), dice.once_in(20));
        Answer {
            words: if silent { 0 } else { u32::try_from(dice.pick(&[1, 1, 3, 12, 60])).unwrap_or(1) },
            pieces: dice.pick(&[1, 1, 2, 7]),
            pause: dice.millis(0..=1_500),
            fails,
            works: dice.once_in(3),
        }
    }
}

/// An answer to come.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub words: u32,
    /// Into how many pieces it is cut.
    pub pieces: u64,
    /// How long the agent thinks before each piece.
    pub pause: Duration,
    /// The agent fails after its last piece.
    pub fails: bool,
    /// The agent takes a step of work before each piece.
    pub works: bool,
}

fn sessions(dice: &mut Dice) -> Vec<Session> {
    let mut sessions = Vec::new();
    for platform in 0..2 {
        for chat in 0..u8::try_from(dice.within(1..=3)).unwrap_or(1) {
            for user in 0..u8::try_from(dice.within(1..=2)).unwrap_or(1) {
                sessions.push(Session { platform, chat, user });
            }
        }
    }
    sessions
}

fn script(dice: &mut Dice, sessions: &[Session], trouble: Duration) -> Vec<(Duration, MessageId, String)> {
    let count = dice.within(10..=40);
    let end = u64::try_from(trouble.as_millis()).unwrap_or(u64::MAX);
    let mut times: Vec<Duration> = Vec::new();
    while (times.len() as u64) < count {
        let at = dice.millis(0..=end);
        // People talk in bursts.
        for _ in 0..dice.pick(&[1, 1, 2, 8]) {
            times.push(at + dice.millis(0..=300));
        }
    }
    times.sort_unstable();
    let mut numbers = std::collections::BTreeMap::<(u8, u8), u32>::new();
    let said = times.into_iter().map(|at| {
        let session = dice.pick(sessions);
        let number = numbers.entry((session.platform, session.chat)).or_default();
        *number += 1;
        let message = MessageId { session, number: *number };
        let text = if dice.once_in(15) { STOP.to_owned() } else { format!("what is {message}?") };
        (at, message, text)
    });
    said.collect()
}
