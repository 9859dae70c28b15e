//! Queues to a consumer that the reader of the socket never waits for.

use std::collections::VecDeque;
use std::future::pending;

use relay_wire::InterruptInbound;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tracing::{info, warn};

use crate::Delivery;

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

    fn push(&mut self, item: T) {
        if !self.overflow.is_empty() {
            self.overflow.push_back(item);
            return;
        }
        match self.channel.try_send(item) {
            Ok(()) => {}
            Err(TrySendError::Full(item)) => self.overflow.push_back(item),
            Err(TrySendError::Closed(_)) => {
                if !std::mem::replace(&mut self.gone_reported, true) {
                    info!("nobody takes deliveries any more; what comes now is dropped (reported once)");
                }
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

/// Deliveries on their way to the consumer. None is ever dropped while there is a consumer: beyond the bound of
/// the overflow the socket is not read.
#[derive(Debug)]
pub(crate) struct EventQueue {
    queue: Overflowing<Delivery>,
    backlog: usize,
}

impl EventQueue {
    pub(crate) fn new(capacity: usize, backlog: usize) -> (Self, mpsc::Receiver<Delivery>) {
        let (queue, consumer) = Overflowing::new(capacity);
        (Self { queue, backlog: backlog.max(1) }, consumer)
    }

    pub(crate) fn push(&mut self, delivery: Delivery) {
        self.queue.push(delivery);
    }

    /// Whether the socket may be read.
    pub(crate) fn has_room(&self) -> bool {
        self.queue.overflow.len() < self.backlog
    }

    pub(crate) async fn forward(&mut self) {
        self.queue.forward().await;
    }

    /// Hands over what is left, as the consumer takes it.
    pub(crate) async fn finish(&mut self) {
        while !self.queue.overflow.is_empty() {
            self.queue.forward().await;
        }
    }
}

/// Interrupts on their way to the consumer. Of those that overflow, one for each session is kept, since stopping
/// a session twice is stopping it once, and beyond the bound the oldest gives way to the newest.
#[derive(Debug)]
pub(crate) struct InterruptQueue {
    queue: Overflowing<InterruptInbound<'static>>,
    bound: usize,
    reported: bool,
}

impl InterruptQueue {
    pub(crate) fn new(capacity: usize) -> (Self, mpsc::Receiver<InterruptInbound<'static>>) {
        let (queue, consumer) = Overflowing::new(capacity);
        (Self { queue, bound: capacity.max(1), reported: false }, consumer)
    }

    pub(crate) fn push(&mut self, interrupt: InterruptInbound<'static>) {
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
    use crate::Delivery;

    fn delivery(id: usize) -> Delivery {
        Delivery::Unreadable {
            buffer_id: BufferId::new(id.to_string()),
            error: FrameError::NotUtf8 { valid_up_to: 0 },
        }
    }

    fn interrupt(key: &str) -> InterruptInbound<'static> {
        InterruptInbound { session_key: key.into(), chat_id: "c".into() }
    }

    #[test]
    fn events_beyond_the_queue_wait_in_order_and_none_is_dropped() {
        let (mut queue, mut consumer) = EventQueue::new(2, 3);
        for id in 0..7 {
            assert_eq!(queue.has_room(), id < 5, "event {id}");
            queue.push(delivery(id));
        }
        assert!(queue.forward().now_or_never().is_none(), "there is no room yet");
        for id in 0..7 {
            let Ok(Delivery::Unreadable { buffer_id, .. }) = consumer.try_recv() else {
                panic!("event {id}")
            };
            assert_eq!(buffer_id.as_str(), id.to_string());
            let _ = queue.forward().now_or_never();
        }
        assert!(queue.has_room());
        assert!(consumer.try_recv().is_err());
    }

    #[test]
    fn a_consumer_that_is_gone_holds_up_nothing() {
        let (mut queue, consumer) = EventQueue::new(1, 1);
        queue.push(delivery(0));
        queue.push(delivery(1));
        assert!(!queue.has_room());
        drop(consumer);
        assert!(queue.forward().now_or_never().is_some());
        assert!(queue.has_room());
        queue.push(delivery(2));
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
