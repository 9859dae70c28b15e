//! How fast: round trips with so many messages in flight, and how long one takes alone.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::frames::{self, Frame};
use super::peer::Peer;
use super::process::Process;
use super::stats::Samples;

/// Messages that are answered between two flushes at most.
const BATCH: usize = 256;

/// What a message says: an ordinary short one.
const TEXT: &str = "Could you tell me when the next train to the coast leaves, please?";

/// Round trips of a measured time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Throughput {
    pub(crate) per_second: f64,
    /// The client's CPU time for each, in microseconds.
    pub(crate) cpu_micros: f64,
}

/// How long a message takes alone, from its frame written.
#[derive(Debug, Default)]
pub(crate) struct Latencies {
    /// Until its acknowledgement is read, which leaves when the message is committed and its turn begins.
    pub(crate) taken: Samples,
    /// Until its answer is read.
    pub(crate) answered: Samples,
}

/// Answers actions and numbers messages, for one gateway.
pub(crate) struct Load {
    pub(crate) peer: Peer,
    next: u64,
    replies: u64,
    pub(crate) acks: u64,
}

impl Load {
    pub(crate) fn new(peer: Peer) -> Self {
        Self { peer, next: 1, replies: 0, acks: 0 }
    }

    /// Keeps so many messages in flight, each in a chat of its own, until a time after the warm-up.
    pub(crate) async fn throughput(
        &mut self,
        in_flight: usize,
        (warm_up, measured): (Duration, Duration),
        process: &Process,
    ) -> anyhow::Result<Throughput> {
        for chat in 0..in_flight {
            self.inbound(chat, TEXT).await?;
        }
        self.peer.flush().await?;
        let warm = Instant::now() + warm_up;
        let (mut start, mut first, mut cpu) = (None, 0, Duration::ZERO);
        let mut open = in_flight;
        let mut result = None;
        while open > 0 {
            let done = self.exchange().await?;
            let now = Instant::now();
            if start.is_none() && now >= warm {
                (start, first, cpu) = (Some(now), self.replies, process.cpu()?);
            }
            if let Some(start) = start
                && result.is_none()
                && now >= start + measured
            {
                #[allow(clippy::cast_precision_loss, reason = "far fewer than 2^52 round trips")]
                let count = (self.replies - first) as f64;
                result = Some(Throughput {
                    per_second: count / (now - start).as_secs_f64(),
                    cpu_micros: process.cpu()?.saturating_sub(cpu).as_secs_f64() * 1e6 / count,
                });
            }
            if result.is_some() {
                open -= done.len();
                continue;
            }
            for chat in done {
                self.inbound(chat, TEXT).await?;
            }
            self.peer.flush().await?;
        }
        Ok(result.expect("the loop ends only with a result"))
    }

    /// One message at a time, at rest in between.
    pub(crate) async fn latency(
        &mut self,
        (chats, count): (usize, usize),
        rest: Duration,
    ) -> anyhow::Result<Latencies> {
        let mut latencies = Latencies::default();
        for number in 0..count {
            sleep_until(Instant::now() + rest).await;
            let sent = Instant::now();
            self.inbound(number % chats, TEXT).await?;
            self.peer.flush().await?;
            let (before, mut answered) = (self.acks, false);
            while self.acks == before || !answered {
                let unacknowledged = self.acks == before;
                let chats = self.exchange().await?;
                if unacknowledged && self.acks > before {
                    latencies.taken.add(sent.elapsed());
                }
                if !chats.is_empty() {
                    latencies.answered.add(sent.elapsed());
                    answered = true;
                }
            }
            self.peer.flush().await?;
        }
        Ok(latencies)
    }

    /// One message for each of these chats, so many in flight, until all are answered.
    pub(crate) async fn visit(&mut self, chats: usize, in_flight: usize) -> anyhow::Result<()> {
        let (mut sent, mut answered) = (0, 0);
        while answered < chats {
            while sent < chats && sent - answered < in_flight {
                self.inbound(sent, TEXT).await?;
                sent += 1;
            }
            self.peer.flush().await?;
            answered += self.exchange().await?.len();
        }
        self.peer.flush().await
    }

    pub(crate) async fn inbound(&mut self, chat: usize, text: &str) -> anyhow::Result<()> {
        let line = frames::inbound(chat, self.next, text);
        self.next += 1;
        self.peer.feed(line).await
    }

    /// Waits for what comes next, takes what else is there, and answers it, unflushed; the chats that were
    /// written to.
    pub(crate) async fn exchange(&mut self) -> anyhow::Result<Vec<usize>> {
        let mut chats = Vec::new();
        let mut message = Some(self.peer.next().await?);
        let mut taken = 0;
        while let Some(lines) = message {
            for line in lines.split_terminator('\n') {
                let frame = Frame::read(line)?;
                match &*frame.kind {
                    "outbound" => {
                        self.replies += 1;
                        if frame.action.op == "send" {
                            chats.extend(frames::chat(&frame.action.chat_id));
                        }
                        self.peer.feed(frames::result(&frame.request_id, self.replies)).await?;
                    }
                    "inbound_ack" => self.acks += 1,
                    _ => {}
                }
            }
            taken += 1;
            message = if taken < BATCH { self.peer.waiting()? } else { None };
        }
        Ok(chats)
    }
}
