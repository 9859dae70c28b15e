//! Queues to a consumer that the reader of the socket never waits for.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;

use relay_wire::InterruptInbound;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tracing::{info, warn};

use super::delivery::TakenCount;
use crate::{Delivery, Events, Limits};

/// A bounded channel with an overflow on the sender's side, so that putting something in never waits.
#[derive(Debug)]
struct Overflowing<T> {
    channel: mpsc::Sender<T>,
    overflow: VecDeque<T>,
    gone_reported: bool,
}

impl<T> Overflowing<T> {
    fn new(capacity: usize) -> (Self, mpsc::Receiver<T>) {
        let (channel, consumer) = mpsc::channel(capacity.max(1));
        (Self { channel, overflow: VecDeque::new(), gone_reported: false }, consumer)
    }

    /// `false` when there is nobody to take it.
    fn push(&mut self, item: T) -> bool {
        if !self.overflow.is_empty() {
            self.overflow.push_back(item);
            return true;
        }
        match self.channel.try_send(item) {
            Ok(()) => true,
            Err(TrySendError::Full(item)) => {
                self.overflow.push_back(item);
                true
            }
            Err(TrySendError::Closed(_)) => {
                if !std::mem::replace(&mut self.gone_reported, true) {
                    info!("nobody takes deliveries any more; what comes now is dropped (reported once)");
                }
                false
            }
        }
    }

    /// Waits for room and moves the overflow into it; never ends while there is none. Cancel safe.
    async fn forward(&mut self) {
        if self.overflow.is_empty() {
            return pending().await;
        }
        match self.channel.reserve().await {
            Ok(room) => {
                if let Some(item) = self.overflow.pop_front() {
                    room.send(item);
                }
            }
            Err(_) => self.overflow.clear(),
        }
        while let Ok(room) = self.channel.try_reserve() {
            let Some(item) = self.overflow.pop_front() else { break };
            room.send(item);
        }
    }
}

/// Deliveries on their way to the consumer. None is ever dropped while there is a consumer: beyond the bounds, of
/// count and of bytes, the socket is not read.
#[derive(Debug)]
pub(crate) struct EventQueue {
    queue: Overflowing<Delivery>,
    backlog: usize,
    max_bytes: usize,
    /// The sizes of the deliveries that wait, oldest first, and their sum.
    sizes: VecDeque<usize>,
    bytes: usize,
    /// How many of the deliveries taken so far are out of `sizes`.
    settled: u64,
    taken: Arc<TakenCount>,
}

impl EventQueue {
    pub(crate) fn new(limits: &Limits) -> (Self, Events) {
        let (queue, consumer) = Overflowing::new(limits.event_queue);
        let taken = Arc::<TakenCount>::default();
        let events = Events::new(consumer, Arc::clone(&taken));
        let queue = Self {
            queue,
            backlog: limits.event_backlog.max(1),
            max_bytes: limits.event_bytes.max(1),
            sizes: VecDeque::new(),
            bytes: 0,
            settled: 0,
            taken,
        };
        (queue, events)
    }

    /// Takes a delivery that came in so many bytes.
    pub(crate) fn push(&mut self, delivery: Delivery, bytes: usize) {
        if self.queue.push(delivery) {
            self.sizes.push_back(bytes);
            self.bytes += bytes;
        }
    }

    /// Whether the socket may be read.
    pub(crate) fn has_room(&mut self) -> bool {
        self.settle();
        self.queue.overflow.len() < self.backlog && self.bytes < self.max_bytes
    }

    /// Moves deliveries towards the consumer, or waits until it makes room; never ends while neither is possible.
    /// Cancel safe.
    pub(crate) async fn forward(&mut self) {
        if self.bytes < self.max_bytes {
            return self.queue.forward().await;
        }
        let channel = self.queue.channel.clone();
        tokio::select! {
            biased;
            () = self.queue.forward() => {}
            () = self.taken.changed() => {}
            () = channel.closed() => {}
        }
    }

    /// Hands over what is left, as the consumer takes it.
    pub(crate) async fn finish(&mut self) {
        while !self.queue.overflow.is_empty() {
            self.queue.forward().await;
        }
    }

    /// Forgets the sizes of what the consumer has taken, or of everything once it is gone.
    fn settle(&mut self) {
        if self.queue.channel.is_closed() {
            self.queue.overflow.clear();
            self.sizes.clear();
            self.bytes = 0;
            return;
        }
        let taken = self.taken.count();
        while self.settled < taken {
            self.bytes -= self.sizes.pop_front().unwrap_or_default();
            self.settled += 1;
        }
    }
}

/// Interrupts on their way to the consumer. Of those that overflow, one for each session is kept, since stopping
/// a session twice is stopping it once, and beyond the bound the oldest gives way to the newest.
#[derive(Debug)]
pub(crate) struct InterruptQueue {
    queue: Overflowing<InterruptInbound>,
    bound: usize,
    reported: bool,
}

impl InterruptQueue {
    pub(crate) fn new(capacity: usize) -> (Self, mpsc::Receiver<InterruptInbound>) {
        let (queue, consumer) = Overflowing::new(capacity);
        (Self { queue, bound: capacity.max(1), reported: false }, consumer)
    }

    pub(crate) fn push(&mut self, interrupt: InterruptInbound) {
        let overflow = &mut self.queue.overflow;
        if overflow.iter().any(|waiting| waiting.session_key == interrupt.session_key) {
            return;
        }
        if overflow.len() >= self.bound {
            overflow.pop_front();
            if !std::mem::replace(&mut self.reported, true) {
                warn!(
                    bound = self.bound,
                    "interrupts come faster than they are taken; the oldest of those waiting are dropped \
                     (reported once)"
                );
            }
        }
        self.queue.push(interrupt);
    }

    pub(crate) async fn forward(&mut self) {
        self.queue.forward().await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use relay_wire::{BufferId, FrameError, InterruptInbound};

    use super::{EventQueue, InterruptQueue};
    use crate::{Delivery, Events, Limits};

    fn delivery(id: usize) -> Delivery {
        Delivery::Unreadable {
            buffer_id: BufferId::new(id.to_string()).unwrap(),
            error: FrameError::NotUtf8 { valid_up_to: 0 },
        }
    }

    fn limits(event_queue: usize, event_backlog: usize, event_bytes: usize) -> Limits {
        Limits { event_queue, event_backlog, event_bytes, ..Limits::default() }
    }

    /// The id of the next delivery, if one waits.
    fn take(events: &mut Events) -> Option<String> {
        match events.recv().now_or_never()?? {
            Delivery::Unreadable { buffer_id, .. } => Some(buffer_id.to_string()),
            other => panic!("{other:?}"),
        }
    }

    fn interrupt(key: &str) -> InterruptInbound {
        InterruptInbound { session_key: key.parse().unwrap(), chat_id: "c".into() }
    }

    #[test]
    fn events_beyond_the_queue_wait_in_order_and_none_is_dropped() {
        let (mut queue, mut consumer) = EventQueue::new(&limits(2, 3, 1_000));
        for id in 0..7 {
            assert_eq!(queue.has_room(), id < 5, "event {id}");
            queue.push(delivery(id), 1);
        }
        assert!(queue.forward().now_or_never().is_none(), "there is no room yet");
        for id in 0..7 {
            assert_eq!(take(&mut consumer), Some(id.to_string()));
            let _ = queue.forward().now_or_never();
        }
        assert!(queue.has_room());
        assert_eq!(take(&mut consumer), None);
    }

    #[test]
    fn large_events_take_the_room_of_many_until_they_are_taken() {
        let (mut queue, mut consumer) = EventQueue::new(&limits(100, 100, 10));
        for id in 0..3 {
            assert_eq!(queue.has_room(), id < 2, "event {id}");
            queue.push(delivery(id), 5);
        }
        assert!(queue.forward().now_or_never().is_none(), "nothing was taken yet");
        assert!(take(&mut consumer).is_some());
        assert!(queue.forward().now_or_never().is_some(), "taking one is told");
        assert!(!queue.has_room(), "10 bytes wait still");
        assert!(take(&mut consumer).is_some());
        assert!(queue.has_room());
        assert!(take(&mut consumer).is_some());
        assert!(queue.has_room() && queue.bytes == 0);
    }

    #[test]
    fn a_consumer_that_is_gone_takes_the_bytes_with_it() {
        let (mut queue, consumer) = EventQueue::new(&limits(100, 100, 10));
        queue.push(delivery(0), 10);
        assert!(!queue.has_room());
        drop(consumer);
        assert!(queue.forward().now_or_never().is_some());
        assert!(queue.has_room());
    }

    #[test]
    fn a_consumer_that_is_gone_holds_up_nothing() {
        let (mut queue, consumer) = EventQueue::new(&limits(1, 1, 1_000));
        queue.push(delivery(0), 1);
        queue.push(delivery(1), 1);
        assert!(!queue.has_room());
        drop(consumer);
        assert!(queue.forward().now_or_never().is_some());
        assert!(queue.has_room());
        queue.push(delivery(2), 1);
        assert!(queue.has_room());
    }

    #[test]
    fn overflowing_interrupts_are_one_for_each_session_and_the_newest_are_kept() {
        let (mut queue, mut consumer) = InterruptQueue::new(2);
        for key in ["a", "b", "c", "c", "d", "e"] {
            queue.push(interrupt(key));
        }
        let mut keys = Vec::new();
        while let Ok(interrupt) = consumer.try_recv() {
            keys.push(interrupt.session_key.to_string());
            let _ = queue.forward().now_or_never();
        }
        assert_eq!(keys, ["a", "b", "d", "e"]);
    }
}
